"""Forward and full gradient against torch.nn.LSTM in float64."""

import numpy as np
import pytest
from core_problems import relative_error

from fastlstm._core import gradient, jacobian, plan_rows, simulate
from fastlstm.convert import to_torch
from fastlstm.network import Network

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NETWORKS = [
    Network(1, 1, (1,)),
    Network(1, 1, (5, 5), (8,)),
    Network(3, 2, (6, 6, 6), (4, 3)),
    Network(1, 1, (16,)),
    Network(2, 2, (17,), (20,)),
    Network(1, 1, (33,)),
]
cases = pytest.mark.parametrize("network", NETWORKS, ids=str)
lengths = pytest.mark.parametrize("n_steps", [1, 2, 50])


def torch_network(network, params):
    """Build an nn.LSTM with our weights, and the other weights as leaves."""
    lstm = torch.nn.LSTM(
        network.n_inputs,
        network.hidden_sizes[0],
        network.num_layers,
        batch_first=True,
        dtype=torch.float64,
    )
    lstm.load_state_dict({k: torch.tensor(v) for k, v in to_torch(network, params).items()})
    rest = {
        name: torch.tensor(value, requires_grad=True)
        for name, value in network.unpack(params).items()
        if not name.startswith("lstm.")
    }
    return lstm, rest


def torch_run(network, lstm, rest, u, state0):
    """Output (n_timesteps, n_outputs) and final (h, c)."""
    widths = network.hidden_sizes
    h0, c0 = (torch.stack(torch.tensor(part).split(widths)) for part in state0)
    u = torch.tensor(u)
    h, state = lstm(u[None], (h0[:, None], c0[:, None]))
    below = h[0]
    y = below @ rest["readout.hidden"].T + u @ rest["readout.input"].T + rest["readout.bias"]
    for layer in range(len(network.head_sizes)):
        below = torch.tanh(below @ rest[f"head.{layer}.weight"].T + rest[f"head.{layer}.bias"])
    if network.head_sizes:
        y = y + below @ rest["readout.head"].T
    return y, state


def data(network, n_steps):
    rng = np.random.default_rng(9)
    params = rng.normal(scale=0.4, size=network.n_params)
    u = rng.normal(size=(n_steps, network.n_inputs))
    y = rng.normal(size=(n_steps, network.n_outputs))
    state0 = rng.normal(scale=0.5, size=(1, 2, network.n_units))
    return params, u, y, state0


@cases
@lengths
def test_free_run_matches_torch(variant, network, n_steps):
    """Same cell, same gate order: outputs and final state agree to rounding."""
    params, u, _, state0 = data(network, n_steps)
    y, final = simulate(network, params, u, np.array([0, n_steps]), state0, float32=False)
    with torch.no_grad():
        y_torch, state = torch_run(network, *torch_network(network, params), u, state0[0])
    assert relative_error(y, y_torch.numpy()) <= 1e-10
    for ours, theirs in zip(final[0], state, strict=True):
        assert relative_error(ours, theirs.numpy().ravel()) <= 1e-10


@cases
@lengths
def test_full_gradient_matches_torch(variant, network, n_steps):
    """The gradient of the sum of squared errors is 2 J' r over all rows with all the memory."""
    params, u, y_true, state0 = data(network, n_steps)
    plan = plan_rows(np.array([0, n_steps]), float32=False)
    found = jacobian(
        network,
        params,
        u,
        np.array([0, n_steps]),
        plan,
        memory=n_steps,
        state0=state0,
        float32=False,
    )
    ours = network.unpack(2.0 * found.rows.T @ plan.take(found.y - y_true).ravel())
    lstm, rest = torch_network(network, params)
    y, _ = torch_run(network, lstm, rest, u, state0[0])
    ((y - torch.tensor(y_true)) ** 2).sum().backward()
    compare(network, ours, lstm, rest)


def compare(network, ours, lstm, rest):
    """Our gradient by weight name against the one torch left on its parameters."""
    theirs = {name: leaf.grad for name, leaf in rest.items()}
    for layer in range(network.num_layers):
        theirs[f"lstm.{layer}.bias"] = lstm.get_parameter(f"bias_ih_l{layer}").grad
        for part in ("weight_ih", "weight_hh"):
            theirs[f"lstm.{layer}.{part}"] = lstm.get_parameter(f"{part}_l{layer}").grad
    assert theirs.keys() == ours.keys()
    for name, exact in theirs.items():
        assert relative_error(ours[name], exact.numpy()) <= 1e-10, name


@cases
def test_gradient_of_several_records_matches_torch(variant, network):
    """Unequal records, a washout, and the sum of squared errors of all of them."""
    lengths, washout = [50, 1, 23, 50, 4], 3
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    params, u, y_true, _ = data(network, int(offsets[-1]))
    state0 = np.random.default_rng(10).normal(scale=0.5, size=(5, 2, network.n_units))
    found = gradient(
        network, params, u, y_true, offsets, washout=washout, state0=state0, float32=False
    )
    lstm, rest = torch_network(network, params)
    for start, stop, state in zip(offsets[:-1], offsets[1:], state0, strict=True):
        y, _ = torch_run(network, lstm, rest, u[start:stop], state)
        ((y - torch.tensor(y_true[start:stop])) ** 2)[washout:].sum().backward()
    compare(network, network.unpack(2.0 * found.gradient), lstm, rest)
