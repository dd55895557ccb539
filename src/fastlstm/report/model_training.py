"""How the model of a page was trained."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.markup import charts, escape, facts, figure, number, section
from fastlstm.text import count

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
TRAIN, VALIDATION = ("training", "m0"), ("validation", "m1")
NOTE = (
    "RMSE of the free run by the standard deviation of the output, after every accepted iteration. "
    "Dashed lines are new starts or stages of the solver; the model is the iterate with the lowest "
    "validation error."
)


def training(model: LSTMRegressor) -> str:
    """Section with the error over CPU time and iterations, and how the training ended."""
    drawn = _charts(model)
    parts = [f'<p class="note">{escape(NOTE)}</p>', charts(drawn)] if drawn else []
    return section("Training", facts(_facts(model)), *parts)


def _facts(model: LSTMRegressor) -> list[tuple[str, str]]:
    return [
        ("Solver", model.solver_),
        ("Ended because", "; ".join(text for text in (model.status_, model.message_) if text)),
        ("Start that won", model.start_ or "–"),
        ("Iterations", str(model.n_iter_)),
        (
            "Time",
            f"{number(model.cpu_time_)} s of CPU time, {number(model.fit_time_)} s of wall time",
        ),
        ("RMSE / std, trained on", number(model.rmse_train_)),
        ("RMSE / std, held out", number(model.rmse_validation_)),
        ("Washout", f"first {count(model.washout_, 'step')} of every record"),
    ]


def _charts(model: LSTMRegressor) -> list[str]:
    rows = model.history_
    if not rows:
        losses = np.sqrt(np.array(model.loss_curve_, dtype=np.float64))
        if len(losses) < 2:
            return []
        x = np.arange(1.0, len(losses) + 1.0)
        return [_figure("iteration", x, [Line(x, losses, *TRAIN)], ())]
    starts = [k for k, (a, b) in enumerate(pairwise(rows), 1) if a.phase != b.phase]
    errors = [np.array([getattr(row, name) for row in rows]) for name in _ERRORS]
    figures = []
    for title, key in (("CPU time in s", "cpu_time"), ("iteration", "iteration")):
        x = np.array([getattr(row, key) for row in rows], dtype=np.float64)
        lines = [
            # each phase is a line of its own
            Line(np.insert(x, starts, np.nan), np.insert(y, starts, np.nan), *style)
            for y, style in zip(errors, (TRAIN, VALIDATION), strict=True)
        ]
        figures.append(_figure(title, x, lines, tuple(x[starts].tolist())))
    return figures


_ERRORS = ("rmse_train", "rmse_validation")


def _figure(title: str, x: FloatArray, lines: list[Line], marks: tuple[float, ...]) -> str:
    word = title.partition(" in ")[0]
    chart = Chart(
        title=f"RMSE against {word}",
        description=f"Free-run RMSE ({', '.join(line.name for line in lines)}) against {word}, "
        "on a logarithmic axis.",
        x=Axis.around([x], title),
        y=Axis.around([line.y for line in lines], "RMSE / std of y", log=True),
        lines=tuple(lines),
        marks=marks,
    )
    legend = [(line.name, line.style) for line in lines]
    return figure(chart, f"training-{word.replace(' ', '-')}", legend=legend)
