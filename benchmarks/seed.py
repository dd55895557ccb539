"""The seed's claim on its own kind of plants: every reading of the split method against BPTT.

python -m benchmarks.seed                      all plants, all methods, five seeds: about an hour
python -m benchmarks.seed --plants gas_furnace,np2 --output part.json
python -m benchmarks.seed --quick
python -m benchmarks.seed --only "lm auto;lm 1x16" --output benchmarks/results/seed_sizes.json

Deep LSTM + MLP of one, two and three layers with about the same number of weights, with and without
noise of 5 % on the training outputs. The test records are scored after each training.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.curves import Run
from benchmarks.ours import train_ours
from benchmarks.seed_plants import PLANTS, Plant, noisy
from benchmarks.torch_settings import Settings
from fastlstm.datasets import Dataset
from fastlstm.metrics import rmse
from fastlstm.solvers import BPTT, AbstractSolver, Greedy, LevenbergMarquardt, Ridge, Split

UNLIMITED = 10**6  # iterations; the time limit ends a run
DEPTHS: dict[int, tuple[int, ...]] = {1: (8,), 2: (5, 5), 3: (4, 4, 4)}
HEAD = (8,)
PER_DECADE = 20  # points of a curve per decade of CPU time
NOISE = (0.0, 0.05)
SOLVERS: dict[str, AbstractSolver] = {
    "lm": LevenbergMarquardt(max_iter=UNLIMITED),
    "split, cell path": Split(max_iter=UNLIMITED),
    "split, no path": Split(max_iter=UNLIMITED, path="none"),
    "split, sample by sample": Split(max_iter=UNLIMITED, mode="sample"),
    "ridge": Ridge(max_iter=UNLIMITED, n_draws=UNLIMITED),
    "greedy": Greedy(max_iter=UNLIMITED),
    "bptt": BPTT(max_iter=UNLIMITED),
}
ONE_DEPTH = ("split, no path", "split, sample by sample")  # two layers only
# What BPTT may choose among, by validation, each with the long time limit.
SWEEP: tuple[tuple[tuple[int, ...], tuple[int, ...], BPTT], ...] = (
    ((5, 5), HEAD, BPTT(max_iter=UNLIMITED)),
    ((5, 5), HEAD, BPTT(max_iter=UNLIMITED, learning_rate=5e-2)),
    ((5, 5), HEAD, BPTT(max_iter=UNLIMITED, learning_rate=1e-2, window=200)),
    ((32,), (), BPTT(max_iter=UNLIMITED, learning_rate=1e-2)),
)
# Sizes of "lm" that other methods do not have, as those in the sweep of BPTT; with its time limit.
# Asked for by name: they have a file of their own, so that both stay small.
SIZES: dict[str, dict[str, Any]] = {
    "lm auto": {},
    "lm 1x16": {"hidden_sizes": (16,), "head_sizes": ()},
}
TORCH = (Settings(hidden=32, lr=1e-2, batch=16), Settings(hidden=16, lr=1e-2, batch=16))


@dataclass(frozen=True)
class Case:
    """A plant with a level of noise, and who was trained on it."""

    plant: str
    noise: float
    method: str
    layers: int
    run: Run
    one_step: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, the curve thinned to two columns of four digits."""
        points = report.thinned(self.run, per_decade=PER_DECADE).points
        curve = {
            "cpu": [rounded(point.cpu) for point in points],
            "error": [rounded(next(iter(point.test.values()))) for point in points],
            "wall": rounded(points[-1].wall),
            "steps": points[-1].step,
        }
        run = {"settings": self.run.settings, "seed": self.run.seed, "curve": curve}
        return {**asdict(self), "run": run}


def rounded(value: float) -> float:
    """Return four significant digits.

    Examples
    --------
    >>> rounded(0.0123456789)
    0.01235
    """
    return float(f"{value:.4g}")


def settings_of(
    hidden: tuple[int, ...], head: tuple[int, ...], solver: AbstractSolver, limit: float
) -> dict[str, Any]:
    """Return the arguments of the estimator for one training."""
    return {
        "hidden_sizes": hidden,
        "head_sizes": head,
        "solver": solver,
        "time_limit": limit,
    }


def plain(run: Run, method: str, model_settings: dict[str, Any]) -> Run:
    """Give a run settings that JSON can hold."""
    solver = model_settings["solver"]
    described = {**model_settings, "solver": {"solver": method, **asdict(solver)}}
    return replace(run, method=method, settings=described)


def short_runs(
    plant: Plant, dataset: Dataset, noise: float, options: argparse.Namespace
) -> Iterator[Case]:
    """Every method, depth and seed within its own limit."""
    for method, solver in SOLVERS.items():
        if method not in options.only:
            continue
        limit = plant.seconds[method.partition(",")[0]] * options.scale
        for layers, hidden in DEPTHS.items():
            if method in ONE_DEPTH and layers != 2:
                continue
            for seed in range(options.seeds):
                settings = settings_of(hidden, HEAD, solver, limit)
                run, one_step = train(dataset, settings, seed)
                yield Case(
                    plant.name, noise, method, layers, plain(run, method, settings), one_step
                )


def train(dataset: Dataset, settings: dict[str, Any], seed: int) -> tuple[Run, float]:
    """Train on one thread; return the run and the one-step error of the final model."""
    kept: list[Any] = []
    run = train_ours(dataset, settings, seed=seed, keep=kept.append, per_decade=PER_DECADE)
    record = next(iter(dataset.tests.values()))
    ahead = kept[-1].predict_ahead(record.u, record.y, steps=1)
    error = rmse(record.y, ahead.reshape(record.y.shape), washout=dataset.init_window)
    return run, float(error.mean()) * dataset.scale


def long_bptt(
    plant: Plant, dataset: Dataset, noise: float, options: argparse.Namespace
) -> Iterator[Case]:
    """Sweep BPTT with seed 0, then take the other seeds of what validation chose."""
    if "bptt, long" not in options.only:
        return
    limit = plant.seconds["bptt, long"] * options.scale
    best, best_error = None, float("inf")
    for hidden, head, solver in SWEEP:
        settings = settings_of(hidden, head, solver, limit)
        kept: list[Any] = []
        run = train_ours(dataset, settings, seed=0, keep=kept.append, per_decade=PER_DECADE)
        name = f"bptt, long: {sizes(hidden, head)}, rate {solver.learning_rate:g}, {solver.window}"
        yield Case(plant.name, noise, name, len(hidden), plain(run, name, settings))
        if kept[-1].rmse_validation_ < best_error:
            best, best_error = (name, settings), kept[-1].rmse_validation_
    assert best is not None
    name, settings = best
    for seed in range(1, options.seeds):
        run = train_ours(dataset, settings, seed=seed, per_decade=PER_DECADE)
        yield Case(
            plant.name, noise, name, len(settings["hidden_sizes"]), plain(run, name, settings)
        )


def other_sizes(
    plant: Plant, dataset: Dataset, noise: float, options: argparse.Namespace
) -> Iterator[Case]:
    """Train "lm" with default sizes and with a wide layer; the layers of "auto" count as 0."""
    limit = plant.seconds["bptt"] * options.scale
    for method, given in SIZES.items():
        if method not in options.only:
            continue
        settings = {**given, "solver": SOLVERS["lm"], "time_limit": limit}
        for seed in range(options.seeds):
            run, one_step = train(dataset, settings, seed)
            layers = len(given.get("hidden_sizes", ()))
            yield Case(plant.name, noise, method, layers, plain(run, method, settings), one_step)


def sizes(hidden: tuple[int, ...], head: tuple[int, ...]) -> str:
    """Return the structure in a word."""
    return f"{len(hidden)}x{hidden[0]}" + (f" + {head[0]}" if head else "")


def torch_runs(
    plant: Plant, dataset: Dataset, noise: float, options: argparse.Namespace
) -> Iterator[Case]:
    """Run the outside baseline; nothing where torch is not installed."""
    if "torch" not in options.only:
        return
    try:
        from benchmarks.torch_lstm import keep_memory, seconds_per_step, train_torch
    except ImportError:
        return
    keep_memory()
    limit = plant.seconds["torch"] * options.scale
    for setting in TORCH:
        window = min(setting.window, len(dataset.train[0].u) - plant.n_validation - 1)
        fitted = replace(setting, window=window, washout=min(setting.washout, window // 4))
        pace = seconds_per_step(dataset, plant.n_validation, fitted, 1, steps=20)
        fitted = replace(fitted, steps=max(20, int(limit / pace)))
        run = train_torch(dataset, plant.n_validation, fitted, time_limit=limit, every=50)
        name = f"torch {fitted.layers}x{fitted.hidden}"
        yield Case(plant.name, noise, name, fitted.layers, replace(run, method=name))


def measure(options: argparse.Namespace) -> list[Case]:
    """Run everything; what is done is saved after every group of runs."""
    cases: list[Case] = []
    for name in options.plants:
        plant = PLANTS[name]
        for noise in NOISE:
            dataset = noisy(plant.load(), noise)
            for group in (short_runs, other_sizes, long_bptt, torch_runs):
                for case in group(plant, dataset, noise, options):
                    cases.append(case)
                    say(case, dataset)
                if options.output is not None:
                    save(options.output, cases, options)
    return cases


def say(case: Case, dataset: Dataset) -> None:
    """One line of progress."""
    end = case.run.points[-1]
    error = report.number(next(iter(end.test.values())))
    report.console.print(
        f"  {case.plant}, noise {case.noise:g}, {case.method}, {case.layers} layers, seed "
        f"{case.run.seed}: {error} {dataset.unit} after {report.number(end.cpu)} CPU-s"
    )


def save(path: Path, cases: Sequence[Case], options: argparse.Namespace) -> None:
    """Results as JSON; methods that were not measured now keep what the file had for them."""
    old = report.load_json(path)
    measured = {(case.plant, case.method) for case in cases}
    kept = [c for c in old.get("cases", []) if (c["plant"], c["method"]) not in measured]
    plants = {case.plant for case in cases}
    machines = {**old.get("machines", {}), **dict.fromkeys(plants, machine.describe())}
    found = [case.as_dict() for case in cases]
    report.save_json(path, {"benchmark": "seed", "machines": machines, "cases": kept + found})


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seed", description=__doc__)
    parser.add_argument("--plants", default=",".join(PLANTS), help="names, with commas")
    parser.add_argument("--only", default="", help='methods, with semicolons: "lm;torch"')
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="seconds of work; saves nothing")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    options.plants = [name for name in options.plants.split(",") if name]
    unknown = sorted(set(options.plants) - set(PLANTS))
    if unknown:
        parser.error(f"--plants takes {', '.join(PLANTS)}; got {', '.join(unknown)}")
    methods = [*SOLVERS, *SIZES, "bptt, long", "torch"]
    options.only = [name for name in options.only.split(";") if name] or [
        name for name in methods if name not in SIZES
    ]
    if unknown := sorted(set(options.only) - set(methods)):
        parser.error(f"--only takes {'; '.join(methods)}; got {'; '.join(unknown)}")
    options.scale = 0.03 if options.quick else 1.0
    if options.quick:
        options.seeds = 1
    elif options.output is None:
        options.output = report.RESULTS / "seed.json"
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and save."""
    options = parse(arguments)
    report.console.print(machine.one_line(machine.describe()))
    measure(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
