"""What the residual of a free run still contains: its correlations with their bounds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from fastlstm.diagnostics import Correlation
from fastlstm.model_run import ModelRun
from fastlstm.plots.canvas import BOUND, RESIDUAL, SIMULATED, dress, finish, new_figure
from fastlstm.residual_test import ResidualTest
from fastlstm.settings import check_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fastlstm.regressor import LSTMRegressor


def plot_residuals(
    model: LSTMRegressor,
    X: Any,
    y: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    max_lag: int = 30,
    n_init: int = 0,
    washout: int | None = None,
) -> Figure:
    """Correlation of the free-run residual with itself and with every input, and 99 % bounds.

    One row per output; see `fastlstm.diagnostics` for the formulas. Bars beyond the shaded bounds
    are drawn in another colour: at lags k >= 0 of an input they are dynamics that the model has
    missed, at k < 0 feedback.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
    y : array or one per record
        Measured outputs of all steps of X.
    path : path, optional
        Where to write the picture; the extension names the format.
    max_lag : int, default=30
        Steps; fewer where a record is shorter.
    n_init : int, default=0
        First measured outputs of every record that set its initial state.
    washout : int, optional
        First steps of every record that are left out; `n_init` or that of the model when None.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the data are not those of the model, or fewer than two steps of a record are scored.
    """
    max_lag = check_count(max_lag, "max_lag", minimum=1)
    run = ModelRun.of(model, X, y, n_init, washout)
    n_outputs, n_columns = len(run.output_names), 1 + len(run.input_names)
    figure = new_figure(max(12.0, 6.0 * n_columns), max(5.5, 4.5 * n_outputs))
    panels = figure.subplots(n_outputs, n_columns, squeeze=False)
    inputs = run.scored(run.records.u)
    for k, name in enumerate(run.output_names):
        test = ResidualTest.of(run.scored(run.residual[:, k]), inputs, max_lag)
        if test.own is None:
            raise ValueError(
                f"washout must leave at least two steps of every record; got {run.washout}, and "
                f"the shortest has {run.records.lengths.min()}. Use a smaller washout."
            )
        titles = [f"residual of {name}, itself", *(f"… with {u}" for u in run.input_names)]
        for axes, title, part in zip(panels[k], titles, (test.own, *test.crosses), strict=True):
            _draw(axes, title, part)
            axes.set_xlabel("lag k (steps)" if k == n_outputs - 1 else "", fontsize=15)
        panels[k, 0].set_ylabel("correlation", fontsize=15)
    return finish(figure, path)


def _draw(axes: Axes, title: str, correlation: Correlation) -> None:
    """Bars at every lag; those that are judged and beyond the bound stand out."""
    lags, values, bound = correlation.lags, correlation.values, correlation.bound
    outside = correlation.judged & (np.abs(values) > bound)
    if np.isfinite(bound):
        axes.axhspan(-bound, bound, color=BOUND, zorder=0)
    for chosen, colour, width in ((~outside, RESIDUAL, 3.0), (outside, SIMULATED, 4.0)):
        axes.vlines(lags[chosen], 0.0, values[chosen], colors=colour, linewidth=width)
    axes.axhline(0.0, color="0.4", linewidth=1.0)
    n_judged = int(correlation.judged.sum())
    dress(axes, title=f"{title}: {int(outside.sum())} of {n_judged} lags beyond 99 %")
    axes.set_xlim(lags[0] - 1.0, lags[-1] + 1.0)
