"""Write the saved results of every set, beside what others published, into docs/benchmarks.md.

python -m benchmarks.sets_table
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import daisy_table, report
from benchmarks.readme_table import ROOT, fill
from benchmarks.seed_table import machines
from fastlstm.datasets import LOADERS
from fastlstm.datasets.published import PUBLISHED, Published, published_for

PAGE = ROOT / "docs" / "benchmarks.md"
CURVES = ("wh2009", "silverbox")  # sets with a benchmark of their own, error against time
TITLES = {
    "wh2009": "Wiener-Hammerstein 2009",
    "silverbox": "Silverbox",
    "cascaded_tanks": "Cascaded tanks",
    "emps": "EMPS",
    "ced": "CED",
    "bouc_wen": "Bouc-Wen",
    "rlc": "RLC",
    "gas_furnace": "Gas furnace",
}


@dataclass(frozen=True)
class Entry:
    """Our runs on one test record.

    Parameters
    ----------
    name, test, unit : str
        Set, test record, unit of the error.
    errors, cpu : tuple of float
        Test error and CPU seconds of every seed.
    linear : float
        Error of the linear model.
    n_train : tuple of int
        Steps of the training records.
    structure : str
        What was trained.
    endings : tuple of str
        Why each training ended.
    validation : tuple of float
        Error of every seed on data held out of its training, standardised.
    """

    name: str
    test: str
    unit: str
    errors: tuple[float, ...]
    cpu: tuple[float, ...]
    linear: float
    n_train: tuple[int, ...]
    structure: str
    endings: tuple[str, ...] = ()
    validation: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """Name of the set, with that of the test record where it says something."""
        plain = TITLES.get(self.name, self.name)
        return plain if self.test == "test" else f"{plain}, {self.test.replace('_', ' ')}"

    @property
    def spread(self) -> str:
        """Median and range over the seeds."""
        middle, low, high = median(self.errors), min(self.errors), max(self.errors)
        return f"{report.number(middle)} [{report.number(low)}, {report.number(high)}]"

    @property
    def best(self) -> Published | None:
        """Smallest published error, where one is known."""
        return next(iter(published_for(self.name, self.test)), None)


def from_sets(name: str, result: Mapping[str, Any]) -> Iterator[Entry]:
    """Entries of one set of `benchmarks.sets`."""
    runs = result["runs"]
    sizes = ["x".join(map(str, run["hidden_sizes"])) for run in runs]
    structure = "defaults" if name != "rlc" else f"1x{sizes[0]}, as published"
    for test, linear in result["linear"]["test"].items():
        yield Entry(
            name,
            test,
            result["unit"],
            tuple(run["test"][test] for run in runs),
            tuple(run["cpu"] for run in runs),
            linear,
            tuple(result["n_train"]),
            structure,
            tuple(run["status"] for run in runs),
            tuple(run["validation"] for run in runs),
        )


def from_curves(name: str) -> Iterator[Entry]:
    """Entries of a set with curves: the last model of every run."""
    data = report.load_json(report.RESULTS / f"{name}.json")
    ends = [run["points"][-1] for run in data["methods"]["ours"]["runs"]]
    linear = data["methods"]["linear"]["runs"][0]["points"][-1]["test"]
    for test in linear:
        yield Entry(
            name,
            test,
            data["unit"],
            tuple(end["test"][test] for end in ends),
            tuple(end["cpu"] for end in ends),
            linear[test],
            tuple(data["n_train"]),
            "2x5 + 8",
        )


def entries(sets: Mapping[str, Any]) -> list[Entry]:
    """All entries, published sets first, in the order of `LOADERS`."""
    found: list[Entry] = []
    for name in [*LOADERS, *(name for name in sets if name not in LOADERS)]:
        if name in sets:
            found += from_sets(name, sets[name])
        elif name in CURVES:
            found += from_curves(name)
    return found


def official(found: Sequence[Entry]) -> list[str]:
    """Our errors beside the best that was published."""
    lines = [
        "| set | unit | training steps | model | error, median [min, max] | CPU s | linear | "
        "best published |",
        "|---|---|--:|---|--:|--:|--:|---|",
    ]
    for entry in found:
        if (best := entry.best) is not None:
            lines.append(
                f"| {entry.title} | {entry.unit} | {steps(entry.n_train)} "
                f"| {entry.structure} | {entry.spread} | {report.number(median(entry.cpu))} "
                f"| {report.number(entry.linear)} | {report.number(best.value)}, {best.method} |"
            )
    return lines


def behind(found: Sequence[Entry]) -> list[str]:
    """One line per test on which somebody published a smaller error than our median."""
    lines = []
    for entry in found:
        best = entry.best
        if best is None or median(entry.errors) <= best.value:
            continue
        rows = published_for(entry.name, entry.test)
        ahead = [row.method for row in rows if row.value < median(entry.errors)]
        words = f"- **{entry.title}**: {median(entry.errors) / best.value:.2g} times the error of "
        words += f"{best.method}; ahead of us: {', '.join(ahead)}."
        if entry.linear < median(entry.errors):
            words += " **The linear model is better than our median.**"
        words += account(entry) if entry.endings else ""
        lines.append(words)
    return lines


def account(entry: Entry) -> str:
    """Why trainings ended, and what their validation errors would have chosen."""
    counts = Counter(entry.endings).most_common()
    endings = ", ".join(f"{count} x {text}" for text, count in counts)
    chosen = entry.errors[entry.validation.index(min(entry.validation))]
    return (
        f" Trainings ended: {endings}. The seed that validation would choose: "
        f"{report.number(chosen)} ({entry.unit})."
    )


def published(found: Sequence[Entry]) -> list[str]:
    """Every published figure with the number of its source, ours in its place among them."""
    sources = list(dict.fromkeys(row.source for row in PUBLISHED))
    place = {source: k for k, source in enumerate(sources, start=1)}
    lines = []
    for entry in found:
        rows = [
            (row.value, f"{row.method} {report.number(row.value)} [{place[row.source]}]")
            for row in published_for(entry.name, entry.test)
        ]
        if rows:
            middle = median(entry.errors)
            ours = (middle, f"**fastlstm {report.number(middle)}**")
            ranked = "; ".join(text for _, text in sorted([*rows, ours]))
            lines.append(f"- {entry.title} ({entry.unit}): {ranked}")
    return [*lines, "", *(f"{k}. {source}" for source, k in place.items())]


def others(found: Sequence[Entry]) -> list[str]:
    """List the sets without a published free-run error, beside the linear model."""
    lines = ["| set | unit | training steps | error, median [min, max] | CPU s | linear |"]
    lines += ["|---|---|--:|--:|--:|--:|"]
    for entry in found:
        if entry.best is None:
            lines.append(
                f"| {entry.title} | {entry.unit} | {steps(entry.n_train)} | {entry.spread} "
                f"| {report.number(median(entry.cpu))} | {report.number(entry.linear)} |"
            )
    worse = [e.title for e in found if e.best is None and e.linear < median(e.errors)]
    return [*lines, "", f"Worse than the linear model, by the median: {'; '.join(worse)}."]


def steps(n_train: Sequence[int]) -> str:
    """Write the steps of the training records, equal ones together."""
    if len(n_train) > 1 and len(set(n_train)) == 1:
        return f"{len(n_train)} x {n_train[0]}"
    return " + ".join(map(str, n_train))


def where(sets: Mapping[str, Any]) -> list[str]:
    """Machines behind the figures of `benchmarks.sets`, and of the two benchmarks with curves."""
    lines = machines({"machines": {name: result["machine"] for name, result in sets.items()}})
    for name in CURVES:
        if name not in sets:
            data = report.load_json(report.RESULTS / f"{name}.json")
            (line,) = machines({"machines": {name: data["methods"]["ours"]["machine"]}})
            lines.append(f"{TITLES[name]}: {line}")
    return lines


def main() -> None:
    """Fill the page."""
    sets = report.load_json(report.RESULTS / "sets.json")["sets"]
    found = entries(sets)
    fill(PAGE, "official", [*official(found), "", *(f"- {line}" for line in where(sets)), ""])
    fill(PAGE, "behind", [*behind(found), ""])
    fill(PAGE, "published", [*published(found), ""])
    fill(PAGE, "others", [*others(found), ""])
    fill(PAGE, "daisy", [*daisy_table.lines(), ""])


if __name__ == "__main__":
    main()
