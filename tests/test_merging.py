"""Several networks as one."""

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.merging import average
from fastlstm.network import Network

MEMBERS = [Network(2, 2, (3, 2), (4,)), Network(2, 2, (2, 5), (1,)), Network(2, 2, (1, 2), (3,))]


def run(network, params, u, state):
    return simulate(network, params, u, np.array([0, len(u)]), state, float32=False)[0]


def beside(members, states):
    """States of all members side by side, layer by layer as the merged network has them."""
    bounds = [np.cumsum((0, *network.hidden_sizes)) for network, _ in members]
    parts = [
        state[:, :, bound[layer] : bound[layer + 1]]
        for layer in range(members[0][0].num_layers)
        for bound, state in zip(bounds, states, strict=True)
    ]
    return np.concatenate(parts, axis=2)


@pytest.mark.parametrize("weights", [None, (0.5, 0.2, 0.3)])
@pytest.mark.parametrize("head", [True, False])
def test_average_simulates_the_mean_of_its_members_from_any_state(rng, weights, head):
    """Block-diagonal weights keep the members apart; only the readout brings them together."""
    networks = MEMBERS if head else [Network(2, 2, one.hidden_sizes) for one in MEMBERS]
    members = [(one, 0.7 * rng.normal(size=one.n_params)) for one in networks]
    states = [0.3 * rng.normal(size=(1, 2, one.n_units)) for one in networks]
    u = rng.normal(size=(60, 2))
    network, params = average(members, weights)
    shares = np.full(3, 1 / 3) if weights is None else np.array(weights)
    runs = [run(*member, u, state) for member, state in zip(members, states, strict=True)]
    expected = np.einsum("k,ktj->tj", shares, runs)
    merged = run(network, params, u, beside(members, states))
    np.testing.assert_allclose(merged, expected, atol=1e-12)
    assert network.hidden_sizes == (6, 9)


def test_average_of_one_network_is_that_network(rng):
    """There is nothing to merge, so not even a bit changes."""
    params = rng.normal(size=MEMBERS[0].n_params)
    network, same = average([(MEMBERS[0], params)])
    assert network == MEMBERS[0]
    np.testing.assert_array_equal(same, params)


def test_average_raises_when_depths_differ():
    """Layers of different depth cannot stand side by side."""
    deep, flat = Network(1, 1, (2, 2)), Network(1, 1, (2,))
    with pytest.raises(ValueError, match="members must have the same channels"):
        average([(deep, np.zeros(deep.n_params)), (flat, np.zeros(flat.n_params))])
