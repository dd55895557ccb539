"""Normal equations that add up over blocks of rows, and their damped solution by Cholesky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

FloatArray = NDArray[np.float64]

_dsyrk: Any = get_blas_funcs("syrk", dtype=np.float64)
_dpotrf: Any = get_lapack_funcs("potrf", dtype=np.float64)
_dpotrs: Any = get_lapack_funcs("potrs", dtype=np.float64)


@dataclass
class NormalEquations:
    """Statistics ``J'J`` (upper triangle, Fortran order) and ``J'r`` summed over blocks of rows.

    float64 throughout: a float32 Gram matrix loses positive definiteness within ten iterations.
    """

    gram: FloatArray
    gradient: FloatArray

    @classmethod
    def zeros(cls, n_params: int) -> NormalEquations:
        """Start of a sum over `n_params` unknowns."""
        return cls(np.zeros((n_params, n_params), order="F"), np.zeros(n_params))

    def add(self, rows: FloatArray, residual: FloatArray) -> None:
        """Add a block of rows J of shape (n_rows, n_params) with residual r of shape (n_rows,)."""
        self.gram = _dsyrk(1.0, rows.T, beta=1.0, c=self.gram, overwrite_c=1)
        self.gradient += rows.T @ residual

    def add_ridge(self, alpha: float, offset: FloatArray) -> None:
        """Add the rows ``sqrt(alpha) * I`` with residual ``sqrt(alpha) * offset``."""
        self.gram[np.diag_indices_from(self.gram)] += alpha
        self.gradient += alpha * offset


def damped_step(
    equations: NormalEquations, damping: float, scale: FloatArray
) -> tuple[FloatArray, float] | None:
    r"""Step of Levenberg and Marquardt: :math:`(J'J + \mu\,\mathrm{diag}(d))\,s = -J'r`.

    Parameters
    ----------
    damping : float
        :math:`\mu`.
    scale : array of shape (n_params,)
        d, positive.

    Returns
    -------
    step : array of shape (n_params,)
    predicted : float
        Decrease of the sum of squares that the linear model promises.
        None instead of both if the factorisation fails; raise the damping then.

    Notes
    -----
    One Cholesky factorisation, O(n_params^3 / 3).

    References
    ----------
    Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963.
    """
    matrix = equations.gram.copy(order="F")
    matrix[np.diag_indices_from(matrix)] += damping * scale
    factor, info = _dpotrf(matrix, overwrite_a=1, clean=0)
    if info != 0:
        return None
    step, info = _dpotrs(factor, -equations.gradient)
    if info != 0 or not np.isfinite(step).all():
        return None
    predicted = float(damping * (scale * step) @ step - equations.gradient @ step)
    return step, predicted
