"""Tables on the terminal, results as JSON, curves as a picture."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.curves import Run, Spread

RESULTS = Path(__file__).parent / "results"
console = Console(width=150, highlight=False, markup=False)


def number(value: float, digits: int = 3) -> str:
    """Short text; a dash for what was never reached."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def spread(value: Spread) -> str:
    """Median and range; the plain value where all runs agree."""
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} [{number(value.low)}, {number(value.high)}]"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one table, first column to the left and the others to the right."""
    shown = Table(header_style="bold")
    for k, name in enumerate(head):
        shown.add_column(name, justify="right" if k else "left")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    console.print(f"\n{title}")
    console.print(shown)


def finite(value: Any) -> Any:
    """Put None for numbers that JSON cannot hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def save_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write atomically: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(finite(data), indent=1, allow_nan=False)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".json")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def load_json(path: Path) -> dict[str, Any]:
    """Read what `save_json` wrote; empty if there is nothing yet."""
    return json.loads(path.read_text()) if path.exists() else {}


def thinned(run: Run, per_decade: int = 40) -> Run:
    """Keep the points that change the error, at most so many per decade of time."""
    kept, last = [], -math.inf
    for k, point in enumerate(run.points):
        is_last = k + 1 == len(run.points)
        if not is_last and kept and point.test == kept[-1].test:
            continue
        if not is_last and point.cpu < last * 10 ** (1 / per_decade):
            continue
        kept.append(point)
        last = point.cpu
    return Run(run.method, run.settings, run.seed, run.threads, kept)


def plot_curves(path: Path, runs: Mapping[str, Sequence[Run]], test: str, unit: str) -> None:
    """Test error against CPU time, one colour per method, one line per run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    for colour, (name, curves) in enumerate(runs.items()):
        for k, run in enumerate(curves):
            axes.loglog(
                [p.cpu for p in run.points],
                [p.test[test] for p in run.points],
                color=f"C{colour}",
                marker="o" if len(run.points) == 1 else None,
                label=None if k else name,
                alpha=0.8,
            )
    axes.set_xlabel("CPU time (s)")
    axes.set_ylabel(f"free-run test RMSE ({unit})")
    axes.grid(which="both", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
