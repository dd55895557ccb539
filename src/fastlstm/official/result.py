"""`OfficialResult`: scores of all sets and seeds, beside published errors, as text and JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from fastlstm.datasets import Dataset
from fastlstm.datasets.published import published_for
from fastlstm.machine import one_line
from fastlstm.text import count, format_table


@dataclass(frozen=True)
class OfficialRun:
    """One finished training.

    Parameters
    ----------
    name : str
        Of the dataset.
    seed : int
    scores : dict of str to float
        Error of each test record in the unit of the dataset; infinite if the model diverged.
    cpu_time, wall_time : float
        Seconds of `fit`, everything included.
    n_weights, n_iter : int
    status : str
        Why the training ended.
    warnings : tuple of str
        What the library warned about.
    """

    name: str
    seed: int
    scores: dict[str, float]
    cpu_time: float
    wall_time: float
    n_weights: int
    n_iter: int
    status: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class OfficialResult:
    """Result of `run_official`.

    Parameters
    ----------
    datasets : tuple of Dataset
        Sets with at least one finished training.
    runs : tuple of OfficialRun
        In the order of training.
    settings : dict
        Arguments of `LSTMRegressor`, the same for all sets.
    machine : dict
        See `fastlstm.machine.describe`.
    interrupted : bool
        Whether Ctrl-C cut the series short.
    """

    datasets: tuple[Dataset, ...]
    runs: tuple[OfficialRun, ...]
    settings: dict[str, Any]
    machine: dict[str, Any]
    interrupted: bool = False

    def of(self, name: str) -> list[OfficialRun]:
        """Return the runs of a set, one per seed."""
        return [run for run in self.runs if run.name == name]

    def median_score(self, name: str, test: str) -> float:
        """Median over the seeds, in the unit of the set."""
        return median(run.scores[test] for run in self.of(name))

    def table(self) -> str:
        """Text: per test record our error, CPU and wall time, then published errors and sources."""
        sources: dict[str, int] = {}
        rows: list[list[str]] = []
        for data in self.datasets:
            for test in data.tests:
                rows.append(_own_row(data, test, self.of(data.name)))
                for item in published_for(data.name, test):
                    number = sources.setdefault(item.source, len(sources) + 1)
                    label = f"  {item.method} [{number}]"
                    rows.append([label, f"{item.value:.4g}", data.unit, "", "", "", ""])
        header = ["set, test", "error", "unit", "low - high", "CPU s", "wall s", "seeds"]
        lines = [format_table(header, rows)]
        if sources:
            lines += ["Published errors:", *(f"[{n}] {text}" for text, n in sources.items())]
        lines += _notes(self.datasets)
        return "\n".join([*lines, f"Machine: {one_line(self.machine)}"])

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write runs, medians, published errors, settings and machine; not finite becomes null.

        Parameters
        ----------
        path : path-like, optional
            Where to write it as well.
        """
        text = json.dumps(_finite(self.as_dict()), indent=1, allow_nan=False, default=str)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        return text

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "settings": self.settings,
            "machine": self.machine,
            "interrupted": self.interrupted,
            "sets": [self._set_as_dict(data) for data in self.datasets],
        }

    def _set_as_dict(self, data: Dataset) -> dict[str, Any]:
        runs = self.of(data.name)
        return {
            "name": data.name,
            "unit": data.unit,
            "metric": data.metric,
            "init_window": data.init_window,
            "train_steps": [len(record) for record in data.train],
            "test_steps": {test: len(record) for test, record in data.tests.items()},
            "citation": data.citation,
            "note": data.note,
            "median": {test: self.median_score(data.name, test) for test in data.tests},
            "median_cpu_time": median(run.cpu_time for run in runs),
            "median_wall_time": median(run.wall_time for run in runs),
            "runs": [asdict(run) for run in runs],
            "published": [
                asdict(item) for test in data.tests for item in published_for(data.name, test)
            ],
        }


def _own_row(data: Dataset, test: str, runs: Sequence[OfficialRun]) -> list[str]:
    scores = [run.scores[test] for run in runs]
    return [
        f"{data.name}, {test}",
        f"{median(scores):.4g}",
        data.unit,
        f"{min(scores):.4g} - {max(scores):.4g}",
        f"{median(run.cpu_time for run in runs):.2f}",
        f"{median(run.wall_time for run in runs):.2f}",
        f"{len(runs)}",
    ]


def _notes(datasets: Sequence[Dataset]) -> list[str]:
    """One line per note, with the sets that have it."""
    names: dict[str, list[str]] = {}
    for data in datasets:
        names.setdefault(data.note, []).append(data.name)
    return [f"{', '.join(sets)}: {note}." for note, sets in names.items() if note]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summary(result: OfficialResult) -> str:
    """Say in one line what was run."""
    limit = result.settings["time_limit"]
    within = "without a time limit" if limit is None else f"{limit:g} s each"
    return (
        f"{count(len(result.runs), 'training')} on {count(len(result.datasets), 'set')}, {within}; "
        "medians over the seeds"
    )
