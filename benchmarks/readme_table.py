"""Write the saved results into the README, between its two markers.

python -m benchmarks.readme_table
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import report

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
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
    lines += [line(name, methods[name]) for name in ("linear", "narx", "narx tuned")]
    machine = data["methods"]["ours"]["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    return [*lines, "", f"{machine['cpu']}, one thread, {machine['date']}; {versions}.", ""]


def main() -> None:
    """Replace what stands between the markers."""
    text = README.read_text()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    body = "\n".join(
        row
        for name in TITLES
        if (report.RESULTS / f"{name}.json").exists()
        for row in section(name)
    )
    README.write_text(f"{head}{BEGIN}\n{body}{END}{tail}")


if __name__ == "__main__":
    main()
