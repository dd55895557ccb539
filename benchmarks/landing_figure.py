"""Draw the saved Wiener-Hammerstein runs, error against CPU time, for the first page of the docs.

python -m benchmarks.landing_figure
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

from benchmarks import report
from benchmarks.readme_table import ROOT
from fastlstm.plots.canvas import dress, new_figure

PICTURE = ROOT / "docs" / "_static" / "error_over_time.svg"
OURS, TORCH, OTHERS = "#D55E00", "#0072B2", "0.45"
EARLIEST = 0.05  # seconds; before that there is nothing to see
# the same file for the same results: no date, no random names
REPEATABLE = {"svg.hashsalt": "fastlstm", "svg.fonttype": "path", "path.simplify_threshold": 0.5}


def falling(points: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    """CPU seconds and test error of the model in hand."""
    shown = [point for point in points if point["cpu"] >= EARLIEST]
    return [point["cpu"] for point in shown], [point["test"]["test"] for point in shown]


def draw(axes: Any, methods: Mapping[str, Any]) -> None:
    """All runs on one thread: ours, every torch setting, and what needs no iterations."""
    torch = [value["runs"] for name, value in methods.items() if name.startswith("torch")]
    for colour, label, groups in (
        (TORCH, f"torch nn.LSTM + Adam, {len(torch)} settings", torch),
        (OURS, "fastlstm, five seeds", [methods["ours"]["runs"]]),
    ):
        runs = [run for group in groups for run in group if run["threads"] == 1]
        for k, run in enumerate(runs):
            axes.plot(
                *falling(run["points"]), color=colour, linewidth=1.8, label=label if k == 0 else ""
            )
    for name, label in (("linear", "linear model"), ("narx tuned", "tuned NARX")):
        (seconds,), (error,) = falling(methods[name]["runs"][0]["points"][-1:])
        axes.plot(seconds, error, "o", color=OTHERS, markersize=8)
        axes.annotate(
            label,
            (seconds, error),
            (8, 8),
            textcoords="offset points",
            size=14,
            color=OTHERS,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )


def main() -> None:
    """Write the picture."""
    methods = report.load_json(report.RESULTS / "wh2009.json")["methods"]
    with matplotlib.rc_context(REPEATABLE):
        figure = new_figure(10.0, 5.6)
        axes = figure.subplots()
        draw(axes, methods)
        axes.set(xscale="log", yscale="log")
        axes.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
        axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        axes.minorticks_off()
        dress(axes, x="CPU seconds, one thread", y="free-run test RMSE (mV)")
        axes.legend(frameon=False, fontsize=14, loc="upper right")
        figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
