"""Initial state from the first measured outputs."""

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.state import estimate_state, settled_state

NETWORK = Network(1, 1, (3, 2), (4,))


@pytest.fixture
def params(rng):
    """Random weights with open forget gates and a strong readout, so that the state matters."""
    weights = NETWORK.unpack(0.5 * rng.normal(size=NETWORK.n_params))
    for layer, width in enumerate(NETWORK.hidden_sizes):
        weights[f"lstm.{layer}.bias"][width : 2 * width] = 2.0
    weights["readout.hidden"][:] = 2.0
    return NETWORK.pack(weights)


def run(params, u, state):
    return simulate(NETWORK, params, u, np.array([0, len(u)]), state[None], float32=False)[0]


def test_estimated_state_reproduces_the_run_from_an_unknown_state(params, rng):
    """Noise-free data of the same network: only the state is unknown, so all steps must match."""
    u, state = rng.normal(size=(200, 1)), 0.5 * rng.normal(size=(2, NETWORK.n_units))
    y = run(params, u, state)
    found = estimate_state(NETWORK, params, u[:60], y[:60], penalty=1e-10)
    np.testing.assert_allclose(run(params, u, found), y, atol=1e-4)
    assert np.abs(run(params, u, np.zeros_like(state)) - y).max() > 0.05


def test_estimated_state_stays_at_the_settled_start_when_one_sample_is_given(params):
    """One sample cannot tell 2 * n_units states; the penalty keeps the plausible ones."""
    u = np.full((1, 1), 0.7)
    settled = settled_state(NETWORK, params, u[0])
    y = run(params, u, settled)
    found = estimate_state(NETWORK, params, u, y, penalty=1e-2)
    np.testing.assert_allclose(found, settled, atol=1e-6)


def test_settled_state_is_a_fixed_point(params):
    """Another step at the same input leaves it where it is."""
    u = np.array([0.3])
    state = settled_state(NETWORK, params, u)
    _, after = simulate(NETWORK, params, u[None], np.array([0, 1]), state[None], float32=False)
    np.testing.assert_allclose(after[0], state, atol=1e-9)
