"""The one way every plant is measured: same methods, same clock, same tables."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.closed_form import run_linear, run_narx
from benchmarks.curves import Run
from benchmarks.narx import Structure
from benchmarks.ours import train_ours
from benchmarks.sweep import Settings, sweep_torch
from benchmarks.tables import print_tables
from fastlstm.datasets import Dataset

METHODS = ("linear", "narx", "ours", "torch")


@dataclass(frozen=True)
class Benchmark:
    """One plant and everything that was fixed before anything was measured.

    Parameters
    ----------
    name, title : str
    load : callable
        Returns the Dataset.
    n_validation : int
        Samples at the end of the training record on which the baselines choose.
    headline : str
        Test record of the comparison.
    targets : tuple of float
        Errors to which the time is taken; the first is the headline.
    times : tuple of float
        CPU seconds at which errors are compared.
    ours : dict
        Arguments of LSTMRegressor, the same for all seeds.
    narx_reference : Structure
        The small NARX that is fitted without a search.
    narx_grid : sequence of Structure
    torch : sequence of Settings
        The sweep; the first is the plain choice.
    """

    name: str
    title: str
    load: Callable[[], Dataset]
    n_validation: int
    headline: str
    targets: tuple[float, ...]
    times: tuple[float, ...]
    ours: dict[str, Any]
    narx_reference: Structure
    narx_grid: Sequence[Structure]
    torch: Sequence[Settings]

    def quick(self) -> Benchmark:
        """Give the same pieces seconds of work: to see that they run, not to measure."""
        return replace(
            self,
            ours={**self.ours, "time_limit": 1.0},
            narx_grid=self.narx_grid[:1],
            torch=[replace(settings, steps=40) for settings in self.torch[:2]],
        )


def say(text: str) -> None:
    """One line of progress."""
    report.console.print(f"  {text}")


def measure_closed_form(bench: Benchmark, dataset: Dataset, wanted: Sequence[str]) -> list[Run]:
    """Fit the linear model and both NARX."""
    runs = []
    if "linear" in wanted:
        runs.append(run_linear(dataset))
    if "narx" in wanted:
        runs.append(run_narx(dataset, bench.n_validation, [bench.narx_reference], "narx"))
        runs.append(run_narx(dataset, bench.n_validation, bench.narx_grid, "narx tuned"))
    for run in runs:
        end = run.points[-1]
        errors = ", ".join(report.number(error) for error in end.test.values())
        say(f"{run.method}: {errors} {dataset.unit} after {report.number(end.cpu)} CPU-s")
    return runs


def measure_ours(bench: Benchmark, dataset: Dataset, options: argparse.Namespace) -> list[Run]:
    """One run per seed on one thread, one on two threads, and fits that were given less time."""
    runs = []

    def fit(method: str, settings: dict[str, Any], seed: int, threads: int) -> None:
        run = replace(train_ours(dataset, settings, seed=seed, threads=threads), method=method)
        end = run.points[-1]
        say(
            f"{method}, seed {seed}, threads {threads}: "
            f"{report.number(end.test[bench.headline])} {dataset.unit} after "
            f"{report.number(end.cpu)} CPU-s, {report.number(end.wall)} s"
        )
        runs.append(run)

    for seed in range(options.seeds):
        fit("ours", bench.ours, seed, 1)
    if machine.cpu_count() > 1:
        fit("ours, two threads", bench.ours, 0, 2)
    for limit in options.limits:
        fit(f"ours, time_limit={limit:g}", {**bench.ours, "time_limit": limit}, 0, 1)
    return runs


def measure(
    bench: Benchmark, dataset: Dataset, options: argparse.Namespace
) -> dict[str, list[Run]]:
    """Collect runs by method; what is done is saved before the next method starts."""
    groups: dict[str, list[Run]] = {}

    def keep(runs: Sequence[Run], probes: Sequence[dict[str, Any]] = ()) -> None:
        for run in runs:
            groups.setdefault(run.method, []).append(run)
        if options.output is not None:
            save(options.output, bench, dataset, groups, probes)

    keep(measure_closed_form(bench, dataset, options.only))
    if "ours" in options.only:
        keep(measure_ours(bench, dataset, options))
    if "torch" in options.only:
        keep(
            *sweep_torch(
                dataset,
                bench.n_validation,
                bench.torch,
                headline=bench.headline,
                extra_seeds=options.torch_seeds - 1,
                every=20 if options.quick else 100,
                say=say,
            )
        )
    return groups


def parse(bench: Benchmark, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{bench.name}", description=bench.title
    )
    parser.add_argument("--seeds", type=int, default=5, help="runs of ours (default 5)")
    parser.add_argument("--torch-seeds", type=int, default=3, help="runs of the best torch setting")
    parser.add_argument("--only", default=",".join(METHODS), help="methods, e.g. ours,narx")
    parser.add_argument("--skip-torch", action="store_true", help="leave the slow baseline out")
    parser.add_argument("--limits", default="1,2,4", help="also fit ours with these time limits")
    parser.add_argument(
        "--quick", action="store_true", help="seconds of work, saved only to --output"
    )
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    parser.add_argument("--plot", type=Path, default=None, help="picture of the curves")
    options = parser.parse_args(arguments)
    options.only = [name for name in options.only.split(",") if name]
    unknown = sorted(set(options.only) - set(METHODS))
    if unknown:
        parser.error(f"--only takes {', '.join(METHODS)}; got {', '.join(unknown)}")
    if options.skip_torch:
        options.only = [name for name in options.only if name != "torch"]
    options.limits = [float(limit) for limit in options.limits.split(",") if limit]
    if options.seeds < 1 or options.torch_seeds < 1:
        parser.error("--seeds and --torch-seeds must be at least 1")
    if options.quick:
        options.seeds, options.torch_seeds, options.limits = min(options.seeds, 2), 1, []
    elif options.output is None:
        options.output = report.RESULTS / f"{bench.name}.json"
    return options


def main(bench: Benchmark, arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    options = parse(bench, arguments)
    if options.quick:
        bench = bench.quick()
    dataset = bench.load()
    before = machine.describe()
    report.console.print(f"{bench.title}\n{machine.one_line(before)}")
    groups = measure(bench, dataset, options)
    if options.output is not None:
        report.console.print(f"saved {os.path.relpath(options.output)}")
    print_tables(bench, dataset, groups)
    if options.plot is not None:
        report.plot_curves(options.plot, groups, bench.headline, dataset.unit)
    return 0


def save(
    path: Path,
    bench: Benchmark,
    dataset: Dataset,
    groups: dict[str, list[Run]],
    probes: Sequence[dict[str, Any]],
) -> None:
    """Results as JSON; methods that were not measured now keep what the file had for them."""
    found = machine.describe()
    old = report.load_json(path)
    methods = dict(old.get("methods", {}))
    for name, runs in groups.items():
        methods[name] = {"machine": found, "runs": [report.thinned(run).as_dict() for run in runs]}
    report.save_json(
        path,
        {
            "benchmark": bench.name,
            "unit": dataset.unit,
            "headline": bench.headline,
            "targets": list(bench.targets),
            "n_train": [len(record) for record in dataset.train],
            "n_test": {name: len(record) for name, record in dataset.tests.items()},
            "torch_seconds_per_step": list(probes) or old.get("torch_seconds_per_step", []),
            "methods": methods,
        },
    )
