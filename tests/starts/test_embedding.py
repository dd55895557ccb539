"""A linear model embedded in a network: the network simulates like the model."""

import numpy as np
import pytest

from fastlstm._core.reference import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.cascade import spread
from fastlstm.starts.embedding import capacity, embed
from fastlstm.starts.linear import LinearModel
from fastlstm.starts.realization import unit_coordinates
from starts.test_linear import random_plant

SMALL = 1e-3


def deviation(linear, network, params, rng):
    """Largest difference of the free runs, in standard deviations of the linear model."""
    lengths = (150, 40)
    records = Records.from_lists([rng.standard_normal((n, network.n_inputs)) for n in lengths])
    y, _ = simulate(network, params, records.u, records.offsets)
    expected = linear.simulate(records)
    return np.max(np.std(y - expected, axis=0) / np.std(expected, axis=0))


@pytest.mark.parametrize("placement", ["first", "spread"])
@pytest.mark.parametrize("channels", [(1, 1), (2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("hidden_sizes", [(6,), (5, 5), (5, 4, 4)])
def test_embedded_model_is_reproduced_when_signals_are_small(
    rng, hidden_sizes, channels, placement
):
    """With constant gates and straight tanh the network is the linear model, head included."""
    network = Network(*channels, hidden_sizes, (4,))
    for order in (1, 3, hidden_sizes[0]):
        linear = random_plant(rng, order, *channels)
        params = embed(linear, network, rng=rng, scale=SMALL, gate_spread=0.0, placement=placement)
        assert deviation(linear, network, params, rng) < 1e-3


@pytest.mark.parametrize("hidden_sizes", [(5, 5), (4, 5, 4), (3, 3, 3)])
def test_spread_holds_more_poles_than_first_layer_when_network_is_deep(rng, hidden_sizes):
    """Every layer takes its share, exactly."""
    network = Network(1, 1, hidden_sizes)
    order = capacity(network, "spread")
    assert order == sum(hidden_sizes) - len(hidden_sizes) + 1
    linear = LinearModel(
        np.diag(np.linspace(0.2, 0.9, order)),
        np.ones((order, 1)),
        np.linspace(1.0, 2.0, order)[None],
        np.ones((1, 1)),
        np.ones(1),
    )
    cascade = spread(
        *unit_coordinates(linear.A, linear.B, linear.C, linear.covariance), widths=hidden_sizes
    )
    assert cascade is not None
    assert sum(np.sum(np.any(layer.A != 0.0, axis=1)) for layer in cascade.layers) == order
    assert all(np.any(layer.A != 0.0) for layer in cascade.layers)


def test_spread_reproduces_two_resonances_when_each_layer_takes_one(rng):
    """The plant of a Wiener-Hammerstein kind: as many poles as fit into no single layer."""
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    A = np.zeros((4, 4))
    A[:2, :2], A[2:, 2:] = 0.9 * turn, 0.7 * turn.T @ turn.T
    linear = LinearModel(
        A, rng.standard_normal((4, 1)), rng.standard_normal((1, 4)), np.zeros((1, 1)), np.zeros(1)
    )
    network = Network(1, 1, (3, 3))
    params = embed(linear, network, rng=rng, scale=SMALL, gate_spread=0.0, placement="spread")
    weights = network.unpack(params)
    assert deviation(linear, network, params, rng) < 1e-3
    assert np.any(weights["lstm.1.weight_hh"] != 0.0)


def test_embed_reduces_model_when_layer_is_too_narrow(rng):
    """Two states that hardly matter are dropped, the others stay."""
    plant = random_plant(rng, 2)
    A = np.zeros((4, 4))
    A[:2, :2], A[2, 2], A[3, 3] = plant.A, 0.6, 0.4
    linear = LinearModel(
        A,
        np.vstack([plant.B, np.ones((2, 1))]),
        np.hstack([plant.C, 1e-6 * np.ones((1, 2))]),
        plant.D,
        plant.bias,
    )
    network = Network(1, 1, (2,))
    params = embed(linear, network, rng=rng, scale=SMALL, gate_spread=0.0)
    assert deviation(linear, network, params, rng) < 1e-3


def test_embedded_states_have_asked_deviation(rng):
    """The scale sets how far tanh bends; the covariance of the states is that of white inputs."""
    linear = random_plant(rng, 3)
    network = Network(1, 1, (5, 4))
    params = embed(linear, network, rng=rng, scale=0.01, gate_spread=0.0)
    weights = network.unpack(params)
    weights["readout.hidden"][:] = [[1.0, 0.0, 0.0, 0.0]]
    weights["readout.input"][:] = 0.0
    u = rng.standard_normal((4000, 1))
    y, _ = simulate(network, params, u, np.array([0, 4000]))
    assert np.std(y) == pytest.approx(0.01, rel=0.1)


def test_embed_spares_random_units_when_network_is_wider(rng):
    """Units without a linear state are awake but not read."""
    network = Network(1, 1, (6,), (4,))
    params = embed(random_plant(rng, 2), network, rng=rng)
    weights = network.unpack(params)
    assert np.all(weights["lstm.0.weight_ih"] != 0.0)
    assert np.all(weights["readout.hidden"][:, 2:] == 0.0)
    assert np.all(weights["readout.head"] == 0.0)
    assert np.all(weights["head.0.weight"] != 0.0)


def test_embed_differs_when_generator_differs(rng):
    """A race among starts needs different starts, and the same seed the same one."""
    linear, network = random_plant(rng, 2), Network(1, 1, (3, 3), (4,))
    starts = [embed(linear, network, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])


def test_embed_rejects_network_when_channels_differ(rng):
    """A model of two inputs has no place in a network of one."""
    with pytest.raises(ValueError, match="2 inputs and 1 outputs; got 1 and 1"):
        embed(random_plant(rng, 2, 2), Network(1, 1, (3,)), rng=rng)


def test_embed_rejects_placement_when_it_is_unknown(rng):
    """A typo must not silently become the default."""
    with pytest.raises(ValueError, match="placement"):
        embed(random_plant(rng, 2), Network(1, 1, (3,)), rng=rng, placement="last")
