"""The conditions of the literature, with one bound per gate and matrix norms.

They certify no layer that `gains` does not certify; they are reported for comparison.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastlstm.stability.bounds import LayerWeights, sigmoid

FloatArray = NDArray[np.float64]

_SIGMOID_SLOPE = 0.25


class GateBounds(NamedTuple):
    """Largest value of each gate over all units; `keep` is ``1 - f``."""

    i: float
    f: float
    keep: float
    g: float
    o: float


def gate_bounds(weights: LayerWeights, x_max: FloatArray) -> GateBounds:
    r"""Bounds for :math:`|x_k| \le` `x_max[k]` and :math:`|h| \le 1`.

    .. math:: \bar f = \sigma(\max_j \sum_k |W_{f,jk}| x_{max,k} + \sum_k |U_{f,jk}| + |b_{f,j}|)

    and likewise i and o; :math:`\bar g` with tanh.
    """
    rows = np.abs(weights.weight_ih) @ x_max + np.abs(weights.weight_hh).sum(axis=1)
    largest = (rows + np.abs(weights.bias)).reshape(4, -1).max(axis=1)
    i, f, _, o = sigmoid(largest)
    keep = sigmoid(-largest)[1]
    return GateBounds(float(i), float(f), float(keep), float(np.tanh(largest[2])), float(o))


def iss_gain(weights: LayerWeights, x_max: FloatArray) -> float:
    r"""Return a gain that is below one exactly where Terzi's matrix is Schur.

    .. math:: \begin{bmatrix} \bar f & \bar i \|U_g\| \\ \bar o \bar f & \bar o \bar i \|U_g\|
              \end{bmatrix} \text{ Schur} \iff \frac{\bar o \bar i \|U_g\|}{1 - \bar f} < 1

    References
    ----------
    Terzi, Bonassi, Farina, Scattolini, "Learning model predictive control with long short-term
    memory networks", 2021.
    """
    gates, norms = gate_bounds(weights, x_max), _norms(weights.weight_hh)
    return _ratio(gates.o * gates.i * norms[2], gates.keep)


def incremental_gain(weights: LayerWeights, x_max: FloatArray) -> float:
    r"""Return a gain that is below one exactly where the scalar incremental matrix is Schur.

    With :math:`\bar c = \bar i \bar g / (1 - \bar f)`,
    :math:`\alpha = \tfrac14 \|U_f\| \bar c + \bar i \|U_g\| + \tfrac14 \|U_i\| \bar g` and
    :math:`\beta = \tfrac14 \tanh(\bar c) \|U_o\|`,

    .. math:: \begin{bmatrix} \bar f & \alpha \\ \bar o \bar f & \bar o \alpha + \beta
              \end{bmatrix} \text{ Schur} \iff \frac{\bar o \alpha}{1 - \bar f} + \beta < 1

    References
    ----------
    Bonassi, Farina, Xie, Scattolini, "On recurrent neural networks for learning-based control:
    recent results and ideas for future developments", 2022; Bonassi, La Bella, Panzani, Farina,
    Scattolini, "Deep long-short term memory networks: stability properties and experimental
    validation", arXiv 2304.02975, 2023.
    """
    gates, norms = gate_bounds(weights, x_max), _norms(weights.weight_hh)
    c_max = _ratio(gates.i * gates.g, gates.keep)
    alpha = gates.i * norms[2] + _SIGMOID_SLOPE * norms[0] * gates.g
    if norms[1] > 0.0:  # an infinite c does no harm without a path through the forget gate
        alpha += _SIGMOID_SLOPE * norms[1] * c_max
    return _ratio(gates.o * alpha, gates.keep) + _SIGMOID_SLOPE * float(np.tanh(c_max)) * norms[3]


def _norms(weight_hh: FloatArray) -> list[float]:
    """Infinity norms of the four gates' recurrent weights."""
    rows = np.abs(weight_hh).sum(axis=1)
    return rows.reshape(4, -1).max(axis=1).tolist()


def _ratio(gain: float, keep: float) -> float:
    if gain == 0.0:
        return 0.0
    return gain / keep if keep > 0.0 else np.inf
