"""Simulated against measured outputs, from afar and around the largest error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.markup import MEASURED, charts, escape, figure, section
from fastlstm.report.view import View
from fastlstm.thinning import detail_window, extremes

FloatArray = NDArray[np.float64]
MAX_POINTS = 800
DETAIL_STEPS = 120
MAX_OUTPUTS = 8
MAX_MARKS = 20


def traces(view: View, note: str) -> str:
    """Section with overview, detail and residual of every output (of the first eight).

    Parameters
    ----------
    view : View
    note : str
        What is simulated, and what is shown in detail.
    """
    names = view.output_names
    figures = []
    for k in range(min(len(names), MAX_OUTPUTS)):
        figures += _figures(view, k)
    if len(names) > MAX_OUTPUTS:
        note += f" {len(names) - MAX_OUTPUTS} further outputs are not drawn."
    return section(
        "Simulated against measured", f'<p class="note">{escape(note)}</p>', charts(figures)
    )


def _figures(view: View, k: int) -> list[str]:
    name = view.output_names[k]
    window = _window(view, k)
    overview = _pair(view, k, f"{name}: whole {view.part}", view.shown, None, window)
    detail = _pair(view, k, f"{name}: largest residual", view.methods, window, None)
    residual = _residual(view, k, f"{name}: residual", window)
    return [
        figure(chart, f"{kind}-{k}", legend=_legend(view, methods, measured))
        for chart, kind, methods, measured in (
            (overview, "overview", view.shown, True),
            (detail, "detail", view.methods, True),
            (residual, "residual", view.shown, False),
        )
    ]


def _legend(view: View, methods: list[str], measured: bool) -> list[tuple[str, str]]:
    entries = [(name, view.style(name)) for name in methods]
    return [MEASURED, *entries] if measured else entries


def _window(view: View, k: int) -> slice:
    """Choose the steps around the largest scored residual of the best method."""
    n_steps = view.records.n_total
    if n_steps <= DETAIL_STEPS:
        return slice(0, n_steps)
    residual = np.where(view.scored, view.y[:, k] - view.y_sim[view.best][:, k], 0.0)
    residual = np.where(np.isfinite(residual), residual, 0.0)
    return detail_window(residual, 0, DETAIL_STEPS)


def _pair(
    view: View,
    k: int,
    title: str,
    methods: list[str],
    window: slice | None,
    shade: slice | None,
) -> Chart:
    """Measured output and that of some methods, over all steps or a window of them."""
    part = slice(0, view.records.n_total) if window is None else window
    steps = np.arange(part.start, part.stop, dtype=np.float64)
    measured = view.y[part, k]
    lines = [Line(*_drawable(steps, measured), *MEASURED)]
    heights = [measured]
    for method in sorted(methods, key=lambda name: name == view.best):  # the best on top
        values = view.y_sim[method][part, k]
        heights.append(_near(values, measured))
        thin = "" if window is not None else " thin"
        lines.append(Line(*_drawable(steps, values), method, view.style(method) + thin))
    return Chart(
        title=title,
        description=f"Measured output {view.output_names[k]} and free run of "
        f"{', '.join(methods)} against the step of the {view.part}.",
        x=Axis.around([steps], "step", margin=0.0),
        y=Axis.around(heights, view.output_names[k]),
        lines=tuple(lines),
        marks=_marks(view, part),
        shade=None if shade is None else (float(shade.start), float(shade.stop - 1)),
    )


def _residual(view: View, k: int, title: str, window: slice) -> Chart:
    steps = np.arange(view.records.n_total, dtype=np.float64)
    lines, sizes = [], []
    for method in reversed(view.shown):
        residual = view.y[:, k] - view.y_sim[method][:, k]
        lines.append(Line(*_drawable(steps, residual), method, f"{view.style(method)} thin"))
        sizes.append(residual[view.scored])
    return Chart(
        title=title,
        description=f"Measured minus simulated {view.output_names[k]} of "
        f"{' and '.join(view.shown)} against the step of the {view.part}.",
        x=Axis.around([steps], "step", margin=0.0),
        y=Axis.around(sizes, "measured − simulated"),
        lines=tuple(lines),
        marks=_marks(view, slice(0, view.records.n_total)),
        shade=(float(window.start), float(window.stop - 1)),
    )


def _near(values: FloatArray, measured: FloatArray) -> FloatArray:
    """Values no further from the measured range than half of it, so that all stays readable."""
    reach = 0.5 * float(np.ptp(measured))
    return np.clip(values, measured.min() - reach, measured.max() + reach)


def _marks(view: View, part: slice) -> tuple[float, ...]:
    """First steps of the records after the first, unless there are too many to tell apart."""
    starts = view.records.offsets[1:-1].tolist()
    inside = [float(start) for start in starts if part.start < start < part.stop]
    return tuple(inside) if len(inside) <= MAX_MARKS else ()


def _drawable(steps: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most `MAX_POINTS` points; those that are not finite stay and leave a gap."""
    if np.isfinite(values).all():
        return extremes(steps, values, MAX_POINTS)
    stride = max(1, len(values) // MAX_POINTS)
    return steps[::stride], values[::stride]
