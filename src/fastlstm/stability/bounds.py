"""Intervals that one LSTM layer cannot leave while its input stays in a given interval.

Everything here is interval arithmetic in centre-radius form: for x in centre +- radius,
``W x`` lies in ``W centre +- |W| radius``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]

SWEEPS = 6  # each uses the h of the one before; the first takes |h| <= 1


class Interval(NamedTuple):
    """Componentwise ``centre +- radius``, each of shape (n,)."""

    centre: FloatArray
    radius: FloatArray

    @classmethod
    def between(cls, lo: FloatArray, hi: FloatArray) -> Interval:
        """Interval from its ends."""
        return cls(0.5 * (lo + hi), 0.5 * (hi - lo))


class LayerWeights(NamedTuple):
    r"""Weights of one LSTM layer, see `Network.shapes`.

    With `smoothing` :math:`\epsilon > 0` their magnitudes are
    :math:`\sqrt{w^2 + \epsilon^2} - \epsilon \le |w|`: differentiable at zero, where many weights
    end up under a constraint, but no longer a proof.
    """

    weight_ih: FloatArray
    weight_hh: FloatArray
    bias: FloatArray
    smoothing: float = 0.0

    @classmethod
    def of(
        cls, network: Network, params: FloatArray, layer: int, smoothing: float = 0.0
    ) -> LayerWeights:
        """Take views of the flat vector."""
        parts = ("weight_ih", "weight_hh", "bias")
        places = (network.layout[f"lstm.{layer}.{part}"] for part in parts)
        weight_ih, weight_hh, bias = (params[where].reshape(shape) for where, shape in places)
        return cls(weight_ih, weight_hh, bias, smoothing)

    def magnitude(self, weight: FloatArray) -> FloatArray:
        """Absolute values, smoothed."""
        if self.smoothing == 0.0:
            return np.abs(weight)
        return np.hypot(weight, self.smoothing) - self.smoothing

    def slope(self, weight: FloatArray) -> FloatArray:
        """Differentiate `magnitude`."""
        if self.smoothing == 0.0:
            return np.sign(weight)
        return weight / np.hypot(weight, self.smoothing)


@dataclass(frozen=True)
class Sweep:
    """Bounds of one layer that follow from bounds of x and of the previous h.

    `i`, `f`, `o` are the largest values of the gates, `keep` is ``1 - f`` without cancellation;
    all of shape (hidden_size,), `z_lo` and `z_hi` (preact) of shape (4, hidden_size).
    """

    h_prev: Interval
    z_lo: FloatArray
    z_hi: FloatArray
    i: FloatArray
    f: FloatArray
    keep: FloatArray
    o: FloatArray
    g_lo: FloatArray
    g_hi: FloatArray
    c_lo: FloatArray
    c_hi: FloatArray
    h: Interval

    @property
    def c_max(self) -> FloatArray:
        """Largest magnitude of c."""
        return np.maximum(self.c_hi, -self.c_lo)

    @property
    def g_max(self) -> FloatArray:
        """Largest magnitude of g."""
        return np.maximum(self.g_hi, -self.g_lo)

    @property
    def nearest(self) -> FloatArray:
        """Preactivation closest to zero, where every slope is largest."""
        return np.clip(0.0, self.z_lo, self.z_hi)


def sigmoid(x: FloatArray) -> FloatArray:
    """Logistic function with full relative accuracy in its lower tail.

    ``1 - f`` is taken as ``sigmoid(-z_f)``, so a forget gate of 1 - 1e-20 is still below one.
    """
    small = np.exp(-np.abs(x))
    return np.where(x < 0.0, small, 1.0) / (1.0 + small)


def layer_sweeps(weights: LayerWeights, x: Interval) -> list[Sweep]:
    r"""Nested invariant boxes of one layer, the last the smallest.

    With the gates at most :math:`\bar i, \bar f, \bar o` and :math:`g \in [g^-, g^+]`,

    .. math:: c^+ = \bar i \max(g^+, 0) / (1 - \bar f), \quad h^+ = \bar o \tanh c^+

    and likewise below. Every box contains the state at rest, and no trajectory leaves it.

    Parameters
    ----------
    weights : LayerWeights
    x : Interval
        Input of the layer.

    Returns
    -------
    list of Sweep
        `SWEEPS` of them. c is infinite where a forget gate can reach one in float64.

    Notes
    -----
    O(SWEEPS * hidden_size^2). Derivation: docs/theory/stability.md, section "Boxes".
    """
    width = weights.weight_hh.shape[1]
    magnitude = weights.magnitude(weights.weight_hh)
    centre = weights.weight_ih @ x.centre + weights.bias
    radius = weights.magnitude(weights.weight_ih) @ x.radius
    h, sweeps = Interval(np.zeros(width), np.ones(width)), []
    for _ in range(SWEEPS):
        z_centre, z_radius = centre + weights.weight_hh @ h.centre, radius + magnitude @ h.radius
        z_lo, z_hi = (z_centre - z_radius).reshape(4, -1), (z_centre + z_radius).reshape(4, -1)
        sweeps.append(_sweep(h, z_lo, z_hi))
        h = sweeps[-1].h
    return sweeps


def _sweep(h_prev: Interval, z_lo: FloatArray, z_hi: FloatArray) -> Sweep:
    i, f, _, o = sigmoid(z_hi)
    keep = sigmoid(-z_hi[1])
    g_lo, g_hi = np.tanh(z_lo[2]), np.tanh(z_hi[2])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        c_lo = i * np.minimum(g_lo, 0.0) / keep
        c_hi = i * np.maximum(g_hi, 0.0) / keep
    h = Interval.between(o * np.tanh(c_lo), o * np.tanh(c_hi))
    return Sweep(h_prev, z_lo, z_hi, i, f, keep, o, g_lo, g_hi, c_lo, c_hi, h)


def network_sweeps(
    network: Network, params: FloatArray, u: Interval, smoothing: float = 0.0
) -> list[list[Sweep]]:
    """Sweeps of every layer, from the bottom: each layer sees the h of the one below."""
    sweeps, x = [], u
    for layer in range(network.num_layers):
        sweeps.append(layer_sweeps(LayerWeights.of(network, params, layer, smoothing), x))
        x = sweeps[-1][-1].h
    return sweeps
