"""From an impulse response to a stable state-space model, and its coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Realization = tuple[FloatArray, FloatArray, FloatArray, FloatArray]  # A, B, C, singular values

MAX_RADIUS = 1.0 - 1e-6
DENSE_LAGS = 24  # lags 0, 1, 2, ... before the spacing grows
LAG_GROWTH = 1.15
VARIANCE_FLOOR = 1e-10  # relative to the largest, before a direction is scaled to unit variance
RANK_TOLERANCE = 1e-9  # relative to the largest singular value


def hankel_realization(response: FloatArray, max_order: int) -> Realization:
    r"""Ho-Kalman realisation :math:`h_k = C A^{k-1} B` for :math:`k \ge 1`.

    By the SVD of a thinned Hankel matrix: its rows and columns stand at lags that are dense first
    and spread out later, weighted with the square root of the gap, so that the singular values
    approximate those of the full Hankel operator at the price of a small matrix. Truncating to a
    lower order n keeps the leading n rows and columns.

    Parameters
    ----------
    response : array of shape (length, n_outputs, n_inputs)
    max_order : int

    Returns
    -------
    A : array of shape (order, order)
    B : array of shape (order, n_inputs)
    C : array of shape (n_outputs, order)
    singular_values : array
        All of them, decreasing.

    References
    ----------
    B. L. Ho, R. E. Kalman, "Effective construction of linear state-variable models from
    input/output functions", 1966; S. Y. Kung, "A new identification and model reduction algorithm
    via singular value decomposition", 1978.
    """
    n_outputs, n_inputs = response.shape[1:]
    lags, weights = _spread_lags((len(response) - 1) // 2)
    index = 1 + lags[:, None] + lags
    weights = (weights[:, None] * weights)[:, :, None, None]
    flat = (len(lags) * n_outputs, len(lags) * n_inputs)
    hankel = (response[index] * weights).transpose(0, 2, 1, 3).reshape(flat)
    shifted = (response[index + 1] * weights).transpose(0, 2, 1, 3).reshape(flat)
    left, values, right = linalg.svd(hankel, full_matrices=False)
    if values[0] == 0.0:
        return 0.5 * np.eye(1), np.zeros((1, n_inputs)), np.zeros((n_outputs, 1)), values
    order = min(max_order, int(np.sum(values > RANK_TOLERANCE * values[0])))
    root = np.sqrt(values[:order])
    A = left[:, :order].T @ shifted @ right[:order].T / root[:, None] / root
    return A, root[:, None] * right[:order, :n_inputs], left[:n_outputs, :order] * root, values


def _spread_lags(length: int) -> tuple[NDArray[np.int64], FloatArray]:
    lags, gap = list(range(min(length, DENSE_LAGS))), 1.0
    while lags[-1] + gap < length:
        lags.append(int(lags[-1] + gap))
        gap *= LAG_GROWTH
    edges = np.append(lags, lags[-1] + int(gap))
    return np.array(lags), np.sqrt(np.diff(edges))


def stable_poles(poles: ComplexArray) -> ComplexArray:
    """Reflect poles outside the unit circle into it and keep all within `MAX_RADIUS`."""
    radius = np.maximum(np.abs(poles), 1e-300)
    inside = np.where(radius > 1.0, 1.0 / radius, radius)
    return poles * (np.minimum(inside, MAX_RADIUS) / radius)


def input_gramian(A: FloatArray, B: FloatArray) -> FloatArray:
    """State covariance of x_t = A x_{t-1} + B u_t for white inputs of unit variance."""
    return linalg.solve_discrete_lyapunov(A, B @ B.T, method="bilinear")


def unit_coordinates(
    A: FloatArray, B: FloatArray, C: FloatArray, covariance: FloatArray, slow_first: bool = True
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Change to uncorrelated unit-variance states and a block lower triangular A.

    Parameters
    ----------
    A, B, C : array
        Stable model.
    covariance : array of shape (order, order)
        Of its states.
    slow_first : bool
        Order of the poles along the diagonal.

    Returns
    -------
    A, B, C, covariance : array
        A is a transposed real Schur form: every diagonal block is driven by the blocks before it
        only. Directions that the covariance hardly contains keep less than unit variance.
    """
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    floor = VARIANCE_FLOOR * max(values[-1], 1e-300)
    scale = np.sqrt(np.maximum(values, floor))
    to_unit, from_unit = (vectors / scale).T, vectors * scale
    A, turn = _lower_schur(to_unit @ A @ from_unit, slow_first)
    to_unit, from_unit = turn.T @ to_unit, from_unit @ turn
    return A, to_unit @ B, C @ from_unit, to_unit @ covariance @ to_unit.T


def _lower_schur(A: FloatArray, slow_first: bool) -> tuple[FloatArray, FloatArray]:
    """Z' A Z, block lower triangular with poles in order, and the orthogonal Z."""
    T, Z = linalg.schur(A.T, output="real")[:2]
    (trexc,) = linalg.get_lapack_funcs(("trexc",), (T,))
    placed = 0
    while placed < len(T):
        left = [block for block in diagonal_blocks(T) if block[1] > placed]
        if left[0][0] < placed:  # of equal poles rounding may make a pair with the one before
            placed = left[0][1]
            continue
        radii = [np.max(np.abs(linalg.eigvals(T[a:b, a:b]))) for a, b in left]
        chosen = left[int(np.argmax(radii) if slow_first else np.argmin(radii))]
        if chosen[0] != placed:
            T, Z, _ = trexc(T, Z, chosen[0] + 1, placed + 1)
        placed += chosen[1] - chosen[0]
    return np.ascontiguousarray(T.T), Z


def diagonal_blocks(T: FloatArray) -> list[tuple[int, int]]:
    """Rows (first, stop) of the diagonal blocks of a real Schur form, upper or transposed.

    A block of two holds a conjugate pair: its off-diagonal entries have opposite signs.
    """
    blocks, k = [], 0
    while k < len(T):
        pair = k + 1 < len(T) and T[k + 1, k] * T[k, k + 1] < 0.0
        blocks.append((k, k + 2 if pair else k + 1))
        k = blocks[-1][1]
    return blocks


def reduced(
    A: FloatArray, B: FloatArray, C: FloatArray, covariance: FloatArray, order: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Truncate to the states that matter most for the outputs, balanced for the given inputs.

    Parameters
    ----------
    A, B, C : array
        Stable model.
    covariance : array of shape (n, n)
        Of its states under the inputs that count.
    order : int
        States to keep; the model is returned as it is if it has no more.

    Returns
    -------
    A, B, C, covariance : array
        Still stable: poles that truncation pushed out are projected back.
    """
    if len(A) <= order:
        return A, B, C, covariance
    A, B, C, covariance = unit_coordinates(A, B, C, covariance)
    observability = linalg.solve_discrete_lyapunov(A.T, C.T @ C)
    _, vectors = np.linalg.eigh(0.5 * (observability + observability.T))
    keep = vectors[:, ::-1][:, :order]
    return _stabilised(keep.T @ A @ keep), keep.T @ B, C @ keep, keep.T @ covariance @ keep


def _stabilised(A: FloatArray) -> FloatArray:
    poles, vectors = np.linalg.eig(A)
    if np.max(np.abs(poles)) <= MAX_RADIUS:
        return A
    moved = vectors @ np.diag(stable_poles(poles.astype(complex))) @ np.linalg.inv(vectors)
    return moved.real
