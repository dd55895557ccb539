"""`Comparison`: the scored runs of all methods, as rows, text, JSON and a report."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from fastlstm.comparison.exam import Exam
from fastlstm.comparison.runs import Run
from fastlstm.text import format_table


@dataclass(frozen=True)
class Row:
    """One method in the table; medians over the seeds.

    Parameters
    ----------
    method, label : str
        Name; structure or setting in words.
    rmse : tuple of float
        Test RMSE per output, in the units of y.
    nrmse : float
        Mean over the outputs of RMSE by standard deviation of the test output.
    nrmse_low, nrmse_high : float
        Smallest and largest over the seeds.
    fit_percent : float
        ``100 * (1 - nrmse)``.
    cpu_time, wall_time : float
        Seconds of training.
    time_to_baseline : float
        CPU seconds until the test error was first as low as the final error of the baseline;
        infinite if it never was.
    n_weights : int
    status : str
        Why the training ended.
    n_seeds, n_settings : int
        Trainings behind this row.
    wall_time_all : float
        Wall seconds of one seed with all settings.
    """

    method: str
    label: str
    rmse: tuple[float, ...]
    nrmse: float
    nrmse_low: float
    nrmse_high: float
    fit_percent: float
    cpu_time: float
    wall_time: float
    time_to_baseline: float
    n_weights: int
    status: str
    n_seeds: int
    n_settings: int
    wall_time_all: float


@dataclass(frozen=True)
class Comparison:
    """Result of `compare`.

    Parameters
    ----------
    exam : Exam
        Training and test part.
    runs : tuple of Run
        Every method and seed, in the order in which they were trained.
    baseline : str
        Method whose final error is the target of `Row.time_to_baseline`.
    settings : dict
        Arguments of `compare`, as plain values.
    machine : dict
        Processor, versions, date; see `fastlstm.machine.describe`.
    notes : tuple of str
        Warnings about the data.
    interrupted : bool
        Whether Ctrl-C cut the comparison short.
    """

    exam: Exam
    runs: tuple[Run, ...]
    baseline: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    _rows: dict[str, Row] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        target = median(run.nrmse for run in self.of(self.baseline))
        rows = {name: _row(self.of(name), target) for name in self.methods}
        object.__setattr__(self, "_rows", rows)

    @property
    def methods(self) -> list[str]:
        """Names in the order of training."""
        return list(dict.fromkeys(run.method for run in self.runs))

    @property
    def rows(self) -> list[Row]:
        """One row per method, lowest test error first."""
        return sorted(self._rows.values(), key=lambda row: _order(row.nrmse))

    def row(self, method: str) -> Row:
        """Row of a method."""
        return self._rows[method]

    def of(self, method: str) -> list[Run]:
        """Return the runs of a method, one per seed."""
        return [run for run in self.runs if run.method == method]

    def typical(self, method: str) -> Run:
        """Run of a method whose test error is the (lower) median over the seeds."""
        runs = sorted(self.of(method), key=lambda run: _order(run.nrmse))
        return runs[(len(runs) - 1) // 2]

    @property
    def best(self) -> str:
        """Method with the lowest test error."""
        return self.rows[0].method

    def table(self) -> str:
        """Text table, lowest test error first."""
        names = self.exam.output_names
        errors = ["RMSE"] if len(names) == 1 else [f"RMSE {name}" for name in names]
        header = ["method", *errors, "fit %", "CPU s", "wall s", "CPU s to baseline", "weights"]
        return format_table([*header, "status"], [_cells(row) for row in self.rows])

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Rows, curves, settings and machine as JSON text; what is not finite becomes null.

        Parameters
        ----------
        path : path-like, optional
            Where to write it as well.
        """
        text = json.dumps(_finite(self.as_dict()), indent=1, allow_nan=False)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return text

    def as_dict(self) -> dict[str, Any]:
        """Everything but the records and the simulated outputs, as plain values."""
        exam = self.exam
        return {
            "best": self.best,
            "baseline": self.baseline,
            "interrupted": self.interrupted,
            "data": {
                "inputs": list(exam.input_names),
                "outputs": list(exam.output_names),
                "train_steps": exam.train.lengths.tolist(),
                "test_steps": exam.test.lengths.tolist(),
                "washout": exam.washout,
                "test_washout": exam.test_washout,
            },
            "settings": self.settings,
            "machine": self.machine,
            "notes": list(self.notes),
            "rows": [vars(row) for row in self.rows],
            "runs": [_run_as_dict(run) for run in self.runs],
        }

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write one self-contained HTML page.

        Parameters
        ----------
        path : path-like
            In an existing folder.
        """
        from fastlstm.report import write_report

        write_report(self, path)


def _row(runs: Sequence[Run], target: float) -> Row:
    errors = [run.nrmse for run in runs]
    nrmse = median(errors)
    n_outputs = len(runs[0].rmse)
    return Row(
        method=runs[0].method,
        label=runs[0].label,
        rmse=tuple(float(median(run.rmse[k] for run in runs)) for k in range(n_outputs)),
        nrmse=nrmse,
        nrmse_low=min(errors),
        nrmse_high=max(errors),
        fit_percent=100.0 * (1.0 - nrmse),
        cpu_time=median(run.cpu_time for run in runs),
        wall_time=median(run.wall_time for run in runs),
        time_to_baseline=median(run.curve.time_to(target) for run in runs),
        n_weights=runs[0].n_weights,
        status=", ".join(dict.fromkeys(run.status for run in runs)),
        n_seeds=len(runs),
        n_settings=runs[0].n_settings,
        wall_time_all=median(run.wall_time_all for run in runs),
    )


def _cells(row: Row) -> list[str]:
    return [
        row.method,
        *(number(error, ".4g") for error in row.rmse),
        number(row.fit_percent, ".2f"),
        number(row.cpu_time, ".2f"),
        number(row.wall_time, ".2f"),
        number(row.time_to_baseline, ".3g", "never"),
        str(row.n_weights),
        row.status,
    ]


def number(value: float, form: str, missing: str = "-") -> str:
    """Format a number, or say that there is none.

    Examples
    --------
    >>> number(0.5, ".2f"), number(float("inf"), ".2f", "never")
    ('0.50', 'never')
    """
    return format(value, form) if math.isfinite(value) else missing


def _order(nrmse: float) -> float:
    return nrmse if math.isfinite(nrmse) else math.inf


def _run_as_dict(run: Run) -> dict[str, Any]:
    plain = ("method", "label", "seed", "n_weights", "cpu_time", "wall_time", "status", "message")
    curve = {name: values.tolist() for name, values in vars(run.curve).items()}
    scores = {"rmse": run.rmse.tolist(), "nrmse": run.nrmse, "curve": curve}
    more = {"n_settings": run.n_settings, "wall_time_all": run.wall_time_all}
    return {name: getattr(run, name) for name in plain} | more | scores


def _finite(value: Any) -> Any:
    """Plain values with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
