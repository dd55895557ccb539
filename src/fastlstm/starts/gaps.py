"""Linear identification where outputs are missing: responses to inputs alone, and gaps filled."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.starts.markov import ridge_by_gcv

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MAX_COEFFICIENTS = 400  # of a finite impulse response, all inputs together
LAGS = (128, 64, 32, 16, 8, 4, 2)  # tried in turn
ROWS_PER_COEFFICIENT = 2


def fir_response(records: Records, rows: BoolArray, length: int) -> FloatArray:
    r"""Impulse response of a ridge-regularised model of past inputs only, every output by itself.

    .. math:: y_t = \sum_{k=0}^L B_k u_{t-k}

    No lagged outputs: a missing one costs its own row and no other.

    Parameters
    ----------
    records : Records
        With outputs and weights.
    rows : bool array of shape (n_total,)
        Rows that may be used.
    length : int
        Samples of the response; zero beyond L.

    Returns
    -------
    response : array of shape (length, n_outputs, n_inputs)

    Notes
    -----
    O(n_rows * n_coefficients^2) time for every output.
    """
    assert records.y is not None and records.weights is not None
    n_inputs, n_outputs = records.u.shape[1], records.y.shape[1]
    response = np.zeros((length, n_outputs, n_inputs))
    for output in range(n_outputs):
        counts = rows & (records.weights[:, output] > 0.0)
        n_lags = _n_lags(records, counts, length)
        steps = np.flatnonzero(counts & records.after(n_lags))
        if len(steps) == 0:
            continue
        # newest input first: (n_rows, n_lags + 1, n_inputs)
        windows = sliding_window_view(records.u, n_lags + 1, axis=0)[steps - n_lags]
        design = windows[:, :, ::-1].transpose(0, 2, 1).reshape(len(steps), -1)
        target = records.y[steps, output, None]
        weights, _ = ridge_by_gcv(
            design.T @ design, design.T @ target, np.sum(target**2, axis=0), len(steps)
        )
        response[: n_lags + 1, output] = weights.reshape(n_lags + 1, n_inputs)
    return response


def _n_lags(records: Records, counts: BoolArray, length: int) -> int:
    """As many as the rows and `MAX_COEFFICIENTS` allow, 0 at least."""
    n_inputs = records.u.shape[1]
    for n_lags in LAGS:
        n_coefficients = (n_lags + 1) * n_inputs
        if n_lags < length and n_coefficients <= MAX_COEFFICIENTS:
            n_rows = np.count_nonzero(counts & records.after(n_lags))
            if n_rows >= ROWS_PER_COEFFICIENT * n_coefficients:
                return n_lags
    return 0
