"""Derivative of a layer's loop radius with respect to all weights, by one sweep backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastlstm.network import Network
from fastlstm.stability.bounds import Interval, LayerWeights, Sweep, sigmoid
from fastlstm.stability.gains import Kind, gate_gains, loop_factors, loop_matrix, slopes

FloatArray = NDArray[np.float64]

_eig: Any = linalg.eig  # its declared type does not know `left` and `right`
_COUPLING = 1e-9  # of the largest entry: makes the Perron root simple, so that it has a derivative


@dataclass
class SweepAdjoint:
    """Derivatives of a scalar with respect to the fields of a `Sweep`."""

    z_lo: FloatArray
    z_hi: FloatArray
    i: FloatArray
    o: FloatArray
    g_lo: FloatArray
    g_hi: FloatArray
    c_lo: FloatArray
    c_hi: FloatArray

    @classmethod
    def zeros(cls, width: int) -> SweepAdjoint:
        """No influence."""
        gates = (np.zeros((4, width)) for _ in range(2))
        return cls(*gates, *(np.zeros(width) for _ in range(6)))


def perron_gradient(matrix: FloatArray) -> FloatArray:
    r"""Differentiate the spectral radius of a nonnegative matrix: :math:`w v' / (w' v)`.

    v and w are its right and left Perron vectors.
    """
    coupled = matrix + _COUPLING * max(float(matrix.max()), _COUPLING)
    values, left, right = _eig(coupled, left=True, right=True)
    largest = int(np.argmax(values.real))
    w, v = np.abs(left[:, largest]), np.abs(right[:, largest])
    return np.outer(w, v) / (w @ v)


def radius_gradient(
    network: Network,
    params: FloatArray,
    u: Interval,
    sweeps: list[list[Sweep]],
    layer: int,
    kind: Kind,
    smoothing: float = 0.0,
) -> FloatArray:
    """Differentiate the spectral radius of the loop matrix of layer `layer`.

    Parameters
    ----------
    sweeps : list of list of Sweep
        From `network_sweeps` at the same parameters.

    Returns
    -------
    array of shape (n_params,)
        One of the one-sided derivatives where a weight is zero or a bound switches.
    """
    gradient = np.zeros(network.n_params)
    weights = LayerWeights.of(network, params, layer, smoothing)
    into = LayerWeights.of(network, gradient, layer)
    d_last = _loop_adjoint(weights, sweeps[layer][-1], kind, into.weight_hh)
    d_h = None
    for below in range(layer, -1, -1):
        x = sweeps[below - 1][-1].h if below > 0 else u
        weights = LayerWeights.of(network, params, below, smoothing)
        into = LayerWeights.of(network, gradient, below)
        d_h = _layer_adjoint(weights, x, sweeps[below], d_last, d_h, into)
        d_last = None
    return gradient


def _loop_adjoint(
    weights: LayerWeights, sweep: Sweep, kind: Kind, d_weight_hh: FloatArray
) -> SweepAdjoint:
    """Through ``Q = sum of k |weight_hh|`` to the bounds of the last sweep."""
    width = weights.weight_hh.shape[1]
    factors, magnitude = loop_factors(sweep, kind), weights.magnitude(weights.weight_hh)
    d_loop = perron_gradient(loop_matrix(factors, magnitude))
    d_magnitude = (factors[:, :, None] * d_loop).reshape(magnitude.shape)
    d_weight_hh += weights.slope(weights.weight_hh) * d_magnitude
    d_factors = np.sum(magnitude.reshape(4, width, width) * d_loop, axis=2)
    adjoint = SweepAdjoint.zeros(width)
    entry = sweep.o / sweep.keep
    adjoint.o += np.sum(d_factors[:3] * gate_gains(sweep, kind)[:3], axis=0) / sweep.keep
    adjoint.z_hi[1] += np.sum(d_factors[:3] * factors[:3], axis=0) * sweep.f
    if kind == "iss":
        adjoint.i += d_factors[2] * entry
    else:
        _gains_adjoint(sweep, d_factors * np.stack([entry, entry, entry, np.ones(width)]), adjoint)
    return adjoint


def _gains_adjoint(sweep: Sweep, d_gains: FloatArray, adjoint: SweepAdjoint) -> None:
    """Through the incremental `gate_gains`."""
    slope, nearest, c_max = slopes(sweep), sweep.nearest, sweep.c_max
    tanh_c = np.tanh(c_max)
    d_slope = d_gains * np.stack([sweep.g_max, c_max, sweep.i, tanh_c])
    d_c_max = d_gains[1] * slope[1] + d_gains[3] * slope[3] * (1.0 - tanh_c**2)
    d_g_max = d_gains[0] * slope[0]
    adjoint.i += d_gains[2] * slope[2]
    upper = sweep.c_hi >= -sweep.c_lo
    adjoint.c_hi += np.where(upper, d_c_max, 0.0)
    adjoint.c_lo -= np.where(upper, 0.0, d_c_max)
    upper = sweep.g_hi >= -sweep.g_lo
    adjoint.g_hi += np.where(upper, d_g_max, 0.0)
    adjoint.g_lo -= np.where(upper, 0.0, d_g_max)
    curvature = slope * (1.0 - 2.0 * sigmoid(nearest))
    curvature[2] = -2.0 * np.tanh(nearest[2]) * slope[2]
    adjoint.z_lo += np.where(sweep.z_lo > 0.0, d_slope * curvature, 0.0)
    adjoint.z_hi += np.where(sweep.z_hi < 0.0, d_slope * curvature, 0.0)


def _layer_adjoint(
    weights: LayerWeights,
    x: Interval,
    sweeps: list[Sweep],
    d_last: SweepAdjoint | None,
    d_h: Interval | None,
    into: LayerWeights,
) -> Interval:
    """Through the sweeps of one layer, last first; returns the derivative with respect to x."""
    width = weights.weight_hh.shape[1]
    d_centre, d_radius = np.zeros(4 * width), np.zeros(4 * width)
    slope_hh, slope_ih = weights.slope(weights.weight_hh), weights.slope(weights.weight_ih)
    magnitude_hh = weights.magnitude(weights.weight_hh)
    magnitude_ih = weights.magnitude(weights.weight_ih)
    for sweep in reversed(sweeps):
        adjoint = SweepAdjoint.zeros(width) if d_last is None else d_last
        z_centre, z_radius = _sweep_adjoint(sweep, adjoint, d_h)
        into.weight_hh[:] += np.outer(z_centre, sweep.h_prev.centre)
        into.weight_hh[:] += slope_hh * np.outer(z_radius, sweep.h_prev.radius)
        d_h = Interval(weights.weight_hh.T @ z_centre, magnitude_hh.T @ z_radius)
        d_centre, d_radius, d_last = d_centre + z_centre, d_radius + z_radius, None
    into.bias[:] += d_centre
    into.weight_ih[:] += np.outer(d_centre, x.centre)
    into.weight_ih[:] += slope_ih * np.outer(d_radius, x.radius)
    return Interval(weights.weight_ih.T @ d_centre, magnitude_ih.T @ d_radius)


def _sweep_adjoint(
    sweep: Sweep, adjoint: SweepAdjoint, d_h: Interval | None
) -> tuple[FloatArray, FloatArray]:
    """From the bounds of c and h to centre and radius of preact, each of shape (4*hidden_size,)."""
    if d_h is not None:
        d_hi, d_lo = 0.5 * (d_h.centre + d_h.radius), 0.5 * (d_h.centre - d_h.radius)
        tanh_hi, tanh_lo = np.tanh(sweep.c_hi), np.tanh(sweep.c_lo)
        adjoint.o += d_hi * tanh_hi + d_lo * tanh_lo
        adjoint.c_hi += d_hi * sweep.o * (1.0 - tanh_hi**2)
        adjoint.c_lo += d_lo * sweep.o * (1.0 - tanh_lo**2)
    through_c = adjoint.c_hi * sweep.c_hi + adjoint.c_lo * sweep.c_lo
    entry = sweep.i / sweep.keep
    adjoint.g_hi += np.where(sweep.g_hi > 0.0, adjoint.c_hi * entry, 0.0)
    adjoint.g_lo += np.where(sweep.g_lo < 0.0, adjoint.c_lo * entry, 0.0)
    z_hi, z_lo = adjoint.z_hi, adjoint.z_lo
    z_hi[0] += (adjoint.i * sweep.i + through_c) * sigmoid(-sweep.z_hi[0])
    z_hi[1] += through_c * sweep.f
    z_hi[2] += adjoint.g_hi * (1.0 - sweep.g_hi**2)
    z_hi[3] += adjoint.o * sweep.o * sigmoid(-sweep.z_hi[3])
    z_lo[2] += adjoint.g_lo * (1.0 - sweep.g_lo**2)
    return (z_hi + z_lo).ravel(), (z_hi - z_lo).ravel()
