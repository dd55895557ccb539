"""Sample-by-sample learning: the compiled network against its twin and exact derivatives."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastlstm._core import reference, simulate
from fastlstm._core.online import PATHS, OnlineNetwork
from fastlstm._core.reference_online import OnlineReference
from fastlstm.network import Network

NETWORKS = [
    Network(1, 1, (4,)),
    Network(1, 1, (1,), (4,)),
    Network(2, 1, (16,), (4, 3)),
    Network(2, 3, (33,)),
    Network(1, 1, (5, 5), (8,)),
    Network(3, 2, (4, 17), (4, 3)),
    Network(1, 2, (9, 3, 6), (18,)),
]
networks = pytest.mark.parametrize(
    "network",
    NETWORKS,
    ids=lambda n: f"{n.n_inputs}-{n.hidden_sizes}-{n.head_sizes}-{n.n_outputs}",
)
paths = pytest.mark.parametrize("path", PATHS)
N_STEPS = 200


def make_case(network, n_steps=N_STEPS, seed=0):
    """Weights and a random record."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(scale=0.4, size=network.n_params),
        rng.normal(size=(n_steps, network.n_inputs)),
        rng.normal(size=(n_steps, network.n_outputs)),
    )


def pull(online, u, y):
    """Return phi' e of the next step, from a full update that is taken back."""
    before = online.params
    _, norm2 = online.learn(u, y, 1.0)
    moved = (before - online.params) * (1.0 + norm2)
    online.params = before
    return moved


@networks
@paths
def test_learning_matches_reference(variant, network, path):
    """Predictions, norms, weights, states and traces over many updates, some outputs missing."""
    params, u, y = make_case(network)
    y[::7, 0] = np.nan
    found, exact = OnlineNetwork(network, params, path), OnlineReference(network, params, path)
    for t in range(N_STEPS):
        y_pred, norm2 = found.learn(u[t], y[t], 0.7)
        y_exact, norm2_exact = exact.learn(u[t], y[t], 0.7)
        np.testing.assert_allclose(y_pred, y_exact, rtol=0, atol=1e-10)
        np.testing.assert_allclose(norm2, norm2_exact, rtol=1e-10)
    np.testing.assert_allclose(found.params, exact.params, rtol=0, atol=1e-10)
    assert np.abs(found.params - params).max() > 0.1
    state = [np.concatenate(exact.h), np.concatenate(exact.c)]
    np.testing.assert_allclose(found.state, state, rtol=0, atol=1e-10)


@networks
@paths
def test_record_gives_bits_of_single_steps(variant, network, path):
    """A record is its steps; two halves are the whole."""
    params, u, y = make_case(network)
    y[3::5] = np.nan
    single, whole, halves = (OnlineNetwork(network, params, path) for _ in range(3))
    expected = np.array([single.learn(u[t], y[t], 0.3)[0] for t in range(N_STEPS)])
    np.testing.assert_array_equal(whole.learn_record(u, y, 0.3), expected)
    parts = [halves.learn_record(u[part], y[part], 0.3) for part in (np.s_[:71], np.s_[71:])]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    for other in (whole, halves):
        np.testing.assert_array_equal(other.params, single.params)
        np.testing.assert_array_equal(other.state, single.state)
        np.testing.assert_array_equal(other.trace, single.trace)


@networks
@paths
def test_steps_without_targets_are_the_free_run(variant, network, path):
    """Forward only, it is the network of all other kernels, from any state."""
    params, u, _ = make_case(network)
    state = np.random.default_rng(1).normal(scale=0.5, size=(2, network.n_units))
    y, final = simulate(network, params, u, np.array([0, N_STEPS]), state[None], float32=False)
    stepped, run = OnlineNetwork(network, params, path), OnlineNetwork(network, params, path)
    stepped.state = run.state = state
    np.testing.assert_allclose([stepped.step(x) for x in u], y, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(run.state, state)
    np.testing.assert_allclose(run.run(u), y, rtol=0, atol=1e-12)
    for online in (stepped, run):
        np.testing.assert_allclose(online.state, final[0], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(online.params, params)


@networks
@paths
def test_nothing_moves_when_eta_is_zero(network, path):
    """Rate zero is the free run, and the traces go on as they do without targets."""
    params, u, y = make_case(network)
    still, free = OnlineNetwork(network, params, path), OnlineNetwork(network, params, path)
    np.testing.assert_array_equal(still.learn_record(u, y, 0.0), free.run(u))
    np.testing.assert_array_equal(still.params, params)
    np.testing.assert_array_equal(still.trace, free.trace)


@pytest.mark.parametrize("head_sizes", [(), (4,), (4, 3)])
def test_cell_path_is_exact_without_recurrent_weights(variant, head_sizes):
    """With weight_hh = 0 the cell state is the only memory, so phi is the whole derivative."""
    network = Network(2, 2, (5,), head_sizes)
    params, u, y = make_case(network, 40)
    network.unpack(params)["lstm.0.weight_hh"][:] = 0.0
    online = OnlineNetwork(network, params)
    total = sum(pull(online, u[t], y[t]) for t in range(len(u)))
    y_pred, exact = reference.jacobian_forward(network, params, u)
    gradient = np.einsum("tjp,tj->p", exact[:, :, : network.n_params], y_pred - y)
    np.testing.assert_allclose(total, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())

    def cost(p):
        error = simulate(network, p, u, np.array([0, len(u)]), float32=False)[0] - y
        return 0.5 * np.sum(error**2)

    step = 1e-6 * np.eye(network.n_params)
    difference = np.array([cost(params + d) - cost(params - d) for d in step]) / 2e-6
    np.testing.assert_allclose(total, difference, rtol=0, atol=1e-6 * np.abs(gradient).max())


@networks
def test_path_none_is_the_derivative_with_frozen_state(network):
    """Cut at the delay: h and c of the step before are numbers, not functions of the weights."""
    params, u, y = make_case(network, 6)
    online = OnlineNetwork(network, params, "none")
    online.run(u[:4])
    state = online.state
    found = pull(online, u[4], y[4])

    def cost(p):
        one = simulate(network, p, u[4:5], np.array([0, 1]), state[None], float32=False)[0]
        return 0.5 * np.sum((one - y[4]) ** 2)

    step = 1e-6 * np.eye(network.n_params)
    difference = np.array([cost(params + d) - cost(params - d) for d in step]) / 2e-6
    np.testing.assert_allclose(found, difference, rtol=0, atol=1e-6 * np.abs(found).max())


@networks
def test_trace_is_the_derivative_of_the_cell(network):
    """By the twin, in the places of the flat vector; gate o never enters c."""
    params, u, _ = make_case(network, 20)
    online, twin = OnlineNetwork(network, params), OnlineReference(network, params)
    online.run(u)
    for x in u:
        twin.step(x)
    weights = network.unpack(online.trace)
    for layer, trace in enumerate(twin.trace):
        flat = trace.reshape(-1, trace.shape[2])
        n_in = weights[f"lstm.{layer}.weight_ih"].shape[1]
        columns = {"bias": flat[:, 0], "weight_ih": flat[:, 1 : 1 + n_in]}
        columns["weight_hh"] = flat[:, 1 + n_in :]
        for name, expected in columns.items():
            found = weights[f"lstm.{layer}.{name}"]
            np.testing.assert_allclose(found[: len(flat)], expected, rtol=0, atol=1e-12)
            assert not found[len(flat) :].any()


@paths
def test_missing_targets_move_nothing_and_carry_everything(path):
    """A step that was not measured is a plain step, for the state and for the traces."""
    network = NETWORKS[5]
    params, u, y = make_case(network, 50)
    missing, plain = OnlineNetwork(network, params, path), OnlineNetwork(network, params, path)
    missing.learn_record(u, np.full_like(y, np.nan), 1.0)
    plain.run(u)
    np.testing.assert_array_equal(missing.params, params)
    assert missing.learn(u[0], np.array([np.inf, np.nan]), 1.0)[1] == 0.0
    plain.step(u[0])
    np.testing.assert_array_equal(missing.params, params)
    np.testing.assert_array_equal(missing.state, plain.state)
    np.testing.assert_array_equal(missing.trace, plain.trace)


def test_washout_drives_without_learning():
    """Targets inside the washout enter nothing."""
    network = NETWORKS[4]
    params, u, y = make_case(network, 60)
    online, other = OnlineNetwork(network, params), OnlineNetwork(network, params)
    y_pred = online.learn_record(u, y, 0.5, washout=25)
    y[:25] = np.nan
    np.testing.assert_array_equal(other.learn_record(u, y, 0.5), y_pred)
    np.testing.assert_array_equal(other.params, online.params)
    assert np.any(online.params != params)


def test_one_update_with_full_rate_shrinks_the_error_of_a_linear_model():
    """With weights that act linearly, e becomes e / (1 + |phi|^2) at the same sample."""
    network = Network(2, 1, (3,))
    online = OnlineNetwork(network, np.zeros(network.n_params))  # h stays zero: y = D u + d
    u, y = np.array([0.3, -2.0]), np.array([5.0])
    y_pred, norm2 = online.learn(u, y, 1.0)
    assert norm2 == pytest.approx(1.0 + 0.3**2 + 2.0**2)
    assert online.step(u) - y == pytest.approx((y_pred - y) / (1.0 + norm2))


def test_scalar_calls_are_the_array_calls():
    """Floats in and out for one input and one output, the same bits."""
    network = NETWORKS[4]
    params, u, y = make_case(network, 30)
    scalar, array = OnlineNetwork(network, params), OnlineNetwork(network, params)
    for t in range(0, 30, 2):
        assert scalar.learn_scalar(u[t, 0], y[t, 0], 0.5) == array.learn(u[t], y[t], 0.5)[0][0]
        assert scalar.step_scalar(u[t + 1, 0]) == array.step(u[t + 1])[0]
    np.testing.assert_array_equal(scalar.params, array.params)


def test_reset_forgets_state_and_traces_only():
    """After it, the run is that of a new network with the weights learned so far."""
    network = NETWORKS[4]
    params, u, y = make_case(network, 60)
    online = OnlineNetwork(network, params)
    online.learn_record(u, y, 0.5)
    learned = online.params
    online.reset()
    new = OnlineNetwork(network, learned)
    np.testing.assert_array_equal(online.learn_record(u, y, 0.5), new.learn_record(u, y, 0.5))
    np.testing.assert_array_equal(online.params, new.params)


def test_params_do_not_share_memory():
    """What goes in and what comes out are copies."""
    network = NETWORKS[0]
    params, u, y = make_case(network, 10)
    online, kept = OnlineNetwork(network, params), params.copy()
    out = online.params
    online.learn_record(u, y, 0.5)
    np.testing.assert_array_equal(params, kept)
    np.testing.assert_array_equal(out, kept)


def test_trace_survives_a_round_trip():
    """State and traces are all that a network needs to go on elsewhere."""
    network = NETWORKS[6]
    params, u, y = make_case(network, 80)
    online = OnlineNetwork(network, params)
    online.learn_record(u[:40], y[:40], 0.5)
    moved = OnlineNetwork(network, online.params)
    moved.state, moved.trace = online.state, online.trace
    expected = online.learn_record(u[40:], y[40:], 0.5)
    np.testing.assert_array_equal(moved.learn_record(u[40:], y[40:], 0.5), expected)


def test_calls_from_several_threads_take_turns():
    """Whole records release the interpreter lock; none may see another one's half-moved state."""
    network = NETWORKS[4]
    params, u, _ = make_case(network, 5000)
    shared, alone = OnlineNetwork(network, params), OnlineNetwork(network, params)
    expected = {alone.run(u).tobytes() for _ in range(8)}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shared.run(u).tobytes(), range(8)))
    assert set(found) == expected
    np.testing.assert_array_equal(shared.state, alone.state)


NETWORK = NETWORKS[5]  # 3 inputs, 2 outputs
BAD_CALLS = {
    "u short": lambda o: o.step(np.zeros(2)),
    "u 2-D": lambda o: o.step(np.zeros((1, 3))),
    "u list": lambda o: o.step([0.0, 0.0, 0.0]),
    "u NaN": lambda o: o.step(np.array([0.0, np.nan, 0.0])),
    "u infinite": lambda o: o.learn(np.array([0.0, np.inf, 0.0]), np.zeros(2), 0.5),
    "y short": lambda o: o.learn(np.zeros(3), np.zeros(1), 0.5),
    "eta negative": lambda o: o.learn(np.zeros(3), np.zeros(2), -0.1),
    "eta above one": lambda o: o.learn(np.zeros(3), np.zeros(2), 1.1),
    "eta NaN": lambda o: o.learn(np.zeros(3), np.zeros(2), np.nan),
    "scalar": lambda o: o.step_scalar(0.0),
    "scalar target": lambda o: o.learn_scalar(0.0, 0.0, 0.5),
    "record channels": lambda o: o.run(np.zeros((5, 2))),
    "record 1-D": lambda o: o.run(np.zeros(5)),
    "record NaN": lambda o: o.run(np.full((5, 3), np.nan)),
    "target channels": lambda o: o.learn_record(np.zeros((5, 3)), np.zeros((5, 1)), 0.5),
    "target steps": lambda o: o.learn_record(np.zeros((5, 3)), np.zeros((4, 2)), 0.5),
    "washout": lambda o: o.learn_record(np.zeros((5, 3)), np.zeros((5, 2)), 0.5, -1),
    "record eta": lambda o: o.learn_record(np.zeros((5, 3)), np.zeros((5, 2)), 2.0),
    "params": lambda o: setattr(o, "params", np.zeros(3)),
    "state": lambda o: setattr(o, "state", np.zeros((2, 3))),
    "state 1-D": lambda o: setattr(o, "state", np.zeros(42)),
    "trace": lambda o: setattr(o, "trace", np.zeros(3)),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_arguments_are_refused_and_move_nothing(call):
    """A wrong shape or a sample that is not finite never reaches the kernel."""
    params, u, _ = make_case(NETWORK, 5)
    online = OnlineNetwork(NETWORK, params)
    online.run(u)
    state, trace = online.state, online.trace
    with pytest.raises((ValueError, TypeError)):
        call(online)
    np.testing.assert_array_equal(online.params, params)
    np.testing.assert_array_equal(online.state, state)
    np.testing.assert_array_equal(online.trace, trace)


def test_unknown_path_and_short_params_are_refused():
    """At construction."""
    with pytest.raises(ValueError, match="path must be one of"):
        OnlineNetwork(NETWORK, np.zeros(NETWORK.n_params), "time")
    with pytest.raises(ValueError, match="params"):
        OnlineNetwork(NETWORK, np.zeros(3))
