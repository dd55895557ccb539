"""Linear models identified without the outputs that are far off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.loss import AbstractLoss
from fastlstm.records import Records
from fastlstm.starts.linear import LinearModel, identify

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ROUNDS = 2  # identifications after the first, each without what the one before found far off
FAR = 0.33  # weight of an error, by the largest, below which it is left out


def identify_by(
    loss: AbstractLoss,
    records: Records,
    *,
    order: int | None = None,
    washout: int = 0,
    rows: BoolArray | None = None,
) -> LinearModel:
    """Identify a linear model, see `identify`; outliers are left out where the loss is robust.

    Parameters
    ----------
    loss : AbstractLoss
        Whose weights tell what an outlier is: about four standard deviations and more.
    records, order, washout, rows
        As in `identify`.
    """
    if loss.is_squared:
        return identify(records, order, washout=washout, rows=rows)
    assert records.y is not None
    given = np.ones_like(records.y) if records.weights is None else records.weights
    picked = records.scored(washout) if rows is None else rows
    kept, model = records, identify(records, order, washout=washout, rows=rows)
    for _ in range(ROUNDS):
        error = records.y - model.simulate(records, model.initial_states(kept))
        if not np.isfinite(error).all():
            break
        weights = loss.row_weights(error[picked], given[picked])
        relative = np.ones_like(given)
        relative[picked] = weights / np.maximum(given[picked], np.finfo(float).tiny)
        largest = np.max(relative[picked], axis=0, initial=np.finfo(float).tiny)
        kept = _without(records, given, picked[:, None] & (relative < FAR * largest))
        model = identify(kept, order, washout=washout, rows=rows)
    return model


def _without(records: Records, weights: FloatArray, far: BoolArray) -> Records:
    assert records.y is not None
    weights = np.where(far, 0.0, weights)
    return replace(records, y=np.where(weights > 0.0, records.y, 0.0), weights=weights)
