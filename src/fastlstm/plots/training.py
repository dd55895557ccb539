"""How a fit went: training and validation error over CPU time and over iterations."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastlstm.plots.canvas import FONT, MEASURED, SIMULATED, dress, finish, key_above, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fastlstm.regressor import LSTMRegressor
    from fastlstm.solvers.problem import HistoryRow


def plot_training(model: LSTMRegressor, path: str | os.PathLike[str] | None = None) -> Figure:
    """Free-run RMSE on training and validation records, phases of the training marked.

    Every phase, a start or a stage of the solver, begins at a dotted line. The large dot is the
    iterate with the lowest validation error; what comes after it does not enter the model.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted in this session: a model from a file has no `history_`.
    path : path, optional
        Where to write the picture; the extension names the format.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no history.
    """
    check_is_fitted(model)
    rows = model.history_
    if not rows:
        raise ValueError(
            "model must have a training history; got a model without one, as models from files "
            "and those of constant signals are. Plot it after fit, before save."
        )
    figure = new_figure()
    clock, count = figure.subplots(2, 1)
    figure.suptitle(_title(model), fontsize=FONT["size"] + 1, x=0.01, ha="left")
    _draw(clock, rows, np.array([row.cpu_time for row in rows]))
    _draw(count, rows, np.array([row.iteration for row in rows], dtype=float), label_phases=True)
    dress(clock, x="CPU time (s)", y="RMSE / std of y")
    dress(count, x="iteration", y="RMSE / std of y")
    key_above(clock)
    return finish(figure, path)


def _title(model: LSTMRegressor) -> str:
    return (
        f"solver {model.solver_}, start {model.start_}: {model.status_} after {model.n_iter_} "
        f"iterations, {model.cpu_time_:.2f} s of CPU time"
    )


def _draw(
    axes: Axes, rows: Sequence[HistoryRow], x: np.ndarray, label_phases: bool = False
) -> None:
    train = np.array([row.rmse_train for row in rows])
    judged = np.array([row.rmse_validation for row in rows])
    starts = [0] + [k for k, (a, b) in enumerate(pairwise(rows), 1) if a.phase != b.phase]
    for values, colour, width, label in (
        (train, MEASURED, 2.2, "training"),
        (judged, SIMULATED, 1.8, "validation"),
    ):
        line = np.insert(_drawable(values), starts[1:], np.nan)  # each phase is a line of its own
        at = np.insert(x, starts[1:], np.nan)
        axes.plot(at, line, color=colour, linewidth=width, marker=".", label=label)
    if np.isfinite(judged).any():
        best = int(np.argmin(np.where(np.isfinite(judged), judged, np.inf)))
        axes.plot(x[best], judged[best], "o", color=SIMULATED, markersize=11, label="lowest")
    axes.set_yscale("log")
    axes.tick_params(which="minor", labelsize=FONT["size"] - 4)
    for start in starts:
        axes.axvline(x[start], color="0.5", linewidth=1.2, linestyle=":")
    if label_phases:
        _label(axes, [(float(x[start]), rows[start].phase) for start in starts])


def _label(axes: Axes, phases: Sequence[tuple[float, str]]) -> None:
    """Names of the phases above the panel, as many as there is room for."""
    low, high = axes.get_xlim()
    free = -np.inf
    for x, name in phases:
        place = (x - low) / (high - low)
        if place < free:
            continue
        free = place + 0.015 + 0.0075 * len(name)
        axes.annotate(
            name,
            (x, 1.01),
            xycoords=("data", "axes fraction"),
            fontsize=FONT["size"] - 3,
            color="0.3",
        )


def _drawable(values: np.ndarray) -> np.ndarray:
    """NaN, a gap, where a logarithmic axis has no place."""
    return np.where(np.isfinite(values) & (values > 0.0), values, np.nan)
