"""How well a finished model reproduces the records it was trained on and those held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fastlstm.trained import Trained

FloatArray = NDArray[np.float64]
Scores = dict[str, list[float | None]]


def metrics_of(trained: Trained) -> dict[str, Scores | None]:
    """RMSE and fit of every output on the steps trained on and held out, from rest.

    A short record that was held out in blocks was trained on as a whole; what its blocks told is
    one number for all outputs, so it is given where there is one.

    Returns
    -------
    dict with "training" and "validation"
        None where there is nothing to tell.
    """
    task, solution = trained.task, trained.solution
    split, std = task.parts, task.scaling.y_std
    found: dict[str, Scores | None] = {"training": None, "validation": None}
    parts = [
        ("training", split.train, split.washout),
        ("validation", split.validation, split.validation_washout),
    ]
    if solution.decided:
        parts = [("training", task.records, split.washout)]
        if len(std) == 1:
            found["validation"] = whole_scores(solution.rmse_validation, float(std[0]))
    for name, records, washout in parts:
        if records is not None and records.y is not None:
            scored = records.scored(washout)
            y_sim = trained.free_run(records)
            weights = records.weights_of(scored)
            found[name] = scores(records.y[scored], y_sim[scored], std, weights)
    return found


def scores(
    y: FloatArray, y_sim: FloatArray, std: FloatArray, weights: FloatArray | None = None
) -> Scores:
    """RMSE in the units of the data and fit in percent of every output.

    Parameters
    ----------
    y, y_sim : array of shape (n_steps, n_outputs)
        Standardised.
    std : array of shape (n_outputs,)
        What they were divided by.
    weights : array of shape (n_steps, n_outputs), optional
        How much every output counts; all alike when None.

    Returns
    -------
    dict with "rmse" and "fit_percent"
        None where a number is not finite, as for an output that does not vary.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rmse = np.sqrt(_mean((y - y_sim) ** 2, weights))
        spread = np.sqrt(_mean((y - _mean(y, weights)) ** 2, weights))
        fit = 100.0 * (1.0 - rmse / spread)
        return {"rmse": _finite(rmse * std), "fit_percent": _finite(fit)}


def _mean(values: FloatArray, weights: FloatArray | None) -> FloatArray:
    if weights is None:
        return np.mean(values, axis=0)
    return np.sum(weights * values, axis=0) / weights.sum(axis=0)


def whole_scores(rmse: float, std: float) -> Scores:
    """`scores` of one output from its RMSE in standard deviations of all records."""
    return {
        "rmse": _finite(np.array([rmse * std])),
        "fit_percent": _finite(np.array([100.0 * (1.0 - rmse)])),
    }


def _finite(values: FloatArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
