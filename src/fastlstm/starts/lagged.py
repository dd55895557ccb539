"""Linear models beside inputs that the network sees more than once.

Columns that are earlier values of others tell a linear model of enough states nothing new, and its
regressions would be singular with them. So it is identified without, and ignores them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastlstm.records import Records
from fastlstm.starts.linear import LinearModel


def without_lagged(records: Records, n_lagged: int) -> Records:
    """Leave out the last `n_lagged` columns of the inputs."""
    if n_lagged == 0:
        return records
    return replace(records, u=np.ascontiguousarray(records.u[:, :-n_lagged]))


def with_lagged(linear: LinearModel, n_lagged: int) -> LinearModel:
    """Give a linear model `n_lagged` more inputs that do nothing.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> with_lagged(LinearModel(0.5 * one, one, one, one, np.zeros(1)), 2).D
    array([[1., 0., 0.]])
    """
    if n_lagged == 0:
        return linear
    B, D = (np.pad(matrix, ((0, 0), (0, n_lagged))) for matrix in (linear.B, linear.D))
    return replace(linear, B=B, D=D)
