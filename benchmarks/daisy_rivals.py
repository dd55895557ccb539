"""The DaISy sets: our defaults beside linear models and torch BPTT, free run on the test part.

python -m benchmarks.daisy_rivals
python -m benchmarks.daisy_rivals --methods ours,linear --only ballbeam,heating
python -m benchmarks.daisy_rivals --methods torch --seconds 20 --output part.json

All budgets count CPU seconds of the process. ``subspace`` needs the package sippy_unipi, ``torch``
needs torch. Results are saved after every set; methods and sets that were not run keep theirs.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine, report
from benchmarks.timing import Stopwatch, blas_threads, count_cpu_time
from fastlstm import LSTMRegressor
from fastlstm.datasets import DAISY_SETS, LOADERS, Dataset, Record
from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.official import simulate_test
from fastlstm.records import Records
from fastlstm.scaling import Scaling

FloatArray = NDArray[np.float64]
Simulated = dict[str, FloatArray]

OUR_SECONDS = 5.0
TORCH_SECONDS = 60.0
HELD = 0.2  # part of every training record on which the subspace model is chosen


def errors(dataset: Dataset, y_sim: Simulated) -> dict[str, Any]:
    """Scores of all test records, and the NRMSE of every output of every record."""
    relative = {}
    for name, record in dataset.tests.items():
        y = record.y[dataset.init_window :]
        error = y_sim[name][dataset.init_window :] - y
        with np.errstate(over="ignore", invalid="ignore"):
            relative[name] = (np.sqrt(np.mean(error**2, axis=0)) / y.std(axis=0)).tolist()
    return {
        "test": {name: dataset.score(name, y) for name, y in y_sim.items()},
        "nrmse": relative,
    }


def run_ours(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """Defaults, with the state from the measured outputs of the window."""
    with warnings.catch_warnings(), blas_threads(1), Stopwatch() as clock:
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        model = LSTMRegressor(time_limit=seconds, random_state=seed).fit(dataset.X, dataset.y)
    sizes = [list(model.network_.hidden_sizes), list(model.network_.head_sizes)]
    return {
        "cpu": clock.cpu,
        "wall": clock.wall,
        "choice": f"{sizes[0]} + {sizes[1]}, {model.start_}, {model.status_}",
        "y_sim": {name: simulate_test(model, dataset, name) for name in dataset.tests},
    }


def run_constant(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """Mean of every output in training: what any model has to beat."""
    mean = np.concatenate(dataset.y).mean(axis=0)
    y_sim = {name: np.tile(mean, (len(test), 1)) for name, test in dataset.tests.items()}
    return {"cpu": 0.0, "wall": 0.0, "choice": "mean", "y_sim": y_sim}


def run_linear(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """Our linear output-error model, state as for ours; neither seed nor limit."""
    from fastlstm.starts.linear import identify

    scaling, whole = scaled(dataset)
    with blas_threads(1), Stopwatch() as clock:
        model = identify(whole)

    def simulate(test: Records) -> FloatArray:
        return model.simulate(test, model.initial_states(test, dataset.init_window))

    y_sim = free_runs(dataset, scaling, simulate)
    return {"cpu": clock.cpu, "wall": clock.wall, "choice": f"order {model.order}", "y_sim": y_sim}


def run_subspace(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """Subspace model, state as for ours; neither seed nor limit."""
    from benchmarks.subspace import identify

    scaling, whole = scaled(dataset)
    cuts = [(r, int((1 - HELD) * length), length) for r, length in enumerate(whole.lengths)]
    window = dataset.init_window
    with blas_threads(1), Stopwatch() as clock:
        train = whole.take([(r, 0, cut) for r, cut, _ in cuts])
        choice, model = identify(train, whole.take(cuts), whole, window)

    def simulate(test: Records) -> FloatArray:
        return model.simulate(test, model.initial_states(test, window))

    y_sim = free_runs(dataset, scaling, simulate)
    return {"cpu": clock.cpu, "wall": clock.wall, "choice": choice.label, "y_sim": y_sim}


def run_torch(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """BPTT; imported here, so that the others run without torch."""
    from benchmarks import daisy_torch

    return daisy_torch.run_torch(dataset, seed, seconds)


def scaled(dataset: Dataset) -> tuple[Scaling, Records]:
    """Training records of zero mean and unit variance."""
    whole = Records.from_lists(dataset.X, dataset.y)
    scaling = Scaling.of(whole)
    return scaling, scaling.scale(whole)


def free_runs(
    dataset: Dataset, scaling: Scaling, simulate: Callable[[Records], FloatArray]
) -> Simulated:
    """Every test record through a model of scaled records, in the units of the data."""

    def of(record: Record) -> FloatArray:
        test = scaling.scale(Records.from_lists([record.u], [record.y]))
        return scaling.unscale_outputs(simulate(test))

    return {name: of(record) for name, record in dataset.tests.items()}


METHODS: dict[str, tuple[Callable[[Dataset, int, float], dict[str, Any]], int, str | None]] = {
    "ours": (run_ours, 5, None),
    "constant": (run_constant, 1, None),
    "linear": (run_linear, 1, None),
    "subspace": (run_subspace, 1, "sippy_unipi"),
    "torch": (run_torch, 3, "torch"),
}  # with the number of seeds, and the package it needs


def measure(name: str, method: str, seconds: float, seeds: Sequence[int]) -> dict[str, Any]:
    """One method on one set, once per seed."""
    run, _, package = METHODS[method]
    dataset, runs = LOADERS[name](), []
    for seed in seeds:
        found = run(dataset, seed, seconds)
        found.update(errors(dataset, found.pop("y_sim")))
        runs.append({"seed": seed, **found})
        shown = ", ".join(report.number(error) for error in found["test"].values())
        report.console.print(
            f"{name} {method} {seed}: {shown} {dataset.unit}; "
            f"{report.number(found['cpu'])} CPU-s, {found['choice']}"
        )
    versions = {} if package is None else {package: version(package)}
    return {"machine": machine.describe(), "packages": versions, "seconds": seconds, "runs": runs}


def save(path: Path, name: str, method: str, result: dict[str, Any], add: bool) -> None:
    """Put one result beside those that are there; `add` keeps its other seeds as well."""
    sets = report.load_json(path).get("sets", {})
    if add and method in sets.get(name, {}):
        runs = {run["seed"]: run for run in [*sets[name][method]["runs"], *result["runs"]]}
        result = {**result, "runs": [runs[seed] for seed in sorted(runs)]}
    sets = {**sets, name: {**sets.get(name, {}), method: result}}
    in_order = {key: sets[key] for key in DAISY_SETS if key in sets}
    report.save_json(path, {"benchmark": "daisy_rivals", "sets": in_order})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daisy_rivals", description=__doc__)
    parser.add_argument("--only", default=",".join(DAISY_SETS), help="sets, e.g. ballbeam,heating")
    parser.add_argument("--methods", default=",".join(METHODS), help="e.g. ours,linear")
    parser.add_argument("--seconds", type=float, default=None, help="budget in place of 5 and 60")
    parser.add_argument("--seeds", default=None, help="in place of all, e.g. 0,1; others are kept")
    parser.add_argument("--output", type=Path, default=report.RESULTS / "daisy_rivals.json")
    options = parser.parse_args(arguments)
    names, methods = options.only.split(","), options.methods.split(",")
    for given, known in ((names, DAISY_SETS), (methods, METHODS)):
        if unknown := sorted(set(given) - set(known)):
            parser.error(f"known are {', '.join(known)}; got {', '.join(unknown)}")
    count_cpu_time()
    for name in names:
        for method in methods:
            usual = TORCH_SECONDS if method == "torch" else OUR_SECONDS
            seconds = usual if options.seconds is None else options.seconds
            every = range(METHODS[method][1])
            seeds = every if options.seeds is None else [int(k) for k in options.seeds.split(",")]
            result = measure(name, method, seconds, seeds)
            save(options.output, name, method, result, add=options.seeds is not None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
