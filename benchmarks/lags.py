"""Lagged inputs: where "auto" finds some, what they bring, and what the search costs.

python -m benchmarks.lags
python -m benchmarks.lags --quick

No test record of a set is opened: the search sees the training part of `benchmarks.sets --inner`.
Where it finds nothing, fits with "auto" and without lags are the same but for its time. Where it
finds lags, and on simulated plants with echoes, both are trained: CPU seconds, one thread.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks import machine, report
from benchmarks.changes import constant
from benchmarks.sets import CASES, inner, score
from benchmarks.timing import Stopwatch, blas_threads, count_cpu_time
from fastlstm import LSTMRegressor, posing
from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.metrics import nrmse
from fastlstm.starts import lags as search

FloatArray = NDArray[np.float64]
SEEDS, LIMIT = 5, 3.0  # CPU seconds
N_STEPS, SETTLE = 4000, 200


@dataclass(frozen=True)
class Echoes:
    """White input, an FIR filter, a lag of first order and a saturation; 2 % noise in training."""

    name: str
    taps: dict[int, float]
    pole: float

    def record(self, seed: int, noise: float) -> tuple[FloatArray, FloatArray]:
        """Simulate inputs (n, 1) and outputs (n,)."""
        rng = np.random.default_rng(seed)
        u = rng.standard_normal((N_STEPS + SETTLE, 1))
        taps = np.zeros(max(self.taps) + 1)
        taps[list(self.taps)] = list(self.taps.values())
        drive = lfilter([1.0 - self.pole], [1.0, -self.pole], lfilter(taps, [1.0], u[:, 0]))
        y = np.tanh(np.asarray(drive))
        y = y / y.std() + noise * rng.standard_normal(len(y))
        return u[SETTLE:], y[SETTLE:]


PLANTS = (
    Echoes("two echoes", {0: 1.0, 7: 0.8, 13: -0.6}, pole=0.7),
    Echoes("late difference", {0: 1.0, 12: -0.9}, pole=0.8),
    Echoes("no echo", {0: 1.0}, pole=0.7),
)


def fit(X: Any, y: Any, seed: int, **parameters: Any) -> tuple[LSTMRegressor, float]:
    """One training on one BLAS thread, and its CPU seconds."""
    with warnings.catch_warnings(), blas_threads(1), Stopwatch() as clock:
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        model = LSTMRegressor(random_state=seed, **parameters).fit(X, y)
    return model, clock.cpu


def searched(dataset: Any, **structure: Any) -> tuple[tuple[int, ...], float]:
    """Lags that "auto" finds, and CPU seconds of the search."""
    seconds = []

    def watched(*arguments: Any) -> tuple[int, ...]:
        with Stopwatch() as clock:
            found = search.find_lags(*arguments)
        seconds.append(clock.cpu)
        return found

    with constant(posing, "find_lags", watched):
        model, _ = fit(dataset.X, dataset.y, 0, input_lags="auto", max_iter=1, **structure)
    return model.input_lags_, sum(seconds)


def sets(names: Sequence[str], n_seeds: int) -> Iterator[dict[str, Any]]:
    """Search on every set, and train with and without lags where some are found."""
    for name in names:
        case = CASES[name]
        dataset = inner(case.load())
        lags, cpu = searched(dataset, **case.structure)
        result: dict[str, Any] = {"name": name, "lags": list(lags), "cpu": cpu}
        report.console.print(f"  {name}: lags {lags}, {report.number(cpu)} CPU-s")
        for given in (0, "auto") if any(lags) else ():
            options = {**case.structure, "input_lags": given, "time_limit": LIMIT}
            errors = []
            for seed in range(n_seeds):
                model, _ = fit(dataset.X, dataset.y, seed, **options)
                errors.append(float(np.mean(list(score(dataset, model).values()))))
            result[f"errors_{given}"] = errors
            report.console.print(f"    input_lags={given}: {errors}")
        yield result


def plants(n_seeds: int, limit: float) -> Iterator[dict[str, Any]]:
    """Free-run NRMSE on a test record without noise."""
    for plant in PLANTS:
        (u, y), (u_test, y_test) = plant.record(0, noise=0.02), plant.record(1, noise=0.0)
        for given in (0, "auto"):
            for seed in range(n_seeds):
                model, cpu = fit(u, y, seed, input_lags=given, time_limit=limit)
                error = float(nrmse(y_test, model.predict(u_test), washout=SETTLE))
                run = {"plant": plant.name, "given": given, "seed": seed, "cpu": cpu}
                yield {**run, "lags": list(model.input_lags_), "nrmse": error}
                report.console.print(f"  {plant.name}, {given}, seed {seed}: {error:.4g}")


def table(runs: list[dict[str, Any]]) -> None:
    """Medians and ranges of the plants."""
    rows = []
    for plant in PLANTS:
        for given in (0, "auto"):
            own = [run for run in runs if run["plant"] == plant.name and run["given"] == given]
            errors = [run["nrmse"] for run in own]
            spread = f"{report.number(min(errors))} to {report.number(max(errors))}"
            lags = str(own[0]["lags"])
            rows.append([plant.name, str(given), lags, report.number(median(errors)), spread])
    report.table("NRMSE on test", ["plant", "input_lags", "found", "median", "range"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lags", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one second, not saved")
    options = parser.parse_args(arguments)
    count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    few = options.quick
    runs = list(plants(1 if few else SEEDS, 1.0 if few else LIMIT))
    table(runs)
    found = list(sets(list(CASES), 1 if few else SEEDS))
    if not few:
        results = {"plants": runs, "sets": found}
        path = report.RESULTS / "lags.json"
        report.save_json(path, {"benchmark": "lags", "machine": machine.describe(), **results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
