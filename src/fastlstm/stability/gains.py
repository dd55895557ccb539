"""How strongly a difference between two trajectories can come back through the recurrent part."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm.stability.bounds import Sweep, sigmoid

FloatArray = NDArray[np.float64]
Kind = Literal["incremental", "iss"]


def slopes(sweep: Sweep) -> FloatArray:
    """Largest slopes of the four nonlinearities over the preactivations, (4, hidden_size)."""
    nearest = sweep.nearest
    gates = sigmoid(nearest)
    slopes = gates * sigmoid(-nearest)
    slopes[2] = 1.0 - np.tanh(nearest[2]) ** 2
    return slopes


def gate_gains(sweep: Sweep, kind: Kind) -> FloatArray:
    r"""Gains from a difference of each preactivation to c (rows i, f, g) and to h (row o).

    Incremental, with slopes :math:`s`: :math:`(s_i \bar g,\; s_f \bar c,\; \bar i s_g,\;
    s_o \tanh \bar c)`. Input-to-state: :math:`(0, 0, \bar i, 0)`, because
    :math:`|g| \le |z_g|` and the other gates only enter by their largest value.

    Returns
    -------
    array of shape (4, hidden_size)
    """
    gains = np.zeros_like(sweep.z_hi)
    if kind == "iss":
        gains[2] = sweep.i
        return gains
    s_i, s_f, s_g, s_o = slopes(sweep)
    c_max = sweep.c_max
    with np.errstate(invalid="ignore"):
        gains[:] = s_i * sweep.g_max, s_f * c_max, sweep.i * s_g, s_o * np.tanh(c_max)
    return gains


def through(gains: FloatArray, magnitude: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gains (hidden_size, n) of what a weight multiplies: to c through i, f, g; to h through o."""
    parts = gains[:, :, None] * magnitude.reshape(4, gains.shape[1], -1)
    return parts[0] + parts[1] + parts[2], parts[3]


def loop_factors(sweep: Sweep, kind: Kind) -> FloatArray:
    """Factors k of the loop matrix ``Q = sum over gates of k |weight_hh|``, (4, hidden_size)."""
    factors = gate_gains(sweep, kind)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factors[:3] *= sweep.o / sweep.keep
    return factors


def loop_matrix(factors: FloatArray, magnitude: FloatArray) -> FloatArray:
    r"""Bound the gain of one turn from h to h at rest, :math:`Q = O (I - F)^{-1} A + B`.

    Its spectral radius is below one exactly where that of the comparison matrix of (c, h) is; see
    docs/theory/stability.md, section "Condensed". `magnitude` is that of weight_hh.
    """
    width = magnitude.shape[1]
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite factor, of a zero weight too
        return (factors[:, :, None] * magnitude.reshape(4, width, width)).sum(axis=0)


def comparison_matrix(sweep: Sweep, magnitude: FloatArray) -> FloatArray:
    r"""Matrix M of shape (2n, 2n) with :math:`(|dc|, |dh|)_{t} \le M (|dc|, |dh|)_{t-1}`.

    .. math:: M = \begin{bmatrix} F & A \\ O F & O A + B \end{bmatrix}
    """
    to_c, to_h = through(gate_gains(sweep, "incremental"), magnitude)
    o, forget = sweep.o[:, None], np.diag(sweep.f)
    return np.block([[forget, to_c], [o * forget, o * to_c + to_h]])


def spectral_radius(matrix: FloatArray) -> float:
    """Largest absolute eigenvalue; infinite where the matrix is not finite."""
    if not np.isfinite(matrix).all():
        return np.inf
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))
