"""Tables of `benchmarks.daisy_rivals`; `benchmarks.sets_table` puts them into the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median
from typing import Any

from benchmarks import report
from benchmarks.seed_table import machines

RIVALS = ("subspace", "torch")
COLUMNS = ("ours", "linear", "subspace", "torch", "constant")
NAMES = {
    "ours": "fastlstm",
    "linear": "linear output error",
    "subspace": "subspace",
    "torch": "torch BPTT",
    "constant": "mean of training",
}
Run = Mapping[str, Any]
Sets = Mapping[str, Mapping[str, Any]]


def of_training(run: Run) -> float:
    """Root mean square error in % of the standard deviation in training, all outputs together."""
    return (
        10.0
        * mean(error if error is not None else float("inf") for error in run["test"].values())
        ** 0.5
    )


def of_test(run: Run) -> float:
    """NRMSE in %: relative to the scored test steps, mean over outputs and records."""
    return 100.0 * mean(mean(values) for values in run["nrmse"].values())


def middle(result: Mapping[str, Any], error: Callable[[Run], float] = of_training) -> float:
    """Median over the seeds."""
    return median(error(run) for run in result["runs"])


def cell(result: Mapping[str, Any]) -> str:
    """Median, and the range where there are seeds."""
    values = [of_training(run) for run in result["runs"]]
    text = report.number(median(values))
    if len(values) == 1:
        return text
    return f"{text} [{report.number(min(values))}, {report.number(max(values))}]"


def beaten(sets: Sets, rivals: Sequence[str], error: Callable[[Run], float]) -> list[str]:
    """List the sets on which our median is below that of every rival."""
    return [
        name
        for name, methods in sets.items()
        if all(middle(methods["ours"], error) < middle(methods[rival], error) for rival in rivals)
    ]


def lines() -> list[str]:
    """Table, counts and machines."""
    data = report.load_json(report.RESULTS / "daisy_rivals.json")
    sets = {name: methods for name, methods in data["sets"].items() if set(COLUMNS) <= set(methods)}
    head = " | ".join(f"{NAMES[column]}" for column in COLUMNS)
    table = [f"| set | {head} | our CPU s | lowest |", f"|---|{'--:|' * len(COLUMNS)}--:|---|"]
    for name, methods in sets.items():
        cells = " | ".join(cell(methods[column]) for column in COLUMNS)
        seconds = report.number(median(run["cpu"] for run in methods["ours"]["runs"]))
        lowest = min(COLUMNS, key=lambda column: middle(methods[column]))
        table.append(f"| {name} | {cells} | {seconds} | {NAMES[lowest]} |")
    return [*table, "", *counts(sets), *(f"- {line}" for line in where(sets))]


def counts(sets: Sets) -> list[str]:
    """On how many sets we are ahead, and where we are not."""
    both = beaten(sets, RIVALS, of_training)
    text = [f"- Below the subspace model and torch, by the median: **{len(both)} of {len(sets)}**."]
    for rival in ("subspace", "torch", "linear", "constant"):
        ahead = [name for name in sets if name not in beaten(sets, [rival], of_training)]
        text.append(f"- At or below ours, {NAMES[rival]}: {', '.join(ahead) or 'nowhere'}.")
    other = beaten(sets, RIVALS, of_test)
    change = sorted(set(both) ^ set(other))
    words = f"other sets: {', '.join(change)}" if change else "the same ones"
    text.append(
        f"- By NRMSE, relative to the test part and averaged over outputs: {len(other)} of "
        f"{len(sets)}, {words}."
    )
    return text


def where(sets: Sets) -> list[str]:
    """Machines, and versions of the packages of others."""
    found = {
        f"{name} {method}": result["machine"]
        for name, methods in sets.items()
        for method, result in methods.items()
    }
    packages = {
        f"{package} {version}"
        for methods in sets.values()
        for result in methods.values()
        for package, version in result["packages"].items()
    }
    return [*machines({"machines": found}), f"Packages of others: {', '.join(sorted(packages))}."]
