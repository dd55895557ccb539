"""Simulated against measured outputs, only where these count and as the loss says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.loss import AbstractLoss
from fastlstm.metrics import fit_percent
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def rmse_of(records: Records, y_sim: FloatArray, washout: int, loss: AbstractLoss) -> float:
    """Root of the mean square of the error on the scored steps, all outputs together."""
    assert records.y is not None
    scored = records.scored(washout)
    return float(np.sqrt(loss.mean_square((records.y - y_sim)[scored], records.weights_of(scored))))


def spread_of(records: Records, washout: int, loss: AbstractLoss) -> float:
    """Root mean square of the outputs around their means on the scored steps."""
    assert records.y is not None
    scored = records.scored(washout)
    y, weights = records.y[scored], records.weights_of(scored)
    if weights is None and loss.is_squared:
        return float(np.sqrt(np.mean(np.var(y, axis=0))))
    centred = np.column_stack(
        [_centred(y[:, k], _column(weights, k), loss) for k in range(y.shape[1])]
    )
    return float(np.sqrt(loss.mean_square(centred, weights)))


def fits_of(records: Records, y_sim: FloatArray, washout: int, loss: AbstractLoss) -> FloatArray:
    """Fit in percent of every output on the scored steps; NaN where the output does not vary."""
    assert records.y is not None
    scored = records.scored(washout)
    y, y_sim, weights = records.y[scored], y_sim[scored], records.weights_of(scored)
    fits = np.full(y.shape[1], np.nan)
    if weights is None and loss.is_squared:
        varying = np.ptp(y, axis=0) > 0.0
        if np.any(varying):
            fits[varying] = fit_percent(y[:, varying], y_sim[:, varying])
        return fits
    for k in range(y.shape[1]):
        weight = _column(weights, k)
        counts = np.ones(len(y), dtype=bool) if weight is None else weight > 0.0
        if np.any(counts) and np.ptp(y[counts, k]) > 0.0:
            shares = None if weight is None else weight[counts, None]
            error = loss.mean_square((y - y_sim)[counts, k : k + 1], shares)
            around = _centred(y[counts, k], None if shares is None else shares[:, 0], loss)
            fits[k] = 100.0 * (1.0 - np.sqrt(error / loss.mean_square(around[:, None], shares)))
    return fits


def mean_offset(records: Records, rows: slice, y_sim: FloatArray) -> FloatArray:
    """Mean of measured minus simulated outputs of some rows, (n_outputs,); 0 where none counts."""
    assert records.y is not None
    error = records.y[rows] - y_sim[rows]
    if records.weights is None:
        return np.mean(error, axis=0)
    weights = records.weights[rows]
    return np.sum(weights * error, axis=0) / np.maximum(weights.sum(axis=0), np.finfo(float).tiny)


def _column(weights: FloatArray | None, k: int) -> FloatArray | None:
    return None if weights is None else weights[:, k]


def _centred(y: FloatArray, weights: FloatArray | None, loss: AbstractLoss) -> FloatArray:
    """One output without its mean, or without its median where the loss is robust."""
    if weights is not None and not np.any(weights > 0.0):
        return np.zeros_like(y)
    if loss.is_squared:
        return y - (np.mean(y) if weights is None else np.average(y, weights=weights))
    return y - np.median(y if weights is None else y[weights > 0.0])
