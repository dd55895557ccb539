"""Whether a network forgets wild states, or can lock into a second way to behave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.network import Network

FloatArray = NDArray[np.float64]

COPIES = 15  # wild states that are tried, beside rest
STEPS = 1000  # of a run
WILD_CELL = 5.0  # c is drawn from plus or minus this; h from its whole range
WINDOW = 100  # steps, at half time and at the end, that are compared with the run from rest
APART = 0.05  # difference of standardised outputs that counts as one
FADING = 0.3  # of the difference at half time: still on its way back
EARLY, SAME = 250, 1e-3  # steps, and difference of all h and c that is none for good
RISK = 1.5  # times the validation error, for the choice among models


def locked_share(network: Network, params: FloatArray, u: FloatArray) -> float:
    """Part of the wild initial states that the network still remembers in the end.

    A cell whose forget gate stays near one can be wound up by a rare event and never come back: the
    training data need not show it. Such a network has several answers to one input.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    u : array of shape (n_timesteps, n_inputs)
        Standardised inputs; repeated, or cut, to `STEPS` steps.

    Returns
    -------
    share : float
        In [0, 1]; 0 where all states were forgotten or are fading, as those of slow plants.

    Notes
    -----
    `COPIES` free runs of `STEPS` steps, one per vector lane; where all have met after `EARLY` steps
    they stay together, and that is the end. The states are the same every time.
    """
    u = np.resize(u, (STEPS, u.shape[1]))
    rng = np.random.default_rng(0)
    states = rng.uniform(-1.0, 1.0, (COPIES + 1, 2, network.n_units))
    states[:, 1] *= WILD_CELL
    states[0] = 0.0
    early, states = _run(network, params, u[:EARLY], states)
    if np.max(np.abs(states[1:] - states[0])) < SAME:
        return 0.0
    late, _ = _run(network, params, u[EARLY:], states)
    y = np.concatenate([early, late], axis=1)
    runs = y.reshape(COPIES + 1, 2, STEPS // 2, -1)[:, :, -WINDOW:]
    with np.errstate(over="ignore", invalid="ignore"):
        midway, last = np.sqrt(np.mean((runs[1:] - runs[0]) ** 2, axis=(2, 3))).T
        forgotten = (last < APART) | (last < FADING * midway)
    return float(np.mean(~forgotten))


def _run(
    network: Network, params: FloatArray, u: FloatArray, states: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return outputs of all copies, (n_copies, n_timesteps, n_outputs), and their last states."""
    n_copies, n_steps = len(states), len(u)
    offsets = np.arange(n_copies + 1) * n_steps
    y, states = _core.simulate(network, params, np.tile(u, (n_copies, 1)), offsets, states)
    return y.reshape(n_copies, n_steps, -1), states


def risk(network: Network, params: FloatArray, u: FloatArray) -> float:
    """Return the factor on a validation error: `RISK` if any wild state is remembered, else 1."""
    return RISK if locked_share(network, params, u) > 0.0 else 1.0
