"""A `Chart` as inline SVG that takes its colours from the style sheet of the page."""

from __future__ import annotations

import json
from html import escape

import numpy as np
from numpy.typing import NDArray

from fastlstm.report.chart import Axis, Chart, Line

FloatArray = NDArray[np.float64]

# About as wide as a phone, so that text keeps its size there.
WIDTH, HEIGHT = 420, 290
LEFT, RIGHT, TOP, BOTTOM = 82, 22, 10, 56


def draw(chart: Chart, name: str) -> str:
    """SVG element of a chart.

    Parameters
    ----------
    chart : Chart
    name : str
        Unique on the page; letters, digits and hyphens.
    """
    x, y = Horizontal(chart.x), Vertical(chart.y)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"{_readout(chart)}>',
        f'<title id="{name}-title">{escape(chart.title)}</title>',
        f'<desc id="{name}-desc">{escape(chart.description)}</desc>',
        f'<clipPath id="{name}-clip"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/></clipPath>',
        *_grid(chart.x, chart.y, x, y),
        f'<g clip-path="url(#{name}-clip)">',
        *_background(chart, x, y),
        *(_line(line, x, y) for line in chart.lines),
        *([_stems(chart.stems, x, y)] if chart.stems else []),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts)


class Horizontal:
    """Places along the x axis in the units of the drawing."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis

    def __call__(self, values: FloatArray | float) -> FloatArray:
        """Return the places of one or many values."""
        place = self._axis.place(np.atleast_1d(values))
        return LEFT + place * (WIDTH - LEFT - RIGHT)


class Vertical:
    """Places along the y axis in the units of the drawing, which count downwards."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis

    def __call__(self, values: FloatArray | float) -> FloatArray:
        """Return the places of one or many values."""
        place = self._axis.place(np.atleast_1d(values))
        return HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM)


def _grid(x_axis: Axis, y_axis: Axis, x: Horizontal, y: Vertical) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    values, texts, x_title = x_axis.ticks
    for value, text in _spaced(values, texts):
        place = f"{x(value)[0]:.1f}"
        parts += [
            f'<path class="grid" d="M{place} {TOP}V{bottom}"/>',
            f'<text class="tick" x="{place}" y="{bottom + 19}" text-anchor="middle">{text}</text>',
        ]
    values, texts, y_title = y_axis.ticks
    for value, text in zip(values, texts, strict=True):
        place = float(y(value)[0])
        where = f'x="{LEFT - 6}" y="{place + 5:.1f}"'
        parts += [
            f'<path class="grid" d="M{LEFT} {place:.1f}H{right}"/>',
            f'<text class="tick" {where} text-anchor="end">{text}</text>',
        ]
    middle = (TOP + bottom) / 2
    parts += [
        f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>',
        f'<text class="label" x="{(LEFT + right) / 2:g}" y="{HEIGHT - 10}" text-anchor="middle">'
        f"{escape(x_title)}</text>",
        f'<text class="label" transform="translate(16 {middle:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(_short(y_title))}</text>',
    ]
    return parts


def _spaced(values: list[float], texts: list[str]) -> list[tuple[float, str]]:
    """Every second label or fewer where they would touch."""
    longest = max(map(len, texts), default=1)
    room = max(2, (WIDTH - LEFT - RIGHT) // (9 * longest + 8))
    step = -(-len(values) // room)
    return list(zip(values, texts, strict=True))[::step]


def _short(text: str, limit: int = 26) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _background(chart: Chart, x: Horizontal, y: Vertical) -> list[str]:
    parts = []
    if chart.shade is not None:
        left, right = (float(x(end)[0]) for end in chart.shade)
        parts.append(
            f'<rect class="shade" x="{left:.1f}" y="{TOP}" width="{max(right - left, 2):.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"/>'
        )
    if chart.band is not None and np.isfinite(chart.band):
        top, bottom = float(y(chart.band)[0]), float(y(-chart.band)[0])
        parts.append(
            f'<rect class="band" x="{LEFT}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT}" '
            f'height="{bottom - top:.1f}"/>'
        )
    parts += [
        f'<path class="mark" d="M{float(x(mark)[0]):.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        for mark in chart.marks
    ]
    return parts


def _line(line: Line, x: Horizontal, y: Vertical) -> str:
    path = f'<path class="line {line.style}" d="{_path(x(line.x), y(line.y))}"/>'
    if line.dot is None:
        return path
    across, down = x(line.dot[0])[0], y(line.dot[1])[0]
    if not np.isfinite(across + down):
        return path
    return f'{path}<circle class="dot {line.style}" cx="{across:.1f}" cy="{down:.1f}" r="4"/>'


def _path(x: FloatArray, y: FloatArray) -> str:
    words, pen_down = [], False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if across != across or down != down:  # NaN
            pen_down = False
            continue
        words.append(f"{'L' if pen_down else 'M'}{across:.1f} {down:.1f}")
        pen_down = True
    return "".join(words)


def _stems(stems: Line, x: Horizontal, y: Vertical) -> str:
    zero = float(y(0.0)[0])
    bars = [
        f"M{across:.1f} {zero:.1f}V{down:.1f}"
        for across, down in zip(x(stems.x).tolist(), y(stems.y).tolist(), strict=True)
        if across == across and down == down  # not NaN
    ]
    left, right = LEFT, WIDTH - RIGHT
    return (
        f'<path class="zero" d="M{left} {zero:.1f}H{right}"/>'
        f'<path class="stem {stems.style}" d="{"".join(bars)}"/>'
    )


def _readout(chart: Chart) -> str:
    """Attribute with the points of the lines, for the read-out under the pointer."""
    if not chart.readout:
        return ""
    lines = []
    for line in chart.lines:
        finite = np.isfinite(line.x) & np.isfinite(line.y)
        x, y = ([float(f"{v:.4g}") for v in values[finite]] for values in (line.x, line.y))
        lines.append({"name": line.name, "style": line.style, "x": x, "y": y})
    data = {
        "box": [LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM],
        "range": [chart.x.low, chart.x.high],
        "log": chart.x.log,
        "unit": chart.x.title,
        "lines": lines,
    }
    return f' data-readout="{escape(json.dumps(data))}"'
