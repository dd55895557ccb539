"""Test error of the model in hand against time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.result import Comparison
from fastlstm.comparison.runs import Run
from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.markup import charts, escape, figure, section, style_of, swatch

FloatArray = NDArray[np.float64]


def curves(comparison: Comparison) -> str:
    """Section with the checkboxes of the methods and the curves over CPU and wall time."""
    note = (
        "Every point is a model that the method had in hand at that moment, scored after all "
        "trainings were over. A line goes on level after its training ended, at the dot. Both axes "
        "are logarithmic: down and left is better."
    )
    drawn = [_curve(comparison, clock) for clock in ("cpu", "wall")]
    key = [(name, f"{style_of(k)} optional") for k, name in enumerate(comparison.methods)]
    figures = [figure(chart, f"curve-{k}", legend=key) for k, chart in enumerate(drawn)]
    return section(
        "Error against time",
        charts([_toggles(comparison, note), *figures]),
    )


def _toggles(comparison: Comparison, note: str) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" id="show-{style_of(k)}" checked>'
        f"{swatch(style_of(k))}{escape(name)}</label>"
        for k, name in enumerate(comparison.methods)
    )
    return (
        f"<fieldset><legend>Methods shown in all charts</legend>{boxes}"
        f'<p class="note">{escape(note)}</p></fieldset>'
    )


def _curve(comparison: Comparison, clock: str) -> Chart:
    one = len(comparison.exam.output_names) == 1
    unit = "test RMSE" if one else "test error in % of std"
    word = "CPU time" if clock == "cpu" else "wall time"
    points = {id(run): _points(run, clock, one) for run in comparison.runs}
    all_x, all_y = ([pair[k] for pair in points.values()] for k in (0, 1))
    x_axis = Axis.around(all_x, f"{word} in s", log=True)
    end = x_axis.high
    lines = []
    for k, method in enumerate(comparison.methods):
        typical = comparison.typical(method)
        for run in sorted(comparison.of(method), key=lambda run: run is typical):
            x, y = points[id(run)]
            style = f"{style_of(k)} optional{'' if run is typical else ' faint'}"
            dot = (float(x[-1]), float(y[-1]))
            name = method if run.seed is None or run is typical else f"{method}, seed {run.seed}"
            lines.append(Line(*_steps(x, y, end), name, style, dot))
    return Chart(
        title=f"{'RMSE' if one else 'Error'} against {word}",
        description=f"{unit} of {', '.join(comparison.methods)} against {word} on logarithmic "
        "axes; the numbers are in the table above.",
        x=x_axis,
        y=Axis.around(all_y, unit, log=True),
        lines=tuple(lines),
        readout=True,
    )


def _points(run: Run, clock: str, one: bool) -> tuple[FloatArray, FloatArray]:
    times = run.curve.cpu_time if clock == "cpu" else run.curve.wall_time
    return times, run.curve.rmse[:, 0] if one else 100.0 * run.curve.nrmse


def _steps(x: FloatArray, y: FloatArray, end: float) -> tuple[FloatArray, FloatArray]:
    """Corners of the step function that holds each value until the next, up to `end`."""
    return np.repeat(np.append(x, end), 2)[1:-1], np.repeat(y, 2)
