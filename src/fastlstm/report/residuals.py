"""What the residuals of a model, or of the best method and the baseline, still contain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm.report.correlograms import correlogram, histogram
from fastlstm.report.markup import charts, escape, figure, number, section, table
from fastlstm.report.view import View
from fastlstm.residual_test import ResidualTest

MAX_LAG = 30
MAX_CHARTS = 30
NOTE = (
    "Correlation of the residual (measured minus simulated) with itself and with every input. "
    "Where a model has nothing left to learn, 99 of 100 bars stay within the shaded 99 % bounds "
    "(Ljung, System Identification, 1999, section 16.6). Bars beyond them at lags k ≥ 0 of an "
    "input are dynamics that the model has missed; at k < 0, feedback. Measurement noise may "
    "colour the residual of a free run without any fault of the model."
)
HEADER = ("Residual", "Mean", "Std", "Largest", "Lags outside, itself", "Lags outside, inputs")


@dataclass(frozen=True)
class Examined:
    """Residual of one output of one method."""

    method: str
    output: str
    style: str
    whose: str
    test: ResidualTest


def residuals(view: View) -> str:
    """Section with the correlations of the residuals and their 99 % bounds."""
    examined = [
        examine(view, method, k) for method in view.shown for k in range(len(view.output_names))
    ]
    groups: list[str] = []
    room, left_out = MAX_CHARTS, 0
    for index, case in enumerate(examined):
        figures = _figures(case, view.input_names, index)
        if len(figures) > room:
            left_out += len(figures)
            continue
        room -= len(figures)
        groups.append(f"<h3>{escape(case.whose)}</h3>{charts(figures)}")
    note = f"{NOTE} {left_out} further charts are not drawn." if left_out else NOTE
    rows = [("", _cells(case)) for case in examined]
    return section("Residuals", f'<p class="note">{escape(note)}</p>', table(HEADER, rows), *groups)


def examine(view: View, method: str, k: int) -> Examined:
    """Correlate the residual of output k of a method with itself and with every input."""
    residual, u = (
        [part[view.washout :] for part in view.records.split(values)]
        for values in (view.y[:, k] - view.y_sim[method][:, k], view.records.u)
    )
    output = view.output_names[k]
    test = ResidualTest.of(residual, u, MAX_LAG)
    return Examined(method, output, view.style(method), view.whose(method, output), test)


def _figures(case: Examined, input_names: tuple[str, ...], index: int) -> list[str]:
    test = case.test
    if test.own is None:
        return []
    captions = ["Residual with itself", *(f"Residual with {name}" for name in input_names)]
    drawn = [
        correlogram(correlation, f"{caption}, {case.whose}", "lag k in steps", case.style)
        for caption, correlation in zip(captions, (test.own, *test.crosses), strict=True)
    ]
    title = f"Distribution of the residual, {case.whose}"
    drawn.append(histogram(test.residual, title, case.style))
    captions.append("Distribution of the residual")
    return [
        figure(chart, f"residual-{index}-{n}", caption)
        for n, (chart, caption) in enumerate(zip(drawn, captions, strict=True))
    ]


def _cells(case: Examined) -> list[str]:
    heading = f"{escape(case.method)}<small>{escape(case.output)}</small>"
    test, residual = case.test, case.test.residual
    if test.own is None:
        return [heading, *["–"] * (len(HEADER) - 1)]
    crossed = float(np.mean([cross.outside for cross in test.crosses]))
    return [
        heading,
        number(float(np.mean(residual))),
        number(float(np.std(residual))),
        number(float(np.max(np.abs(residual)))),
        f"{100.0 * test.own.outside:.0f} %",
        f"{100.0 * crossed:.0f} %",
    ]
