"""Initial state of a record from its first measured outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from fastlstm._core import simulate
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
SETTLE_STEPS = 500  # steps of constant input after which the network counts as settled
MAX_EVALUATIONS = 50
DIFFERENCE = 1e-6  # forward difference; the states are of order one
LOOKS = 32  # at the states of a record, to know which are typical
MIN_VARIANCE = 1e-6  # of a state, so that it can move at all

Run = Callable[[FloatArray], FloatArray]


def simulate_from(
    network: Network, params: FloatArray, u: FloatArray, states: FloatArray
) -> FloatArray:
    """Free run of one record from several initial states at once.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)
    states : array of shape (n_states, 2, n_units)

    Returns
    -------
    y : array of shape (n_states, n_timesteps, n_outputs)
    """
    n_states = len(states)
    offsets = np.arange(n_states + 1) * len(u)
    y, _ = simulate(network, params, np.tile(u, (n_states, 1)), offsets, states, float32=False)
    return y.reshape(n_states, len(u), -1)


def settled_state(network: Network, params: FloatArray, u: FloatArray) -> FloatArray:
    """State of shape (2, n_units) after a long run at the constant input `u` (n_inputs,)."""
    held = np.repeat(u[None, :], SETTLE_STEPS, axis=0)
    _, final = simulate(network, params, held, np.array([0, SETTLE_STEPS]), float32=False)
    return final[0]


def typical_states(
    network: Network, params: FloatArray, u: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the states along a free run from rest, each of shape (2, n_units).

    The states are looked at `LOOKS` times, evenly spread over the record; the first look, after
    the shortest drive, counts as well, so that a record of a few steps has an answer too.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)
    """
    state, seen = network.zero_state(1), []
    for part in np.array_split(u, min(LOOKS, len(u))):
        _, state = simulate(network, params, part, np.array([0, len(part)]), state, float32=False)
        seen.append(state[0])
    return np.mean(seen, axis=0), np.maximum(np.var(seen, axis=0), MIN_VARIANCE)


def estimate_state(
    run: Run, y: FloatArray, starts: Sequence[FloatArray], noise: float, variance: FloatArray
) -> FloatArray:
    r"""Regularised nonlinear least squares on h0 and c0 of all layers.

    Minimises :math:`\sum_t \|y_t - \hat y_t(s)\|^2 + \sum_j (\sigma^2 / v_j) (s_j - s_{0j})^2`
    with h in [-1, 1] from every start :math:`s_0`, and keeps the best.

    Parameters
    ----------
    run : callable
        Outputs of the first steps from states (n_states, 2, n_units), shape (n_states, *y.shape).
    y : array of shape (n_init, n_outputs)
        Standardised outputs measured there; NaN where one is missing.
    starts : sequence of arrays of shape (2, n_units)
        Plausible states.
    noise : float
        :math:`\sigma^2 > 0`, variance of what the network cannot explain.
    variance : array of shape (2, n_units)
        :math:`v_j > 0`, expected of the state around its start.

    Returns
    -------
    state : array of shape (2, n_units)
        h then c, layers side by side.

    Notes
    -----
    Every evaluation simulates ``2 * n_units + 1`` copies of the first steps in one call.
    """
    pull = np.sqrt(noise / variance)
    fits = [_fit_from(start, run, y, pull) for start in starts]
    return min(fits, key=lambda fit: fit[1])[0]


def _fit_from(
    start: FloatArray, run: Run, y: FloatArray, pull: FloatArray
) -> tuple[FloatArray, float]:
    known = ~np.isnan(y.ravel())

    def residuals(flat: FloatArray) -> FloatArray:
        """Misfit and penalty of one state (2 * n_units,) or several, one per row."""
        states = flat.reshape(-1, *start.shape)
        misfit = (run(states) - y).reshape(len(states), -1)[:, known]
        offset = (pull * (states - start)).reshape(len(states), -1)
        return np.hstack([misfit, offset]).reshape(*flat.shape[:-1], -1)

    def jacobian(flat: FloatArray) -> FloatArray:
        moved = residuals(flat + DIFFERENCE * np.vstack([np.zeros(flat.size), np.eye(flat.size)]))
        return (moved[1:] - moved[0]).T / DIFFERENCE

    limit = np.ones_like(start)
    limit[1] = np.inf
    fit = least_squares(
        residuals,
        start.ravel(),
        jac=jacobian,  # pyright: ignore[reportArgumentType]
        bounds=(-limit.ravel(), limit.ravel()),
        max_nfev=MAX_EVALUATIONS,
    )
    return fit.x.reshape(start.shape), float(fit.cost)
