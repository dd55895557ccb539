"""Which way "lm" takes, and what the others would have given; simulated plants only.

python -m benchmarks.ways
python -m benchmarks.ways --quick

Errors are those of the free run on inputs that were drawn like those of the training, relative to
the standard deviation of the noise-free output. Limits count CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.batch_plants import PLANTS as BATCHES
from benchmarks.choices import constant, fit, grouped
from benchmarks.integrating_plants import PLANTS
from benchmarks.timing import count_cpu_time
from fastlstm import LSTMRegressor, posing, slowness, starting_point
from fastlstm.datasets import SIMULATORS, narendra_parthasarathy
from fastlstm.datasets.base import FloatArray, Record
from fastlstm.solvers import (
    BPTT,
    early_growth,
    first_network,
    increments,
    levenberg_marquardt,
    problem,
    race,
    stages,
)
from fastlstm.solvers.objective import Objective

SEEDS = 3
N_TEST, SKIPPED = 4000, 100  # steps of the test part, and its first that are not scored
TESTED = 40  # records of a test
BEGUN = 50  # measured outputs at which a test of sums begins
USUAL, MANY = 10_000, 40_000  # steps of training, the latter ninety per weight of 2x5 + 8
MEDIUM = 4000  # steps, seven per weight of the network of "auto"
LIMIT, LARGE_LIMIT = 4.0, 5.0  # CPU seconds
SIZES = ((16,), (32,), (64,))
AT_ONCE = np.inf  # of a threshold that is never reached
ADAM = BPTT(max_iter=100_000)  # its rate falls with the time


@dataclass(frozen=True)
class Trial:
    """A plant, its training data, and a way to train with what it changes in the library."""

    plant: str
    n_train: int
    noise: float
    way: str
    settings: dict[str, Any]
    changes: tuple[tuple[Any, str, Any], ...] = ()

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        u, y = signals(self.plant, self.n_train + N_TEST if self.n_train > USUAL else None)
        train, test = slice(0, self.n_train), slice(self.n_train, self.n_train + N_TEST)
        noise = self.noise * y[train].std() * np.random.default_rng(5).normal(size=y[train].shape)
        data = _Data(u[train], y[train] + noise)
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(constant(*change))
            model = fit(data, seed, **self.settings)
        error = (model.simulate(u[test]) - y[test])[SKIPPED:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y[test].std()))

    def _told(self, seed: int, model: LSTMRegressor, nrmse: float) -> dict[str, Any]:
        found = {"plant": self.plant, "noise": self.noise, "way": self.way, "seed": seed}
        report.console.print(f"  {found}: {nrmse:.4f}, {model.start_}, {model.cpu_time_:.2f} CPU-s")
        return {**found, "start": model.start_, "nrmse": nrmse, "cpu": model.cpu_time_}


@dataclass(frozen=True)
class _Data:
    X: FloatArray | list[FloatArray]
    y: FloatArray | list[FloatArray]


def signals(plant: str, n_steps: int | None = None) -> tuple[FloatArray, FloatArray]:
    """Input and noise-free output of the longest training record, shape (n_timesteps, 1)."""
    if plant.startswith("np"):
        dataset = narendra_parthasarathy(int(plant[2]), n_train=n_steps or 14_000, noise=0.0)
    else:
        dataset = SIMULATORS[plant]() if n_steps is None else SIMULATORS[plant](n_train=n_steps)
    record: Record = max(dataset.train, key=len)
    return record.u, record.y


def far_from_linear() -> Iterator[Trial]:
    """Adam's start where the others are poor, and without it; BPTT beside them."""
    for plant in ("np1", "np2", "np3", "np4"):
        common = plant, 10_000, 0.001
        yield Trial(*common, "as it is", {"time_limit": LIMIT})
        never = ((race, "POOR", AT_ONCE),)
        yield Trial(*common, "no start by Adam", {"time_limit": LIMIT}, never)
        sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
        yield Trial(*common, "bptt", {"time_limit": LIMIT, "solver": ADAM, **sizes})


def large() -> Iterator[Trial]:
    """Train networks with many weights for five seconds."""
    for plant in ("np2", "np3", "duffing"):
        for sizes in SIZES:
            for name, solver in (("lm", "lm"), ("bptt", ADAM)):
                settings = {"hidden_sizes": sizes, "head_sizes": (), "time_limit": LARGE_LIMIT}
                way = f"{name}, 1x{sizes[0]}"
                yield Trial(plant, 10_000, 0.001, way, {**settings, "solver": solver})


def medium() -> Iterator[Trial]:
    """Take records of medium length both ways, as short ones only, as long ones only."""
    for noise in (0.01, 0.1):
        for plant in ("np2", "np3", "np4", "duffing", "wiener_hammerstein", "bouc_wen_simulated"):
            common = plant, MEDIUM, noise
            yield Trial(*common, "as it is", {"time_limit": LIMIT})
            short = ((problem, "VERY_SHORT", AT_ONCE),)
            yield Trial(*common, "short", {"time_limit": LIMIT}, short)
            yield Trial(
                *common,
                "long",
                {"time_limit": LIMIT},
                ((problem, "SHORT", 0), (posing, "SHORT", 0)),
            )


def first() -> Iterator[Trial]:
    """Begin with a small network, without its early growth, and with two layers at once."""
    for noise in (0.001, 0.03):
        for plant in ("np2", "np3", "np4", "duffing", "wiener_hammerstein"):
            common = plant, 10_000, noise
            yield Trial(*common, "as it is", {"time_limit": LIMIT})
            late = ((early_growth, "SHARE", 0.0),)
            yield Trial(*common, "no early growth", {"time_limit": LIMIT}, late)
            deep = ((first_network, "FEW_STATES", -1),)
            yield Trial(*common, "(6, 6) + (8,) first", {"time_limit": LIMIT}, deep)


def curvature() -> Iterator[Trial]:
    """Fit all rows with the curvature of few, the same rows for both, all rows for both."""
    same = ((stages, "FullGradient", _part_alone),)
    more = (
        *same,
        (stages, "ROWS_PER_WEIGHT", (1.25, 2.5, 5.0, 10.0, 20.0, 80.0, 320.0)),
        (stages, "MEMORY_FACTOR", (1.0, 1.0, 1.5, *[2.0] * 4)),
    )
    for noise in (0.001, 0.05):
        for plant in ("np3", "np4", "duffing", "wiener_hammerstein"):
            common = plant, MANY, noise
            settings = {"hidden_sizes": (5, 5), "head_sizes": (8,), "time_limit": LIMIT}
            yield Trial(*common, "as it is", settings)
            yield Trial(*common, "14, then 60 per weight", settings, same)
            yield Trial(*common, "20, 80, 320 per weight", settings, more)


def _part_alone(part: Objective, _whole: Objective, _washout: int) -> Objective:
    return part


@dataclass(frozen=True)
class SummedTrial(Trial):
    """The same for a plant that integrates, whose test begins at measured outputs."""

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        case = PLANTS[self.plant]
        u, y = case.train()
        noise = self.noise * y.std() * np.random.default_rng(5).normal(size=y.shape)
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(constant(*change))
            model = fit(_Data(u, y + noise), seed, **self.settings)
        u, y = case.test()
        error = (model.simulate(u, y_init=y[:BEGUN]) - y)[BEGUN:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y.std()))


def integrating() -> Iterator[Trial]:
    """Fit increments first, once, with free gates; search on the sums alone."""
    for plant, noise in (
        ("axis", 0.0),
        ("motor", 0.001),
        ("motor", 0.01),
        ("slide", 0.01),
        ("valve", 0.003),
        ("tank", 0.01),
    ):
        common = plant, PLANTS[plant].n_train, noise
        yield SummedTrial(*common, "as it is", {"time_limit": LIMIT})
        once = ((increments, "ROUNDS", 1),)
        yield SummedTrial(*common, "one fit", {"time_limit": LIMIT}, once)
        free = ((increments, "GATE_RIDGE", 1.0),)
        yield SummedTrial(*common, "gates free", {"time_limit": LIMIT}, free)
        never = ((levenberg_marquardt, "FOR_BOTH", AT_ONCE),)
        yield SummedTrial(*common, "sums alone", {"time_limit": LIMIT}, never)


@dataclass(frozen=True)
class BegunTrial(Trial):
    """The same for a plant of many records, which are simulated from their first outputs or none.

    `plant` is its name and the number of records, `n_train`.
    """

    n_begun: int = 0

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        simulate, rng = BATCHES[self.plant.split(",")[0]], np.random.default_rng(5)
        X, y = simulate(self.n_train, 1)
        spread = np.concatenate(y).std(axis=0)
        noisy = [part + self.noise * spread * rng.normal(size=part.shape) for part in y]
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(constant(*change))
            model = fit(_Data(X, noisy), seed, **self.settings)
        X, y = simulate(TESTED, 101)
        y_init = [part[: self.n_begun] for part in y] if self.n_begun else None
        every = np.concatenate(y)
        error = np.concatenate(model.simulate(X, y_init)).reshape(every.shape) - every
        nrmse = np.sqrt(np.mean(error**2, axis=0)) / every.std(axis=0)
        return self._told(seed, model, float(np.mean(nrmse)))


def beginnings() -> Iterator[Trial]:
    """Let records begin as they do, or leave out a tenth of the shortest; BPTT beside them."""
    washed = ((slowness, "OUTLAST", np.inf), (starting_point, "ALIKE", 0.0))
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for plant, n_begun in (("fed_batch", 0), ("cooling", 20)):
        for n_records in (8, 25, 150):
            common = f"{plant}, {n_records} records", n_records, 0.02
            settings = {"time_limit": LIMIT}
            yield BegunTrial(*common, "as it is", settings, n_begun=n_begun)
            yield BegunTrial(*common, "washout of a tenth", settings, washed, n_begun)
            bptt = {**settings, "solver": ADAM, **sizes}
            yield BegunTrial(*common, "bptt", bptt, n_begun=n_begun)


PARTS = {
    "far_from_linear": far_from_linear,
    "large": large,
    "medium": medium,
    "first": first,
    "curvature": curvature,
    "integrating": integrating,
    "beginnings": beginnings,
}


def table(title: str, runs: Sequence[dict[str, Any]]) -> None:
    """One line per plant and noise, one column per way: medians."""
    ways = list(dict.fromkeys(run["way"] for run in runs))
    rows = []
    for (plant, noise), part in grouped(runs, "plant", "noise"):
        by_way = {way[0]: [run["nrmse"] for run in some] for way, some in grouped(part, "way")}
        cells = [report.number(median(by_way[way])) for way in ways]
        rows.append([f"{plant}, noise {noise:g}", *cells])
    report.table(title, ["plant", *ways], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ways", description=__doc__)
    parser.add_argument("--only", default="", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="one trial of each part, not saved")
    options = parser.parse_args(arguments)
    count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    path = report.RESULTS / "ways.json"
    results = report.load_json(path) if options.only else {}
    for name in options.only.split(",") if options.only else PARTS:
        trials = PARTS[name]
        chosen = list(trials())[: 1 if options.quick else None]
        seeds = range(1 if options.quick else SEEDS)
        results[name] = [trial.run(seed) for trial in chosen for seed in seeds]
        table(name.replace("_", " "), results[name])
    if not options.quick:
        report.save_json(path, {"benchmark": "ways", "machine": machine.describe()} | results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
