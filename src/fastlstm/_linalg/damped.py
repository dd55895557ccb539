"""Normal equations that add up over blocks of rows, and their damped solution by Cholesky."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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

    Parameters
    ----------
    gram : array of shape (n_params, n_params)
    gradient : array of shape (n_params,)
    rows : list of arrays of shape (n_rows, n_params)
        Blocks of J, where they are kept.
    residuals : list of arrays of shape (n_rows,)
        Of these rows.
    probe : callable or None
        Residuals of all these rows at other parameters.
    """

    gram: FloatArray
    gradient: FloatArray
    rows: list[NDArray[np.floating]] = field(default_factory=list)
    residuals: list[FloatArray] = field(default_factory=list)
    probe: Callable[[FloatArray], FloatArray] | None = None

    @classmethod
    def zeros(cls, n_params: int) -> NormalEquations:
        """Start of a sum over `n_params` unknowns."""
        return cls(np.zeros((n_params, n_params), order="F"), np.zeros(n_params))

    def add(self, rows: FloatArray, residual: FloatArray) -> None:
        """Add a block of rows J of shape (n_rows, n_params) with residual r of shape (n_rows,)."""
        self.gram = _dsyrk(1.0, rows.T, beta=1.0, c=self.gram, overwrite_c=1)
        self.gradient += rows.T @ residual

    def keep(self, rows: NDArray[np.floating], residual: FloatArray) -> None:
        """Hold on to a block that was added; it must not be overwritten."""
        self.rows.append(rows)
        self.residuals.append(residual)

    def add_ridge(self, alpha: float | FloatArray, offset: FloatArray) -> None:
        """Add the rows ``sqrt(alpha) * I`` with residual ``sqrt(alpha) * offset``.

        `alpha` may have one value per unknown.
        """
        self.gram[np.diag_indices_from(self.gram)] += alpha
        self.gradient += alpha * offset

    @property
    def diagonal(self) -> FloatArray:
        """Diagonal of ``J'J``."""
        return self.gram.diagonal()

    def damped(self, damping: float, scale: FloatArray) -> DampedStep | None:
        """Solve them, see `damped_step`."""
        return damped_step(self, damping, scale)

    def times(self, step: FloatArray) -> FloatArray:
        """Product of the kept rows J with a step."""
        return np.concatenate([rows @ step.astype(rows.dtype) for rows in self.rows])

    def transposed_times(self, values: FloatArray) -> FloatArray:
        """Product of the transpose of the kept rows with one value per row."""
        total, start = np.zeros_like(self.gradient), 0
        for rows in self.rows:
            total += rows.T @ values[start : start + len(rows)].astype(rows.dtype)
            start += len(rows)
        return total


@dataclass(frozen=True)
class Step:
    """Solution of damped equations.

    Parameters
    ----------
    step : array of shape (n_params,)
    predicted : float
        Decrease of the sum of squares that the linear model promises.
    """

    step: FloatArray
    predicted: float


@dataclass(frozen=True)
class DampedStep(Step):
    """Solution of the damped equations, and the factor that solves them again.

    Parameters
    ----------
    step, predicted
        As in `Step`.
    factor : array of shape (n_params, n_params)
        Upper Cholesky factor.
    """

    factor: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve with another right-hand side of shape (n_params,)."""
        return _dpotrs(self.factor, right)[0]


def damped_step(equations: NormalEquations, damping: float, scale: FloatArray) -> DampedStep | None:
    r"""Step of Levenberg and Marquardt: :math:`(J'J + \mu\,\mathrm{diag}(d))\,s = -J'r`.

    Parameters
    ----------
    equations : NormalEquations
    damping : float
        :math:`\mu`.
    scale : array of shape (n_params,)
        d, positive.

    Returns
    -------
    solved : DampedStep or None
        None if the factorisation fails; raise the damping then.

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
    return DampedStep(step, predicted, factor)
