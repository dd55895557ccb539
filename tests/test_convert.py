"""Weights to and from torch.nn.LSTM."""

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.convert import from_torch, to_torch
from fastlstm.network import Network

NETWORK = Network(2, 1, (3, 3))


@pytest.fixture
def params(rng):
    return 0.4 * rng.normal(size=NETWORK.n_params)


def test_weights_survive_torch_round_trip(params):
    """Only the LSTM travels; head and readout stay as they are."""
    weights = from_torch(to_torch(NETWORK, params))
    for name, value in NETWORK.unpack(params).items():
        if name.startswith("lstm."):
            np.testing.assert_array_equal(weights[name], value)


def test_from_torch_sums_the_two_biases():
    """Torch adds both in every gate, so their sum is our one bias."""
    state = {
        "weight_ih_l0": np.zeros((4, 1)),
        "weight_hh_l0": np.zeros((4, 1)),
        "bias_ih_l0": np.arange(4.0),
        "bias_hh_l0": np.ones(4),
    }
    np.testing.assert_array_equal(from_torch(state)["lstm.0.bias"], [1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_ih_l0_reverse": np.zeros((4, 1))}, "unidirectional"),
        ({"weight_hr_l0": np.zeros((1, 1))}, "without projection"),
        ({"weight_hh_l0": np.zeros((4, 2))}, r"must have shape \(4, 1\)"),
        ({"weight_ih_l0": np.zeros(4)}, "input_size"),
        ({"bias_ih_l0": np.full(4, np.nan)}, "must be finite"),
    ],
)
def test_from_torch_raises_when_state_dict_is_not_a_plain_lstm(change, message):
    """A silently dropped weight is a wrong model."""
    state = {"weight_ih_l0": np.zeros((4, 1)), "weight_hh_l0": np.zeros((4, 1)), **change}
    with pytest.raises(ValueError, match=message):
        from_torch(state)


def test_from_torch_raises_when_a_part_is_missing():
    """Half a layer is no layer."""
    with pytest.raises(ValueError, match="must hold 'weight_hh_l0'"):
        from_torch({"weight_ih_l0": np.zeros((4, 1))})


def test_to_torch_raises_when_widths_differ():
    """torch.nn.LSTM has one hidden_size."""
    network = Network(1, 1, (2, 3))
    with pytest.raises(ValueError, match="hidden_sizes must be equal"):
        to_torch(network, np.zeros(network.n_params))


@pytest.mark.torch
def test_torch_runs_converted_weights_to_the_same_states(params, rng):
    """The judge is torch itself: same h for every step, in float64."""
    torch = pytest.importorskip("torch")
    lstm = torch.nn.LSTM(2, 3, num_layers=2, batch_first=True, dtype=torch.float64)
    state = {name: torch.from_numpy(value) for name, value in to_torch(NETWORK, params).items()}
    lstm.load_state_dict(state)
    u = rng.normal(size=(40, 2))
    with torch.no_grad():
        expected = lstm(torch.from_numpy(u)[None])[0][0].numpy()
    observer = Network(2, 3, (3, 3))
    blank = {name: np.zeros(shape) for name, shape in observer.shapes.items()}
    weights = {**blank, **from_torch(lstm.state_dict()), "readout.hidden": np.eye(3)}
    h, _ = simulate(observer, observer.pack(weights), u, np.array([0, 40]), float32=False)
    np.testing.assert_allclose(h, expected, atol=1e-12)
