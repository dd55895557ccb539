import numpy as np

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.starts.reservoir import draw_reservoir

NETWORK = Network(1, 1, (30, 30), (8,))


def poles(weights, layer):
    """Eigenvalues of the layer with its gates at their biases."""
    bias, width = weights[f"lstm.{layer}.bias"], 30
    i, f, o = (1.0 / (1.0 + np.exp(-bias[k * width : (k + 1) * width])) for k in (0, 1, 3))
    candidate = weights[f"lstm.{layer}.weight_hh"][2 * width : 3 * width]
    return np.linalg.eigvals(np.diag(f) + (i * o)[:, None] * candidate)


def test_reservoirs_have_stable_poles_of_the_stated_memories(rng):
    """Every network remembers for different times, up to 200 steps; half of it oscillates."""
    draws = [NETWORK.unpack(draw_reservoir(NETWORK, rng)) for _ in range(40)]
    found = np.array([poles(weights, layer) for weights in draws for layer in (0, 1)])
    memory = -1.0 / np.log(np.abs(found))
    assert memory.min() > 0.4999
    assert 100.0 < memory.max() <= 200.001
    assert np.all(memory.max(axis=1) > 2.0 * memory.min(axis=1))
    assert 0.5 < np.mean(np.abs(found.imag) > 1e-9) < 0.8


def test_reservoirs_differ_in_scale_and_have_a_silent_readout(rng):
    """Weak and strong drives are tried, and no output is there before it is fitted."""
    draws = [NETWORK.unpack(draw_reservoir(NETWORK, rng)) for _ in range(40)]
    bias = np.array([np.abs(weights["lstm.0.bias"][60:90]).max() for weights in draws])
    assert bias.max() / bias.min() > 10.0
    assert bias.max() <= 1.0
    silent = [weights[name] for weights in draws for name in weights if "readout" in name]
    assert not any(values.any() for values in silent)


def test_reservoirs_forget_their_initial_state(rng):
    """Whatever the draw, two states become one in a thousand steps of a bounded input."""
    u, offsets = rng.normal(size=(4000, 1)), np.array([0, 4000])
    for _ in range(10):
        params = draw_reservoir(NETWORK, rng)
        states = [NETWORK.zero_state(1), 0.5 + NETWORK.zero_state(1)]
        ends = [
            _core.simulate(NETWORK, params, u, offsets, state, float32=False)[1] for state in states
        ]
        assert np.abs(ends[0] - ends[1]).max() < 1e-3


def test_reservoir_repeats_when_the_seed_repeats():
    """Draws are reproducible and differ between seeds."""
    draws = [draw_reservoir(NETWORK, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
