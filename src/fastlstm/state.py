"""Initial state of a record from its first measured outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import least_squares

from fastlstm._core import simulate
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
SETTLE_STEPS = 500  # steps of constant input after which the network counts as settled
MAX_EVALUATIONS = 50
DIFFERENCE = 1e-6  # forward difference; the states are of order one
LOOKS = 600  # at the states of a record, to know which are typical
FREE = 0.01  # of the variance of a state: what it may do without the others
CLOSE_LOOKS, MOST_STEPS = 2000, 200_000  # at states, in all, to find one like that of the beginning
RESEMBLE = 5  # steps at least whose inputs are compared
NEARER = 0.1  # of the covariance of the states: expected around such a state
MIN_VARIANCE = 1e-6  # of a state, so that it can move at all

Run = Callable[[FloatArray], FloatArray]
Start = tuple[FloatArray, FloatArray]  # a plausible state; Cholesky factor of the covariance


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


def typical_states(network: Network, params: FloatArray, u: FloatArray) -> Start:
    """Mean of the states along a free run from rest, and how they vary together.

    The states are looked at `LOOKS` times, evenly spread over the record; the first look, after
    the shortest drive, counts as well, so that a record of a few steps has an answer too.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)

    Returns
    -------
    mean : array of shape (2, n_units)
    spread : array of shape (2 * n_units, 2 * n_units)
        Lower Cholesky factor of their covariance, to whose diagonal `FREE` of itself is added:
        fewer looks than states, or states that follow from others, leave none that cannot move.
    """
    _, seen = _states_along(network, params, u, LOOKS)
    mean = seen.mean(axis=0)
    offsets = (seen - mean).reshape(len(seen), -1)
    covariance = offsets.T @ offsets / len(seen)
    covariance += np.diag(FREE * np.diag(covariance) + MIN_VARIANCE)
    return mean, cholesky(covariance, lower=True)


def similar_state(
    network: Network, params: FloatArray, u: FloatArray, run: Run, y: FloatArray, n_first: int
) -> FloatArray:
    """Of the states along a free run from rest, the one that fits the beginning of the record best.

    From there the first outputs come about as measured, and the inputs that follow resemble the
    first ones: the squared errors of both count, relative to their means over all states. A state
    is more than the first outputs show; what is hidden is likely to be what it was in a similar
    situation.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)
        Of the whole record.
    run, y
        As in `estimate_state`.
    n_first : int
        Steps of the network in which the outputs lie.

    Notes
    -----
    About `CLOSE_LOOKS` runs over the first steps, fewer where these are many.
    """
    looks, seen = _states_along(network, params, u, min(CLOSE_LOOKS, MOST_STEPS // n_first + 1))
    with np.errstate(over="ignore", invalid="ignore"):
        misfit = np.nansum((run(seen) - y) ** 2, axis=(1, 2))
    n_compared = min(max(n_first, RESEMBLE), len(u))
    after = np.concatenate([u, np.repeat(u[-1:], n_compared, axis=0)])
    unlike = np.array([np.sum((after[k : k + n_compared] - u[:n_compared]) ** 2) for k in looks])
    return seen[np.argmin(_relative(misfit) + _relative(unlike))]


def _relative(squares: FloatArray) -> FloatArray:
    """Divide by the mean of what is finite; infinite what is not."""
    finite = np.isfinite(squares)
    mean = float(np.mean(squares[finite])) if finite.any() else 0.0
    return np.where(finite, squares / mean if mean > 0.0 else 0.0, np.inf)


def _states_along(
    network: Network, params: FloatArray, u: FloatArray, n_looks: int
) -> tuple[NDArray[np.int64], FloatArray]:
    """Pass through states before steps evenly spread over a free run from rest."""
    state, steps, seen = network.zero_state(1), [], []
    for part in np.array_split(np.arange(len(u)), min(n_looks, len(u))):
        offsets = np.array([0, len(part)])
        _, state = simulate(network, params, u[part], offsets, state, float32=False)
        steps.append(part[-1] + 1)
        seen.append(state[0])
    return np.array(steps), np.array(seen)


def estimate_state(run: Run, y: FloatArray, starts: Sequence[Start], noise: float) -> FloatArray:
    r"""Regularised nonlinear least squares on h0 and c0 of all layers.

    Minimises :math:`\sum_t \|y_t - \hat y_t(s)\|^2 + \sigma^2 \|L^{-1} (s - s_0)\|^2` with h in
    [-1, 1] from every start :math:`s_0`, and keeps the best. States that always move together
    count as one: the few measured outputs are asked for what is left open, not for every unit.

    Parameters
    ----------
    run : callable
        Outputs of the first steps from states (n_states, 2, n_units), shape (n_states, *y.shape).
    y : array of shape (n_init, n_outputs)
        Standardised outputs measured there; NaN where one is missing.
    starts : sequence of pairs of arrays of shape (2, n_units) and (2 * n_units, 2 * n_units)
        Plausible states :math:`s_0`, and the lower Cholesky factor :math:`L` of the covariance
        expected around each.
    noise : float
        :math:`\sigma^2 > 0`, variance of what the network cannot explain.

    Returns
    -------
    state : array of shape (2, n_units)
        h then c, layers side by side.

    Notes
    -----
    Every evaluation simulates ``2 * n_units + 1`` copies of the first steps in one call.
    """
    fits = [_fit_from(start, run, y, spread / np.sqrt(noise)) for start, spread in starts]
    return min(fits, key=lambda fit: fit[1])[0]


def _fit_from(
    start: FloatArray, run: Run, y: FloatArray, spread: FloatArray
) -> tuple[FloatArray, float]:
    known = ~np.isnan(y.ravel())

    def residuals(flat: FloatArray) -> FloatArray:
        """Misfit and penalty of one state (2 * n_units,) or several, one per row."""
        states = flat.reshape(-1, *start.shape)
        misfit = (run(states) - y).reshape(len(states), -1)[:, known]
        offset = (states - start).reshape(len(states), -1)
        pull = solve_triangular(spread, offset.T, lower=True).T
        return np.hstack([misfit, pull]).reshape(*flat.shape[:-1], -1)

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
