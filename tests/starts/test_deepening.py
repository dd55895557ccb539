"""A deeper network with the output of a shallow one."""

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.starts.deepening import deepened


def run(network, params, u, float32):
    return simulate(network, params, u, np.array([0, len(u)]), float32=float32)[0]


@pytest.mark.parametrize("float32", [False, True])
@pytest.mark.parametrize(
    ("network", "num_layers"),
    [
        (Network(1, 1, (4,)), 2),
        (Network(2, 3, (3,), (5,)), 2),
        (Network(1, 1, (2,), (3, 4)), 3),
        (Network(1, 2, (3, 2), (4,)), 3),
    ],
)
def test_output_stays(network, num_layers, float32):
    """But for the third order of the small signals, of which there are ten thousand steps."""
    rng = np.random.default_rng(0)
    params, u = 0.7 * rng.normal(size=network.n_params), rng.normal(size=(10_000, network.n_inputs))
    deep, weights = deepened(network, params, num_layers)
    assert deep.num_layers == num_layers
    assert deep.hidden_sizes[: network.num_layers] == network.hidden_sizes
    y = run(network, params, u, False)
    assert np.abs(run(deep, weights, u, float32) - y).max() < 3e-4 * np.ptp(y)


def test_deep_enough_stays_as_it_is():
    """Nothing is added, and the weights that were given are not touched."""
    network = Network(1, 1, (2, 2))
    params = np.random.default_rng(0).normal(size=network.n_params)
    assert deepened(network, params, 2) == (network, params)
    before = params.copy()
    deepened(network, params, 3)
    np.testing.assert_array_equal(params, before)
