"""Initial state of a record from its first measured outputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from fastlstm._core import simulate
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
SETTLE_STEPS = 500  # steps of constant input after which the network counts as settled
MAX_EVALUATIONS = 50
DIFFERENCE = 1e-6  # forward difference; the states are of order one


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


def estimate_state(
    network: Network, params: FloatArray, u: FloatArray, y: FloatArray, penalty: float
) -> FloatArray:
    r"""Regularised nonlinear least squares on h0 and c0 of all layers.

    Minimises :math:`\sum_t \|y_t - \hat y_t(s)\|^2 + \lambda \|s - s_0\|^2` with h in [-1, 1] from
    two starts :math:`s_0`, at rest and settled at the first input, and keeps the better.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_init, n_inputs)
        Standardised inputs of the first steps.
    y : array of shape (n_init, n_outputs)
        Standardised outputs measured there.
    penalty : float
        :math:`\lambda > 0`, the noise variance divided by the variance expected of the state.

    Returns
    -------
    state : array of shape (2, n_units)
        h then c, layers side by side.

    Notes
    -----
    Every evaluation simulates ``2 * n_units + 1`` copies of the first steps in one call.
    """
    starts = [np.zeros((2, network.n_units)), settled_state(network, params, u[0])]
    fits = [_fit_from(start, network, params, u, y, penalty) for start in starts]
    return min(fits, key=lambda fit: fit[1])[0]


def _fit_from(
    start: FloatArray,
    network: Network,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    penalty: float,
) -> tuple[FloatArray, float]:
    def residuals(flat: FloatArray) -> FloatArray:
        """Misfit and penalty of one state (2 * n_units,) or several, one per row."""
        states = flat.reshape(-1, *start.shape)
        misfit = (simulate_from(network, params, u, states) - y).reshape(len(states), -1)
        pull = np.sqrt(penalty) * (states - start).reshape(len(states), -1)
        return np.hstack([misfit, pull]).reshape(*flat.shape[:-1], -1)

    def jacobian(flat: FloatArray) -> FloatArray:
        moved = residuals(flat + DIFFERENCE * np.vstack([np.zeros(flat.size), np.eye(flat.size)]))
        return (moved[1:] - moved[0]).T / DIFFERENCE

    limit = np.stack([np.ones(network.n_units), np.full(network.n_units, np.inf)]).ravel()
    fit = least_squares(
        residuals,
        start.ravel(),
        jac=jacobian,  # pyright: ignore[reportArgumentType]
        bounds=(-limit, limit),
        max_nfev=MAX_EVALUATIONS,
    )
    return fit.x.reshape(start.shape), float(fit.cost)
