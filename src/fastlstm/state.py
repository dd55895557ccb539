"""Initial state of a record from its first measured outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import OptimizeResult, least_squares

from fastlstm._core import simulate
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
SETTLE_STEPS = 500  # steps of constant input after which the network counts as settled
MAX_EVALUATIONS = 50
DIFFERENCE = 1e-6  # forward difference, in standard deviations
LOOKS = 600  # at the states of a record, to know which are typical
ALONE = 10.0  # looks' worth of belief that every state varies without the others
LEFT = 0.03  # part of the variance of the states that may be left out
CLOSE_LOOKS, MOST_STEPS = 2000, 200_000  # at states, in all, to find one like that of the beginning
RESEMBLE = 5  # steps at least whose inputs are compared
NEARER = 0.1  # of the covariance of the states: expected around such a state
MIN_VARIANCE = 1e-6  # of a state, so that it can move at all

Run = Callable[[FloatArray], FloatArray]
Start = tuple[FloatArray, FloatArray]  # a plausible state, and directions in which it may differ


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
    spread : array of shape (2 * n_units, n_directions)
        Directions in which they vary, the principal ones first, each a standard deviation long.

    Notes
    -----
    The correlations of the looks are mixed with `ALONE` looks that know of none: a short record
    does not show all that its state may have been before. Directions that are left out are those
    with the least variance, at most the part `LEFT` of it in all: states that follow from others
    need none of their own, and every direction costs a simulation.
    """
    _, seen = states_along(network, params, u, LOOKS)
    mean = seen.mean(axis=0)
    offsets = (seen - mean).reshape(len(seen), -1)
    std = np.sqrt(np.mean(offsets**2, axis=0) + MIN_VARIANCE)
    scaled, alone = offsets / std, ALONE / (ALONE + len(seen))
    correlation = (1.0 - alone) * (scaled.T @ scaled) / len(seen) + alone * np.eye(len(std))
    variances, directions = eigh(correlation)
    kept = np.cumsum(variances) > LEFT * variances.sum()
    spread = std[:, None] * directions[:, kept] * np.sqrt(variances[kept])
    return mean, np.ascontiguousarray(spread[:, ::-1])


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
    looks, seen = states_along(network, params, u, min(CLOSE_LOOKS, MOST_STEPS // n_first + 1))
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


def states_along(
    network: Network, params: FloatArray, u: FloatArray, n_looks: int
) -> tuple[NDArray[np.int64], FloatArray]:
    """Look at states of a free run from rest.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)
    n_looks : int
        Evenly spread over the record; at most one per step.

    Returns
    -------
    steps : int array of shape (n_looks,)
    states : array of shape (n_looks, 2, n_units)
        Before these steps.
    """
    state, steps, seen = network.zero_state(1), [], []
    for part in np.array_split(np.arange(len(u)), min(n_looks, len(u))):
        offsets = np.array([0, len(part)])
        _, state = simulate(network, params, u[part], offsets, state, float32=False)
        steps.append(part[-1] + 1)
        seen.append(state[0])
    return np.array(steps), np.array(seen)


def estimate_state(
    run: Run, y: FloatArray, starts: Sequence[Start], noise: float, margin: float = 0.0
) -> FloatArray:
    r"""Regularised nonlinear least squares on h0 and c0 of all layers.

    Minimises :math:`\sum_t \|y_t - \hat y_t(s_0 + S z)\|^2 + \sigma^2 \|z\|^2` from every plausible
    state :math:`s_0` and its spread S, with h in [-1, 1], and keeps the best. States that always
    move together count as one: the few measured outputs are asked for what is left open, not for
    every unit.

    Parameters
    ----------
    run : callable
        Outputs of the first steps from states (n_states, 2, n_units), shape (n_states, *y.shape).
    y : array of shape (n_init, n_outputs)
        Standardised outputs measured there; NaN where one is missing.
    starts : sequence of pairs of arrays of shape (2, n_units) and (2 * n_units, n_directions)
        Plausible states, and for each the directions in which it may differ, each a standard
        deviation long.
    noise : float
        :math:`\sigma^2 > 0`, variance of what the network cannot explain.
    margin : float
        By how much the logarithm of its posterior has to be larger than that of the first start,
        for another one to be the answer.

    Returns
    -------
    state : array of shape (2, n_units)
        h then c, layers side by side.

    Notes
    -----
    Every evaluation simulates ``n_directions + 1`` copies of the first steps in one call.
    """
    fits = [_fit_from(start, spread, run, y, np.sqrt(noise)) for start, spread in starts]
    (first, cost), (other, least) = fits[0], min(fits, key=lambda fit: fit[1])
    return other if least < cost - margin * noise else first


def _fit_from(
    start: FloatArray, spread: FloatArray, run: Run, y: FloatArray, pull: float
) -> tuple[FloatArray, float]:
    known, n_directions = ~np.isnan(y.ravel()), spread.shape[1]

    def states(z: FloatArray) -> FloatArray:
        """States of shape (n, 2, n_units) that differ from the start by z (n, n_directions)."""
        moved = start + (z @ spread.T).reshape(-1, *start.shape)
        np.clip(moved[:, 0], -1.0, 1.0, out=moved[:, 0])
        return moved

    def residuals(z: FloatArray) -> FloatArray:
        """Misfit and penalty, one row per state."""
        misfit = (run(states(z)) - y).reshape(len(z), -1)[:, known]
        return np.hstack([misfit, pull * z])

    def jacobian(z: FloatArray) -> FloatArray:
        moved = residuals(z + DIFFERENCE * np.eye(n_directions + 1, n_directions, -1))
        return (moved[1:] - moved[0]).T / DIFFERENCE

    def solve(method: Literal["trf", "lm"]) -> OptimizeResult:
        return least_squares(
            lambda z: residuals(z[None])[0],
            np.zeros(n_directions),
            jac=jacobian,  # pyright: ignore[reportArgumentType]
            method=method,
            max_nfev=MAX_EVALUATIONS,
        )

    try:
        fit = solve("trf")
    except np.linalg.LinAlgError:  # an SVD that fails on the many equal rows of the penalty
        fit = solve("lm")
    return states(fit.x[None])[0], float(fit.cost)
