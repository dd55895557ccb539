"""What the residuals of the best method and the baseline still contain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.exam import Exam
from fastlstm.comparison.result import Comparison
from fastlstm.diagnostics import Correlation, autocorrelation, cross_correlation
from fastlstm.report.correlograms import correlogram, histogram
from fastlstm.report.markup import charts, escape, figure, number, section, style_of, table
from fastlstm.report.traces import shown

FloatArray = NDArray[np.float64]
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
    """Residual of one output of one method on the scored steps, and its correlations.

    `own` and `crosses` (one per input) are missing where the residual is not finite or too short.
    """

    method: str
    output: str
    style: str
    residual: FloatArray
    own: Correlation | None
    crosses: tuple[Correlation, ...]


def residuals(comparison: Comparison) -> str:
    """Section with the correlations of the residuals and their 99 % bounds."""
    examined = [
        examine(comparison, method, k)
        for method in shown(comparison)
        for k in range(len(comparison.exam.output_names))
    ]
    groups: list[str] = []
    room, left_out = MAX_CHARTS, 0
    for index, case in enumerate(examined):
        figures = _figures(case, comparison.exam.input_names, index)
        if len(figures) > room:
            left_out += len(figures)
            continue
        room -= len(figures)
        groups.append(f"<h3>{escape(f'{case.method}, {case.output}')}</h3>{charts(figures)}")
    note = f"{NOTE} {left_out} further charts are not drawn." if left_out else NOTE
    rows = [("", _cells(case)) for case in examined]
    return section("Residuals", f'<p class="note">{escape(note)}</p>', table(HEADER, rows), *groups)


def examine(comparison: Comparison, method: str, k: int) -> Examined:
    """Correlate the residual of output k of a method with itself and with every input."""
    exam = comparison.exam
    assert exam.test.y is not None
    parts = _scored(exam, exam.test.y[:, k] - comparison.typical(method).y_sim[:, k])
    max_lag = min(MAX_LAG, min(map(len, parts)) - 1)
    usable = max_lag >= 1 and all(np.isfinite(part).all() for part in parts)
    inputs = [_scored(exam, exam.test.u[:, channel]) for channel in range(exam.test.u.shape[1])]
    return Examined(
        method,
        exam.output_names[k],
        f"{style_of(comparison.methods.index(method))} optional",
        np.concatenate(parts),
        autocorrelation(parts, max_lag) if usable else None,
        tuple(cross_correlation(u, parts, max_lag) for u in inputs) if usable else (),
    )


def _scored(exam: Exam, values: FloatArray) -> list[FloatArray]:
    """Scored steps of every test record."""
    return [part[exam.test_washout :] for part in exam.test.split(values)]


def _figures(case: Examined, input_names: tuple[str, ...], index: int) -> list[str]:
    if case.own is None:
        return []
    captions = ["Residual with itself", *(f"Residual with {name}" for name in input_names)]
    whose = f"{case.method}, {case.output}"
    drawn = [
        correlogram(correlation, f"{caption}, {whose}", "lag k in steps", case.style)
        for caption, correlation in zip(captions, (case.own, *case.crosses), strict=True)
    ]
    drawn.append(histogram(case.residual, f"Distribution of the residual, {whose}", case.style))
    captions.append("Distribution of the residual")
    return [
        figure(chart, f"residual-{index}-{n}", caption)
        for n, (chart, caption) in enumerate(zip(drawn, captions, strict=True))
    ]


def _cells(case: Examined) -> list[str]:
    heading = f"{escape(case.method)}<small>{escape(case.output)}</small>"
    if case.own is None:
        return [heading, *["–"] * (len(HEADER) - 1)]
    crossed = float(np.mean([cross.outside for cross in case.crosses]))
    residual = case.residual
    return [
        heading,
        number(float(np.mean(residual))),
        number(float(np.std(residual))),
        number(float(np.max(np.abs(residual)))),
        f"{100.0 * case.own.outside:.0f} %",
        f"{100.0 * crossed:.0f} %",
    ]
