"""Write the saved results into the README and the docs, between their markers.

python -m benchmarks.readme_table
"""

from __future__ import annotations

from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import report

ROOT = Path(__file__).parent.parent
TIMES = {"wh2009": (0.5, 1.0, 1.5, 4.0, 15.0), "silverbox": (0.5, 1.2, 2.5, 5.0)}
TITLES = {
    "wh2009": "Wiener-Hammerstein 2009, official test, free run, RMSE in mV",
    "silverbox": "Silverbox, official tests, free run, RMSE in mV: multisine / arrow / "
    "arrow without extrapolation",
}


def at(run: dict[str, Any], seconds: float) -> dict[str, float] | None:
    """Test errors of the model in hand after CPU seconds."""
    done = [point for point in run["points"] if point["cpu"] <= seconds]
    return done[-1]["test"] if done else None


def cell(runs: list[dict[str, Any]], errors: list[dict[str, float]]) -> str:
    """Medians over runs of every test record."""
    return " / ".join(report.number(median(e[name] for e in errors)) for name in errors[0])


def line(method: str, runs: list[dict[str, Any]]) -> str:
    """Return the final error of a method with its CPU time."""
    ends = [run["points"][-1] for run in runs]
    seconds = report.number(median(end["cpu"] for end in ends))
    return f"| {method} | {seconds} | {cell(runs, [end['test'] for end in ends])} |"


def time_to(runs: list[dict[str, Any]], headline: str, target: float) -> float:
    """Return the median CPU seconds to a test error, infinite where it is not reached."""
    return median(
        next((p["cpu"] for p in run["points"] if p["test"][headline] <= target), inf)
        for run in runs
    )


def section(name: str) -> list[str]:
    """Table of one benchmark, best torch setting only."""
    data = report.load_json(report.RESULTS / f"{name}.json")
    methods = {key: value["runs"] for key, value in data["methods"].items()}
    ours = methods["ours"]
    lines = [f"**{TITLES[name]}**", "", "| method | CPU s | RMSE |", "|---|--:|--:|"]
    for seconds in TIMES[name]:
        errors = [e for run in ours if (e := at(run, seconds)) is not None]
        if len(errors) == len(ours):
            label = f"fastlstm, 2x5 + 8, median of {len(ours)} seeds"
            lines.append(f"| {label} | {seconds:g} | {cell(ours, errors)} |")
    headline = data["headline"]
    torch = {k: v for k, v in methods.items() if k.startswith("torch")}
    if torch:
        best = min(torch, key=lambda k: median(r["points"][-1]["test"][headline] for r in torch[k]))
        lines.append(line(f"torch `nn.LSTM` + Adam, best of {len(torch)} settings", torch[best]))
        target = data["targets"][0]
        ours_time = time_to(ours, headline, target)
        needed = {key: time_to(runs, headline, target) for key, runs in torch.items()}
        fastest = min(needed, key=needed.__getitem__)
        setting = fastest.removeprefix("torch ")
    lines += [line(name, methods[name]) for name in ("linear", "narx", "narx tuned")]
    machine = data["methods"]["ours"]["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    if torch and needed[fastest] < inf:
        race = (
            f"CPU seconds to {target:g} mV on the {headline} record, median: fastlstm "
            f"{report.number(ours_time)}, the fastest torch setting ({setting}) "
            f"{report.number(needed[fastest])}: {needed[fastest] / ours_time:.0f} times longer."
        )
        lines += ["", race]
    return [*lines, "", f"{machine['cpu']}, one thread, {machine['date']}; {versions}.", ""]


def starts() -> list[str]:
    """Table of the starts, NRMSE in percent after some iterations."""
    data = report.load_json(report.RESULTS / "starts.json")
    marks = data["rows"][0]["iterations"]
    head = " | ".join(f"after {mark}" for mark in marks)
    lines = [
        f"NRMSE in % on fresh noise-free data, 2x5 + 8 units, 8,000 training samples with 0.1 % "
        f"noise, every eighth step a row, median (worst) of {data['seeds']} seeds:",
        "",
        f"| plant | start | {head} |",
        "|---|---|" + "--:|" * len(marks),
    ]
    for row in data["rows"]:
        pairs = zip(row["median"], row["worst"], strict=True)
        cells = " | ".join(f"{middle:.3g} ({worst:.3g})" for middle, worst in pairs)
        lines.append(f"| {row['plant']} | {row['start']} | {cells} |")
    return [*lines, ""]


def fill(path: Path, name: str, rows: list[str]) -> None:
    """Replace what stands between the markers `name` of a page."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head, rest = path.read_text().split(begin)
    body = "\n".join(rows)
    path.write_text(f"{head}{begin}\n{body}{end}{rest.split(end)[1]}")


def main() -> None:
    """Fill the README and the page on starts from the saved results."""
    saved = [name for name in TITLES if (report.RESULTS / f"{name}.json").exists()]
    fill(ROOT / "README.md", "results", [row for name in saved for row in section(name)])
    if (report.RESULTS / "starts.json").exists():
        fill(ROOT / "docs" / "theory" / "starts.md", "starts", starts())


if __name__ == "__main__":
    main()
