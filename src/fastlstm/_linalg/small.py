"""Small symmetric systems, many of them: LAPACK without the checks that would cost more than it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, get_lapack_funcs

FloatArray = NDArray[np.float64]

FLOOR = 1e-12  # relative diagonal loading that settles scale-free directions

_dposv: Any = get_lapack_funcs("posv", dtype=np.float64)
_dsyev: Any = get_lapack_funcs("syev", dtype=np.float64)


def solve_positive(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve with a positive definite matrix, by Cholesky.

    Parameters
    ----------
    matrix : array of shape (n, n)
    right : array of shape (n,) or (n, n_columns)

    Raises
    ------
    LinAlgError
        If the matrix is not positive definite, or not finite.
    """
    _, solution, info = _dposv(matrix, right)
    if info != 0 or not np.isfinite(solution).all():
        raise LinAlgError("the matrix is not positive definite; add damping to its diagonal.")
    return solution


def solve_semidefinite(matrix: FloatArray, right: FloatArray, tol: float) -> FloatArray:
    """Least-squares solution of smallest norm with a symmetric matrix, by its eigenvalues.

    Parameters
    ----------
    matrix : array of shape (n, n)
    right : array of shape (n, n_columns)
    tol : float
        Relative size below which an eigenvalue counts as zero.

    Raises
    ------
    LinAlgError
        If the eigenvalues are not found.
    """
    values, vectors, info = _dsyev(matrix, lower=1)
    if info != 0:
        raise LinAlgError("no eigenvalues were found; check that the signals are finite.")
    kept = np.abs(values) > tol * np.max(np.abs(values))
    vectors = vectors[:, kept]
    return (vectors * (1.0 / values[kept])) @ vectors.T @ right


def loaded(matrix: FloatArray, damping: float) -> FloatArray:
    """Add a part of the diagonal to it, and a little where that is zero.

    Parameters
    ----------
    matrix : array of shape (..., n, n)
        One or several.
    damping : float
    """
    matrix = matrix.copy()
    diagonal = np.einsum("...ii->...i", matrix)
    largest = np.maximum(diagonal.max(axis=-1, keepdims=True), 1e-30)
    diagonal += damping * diagonal + FLOOR * largest
    return matrix


def promised(hessian: FloatArray, gradient: FloatArray, step: FloatArray, damping: float) -> float:
    """Decrease of a sum of squares that damped equations promise of their solution."""
    return float(gradient @ step + damping * np.diag(hessian) @ step**2)
