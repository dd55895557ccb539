"""Levels from which records begin to add up: what is missing on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def mean_errors(
    records: Records, error: FloatArray, fitted: BoolArray, outputs: BoolArray
) -> FloatArray:
    """Mean error of some outputs on the fitted rows of every record, by the weights of the rows.

    Parameters
    ----------
    records : Records
    error : array of shape (n_total, n_outputs)
        Zero on rows that are not fitted.
    fitted : bool array of shape (n_total,)
    outputs : bool array of shape (n_outputs,)

    Returns
    -------
    mean : array of shape (n_records, number of these outputs)
        Zero where no row counts.
    """
    means = np.zeros((records.n_records, int(outputs.sum())))
    for r, rows in enumerate(records.slices()):
        if records.weights is None:
            means[r] = error[rows][:, outputs].sum(axis=0) / max(1, int(fitted[rows].sum()))
        else:
            share = (records.weights * fitted[:, None])[rows][:, outputs]
            total = np.maximum(share.sum(axis=0), np.finfo(float).tiny)
            means[r] = (share * error[rows][:, outputs]).sum(axis=0) / total
    return means
