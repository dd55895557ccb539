"""The compiled free run against the judge."""

import numpy as np
import pytest
from core_problems import PROBLEMS, relative_error

from fastlstm._core import simulate
from fastlstm.network import Network

ids = {"ids": lambda p: p.name}
TOLERANCE = {False: 1e-13, True: 2e-6}
precision = pytest.mark.parametrize("float32", [False, True], ids=["float64", "float32"])


def alike(problem, n_records):
    """Repeat the first record of a problem, each time two steps shorter."""
    lengths = [max(1, problem.lengths[0] - 2 * k) for k in range(n_records)]
    u = np.concatenate([problem.u[:n] for n in lengths])
    state0 = np.repeat(problem.state0[:1], n_records, axis=0)
    return lengths, u, np.concatenate([[0], np.cumsum(lengths)]), state0


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_matches_reference(variant, problem, float32):
    """Few records run one after another with their units in the vector."""
    y, state = simulate(*problem.inputs(), problem.state0, float32=float32)
    assert relative_error(y, problem.free_run[0]) < TOLERANCE[float32]
    assert relative_error(state, problem.free_run[1]) < TOLERANCE[float32]


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_matches_reference_when_records_fill_the_lanes(variant, problem, float32):
    """Many records run one per vector lane; lanes of shorter records end early."""
    lengths, u, offsets, state0 = alike(problem, 21)
    y, state = simulate(problem.network, problem.params, u, offsets, state0, float32=float32)
    for start, n in zip(offsets, lengths, strict=False):
        exact = problem.free_run[0][:n]
        assert relative_error(y[start : start + n], exact) < 2 * TOLERANCE[float32]
    assert relative_error(state[0], problem.free_run[1][0]) < TOLERANCE[float32]


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_gives_same_bits_when_threads_share_records(problem, float32):
    """Threads split records and never the sums inside one."""
    _, u, offsets, state0 = alike(problem, 37)
    args = problem.network, problem.params, u, offsets, state0
    one = simulate(*args, float32=float32)
    for n_threads in (2, 3, 64):
        many = simulate(*args, float32=float32, n_threads=n_threads)
        for a, b in zip(one, many, strict=True):
            np.testing.assert_array_equal(a, b)


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_continues_from_final_state(variant, problem, float32):
    """The final state is all a record needs to go on: two halves give the bits of the whole."""
    u, cut = problem.u[: problem.lengths[0]], problem.lengths[0] // 3
    args, state0 = (problem.network, problem.params), problem.state0[:1]
    whole, final = simulate(*args, u, np.array([0, len(u)]), state0, float32=float32)
    head, middle = simulate(*args, u[:cut], np.array([0, cut]), state0, float32=float32)
    tail, end = simulate(*args, u[cut:], np.array([0, len(u) - cut]), middle, float32=float32)
    np.testing.assert_array_equal(np.concatenate([head, tail]), whole)
    np.testing.assert_array_equal(end, final)


@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_starts_at_rest_when_no_state_is_given(variant, problem):
    """No state means zeros."""
    rest = simulate(*problem.inputs(), np.zeros_like(problem.state0), float32=False)
    for a, b in zip(simulate(*problem.inputs(), float32=False), rest, strict=True):
        np.testing.assert_array_equal(a, b)


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_keeps_state_when_record_is_empty(variant, problem, float32):
    """No step, no change; with no record at all there is nothing to return."""
    network, params, u, _ = problem.inputs()
    state0 = problem.state0[:1].astype(np.float32).astype(float)
    y, state = simulate(network, params, u[:0], np.array([0, 0]), state0, float32=float32)
    assert y.shape == (0, network.n_outputs)
    np.testing.assert_array_equal(state, state0)
    y, state = simulate(network, params, u[:0], np.array([0]), float32=float32)
    assert y.shape == (0, network.n_outputs)
    assert state.shape == (0, 2, network.n_units)


def gated_unit(candidate, output_gate):
    """One unit with input gate 1 and forget gate 0: h = sigmoid(output_gate u) tanh(tanh(g u))."""
    network = Network(1, 1, (1,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["lstm.0.weight_ih"][2] = candidate
    weights["lstm.0.weight_ih"][3] = output_gate
    weights["lstm.0.bias"][:] = [80.0, -80.0, 0.0, 0.0 if output_gate else 80.0]
    weights["readout.hidden"][:] = 1.0
    return network, network.pack(weights)


def both_signs(exponents):
    magnitude = np.logspace(*exponents, 4001, dtype=np.float32).astype(float)
    return np.stack([magnitude, -magnitude], axis=1).reshape(-1, 1)


@pytest.mark.parametrize(("float32", "bound"), [(False, 1e-15), (True, 1.5e-6)])
def test_tanh_keeps_relative_accuracy(variant, float32, bound):
    """From the smallest signal to full saturation, so that quiet states keep their digits."""
    network, params = gated_unit(candidate=1.0, output_gate=0.0)
    u = both_signs((-30, 4))
    y, _ = simulate(network, params, u, np.array([0, len(u)]), float32=float32)
    assert np.abs(y / np.tanh(np.tanh(u)) - 1).max() < bound


@pytest.mark.parametrize(("float32", "bound"), [(False, 1e-15), (True, 1e-6)])
def test_tanh_keeps_relative_accuracy_when_state_is_given(variant, float32, bound):
    """One step of many records, c0 swept: the lane-parallel run uses the same functions."""
    network, params = gated_unit(candidate=0.0, output_gate=0.0)
    weights = network.unpack(params)
    weights["lstm.0.bias"][1] = 80.0  # remember: h = tanh(c0)
    c0 = both_signs((-30, 4))
    state0 = np.stack([np.zeros_like(c0), c0], axis=1)
    u, offsets = np.zeros((len(c0), 1)), np.arange(len(c0) + 1)
    y, _ = simulate(network, params, u, offsets, state0, float32=float32)
    assert np.abs(y / np.tanh(c0) - 1).max() < bound


@pytest.mark.parametrize(("float32", "bound"), [(False, 2e-16), (True, 2e-7)])
def test_sigmoid_is_accurate_and_stays_within_zero_and_one(variant, float32, bound):
    """A gate is a factor: its absolute error counts, and it must never amplify."""
    network, params = gated_unit(candidate=0.0, output_gate=1.0)
    weights = network.unpack(params)
    weights["lstm.0.bias"][2] = 80.0  # g = 1, c = 1
    u = both_signs((-3, 4))
    y, _ = simulate(network, params, u, np.array([0, len(u)]), float32=float32)
    gate = y / np.tanh(1.0)
    assert np.abs(gate - 1 / (1 + np.exp(-np.clip(u, -700, 700)))).max() < 2 * bound
    assert gate.min() >= 0 and gate.max() <= 1 + 2 * bound


@precision
@pytest.mark.parametrize("problem", PROBLEMS, **ids)
def test_simulate_stays_finite_when_input_is_huge(variant, problem, float32):
    """Saturated gates, not overflow."""
    y, state = simulate(
        problem.network, problem.params, 1e30 * problem.u, problem.offsets, float32=float32
    )
    assert np.isfinite(y).all() and np.isfinite(state).all()


@precision
@pytest.mark.parametrize("n_records", [1, 16])
def test_simulate_shows_nan_when_a_weight_is_nan(variant, n_records, float32):
    """A clipped NaN would look like a saturated gate and hide a failed step of a solver."""
    problem = PROBLEMS[1]
    params = problem.params.copy()
    params[0] = np.nan
    _, u, offsets, state0 = alike(problem, n_records)
    y, state = simulate(problem.network, params, u, offsets, state0, float32=float32)
    assert np.isnan(y).all() and np.isnan(state[:, :, 0]).all()
