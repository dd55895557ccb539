"""How many outputs of a record are as good as independent."""

from __future__ import annotations

import numpy as np

from fastlstm.records import Records

MANY = 45.0  # outputs for training, as good as independent, below which held-out ones are luck
LAGS = 4  # a record has that many times as many steps as lags of its autocorrelation that count


def independent(records: Records) -> float:
    """Count the values, of the output with the fewest, that are as good as independent.

    Parameters
    ----------
    records : Records
        With outputs; NaN where nothing was measured.

    Returns
    -------
    number : float
        The number of steps, divided by one plus twice the sum of the squared autocorrelations: so
        many independent values would tell a variance as well.

    Notes
    -----
    Two Fourier transforms of every record.

    References
    ----------
    M. S. Bartlett, "On the theoretical specification and sampling properties of autocorrelated
    time-series", Supplement to the Journal of the Royal Statistical Society 8 (1946).
    """
    assert records.y is not None
    centred = np.nan_to_num(records.y - np.nanmean(records.y, axis=0))
    powers = np.zeros((2, centred.shape[1]))
    for rows in records.slices():
        y = centred[rows]
        spectrum = np.abs(np.fft.rfft(y, 2 * len(y), axis=0)) ** 2
        r = np.fft.irfft(spectrum, axis=0)[: max(1, len(y) // LAGS)]
        total = r[0] ** 2 + 2.0 * np.sum(r[1:] ** 2, axis=0)
        powers += r[0] ** 2, total / (1.0 + 2.0 / LAGS)  # which sampling adds in the mean
    at_once, summed = powers[:, powers[1] > 0.0]
    return float(records.n_total * np.min(at_once / summed, initial=1.0))
