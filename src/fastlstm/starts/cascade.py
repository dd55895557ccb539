r"""A linear model cut into layers, each of which sees only the layer below.

Layer l has signals :math:`s_l` with

.. math:: s_l(t) = A_l s_l(t-1) + B_l s_{l-1}(t), \qquad s_0 = u, \qquad y = C s_L + D u + d.

A signal whose row of :math:`A_l` is zero passes something on. The decompositions here are exact:
they are similarity transformations, not approximations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastlstm.starts.realization import diagonal_blocks

FloatArray = NDArray[np.float64]

RANK_TOLERANCE = 1e-9
MAX_RESIDUAL = 1e-7  # of the linear equations, relative, before a decomposition counts as failed


@dataclass(frozen=True)
class LinearLayer:
    """One layer: A of shape (k, k), B of shape (k, k below), standard deviation of its signals."""

    A: FloatArray
    B: FloatArray
    std: FloatArray


@dataclass(frozen=True)
class Cascade:
    """Layers from the input upwards and the readout C of shape (n_outputs, k of the top layer)."""

    layers: list[LinearLayer]
    C: FloatArray

    @property
    def strain(self) -> float:
        """Gain between signals of unit variance; large where signals cancel, which strains tanh."""
        drives = [np.linalg.norm(layer.B / layer.std[:, None]) for layer in self.layers]
        return float(np.linalg.norm(self.C * self.layers[-1].std) * max(drives))


@dataclass(frozen=True)
class _Rest:
    """What the layers above still have to realise, driven by the signals of the layer below.

    The states are ``S x + E u`` of the original model, whose x has the given covariance.
    """

    A: FloatArray
    B: FloatArray
    C: FloatArray
    D: FloatArray
    S: FloatArray
    E: FloatArray


def stacked(
    A: FloatArray, B: FloatArray, C: FloatArray, covariance: FloatArray, widths: Sequence[int]
) -> Cascade:
    """All states in the first layer; the layers above pass them on.

    Parameters
    ----------
    A, B, C : array
        Model with at most ``widths[0]`` states of about unit variance.
    covariance : array of shape (n, n)
    widths : sequence of int
        Largest number of signals per layer. A layer with fewer than n signals passes on what the
        outputs need first: exact if it has at least rank C signals.
    """
    layers = [LinearLayer(A, B, _deviation(covariance))]
    for width in widths[1:]:
        n = len(covariance)
        passed = np.eye(n) if width >= n else linalg.svd(C)[2][:width]
        C, covariance = C @ passed.T, passed @ covariance @ passed.T
        zero = np.zeros((len(passed), len(passed)))
        layers.append(LinearLayer(zero, passed, _deviation(covariance)))
    return Cascade(layers, C)


def spread(
    A: FloatArray, B: FloatArray, C: FloatArray, covariance: FloatArray, widths: Sequence[int]
) -> Cascade | None:
    r"""Poles distributed over all layers.

    With block lower triangular A, group 1 of the states drives the rest. Shifting the rest to
    :math:`x_2' = x_2 - M x_1` makes it depend on the signals of layer 1 alone,

    .. math:: x_2'(t) = A_{22} x_2'(t-1) + W V x_1(t), \qquad
        A_{22} M - M A_{11} - W V A_{11} = -A_{21}, \quad (M + W V) B_1 = B_2,

    solved for the smallest (M, W). The rest, with inputs :math:`x_1`, is cut again. V is the
    identity before the last layer and has as few rows as possible below, so that little has to be
    passed on; whatever the layers above need directly is passed on as well.

    Parameters
    ----------
    A, B, C, covariance : array
        Model in block lower triangular coordinates.
    widths : sequence of int
        Largest number of signals per layer.

    Returns
    -------
    cascade : Cascade or None
        None if the states and what has to be passed on do not fit.
    """
    sizes = _group_sizes(A, len(C), widths)
    if sizes is None:
        return None
    n, n_inputs = B.shape
    rest = _Rest(A, B, C, np.zeros((len(C), n_inputs)), np.eye(n), np.zeros((n, n_inputs)))
    below_S, below_E = np.zeros((n_inputs, n)), np.eye(n_inputs)
    layers: list[LinearLayer] = []
    for level, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        own = _own_signals(rest, size)
        if len(own.A) > width:
            return None
        below_S = np.concatenate([rest.S[:size], own.B[size:] @ below_S])
        below_E = np.concatenate([rest.E[:size], own.B[size:] @ below_E])
        variance = below_S @ covariance @ below_S.T + below_E @ below_E.T
        layers.append(LinearLayer(own.A, own.B, _deviation(variance)))
        last_cut = level >= len(widths) - 2
        cut = _cut(rest, own, size, last_cut, below_S, below_E)
        if cut is None:
            return None
        rest = cut
    return Cascade(layers, rest.D) if len(rest.A) == 0 else None


def _deviation(covariance: FloatArray) -> FloatArray:
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return np.where(deviation > 1e-6, deviation, 1.0)


def _group_sizes(A: FloatArray, n_outputs: int, widths: Sequence[int]) -> list[int] | None:
    """States per layer, in proportion to the room; conjugate pairs stay together."""
    room = [widths[0], *(max(0, width - n_outputs) for width in widths[1:])]
    ends = [0] + [stop for _, stop in diagonal_blocks(A)]
    sizes, placed = [], 0
    for level in range(len(widths)):
        left = len(A) - placed
        wanted = left * room[level] / max(1, sum(room[level:]))
        fits = [e - placed for e in ends if 0 <= e - placed <= room[level]]
        behind = sum(room[level + 1 :])
        needed = [size for size in fits if left - size <= behind]
        if not needed:
            return None
        sizes.append(min(needed, key=lambda size: (abs(size - wanted), -size)))
        placed += sizes[-1]
    return sizes if placed == len(A) else None


def _own_signals(rest: _Rest, size: int) -> LinearLayer:
    """Leading states of the rest, then what has to be passed on from the layer below."""
    passed = _row_basis(rest.D, np.zeros((0, rest.B.shape[1])))
    covered = np.concatenate([rest.B[:size], passed])
    passed = np.concatenate([passed, _row_basis(rest.B[size:], covered)])
    k = size + len(passed)
    A = np.zeros((k, k))
    A[:size, :size] = rest.A[:size, :size]
    return LinearLayer(A, np.concatenate([rest.B[:size], passed]), np.ones(k))


def _row_basis(rows: FloatArray, covered: FloatArray) -> FloatArray:
    """Orthonormal rows that, with `covered`, span the given rows."""
    largest = np.max(np.abs(rows), initial=0.0)
    if len(covered):
        _, values, right = linalg.svd(covered, full_matrices=False)
        right = right[values > RANK_TOLERANCE * max(values[0], 1e-300)]
        rows = rows - rows @ right.T @ right
    if len(rows) == 0 or largest == 0.0:
        return np.zeros((0, rows.shape[1]))
    _, values, right = linalg.svd(rows, full_matrices=False)
    return right[values > RANK_TOLERANCE * largest]


def _cut(
    rest: _Rest, own: LinearLayer, size: int, last_cut: bool, S: FloatArray, E: FloatArray
) -> _Rest | None:
    """Rest above a layer, driven by its signals; None if the equations have no solution."""
    k, passed = len(own.A), own.B[size:]
    A22, B2 = rest.A[size:, size:], rest.B[size:]
    A21 = np.pad(rest.A[size:, :size], ((0, 0), (0, k - size)))
    C1 = np.concatenate([rest.C[:, :size], rest.D @ passed.T], axis=1)
    C2 = rest.C[:, size:]
    if len(A22) == 0:
        none = np.zeros((0, k))
        return _Rest(A22, none, C2, C1, np.zeros((0, S.shape[1])), np.zeros((0, E.shape[1])))
    V = np.eye(k) if last_cut else _row_basis(own.B.T, np.zeros((0, k)))
    solution = _shift(A22, A21, B2, own, V)
    if solution is None:
        return None
    M, W = solution
    S2, E2 = rest.S[size:] - M @ S, rest.E[size:] - M @ E
    return _Rest(A22, W @ V, C2, C1 + C2 @ M, S2, E2)


def _shift(
    A22: FloatArray, A21: FloatArray, B2: FloatArray, own: LinearLayer, V: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Smallest M and W of the equations in `spread`."""
    n, k, v = len(A22), len(own.A), len(V)
    one = np.eye(n)
    # Row-major vectors: vec(X Y Z) = kron(X, Z') vec(Y).
    shift = np.kron(A22, np.eye(k)) - np.kron(one, own.A.T)
    drive = -np.kron(one, (V @ own.A).T)
    inputs = np.hstack([np.kron(one, own.B.T), np.kron(one, (V @ own.B).T)])
    system = np.vstack([np.hstack([shift, drive]), inputs])
    target = np.concatenate([-A21.ravel(), B2.ravel()])
    solution: FloatArray = np.linalg.lstsq(system, target, rcond=1e-12)[0].astype(np.float64)
    residual = np.linalg.norm(system @ solution - target)
    if residual > MAX_RESIDUAL * max(np.linalg.norm(target), 1e-300):
        return None
    return solution[: n * k].reshape(n, k), solution[n * k :].reshape(n, v)
