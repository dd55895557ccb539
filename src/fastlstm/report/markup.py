"""Pieces of HTML that the sections share; every text that is not ours is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from fastlstm.report.chart import Chart
from fastlstm.report.style import MAX_STYLES
from fastlstm.report.svg import draw
from fastlstm.report.ticks import power_of_ten

MEASURED = ("measured", "measured")  # name and style


def style_of(index: int) -> str:
    """CSS class of the method with this place in the order of training."""
    return f"m{index % MAX_STYLES}"


def number(value: float, digits: int = 3, missing: str = "–") -> str:
    """Significant digits with a true minus sign; powers of ten where a number is far from one.

    Examples
    --------
    >>> number(0.012345), number(1.2e-7), number(float("inf")), number(3.0)
    ('0.0123', '1.20·10⁻⁷', '–', '3.00')
    """
    if not math.isfinite(value):
        return missing
    if value == 0.0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    else:
        text = f"{value / 10.0**exponent:.{digits - 1}f}·{power_of_ten(exponent)}"
    return text.replace("-", "−")


def figure(
    chart: Chart, name: str, caption: str = "", legend: Sequence[tuple[str, str]] = ()
) -> str:
    """Card with the chart, a caption or its title, and a legend of (name, style) pairs."""
    entries = "".join(f"<li>{swatch(style)}{escape(text)}</li>" for text, style in legend)
    key = f'<ul class="legend">{entries}</ul>' if entries else ""
    return (
        f"<figure>{draw(chart, name)}{key}"
        f"<figcaption><h4>{escape(caption or chart.title)}</h4></figcaption></figure>"
    )


def swatch(style: str) -> str:
    """Short piece of a line in the colour and dashes of a method."""
    return (
        '<svg class="swatch" viewBox="0 0 22 10" aria-hidden="true">'
        f'<path class="{style}" d="M0 5H22"/></svg>'
    )


def charts(figures: Iterable[str]) -> str:
    """Cards side by side where there is room."""
    return f'<div class="grid-of-charts">{"".join(figures)}</div>'


def section(title: str, *parts: str) -> str:
    """Part of the page under a heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def tile_row(entries: Iterable[tuple[str, str]]) -> str:
    """Large numbers, each a pair of value and label."""
    tiles = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for value, label in entries
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """List of names and values."""
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="facts">{"".join(rows)}</dl>'


def table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], n_text: int = 0) -> str:
    """Table that scrolls within itself.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of (class, cells)
        Cells are HTML; the first heads its row.
    n_text : int
        Columns at the end that hold text.
    """
    first_text = len(header) - n_text
    kind = ["text" if k == 0 or k >= first_text else "wrap" for k in range(len(header))]
    head = "".join(
        f'<th scope="col" class="{name}">{escape(text)}</th>'
        for name, text in zip(kind, header, strict=True)
    )
    body = ""
    for css, cells in rows:
        body += f'<tr class="{css}"><th scope="row">{cells[0]}</th>'
        body += "".join(
            f'<td class="{name}">{cell}</td>' if name == "text" else f"<td>{cell}</td>"
            for name, cell in zip(kind[1:], cells[1:], strict=True)
        )
        body += "</tr>"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="table">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
