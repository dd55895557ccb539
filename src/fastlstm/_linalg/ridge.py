"""Ridge regression from data, without squaring the condition number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

FloatArray = NDArray[np.float64]


def solve_ridge(design: FloatArray, target: FloatArray, alpha: float) -> FloatArray:
    r"""Ridge regression by an orthogonal decomposition of the stacked system.

    Minimises :math:`\|A w - b\|^2 + \alpha \|w\|^2` for every column b of `target`.

    Parameters
    ----------
    design : array of shape (n_rows, n_features)
    target : array of shape (n_rows, n_targets)
    alpha : float
        Penalty on the sum (not the mean) of squares, >= 0. At zero, dependent columns give the
        solution of minimum norm.

    Returns
    -------
    weights : array of shape (n_features, n_targets)

    Examples
    --------
    >>> solve_ridge(np.eye(2), np.array([[2.0], [4.0]]), alpha=1.0)
    array([[1.],
           [2.]])
    """
    n_features = design.shape[1]
    stacked = np.concatenate([design, np.sqrt(alpha) * np.eye(n_features)])
    padded = np.concatenate([target, np.zeros((n_features, target.shape[1]))])
    weights, *_ = lstsq(stacked, padded, lapack_driver="gelsy", check_finite=False)  # type: ignore[misc]
    return weights
