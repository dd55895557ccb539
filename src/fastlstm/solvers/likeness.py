"""How many errors of neighbouring steps say the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]

BY_CHANCE = 2.0  # standard deviations of an autocorrelation of white errors
LONGEST = 0.25  # of the shortest record, the lag up to which they are looked at


def inflation(records: Records, simulated: FloatArray, washout: int) -> float:
    r"""How many times larger the variance of weights is than under white errors.

    .. math:: 1 + 2 \sum_k r_e(k) \, r_y(k)

    of the worst output, with the autocorrelations of its errors and of itself, which stands for the
    signals that its weights see. The sum ends where the first is small enough to come by chance.
    Outputs that are missing have no error.

    Parameters
    ----------
    records : Records
        With outputs.
    simulated : array of shape (n_total, n_outputs)
    washout : int
        First steps of every record that do not count.

    Returns
    -------
    inflation : float
        At least 1.

    Notes
    -----
    Of a mean the sum is over :math:`r_e` alone: G. Box, G. Jenkins, "Time Series Analysis", 1976,
    section 2.1; of a regression coefficient the autocorrelation of its regressor comes in.
    """
    assert records.y is not None
    counts = records.after(washout)[:, None] & np.ones(simulated.shape[1], dtype=bool)
    if records.weights is not None:
        counts &= records.weights > 0.0
    n_known = np.maximum(counts.sum(axis=0), 1)
    error, y = (
        np.where(counts, signal - np.sum(signal * counts, axis=0) / n_known, 0.0)
        for signal in (records.y - simulated, records.y)
    )
    longest = max(1, int(LONGEST * records.lengths.min()))
    return max(
        _sum_of_products(records, error[:, [k]], y[:, [k]], longest) for k in range(y.shape[1])
    )


def _sum_of_products(records: Records, error: FloatArray, y: FloatArray, longest: int) -> float:
    n_known, total = max(1, np.count_nonzero(error)), 1.0
    for lag in range(1, longest):
        likeness = _autocorrelation(records, error, lag)
        if likeness < BY_CHANCE / np.sqrt(n_known):
            break
        total += 2.0 * likeness * max(_autocorrelation(records, y, lag), 0.0)
    return total


def _autocorrelation(records: Records, signal: FloatArray, lag: int) -> float:
    products = sum(np.sum(part[lag:] * part[:-lag]) for part in records.split(signal))
    return float(products / max(np.sum(signal**2), np.finfo(float).tiny))
