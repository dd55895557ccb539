"""Write the saved comparison of the split method with BPTT into docs/comparison.md.

python -m benchmarks.seed_table
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from statistics import median
from typing import Any

from benchmarks import report
from benchmarks.readme_table import ROOT, fill
from benchmarks.seed_plants import PLANTS

PAGE = ROOT / "docs" / "comparison.md"
Group = tuple[str, int]  # method and number of layers
Runs = list[dict[str, Any]]
OURS: tuple[Group, ...] = (("lm", 1), ("lm", 2), ("lm", 3), ("lm 1x16", 1), ("lm auto", 0))
NEARLY = 1.02  # of its final error: when a run counts as done


def grouped(cases: Sequence[Mapping[str, Any]]) -> dict[Group, Runs]:
    """Collect the cases of one plant and level of noise by method and depth."""
    groups: dict[Group, Runs] = {}
    order = ["lm", "split", "ridge", "greedy", "bptt", "torch"]
    for case in sorted(cases, key=lambda c: order.index(c["method"].split(",")[0].split()[0])):
        groups.setdefault((case["method"], case["layers"]), []).append(dict(case))
    return groups


def end_error(case: Mapping[str, Any]) -> float:
    """Test error of the final model."""
    return float(case["run"]["curve"]["error"][-1])


def end_cpu(case: Mapping[str, Any]) -> float:
    """CPU seconds of the whole training."""
    return float(case["run"]["curve"]["cpu"][-1])


def time_to(cases: Runs, target: float) -> float:
    """Return the median CPU seconds to a test error, infinite where it is not reached."""
    curves = [case["run"]["curve"] for case in cases]
    return median(
        next((t for t, e in zip(c["cpu"], c["error"], strict=True) if e <= target), inf)
        for c in curves
    )


def is_bptt(group: Group) -> bool:
    """Whether a method is back-propagation through time, ours or torch's."""
    return group[0].startswith(("bptt", "torch"))


def row(group: Group, cases: Runs) -> str:
    """One line of the table of a plant."""
    errors = sorted(end_error(case) for case in cases)
    spread = f" [{report.number(errors[0])}, {report.number(errors[-1])}]" if len(cases) > 1 else ""
    ahead = [case["one_step"] for case in cases if case.get("one_step") is not None]
    one_step = report.number(median(ahead)) if ahead else "-"
    layers = group[1] or "auto"
    return (
        f"| {group[0]} | {layers} | {len(cases)} | {report.number(median(errors))}{spread} "
        f"| {one_step} | {report.number(median(map(end_cpu, cases)))} |"
    )


def best_bptt(groups: Mapping[Group, Runs], prefix: str) -> tuple[Group, float, float]:
    """Find the best BPTT whose name begins so: median final error, and CPU seconds to get there."""
    wanted = {group: cases for group, cases in groups.items() if is_bptt(group)}
    candidates = {group: cases for group, cases in wanted.items() if group[0].startswith(prefix)}
    best = min(candidates, key=lambda group: median(map(end_error, candidates[group])))
    times = []
    for case in candidates[best]:
        target = NEARLY * end_error(case)
        times.append(time_to([case], target))
    return best, median(map(end_error, candidates[best])), median(times)


def race(plant: str, noise: float, groups: Mapping[Group, Runs], prefix: str = "") -> str:
    """Compare times to the best BPTT error: that of BPTT, and those of "lm"."""
    best, target, seconds = best_bptt(groups, prefix)
    cells = []
    for group in OURS:
        cases = groups.get(group, [])
        ours = time_to(cases, target)
        ratio = f" ({report.number(seconds / ours, 2)}x)" if isfinite(ours) else ""
        cells.append(report.number(ours) + ratio if ours < inf else "not reached")
    return (
        f"| {plant} | {100 * noise:g} % | {best[0]}{depth(best)} | {report.number(target)} "
        f"| {report.number(seconds)} | " + " | ".join(cells) + " |"
    )


def depth(group: Group) -> str:
    """Add the number of layers where the name does not say it."""
    return f", {group[1]} layers" if group[0] == "bptt" else ""


def pass_cost(cases: Runs) -> float:
    """CPU milliseconds of one pass over the training records, validation included."""
    return median(1e3 * end_cpu(case) / case["run"]["curve"]["steps"] for case in cases)


def pass_costs(data: Mapping[str, Any]) -> list[str]:
    """Compare one pass of the split method with one of BPTT, the same network, default settings."""
    lines = ["", "CPU ms of one pass over the training records, 2x5 + 8, no noise added:", ""]
    lines += ["| plant | bptt | split, cell path | ratio | split, sample by sample |"]
    lines += ["|---|--:|--:|--:|--:|"]
    for name in PLANTS:
        cases = [c for c in data["cases"] if c["plant"] == name and c["noise"] == 0.0]
        groups = grouped(cases)
        bptt, cell, sample = (
            pass_cost(groups[method, 2])
            for method in ("bptt", "split, cell path", "split, sample by sample")
        )
        cells = [report.number(x) for x in (bptt, cell, cell / bptt, sample)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def tables(data: Mapping[str, Any]) -> list[str]:
    """All tables, as lines."""
    races, sections = [], []
    for name, plant in PLANTS.items():
        for noise in sorted({case["noise"] for case in data["cases"] if case["plant"] == name}):
            cases = [c for c in data["cases"] if c["plant"] == name and c["noise"] == noise]
            groups = grouped(cases)
            races.append(race(name, noise, groups))
            best, *_ = best_bptt(groups, "")
            if not best[0].startswith("torch") and any(m.startswith("torch") for m, _ in groups):
                races.append(race(name, noise, groups, "torch"))
            sections += [
                "",
                f"**{plant.title}; {100 * noise:g} % noise on the training outputs**",
                "",
            ]
            sections += ["| method | layers | seeds | RMSE, median [min, max] | one step | CPU s |"]
            sections += ["|---|--:|--:|--:|--:|--:|"]
            sections += [row(group, groups[group]) for group in groups]
    head = [
        "| plant | noise | best BPTT | its RMSE | CPU s to it | lm, 1 layer | lm, 2 layers | "
        "lm, 3 layers | lm, 1x16 | lm, auto |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return [*head, *races, *pass_costs(data), *sections, "", *machines(data)]


def machines(data: Mapping[str, Any]) -> list[str]:
    """Where and with what it was measured."""
    found = {
        f"{m['cpu']}, {m['date']}; " + ", ".join(f"{k} {v}" for k, v in m["versions"].items())
        for m in data["machines"].values()
    }
    return [f"{text}." for text in sorted(found)]


def main() -> None:
    """Fill the page."""
    data, more = (
        report.load_json(report.RESULTS / f"{name}.json") for name in ("seed", "seed_sizes")
    )
    data["cases"] += more["cases"]
    data["machines"] |= {f"{name}, sizes": found for name, found in more["machines"].items()}
    fill(PAGE, "seed", [*tables(data), ""])


if __name__ == "__main__":
    main()
