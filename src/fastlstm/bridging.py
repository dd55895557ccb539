"""Short gaps in measured outputs, bridged by straight lines where that loses nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]


def bridged(records: Records, longest: int) -> Records:
    """Fill what is missing between outputs that were measured at most `longest` steps apart.

    A filled output has the mean weight of the two it lies between; longer gaps stay.

    Parameters
    ----------
    records : Records
        With outputs.
    longest : int
        Steps.

    Examples
    --------
    >>> y = np.array([[0.0], [0.0], [2.0], [0.0], [0.0], [0.0], [9.0]])
    >>> known = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])[:, None]
    >>> gappy = Records(y, y, np.array([0, 7]), known)
    >>> bridged(gappy, 2).y.ravel(), bridged(gappy, 2).weights.ravel()
    (array([0., 1., 2., 0., 0., 0., 9.]), array([1., 1., 1., 0., 0., 0., 1.]))
    """
    if records.y is None or records.weights is None:
        return records
    y, weights = records.y.copy(), records.weights.copy()
    for rows in records.slices():
        for channel in range(y.shape[1]):
            part, weight = y[rows, channel], weights[rows, channel]
            known = np.flatnonzero(weight > 0.0)
            apart = np.diff(known)
            for gap in np.flatnonzero((apart > 1) & (apart <= longest)):
                first, last = known[gap], known[gap + 1]
                inside, share = slice(first + 1, last), np.arange(1, apart[gap]) / apart[gap]
                part[inside] = part[first] + share * (part[last] - part[first])
                weight[inside] = 0.5 * (weight[first] + weight[last])
    return replace(records, y=y, weights=weights)
