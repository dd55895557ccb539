"""What is printed at the end: errors reached, errors at equal time, times to equal error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Protocol

from benchmarks import report
from benchmarks.curves import Run, Spread, errors_at, times_to
from fastlstm.datasets import Dataset

Groups = Mapping[str, Sequence[Run]]


class Plan(Protocol):
    """The part of a benchmark that tables need."""

    @property
    def headline(self) -> str: ...  # noqa: D102
    @property
    def targets(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def times(self) -> tuple[float, ...]: ...  # noqa: D102


def print_tables(plan: Plan, dataset: Dataset, groups: Groups) -> None:
    """All tables of one benchmark."""
    reached(dataset, groups)
    if "ours" in groups:
        ours_in_time(plan, dataset, groups["ours"])
    equal_time(plan, dataset, groups)
    equal_error(plan, dataset, groups)


def reached(dataset: Dataset, groups: Groups) -> None:
    """Error of the final model on every test record, with the time of the whole run."""
    rows = []
    for method, runs in groups.items():
        ends = [run.points[-1] for run in runs]
        errors = [report.spread(Spread.of([e.test[name] for e in ends])) for name in dataset.tests]
        cpu, wall = median(e.cpu for e in ends), median(e.wall for e in ends)
        rows.append([method, str(len(runs)), report.number(cpu), report.number(wall), *errors])
    head = ["method", "runs", "CPU s", "wall s", *dataset.tests]
    report.table(f"Final model: free-run test RMSE ({dataset.unit}), median [min, max]", head, rows)


def ours_in_time(plan: Plan, dataset: Dataset, runs: Sequence[Run]) -> None:
    """Error of the model in hand on every test record as time goes by."""
    rows = [
        [f"{seconds:g}", *(report.spread(errors_at(runs, seconds, name)) for name in dataset.tests)]
        for seconds in plan.times
    ]
    report.table(
        f"Ours: test RMSE ({dataset.unit}) of the model in hand over {len(runs)} seeds, "
        "median [min, max]",
        ["CPU s", *dataset.tests],
        rows,
    )


def equal_time(plan: Plan, dataset: Dataset, groups: Groups) -> None:
    """Median headline error of every method at the same CPU times."""
    times = sorted({*plan.times, 30.0, 60.0})
    rows = [
        [method, *(report.number(errors_at(runs, t, plan.headline).median) for t in times)]
        for method, runs in groups.items()
        if all(run.threads == 1 for run in runs)
    ]
    report.table(
        f"Equal time: {plan.headline} RMSE ({dataset.unit}) after CPU seconds, median",
        ["method", *(f"{t:g}" for t in times)],
        rows,
    )


def equal_error(plan: Plan, dataset: Dataset, groups: Groups) -> None:
    """Time to every target, and how many times longer than ours the first one takes."""
    first, test = plan.targets[0], plan.headline
    reference = times_to(groups["ours"], first, test).median if "ours" in groups else math.inf
    rows = []
    for method, runs in groups.items():
        cpu = [report.spread(times_to(runs, target, test)) for target in plan.targets]
        wall = report.number(times_to(runs, first, test, "wall").median)
        rows.append([method, *cpu, wall, ratio(runs, first, test, reference)])
    head = ["method", *(f"to {target:g}" for target in plan.targets)]
    report.table(
        f"Equal error: CPU seconds to a {test} RMSE ({dataset.unit}), median [min, max]",
        [*head, f"wall s to {first:g}", "CPU ratio to ours"],
        rows,
    )


def ratio(runs: Sequence[Run], target: float, test: str, reference: float) -> str:
    """CPU time to the target over that of ours; a bound where the target was never reached."""
    if not math.isfinite(reference):
        return "-"
    seconds = times_to(runs, target, test).median
    if math.isfinite(seconds):
        return report.number(seconds / reference)
    if len(runs[0].points) == 1:
        return "never"
    return f"> {report.number(median(run.points[-1].cpu for run in runs) / reference)}"
