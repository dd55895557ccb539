"""How fast the whole network forgets its initial state: a rate, a factor, a number of steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.stability.bounds import LayerWeights, Sweep
from fastlstm.stability.gains import gate_gains, spectral_radius, through

FloatArray = NDArray[np.float64]

FORGOTTEN = 0.01  # of a standardised output: what is left of the initial state then
_SLACKS = (0.01, 0.03, 0.1, 0.3, 0.6, 0.9)  # of the way from the radius to one: rates tried


@dataclass(frozen=True)
class Forgetting:
    r"""Bound on the distance of two runs with the same input and different initial states.

    With both initial states between `state_lo` and `state_hi`,

    .. math:: \max_j |d_j(k)| \le K r^k \max_j |d_j(0)|

    where d holds the differences of all h and c after k steps.

    Parameters
    ----------
    radius : float
        Spectral radius of the comparison matrix; r tends to it from above at the price of K.
    rate : float
        r, below one.
    factor : float
        K, at least one.
    n_steps : int
        After so many steps any two runs from the box differ by less than 0.01 in every
        standardised output.
    state_lo, state_hi : array of shape (2, n_units)
        Bounds of h and c. Runs from rest stay inside, all others enter any larger box.
    """

    radius: float
    rate: float
    factor: float
    n_steps: int
    state_lo: FloatArray
    state_hi: FloatArray

    def bound(self, k: int, distance: float = 1.0) -> float:
        """Evaluate ``K * r**k * distance`` for an initial distance in the largest h or c."""
        return self.factor * self.rate**k * distance


def comparison(
    network: Network, params: FloatArray, sweeps: list[list[Sweep]]
) -> tuple[FloatArray, FloatArray]:
    """Matrices that bound the next state difference and the output difference.

    Returns
    -------
    step : array of shape (2 * n_units, 2 * n_units)
        Layers from the bottom, c before h in each; block lower triangular.
    output : array of shape (n_outputs, 2 * n_units)
        Output difference, standardised, from the state difference at the same step.
    """
    size, start, below = 2 * network.n_units, 0, None
    step = np.zeros((size, size))
    for layer, width in enumerate(network.hidden_sizes):
        weights, sweep = LayerWeights.of(network, params, layer), sweeps[layer][-1]
        gains = gate_gains(sweep, "incremental")
        c, h = slice(start, start + width), slice(start + width, start + 2 * width)
        to_c, to_h = through(gains, np.abs(weights.weight_hh))
        step[c, c], step[c, h] = np.diag(sweep.f), to_c
        if below is not None:
            x_to_c, x_to_h = through(gains, np.abs(weights.weight_ih))
            step[c] += x_to_c @ step[below]
            step[h] += x_to_h @ step[below]
        step[h] += sweep.o[:, None] * step[c]
        step[h, h] += to_h
        start, below = start + 2 * width, h
    output = np.zeros((network.n_outputs, size))
    output[:, size - network.hidden_sizes[-1] :] = head_gain(network, params)
    return step, output


def head_gain(network: Network, params: FloatArray) -> FloatArray:
    """Largest slopes of the outputs over h of the top layer, (n_outputs, hidden_size)."""
    weights = network.unpack(params)
    gain = np.abs(weights["readout.hidden"])
    if network.head_sizes:
        path = np.abs(weights["readout.head"])
        for layer in range(len(network.head_sizes) - 1, -1, -1):
            path = path @ np.abs(weights[f"head.{layer}.weight"])
        gain = gain + path
    return gain


def forgetting(
    network: Network, params: FloatArray, sweeps: list[list[Sweep]]
) -> Forgetting | None:
    r"""Bound the forgetting of a network whose loop radii are below one.

    For a rate r above the spectral radius of the comparison matrix M,
    :math:`w = (r I - M)^{-1} 1` is positive and :math:`M w \le r w`, so that every difference
    obeys :math:`|d(k)| \le r^k w \max_j |d_j(0)| / w_j`. Of several rates the one with the fewest
    steps to forget is taken.

    Returns
    -------
    Forgetting or None
        None where no w passes the check in float64: nothing is certified then.

    Notes
    -----
    O(n_units^3).
    """
    step, output = comparison(network, params, sweeps)
    radius = spectral_radius(step)
    if not radius < 1.0:
        return None
    last = [layer[-1] for layer in sweeps]
    width = np.concatenate([part for s in last for part in (s.c_hi - s.c_lo, 2.0 * s.h.radius)])
    found = []
    for slack in _SLACKS:
        rate = radius + slack * (1.0 - radius)
        w = _certificate(step, rate)
        if w is not None:
            left = float(np.max(output @ w)) * float(np.max(width / w)) / FORGOTTEN
            n_steps = int(np.ceil(max(np.log(max(left, 1.0)) / -np.log(rate), 0.0)))
            found.append((n_steps, rate, float(w.max() / w.min())))
    if not found:
        return None
    n_steps, rate, factor = min(found)
    lo = np.concatenate([[s.h.centre - s.h.radius, s.c_lo] for s in last], axis=1)
    hi = np.concatenate([[s.h.centre + s.h.radius, s.c_hi] for s in last], axis=1)
    return Forgetting(radius, rate, factor, n_steps, lo, hi)


def _certificate(step: FloatArray, rate: float) -> FloatArray | None:
    """Positive w with ``step @ w <= rate * w``, checked, or None."""
    try:
        w = np.linalg.solve(rate * np.eye(len(step)) - step, np.ones(len(step)))
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(w).all() or w.min() <= 0.0 or np.any(step @ w > rate * w):
        return None
    return w.astype(np.float64, copy=False)
