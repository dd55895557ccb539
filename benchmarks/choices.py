"""What parts of "lm" bring, each against the same fits without it; no test record is opened.

python -m benchmarks.choices
python -m benchmarks.choices --quick

Bent steps: Wiener-Hammerstein, first 70 % of the training record, error on the rest of it. Initial
state and wild states: RLC with 8 units, error on the validation record. Limits count CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.sets import CASES, inner, score
from benchmarks.timing import blas_threads, count_cpu_time
from fastlstm import LSTMRegressor
from fastlstm.datasets import LOADERS
from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.initial_state import InitialState
from fastlstm.solvers import locking, objective

BENT_SEEDS, RLC_SEEDS = 5, 12
BENT_LIMIT, RLC_LIMIT = 10.0, 4.0  # CPU seconds
MARKS = (1.0, 2.0, 4.0, 8.0)  # CPU seconds at which validation errors are noted
AFTER = 200  # steps of the validation record after which nothing is left of its beginning


@contextmanager
def constant(module: Any, name: str, value: Any) -> Iterator[None]:
    """Another value of a constant of the library inside the block."""
    old = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, old)


def fit(dataset: Any, seed: int, **parameters: Any) -> LSTMRegressor:
    """One training on one BLAS thread."""
    with warnings.catch_warnings(), blas_threads(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        return LSTMRegressor(random_state=seed, **parameters).fit(dataset.X, dataset.y)


def bent_steps(n_seeds: int, limit: float) -> list[dict[str, Any]]:
    """Wiener-Hammerstein with bent and with straight steps."""
    dataset, runs = inner(CASES["wh2009"].load()), []
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for bent, kept in ((True, objective._KEPT_BLOCKS), (False, 0)):
        for seed in range(n_seeds):
            with constant(objective, "_KEPT_BLOCKS", kept):
                model = fit(dataset, seed, time_limit=limit, **sizes)
            curve = [
                min(row.rmse_validation for row in model.history_ if row.cpu_time <= mark)
                for mark in MARKS
            ]
            error = next(iter(score(dataset, model).values()))
            runs.append({"bent": bent, "seed": seed, "rmse_mv": error, "validation": curve})
            report.console.print(f"  bent {bent}, seed {seed}: {error:.4g} mV")
    return runs


def beginnings(n_seeds: int, limit: float) -> list[dict[str, Any]]:
    """RLC with and without the risk of wild states; begun in the guess and at rest."""
    dataset, runs = LOADERS["rlc"](), []
    record = dataset.validation[0]
    spread = np.std(dataset.train[0].y, axis=0)
    for risk in (locking.RISK, 1.0):
        for seed in range(n_seeds):
            with constant(locking, "RISK", risk):
                sizes = {"hidden_sizes": (8,), "head_sizes": ()}
                model = fit(dataset, seed, time_limit=limit, **sizes)
            guess = ((model.predict(record.u) - record.y) / spread) ** 2
            scaled = model.scaling_.scale_inputs(record.u)
            share = locking.locked_share(model.network_, model.params_, scaled)
            model.initial_state_ = InitialState.rest(model.network_)
            rest = ((model.predict(record.u) - record.y) / spread) ** 2
            found = {
                "begun": 100.0 * float(np.mean(guess)),
                "rest": 100.0 * float(np.mean(rest)),
                "after": 100.0 * float(np.mean(guess[AFTER:])),
                "locked_share": share,
                "held_out": 100.0 * model.rmse_validation_**2,
            }
            runs.append({"risk": risk, "seed": seed, **found})
            shown = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
            report.console.print(f"  risk {risk}, seed {seed}: {shown}")
    return runs


def tables(results: dict[str, Any]) -> None:
    """Medians and ranges."""
    rows = []
    for bent in (False, True):
        errors = [run["rmse_mv"] for run in results["bent_steps"] if run["bent"] == bent]
        curves = zip(
            *(run["validation"] for run in results["bent_steps"] if run["bent"] == bent),
            strict=True,
        )
        marks = [report.number(1e3 * median(column)) for column in curves]
        steps = "bent" if bent else "straight"
        rows.append([steps, report.number(median(errors)), _range(errors), *marks])
    titles = ["steps", "mV", "range", *(f"1000 x validation, {mark:.0f} s" for mark in MARKS)]
    report.table("Wiener-Hammerstein", titles, rows)
    rows = []
    for risk in (1.0, locking.RISK):
        runs = [run for run in results["beginnings"] if run["risk"] == risk]
        for name in ("rest", "begun", "after"):
            errors = [run[name] for run in runs]
            rows.append([f"{risk}", name, report.number(median(errors)), _range(errors)])
    report.table("RLC, 100 x MSE on validation", ["risk", "begun", "median", "range"], rows)


def _range(errors: Sequence[float]) -> str:
    return f"{report.number(min(errors))} to {report.number(max(errors))}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choices", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one second, not saved")
    options = parser.parse_args(arguments)
    count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    few = options.quick
    results = {
        "bent_steps": bent_steps(1 if few else BENT_SEEDS, 1.0 if few else BENT_LIMIT),
        "beginnings": beginnings(1 if few else RLC_SEEDS, 1.0 if few else RLC_LIMIT),
    }
    tables(results)
    if not few:
        path = report.RESULTS / "choices.json"
        report.save_json(path, {"benchmark": "choices", "machine": machine.describe(), **results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
