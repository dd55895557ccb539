"""Every set with the same defaults: free-run error in the benchmark's unit, and CPU time.

python -m benchmarks.sets
python -m benchmarks.sets --only emps,ced --seeds 3
python -m benchmarks.sets --inner --quick

`--inner` never opens a test set: it trains on the first 70 % of the training records and scores
the rest of them. Choices are made there. `--cpu` lets time limits count CPU seconds, for machines
that do other work at the same time.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.closed_form import run_linear
from benchmarks.timing import Stopwatch, blas_threads, count_cpu_time
from fastlstm import LSTMRegressor
from fastlstm.datasets import DAISY_SETS, LOADERS, SIMULATORS, Dataset
from fastlstm.exceptions import ConvergenceWarning, DataWarning

INNER_SHARE = 0.7
INNER_WINDOW = 50


@dataclass(frozen=True)
class Case:
    """A set, the seconds it may take, and structure where the benchmark prescribes one."""

    name: str
    load: Callable[[], Dataset]
    time_limit: float
    structure: dict[str, Any] = field(default_factory=dict)


CASES = {
    case.name: case
    for case in (
        Case("wh2009", LOADERS["wh2009"], 15.0),
        Case("silverbox", LOADERS["silverbox"], 6.0),
        Case("cascaded_tanks", LOADERS["cascaded_tanks"], 3.0),
        Case("emps", LOADERS["emps"], 4.0),
        Case("ced", LOADERS["ced"], 2.0),
        Case("gas_furnace", LOADERS["gas_furnace"], 2.0),
        Case("bouc_wen", LOADERS["bouc_wen"], 30.0),
        Case("rlc", LOADERS["rlc"], 4.0, {"hidden_sizes": (8,), "head_sizes": ()}),
        *(Case(name, LOADERS[name], 5.0) for name in DAISY_SETS),
        *(Case(name, simulate, 4.0) for name, simulate in SIMULATORS.items()),
    )
}


def inner(dataset: Dataset) -> Dataset:
    """Split the training records once more; their last part takes the place of the tests."""
    cuts = [int(INNER_SHARE * len(record)) for record in dataset.train]
    pairs = list(zip(dataset.train, cuts, strict=True))
    tests = {f"{k}": record.part(cut, len(record), f"{k}") for k, (record, cut) in enumerate(pairs)}
    shortest = min(len(record) for record in tests.values())
    return replace(
        dataset,
        train=tuple(record.part(0, cut, record.name) for record, cut in pairs),
        tests=tests,
        init_window=dataset.init_window or min(INNER_WINDOW, shortest // 10),
    )


def score(dataset: Dataset, model: LSTMRegressor) -> dict[str, float]:
    """Official error on every test; a steady-state record is driven through one period first."""
    scores = {}
    for name, record in dataset.tests.items():
        if record.periodic:
            y = model.simulate(np.concatenate([record.u, record.u]))[-len(record) :]
        elif dataset.init_window:
            y = model.simulate(record.u, y_init=record.y[: dataset.init_window])
        else:
            y = model.predict(record.u)
        scores[name] = dataset.score(name, y)
    return scores


def fit_once(case: Case, dataset: Dataset, seed: int) -> dict[str, Any]:
    """Train with defaults and score."""
    with warnings.catch_warnings(), blas_threads(1), Stopwatch() as clock:
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        model = LSTMRegressor(**case.structure, time_limit=case.time_limit, random_state=seed)
        model.fit(dataset.X, dataset.y)
    return {
        "seed": seed,
        "cpu": clock.cpu,
        "wall": clock.wall,
        "status": model.status_,
        "start": model.start_,
        "n_iter": model.n_iter_,
        "hidden_sizes": list(model.network_.hidden_sizes),
        "head_sizes": list(model.network_.head_sizes),
        "validation": model.rmse_validation_,
        "test": score(dataset, model),
    }


def measure(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """All seeds of one set, and the linear model."""
    dataset = inner(case.load()) if options.inner else case.load()
    if options.quick:
        case = replace(case, time_limit=min(case.time_limit, 1.0))
    linear = run_linear(dataset).points[-1]
    runs = []
    for seed in range(options.seeds):
        runs.append(fit_once(case, dataset, seed))
        shown = ", ".join(f"{name} {report.number(e)}" for name, e in runs[-1]["test"].items())
        report.console.print(
            f"  {case.name} seed {seed}: {shown} {dataset.unit}; "
            f"{report.number(runs[-1]['cpu'])} CPU-s, {runs[-1]['n_iter']} iterations, "
            f"{runs[-1]['status']}, {runs[-1]['start']}, {runs[-1]['hidden_sizes']}"
        )
    return {
        "unit": dataset.unit,
        "time_limit": case.time_limit,
        "n_train": [len(record) for record in dataset.train],
        "linear": {"cpu": linear.cpu, "test": linear.test},
        "runs": runs,
    }


def table(results: dict[str, dict[str, Any]]) -> None:
    """One line per set: medians over the seeds beside the linear model."""
    rows = []
    for name, result in results.items():
        for test in result["linear"]["test"]:
            errors = [run["test"][test] for run in result["runs"]]
            rows.append(
                [
                    f"{name} {test}",
                    result["unit"],
                    report.number(median(errors)),
                    f"{report.number(min(errors))} to {report.number(max(errors))}",
                    report.number(result["linear"]["test"][test]),
                    report.number(median(run["cpu"] for run in result["runs"])),
                ]
            )
    report.table("Defaults", ["set", "unit", "median", "range", "linear", "CPU-s"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sets", description=__doc__)
    parser.add_argument("--only", default=",".join(CASES), help="sets, e.g. emps,ced")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--inner", action="store_true", help="train and score on training data")
    parser.add_argument("--cpu", action="store_true", help="time limits count CPU seconds")
    parser.add_argument("--quick", action="store_true", help="one seed, one second, not saved")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    names = [name for name in options.only.split(",") if name]
    if unknown := sorted(set(names) - set(CASES)):
        parser.error(f"--only takes {', '.join(CASES)}; got {', '.join(unknown)}")
    if options.quick:
        options.seeds = 1
    elif options.output is None and not options.inner:
        options.output = report.RESULTS / "sets.json"
    if options.cpu:
        count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    results = {}
    for name in names:
        results[name] = measure(CASES[name], options)
        if options.output is not None:
            save(options, {name: results[name]})
    table(results)
    return 0


def save(options: argparse.Namespace, results: dict[str, Any]) -> None:
    """Results as JSON; sets that were not measured now keep what the file had for them."""
    old = report.load_json(options.output).get("sets", {})
    settings = {"limits_count_cpu": options.cpu, "inner": options.inner}
    found = {"machine": machine.describe(), **settings}
    new = {name: {**found, **result} for name, result in results.items()}
    report.save_json(options.output, {"benchmark": "sets", "sets": {**old, **new}})


if __name__ == "__main__":
    sys.exit(main())
