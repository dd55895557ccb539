"""A comparison, or one model on data, as one self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastlstm.comparison.result import Comparison
    from fastlstm.regressor import LSTMRegressor

__all__ = ["write_model_report", "write_report"]


def write_report(comparison: Comparison, path: str | os.PathLike[str]) -> None:
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
    path : path-like
        HTML file in an existing folder.
    """
    from fastlstm.report.page import render

    _write(path, render(comparison))


def write_model_report(
    model: LSTMRegressor,
    X: Any,
    y: Any,
    path: str | os.PathLike[str],
    *,
    n_init: int = 0,
    washout: int | None = None,
    labels: Sequence[str] = (),
) -> float:
    """Write the report of a fitted model on measured records.

    Measured against simulated, residuals with bounds and distribution, errors, training, structure,
    scaling and stability. The curve of the training over CPU time is there where the model still
    has its `history_`; a model from a file shows the training error over its iterations.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
    y : array or one per record
        Measured outputs of all steps of X.
    path : path-like
        HTML file in an existing folder.
    n_init : int, default=0
        First measured outputs of every record that set its initial state; 0 for none.
    washout : int, optional
        First steps of every record that are not scored; `n_init` or that of the model when None.
    labels : sequence of str
        Names of the records.

    Returns
    -------
    fit_percent : float
        Mean over the outputs that vary; NaN if none does.

    Raises
    ------
    ValueError, TypeError
        If the data cannot be used, or are not those of the model.
    """
    from fastlstm.model_run import ModelRun
    from fastlstm.report.model_page import mean_fit, render_model

    run = ModelRun.of(model, X, y, n_init, washout)
    _write(path, render_model(model, run, n_init, labels))
    return mean_fit(run)


def _write(path: str | os.PathLike[str], text: str) -> None:
    from fastlstm.replacing import replace_file

    replace_file(path, text.encode())
