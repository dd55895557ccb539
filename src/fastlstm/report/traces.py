"""Simulated against measured outputs, from afar and around the largest error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.result import Comparison
from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.markup import MEASURED, charts, escape, figure, section, style_of
from fastlstm.thinning import detail_window, extremes

FloatArray = NDArray[np.float64]
MAX_POINTS = 800
DETAIL_STEPS = 120
MAX_OUTPUTS = 8
MAX_MARKS = 20


def traces(comparison: Comparison) -> str:
    """Section with overview, detail and residual of every output (of the first eight)."""
    names = comparison.exam.output_names
    figures = []
    for k in range(min(len(names), MAX_OUTPUTS)):
        figures += _figures(comparison, k)
    note = (
        "Free run over the test part, from rest. The shaded stretch is the one around the largest "
        "residual of the best method, shown in detail beside it with all methods."
    )
    if len(names) > MAX_OUTPUTS:
        note += f" {len(names) - MAX_OUTPUTS} further outputs are not drawn."
    return section(
        "Simulated against measured", f'<p class="note">{escape(note)}</p>', charts(figures)
    )


def shown(comparison: Comparison) -> list[str]:
    """Methods that are looked at closely: the best, and the baseline."""
    return list(dict.fromkeys([comparison.best, comparison.baseline]))


def _figures(comparison: Comparison, k: int) -> list[str]:
    name = comparison.exam.output_names[k]
    window = _window(comparison, k)
    overview = _pair(comparison, k, f"{name}: whole test part", shown(comparison), None, window)
    detail = _pair(comparison, k, f"{name}: largest residual", comparison.methods, window, None)
    residual = _residual(comparison, k, f"{name}: residual", window)
    return [
        figure(chart, f"{kind}-{k}", legend=_legend(comparison, methods, measured))
        for chart, kind, methods, measured in (
            (overview, "overview", shown(comparison), True),
            (detail, "detail", comparison.methods, True),
            (residual, "residual", shown(comparison), False),
        )
    ]


def _legend(comparison: Comparison, methods: list[str], measured: bool) -> list[tuple[str, str]]:
    order = comparison.methods
    entries = [(name, f"{style_of(order.index(name))} optional") for name in methods]
    return [MEASURED, *entries] if measured else entries


def _window(comparison: Comparison, k: int) -> slice:
    """Choose the steps around the largest scored residual of the best method."""
    exam = comparison.exam
    assert exam.test.y is not None
    n_steps = exam.test.n_total
    if n_steps <= DETAIL_STEPS:
        return slice(0, n_steps)
    y_sim = comparison.typical(comparison.best).y_sim[:, k]
    residual = np.where(exam.scored, exam.test.y[:, k] - y_sim, 0.0)
    residual = np.where(np.isfinite(residual), residual, 0.0)
    return detail_window(residual, 0, DETAIL_STEPS)


def _pair(
    comparison: Comparison,
    k: int,
    title: str,
    methods: list[str],
    window: slice | None,
    shade: slice | None,
) -> Chart:
    """Measured output and that of some methods, over all steps or a window of them."""
    exam = comparison.exam
    assert exam.test.y is not None
    part = slice(0, exam.test.n_total) if window is None else window
    steps = np.arange(part.start, part.stop, dtype=np.float64)
    measured = exam.test.y[part, k]
    lines = [Line(*_drawable(steps, measured), *MEASURED)]
    heights = [measured]
    for method in sorted(methods, key=lambda name: name == comparison.best):  # the best on top
        values = comparison.typical(method).y_sim[part, k]
        heights.append(_near(values, measured))
        style = f"{style_of(comparison.methods.index(method))} optional"
        thin = "" if window is not None else " thin"
        lines.append(Line(*_drawable(steps, values), method, style + thin))
    return Chart(
        title=title,
        description=f"Measured output {exam.output_names[k]} and free run of "
        f"{', '.join(methods)} against the step of the test part.",
        x=Axis.around([steps], "step", margin=0.0),
        y=Axis.around(heights, exam.output_names[k]),
        lines=tuple(lines),
        marks=_marks(comparison, part),
        shade=None if shade is None else (float(shade.start), float(shade.stop - 1)),
    )


def _residual(comparison: Comparison, k: int, title: str, window: slice) -> Chart:
    exam = comparison.exam
    assert exam.test.y is not None
    steps = np.arange(exam.test.n_total, dtype=np.float64)
    lines, sizes = [], []
    for method in reversed(shown(comparison)):
        residual = exam.test.y[:, k] - comparison.typical(method).y_sim[:, k]
        style = f"{style_of(comparison.methods.index(method))} optional thin"
        lines.append(Line(*_drawable(steps, residual), method, style))
        sizes.append(residual[exam.scored])
    return Chart(
        title=title,
        description=f"Measured minus simulated {exam.output_names[k]} of "
        f"{' and '.join(shown(comparison))} against the step of the test part.",
        x=Axis.around([steps], "step", margin=0.0),
        y=Axis.around(sizes, "measured − simulated"),
        lines=tuple(lines),
        marks=_marks(comparison, slice(0, exam.test.n_total)),
        shade=(float(window.start), float(window.stop - 1)),
    )


def _near(values: FloatArray, measured: FloatArray) -> FloatArray:
    """Values no further from the measured range than half of it, so that all stays readable."""
    reach = 0.5 * float(np.ptp(measured))
    return np.clip(values, measured.min() - reach, measured.max() + reach)


def _marks(comparison: Comparison, part: slice) -> tuple[float, ...]:
    """First steps of the records after the first, unless there are too many to tell apart."""
    starts = comparison.exam.test.offsets[1:-1].tolist()
    inside = [float(start) for start in starts if part.start < start < part.stop]
    return tuple(inside) if len(inside) <= MAX_MARKS else ()


def _drawable(steps: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most `MAX_POINTS` points; those that are not finite stay and leave a gap."""
    if np.isfinite(values).all():
        return extremes(steps, values, MAX_POINTS)
    stride = max(1, len(values) // MAX_POINTS)
    return steps[::stride], values[::stride]
