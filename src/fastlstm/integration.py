r"""Outputs of plants that integrate, as sums of what the network says.

.. math:: y_t = l + \gamma \sum_{s \le t} \hat y^{net}_s

An integrator outside the network is exact: it neither leaks nor saturates, however long the run.
A gain :math:`\gamma` of zero marks an output that the network gives itself.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def accumulate(
    y: FloatArray, offsets: IntArray, gains: FloatArray, levels: FloatArray
) -> FloatArray:
    """Sum over time, anew in every record; outputs with zero gain pass.

    Parameters
    ----------
    y : array of shape (n_total, n_outputs)
    offsets : int64 array of shape (n_records + 1,)
    gains : array of shape (n_outputs,)
    levels : array of shape (n_records, n_outputs)
        Value before the first step.

    Returns
    -------
    array of shape (n_total, n_outputs)

    Examples
    --------
    >>> y = np.ones((3, 1))
    >>> accumulate(y, np.array([0, 3]), np.array([0.5]), np.array([[2.0]])).ravel()
    array([2.5, 3. , 3.5])
    """
    summed, on = y.copy(), gains != 0.0
    for record, (start, stop) in enumerate(pairwise(offsets)):
        run = np.cumsum(y[start:stop, on], axis=0)
        summed[start:stop, on] = levels[record, on] + gains[on] * run
    return summed


def accumulate_rows(rows: FloatArray, offsets: IntArray, gains: FloatArray) -> None:
    """Jacobian rows of the sums from those of the network, in place.

    Parameters
    ----------
    rows : array of shape (n_total, n_outputs, n_unknowns)
        One for every step of every record.
    offsets, gains
        As in `accumulate`.
    """
    for start, stop in pairwise(offsets):
        for output in np.flatnonzero(gains):
            part = rows[start:stop, output]
            np.cumsum(part, axis=0, out=part)
            part *= gains[output]


def forget_sums(values: FloatArray, offsets: IntArray, counted: BoolArray, steps: float) -> None:
    r"""Keep of sums what has been added recently, in place.

    .. math:: m_t = e^{-1/\tau} m_{t-1} + x_t - x_{t-1}

    from one step that counts to the next, anew in every record. For :math:`\tau \to 0` these are
    increments, for :math:`\tau \to \infty` the sums themselves.

    Parameters
    ----------
    values : array of shape (n_total, n_outputs, ...)
        x of every step of every record. What does not count is left as it is.
    offsets : int64 array of shape (n_records + 1,)
    counted : bool array of shape (n_total, n_outputs)
    steps : float
        :math:`\tau`, after which about a third of what was added is left.

    Examples
    --------
    >>> x, counted = np.array([[1.0], [1.0], [9.0], [1.0]]), np.array([[1], [1], [0], [1]]) > 0
    >>> forget_sums(x, np.array([0, 4]), counted, 1 / np.log(2.0))
    >>> x.ravel()
    array([1.  , 0.5 , 9.  , 0.25])
    """
    kept = np.exp(-1.0 / steps)
    for start, stop in pairwise(offsets):
        for output in range(counted.shape[1]):
            rows = start + np.flatnonzero(counted[start:stop, output])
            values[rows, output] = lfilter([1.0, -1.0], [1.0, -kept], values[rows, output], axis=0)
