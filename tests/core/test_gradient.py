"""The gradient kernel against the judge, the Jacobian rows and finite differences."""

import numpy as np
import pytest
from core_problems import PROBLEMS, CoreProblem, relative_error

from fastlstm._core import Workspace, gradient, jacobian, plan_rows, simulate
from fastlstm._core.reference_gradient import gradient as reference
from fastlstm.network import Network

EXTRA = [
    CoreProblem("three-layers-two-heads", Network(2, 2, (5, 3, 4), (4, 3)), (17, 5, 26, 0, 1)),
    CoreProblem("fills-lanes", Network(1, 2, (3,), ()), tuple(range(40, 3, -1))),
]
problems = pytest.mark.parametrize("problem", PROBLEMS + EXTRA, ids=lambda p: p.name)
precision = pytest.mark.parametrize("float32", [False, True], ids=["float64", "float32"])
paths = pytest.mark.parametrize("path", ["full", "cell", "none"])
TOLERANCE = {False: 1e-11, True: 3e-5}


def targets(problem, share_missing=0.2):
    """Measured outputs, some of them missing, whole steps and single channels."""
    rng = np.random.default_rng(4)
    y = rng.normal(size=(problem.offsets[-1], problem.network.n_outputs))
    y[rng.random(y.shape) < share_missing] = np.nan
    y[rng.random(len(y)) < share_missing / 2] = np.nan
    return y


def compute(problem, y, **options):
    network, params, u, offsets = problem.inputs()
    return gradient(network, params, u, y, offsets, **{"state0": problem.state0, **options})


def exact(problem, y, washout, path):
    network, params, u, offsets = problem.inputs()
    return reference(network, params, u, y, offsets, washout, path, problem.state0)


@paths
@precision
@problems
def test_gradient_matches_reference(variant, problem, float32, path):
    """Unequal records side by side, missing measurements, a washout longer than some records."""
    y = targets(problem)
    found = compute(problem, y, washout=3, path=path, float32=float32)
    cost, n_scored, expected, final = exact(problem, y, 3, path)
    assert found.n_scored == n_scored
    assert found.cost == pytest.approx(cost, rel=TOLERANCE[float32])
    assert relative_error(found.gradient, expected) < TOLERANCE[float32]
    assert relative_error(found.final_state, final) < TOLERANCE[float32]


@pytest.mark.parametrize("length", [15, 16, 17, 33, 700])
@paths
def test_gradient_matches_reference_when_record_is_long(variant, length, path):
    """Chunks, stretches and intermediate sums begin and end anywhere in a record."""
    problem = CoreProblem("long", Network(2, 1, (4, 3), (3,)), (length, length // 2))
    y = targets(problem)
    found = compute(problem, y, path=path, float32=False)
    assert relative_error(found.gradient, exact(problem, y, 0, path)[2]) < 1e-10


@paths
def test_gradient_matches_reference_when_record_runs_forward_twice(path):
    """Beyond 2048 steps only the state between stretches is kept; one record ends at a border."""
    problem = CoreProblem("very long", Network(1, 1, (2, 1)), (4200, 2048, 2049))
    y = targets(problem)
    found = compute(problem, y, washout=70, path=path, float32=False)
    cost, n_scored, expected, final = exact(problem, y, 70, path)
    assert (found.cost, found.n_scored) == (pytest.approx(cost, rel=1e-11), n_scored)
    assert relative_error(found.gradient, expected) < 1e-10
    assert relative_error(found.final_state, final) < 1e-11


@problems
def test_full_gradient_equals_rows_times_errors(problem):
    """J'r with all the rows and all the memory is the same gradient."""
    network, params, u, offsets = problem.inputs()
    y = targets(problem, share_missing=0.0)
    plan = plan_rows(offsets, float32=False)
    rows = jacobian(
        network, params, u, offsets, plan, memory=1000, state0=problem.state0, float32=False
    )
    expected = rows.rows.T @ plan.take(rows.y - y).ravel()
    found = compute(problem, y, float32=False)
    assert relative_error(found.gradient, expected) < 1e-11
    assert found.cost == pytest.approx(np.sum((rows.y - y) ** 2), rel=1e-12)


@problems
def test_full_gradient_matches_finite_differences(problem):
    """Central differences of the cost of the compiled free run, along random directions."""
    network, params, u, offsets = problem.inputs()
    y = targets(problem)
    found = compute(problem, y, float32=False)

    def cost(at):
        y_sim, _ = simulate(network, at, u, offsets, problem.state0, float32=False)
        return np.nansum((y_sim - y) ** 2)

    assert found.cost == pytest.approx(cost(params), rel=1e-12)
    directions = np.random.default_rng(5).normal(size=(5, network.n_params))
    slopes = [(cost(params + 1e-6 * d) - cost(params - 1e-6 * d)) / 4e-6 for d in directions]
    assert relative_error(directions @ found.gradient, np.array(slopes)) < 1e-6


@paths
def test_paths_agree_when_records_have_one_step(path):
    """With nothing behind it a step has no path back in time."""
    network = Network(2, 1, (5, 4), (3,))
    problem = CoreProblem("single steps", network, (1,) * 9)
    y = targets(problem, share_missing=0.0)
    full = compute(problem, y, float32=False)
    assert relative_error(compute(problem, y, path=path, float32=False).gradient, full.gradient) < (
        1e-13
    )


@paths
@precision
def test_gradient_gives_same_bits_for_any_number_of_threads(float32, path):
    """Threads take groups of records; groups are summed in their order."""
    problem = CoreProblem("many", Network(1, 1, (5, 4), (3,)), tuple(range(5, 75)))
    y = targets(problem)
    one = compute(problem, y, path=path, float32=float32)
    for n_threads in (2, 3, 64):
        many = compute(problem, y, path=path, float32=float32, n_threads=n_threads)
        np.testing.assert_array_equal(many.gradient, one.gradient)
        np.testing.assert_array_equal(many.final_state, one.final_state)
        assert (many.cost, many.n_scored) == (one.cost, one.n_scored)


@paths
def test_gradient_does_not_depend_on_what_a_workspace_held(path):
    """Memory is reused as it is found: every element must be written before it is read."""
    space = Workspace()
    for problem in (PROBLEMS[5], PROBLEMS[1], EXTRA[0], PROBLEMS[1]):
        y = targets(problem)
        fresh = compute(problem, y, path=path)
        compute(problem, np.full_like(y, 1e30), path=path, workspace=space)
        reused = compute(problem, y, path=path, workspace=space)
        np.testing.assert_array_equal(reused.gradient, fresh.gradient)


@paths
def test_gradient_is_zero_when_nothing_is_scored(path):
    """A washout as long as the records, or no measurement at all."""
    problem = PROBLEMS[1]
    y = targets(problem)
    for found in (
        compute(problem, y, washout=1000, path=path),
        compute(problem, np.full_like(y, np.nan), path=path),
    ):
        assert (found.cost, found.n_scored) == (0.0, 0)
        assert not found.gradient.any()


@paths
def test_washout_is_the_same_as_missing_measurements(path):
    """Steps that are not scored drive the state, and gradients flow through them all the same."""
    problem = EXTRA[1]
    y = targets(problem)
    missing = y.copy()
    for start, stop in zip(problem.offsets[:-1], problem.offsets[1:], strict=True):
        missing[start : min(start + 7, stop)] = np.nan
    found, expected = (
        compute(problem, y, washout=7, path=path),
        compute(problem, missing, path=path),
    )
    np.testing.assert_array_equal(found.gradient, expected.gradient)
    assert (found.cost, found.n_scored) == (expected.cost, expected.n_scored)


@paths
def test_gradient_keeps_state_when_there_is_no_step(path):
    """No record, or empty ones: nothing to add, and the state stays."""
    problem = PROBLEMS[1]
    network, params, u, _ = problem.inputs()
    y = np.zeros((0, 1))
    found = gradient(network, params, u[:0], y, np.array([0]), path=path)
    assert (found.cost, found.n_scored) == (0.0, 0) and not found.gradient.any()
    state0 = problem.state0[:2].astype(np.float32).astype(float)
    found = gradient(network, params, u[:0], y, np.array([0, 0, 0]), path=path, state0=state0)
    np.testing.assert_array_equal(found.final_state, state0)


@precision
def test_gates_are_accurate_to_rounding(variant, float32):
    """From rest with c0 given, h is sigmoid(z_o) tanh(c0) when the forget gate is open."""
    network = Network(1, 1, (1,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["lstm.0.weight_ih"][3] = 1.0
    weights["lstm.0.bias"][:] = [-80.0, 80.0, 0.0, 0.0]
    size = np.logspace(-6, 3, 181, dtype=np.float32).astype(float)
    signed = np.r_[-size, size]
    z, c0 = (x.reshape(-1, 1) for x in np.meshgrid(signed, signed))
    state0 = np.stack([np.zeros_like(c0), c0], axis=1)
    offsets, nothing = np.arange(len(z) + 1), np.full_like(z, np.nan)
    params = network.pack(weights)
    found = gradient(network, params, z, nothing, offsets, state0=state0, float32=float32)
    exact = np.tanh(c0) / (1.0 + np.exp(-np.clip(z, -700, 700)))
    assert np.abs(found.final_state[:, 0] - exact).max() < (6e-7 if float32 else 1e-15)


@paths
@precision
def test_gradient_stays_finite_when_input_is_huge(variant, float32, path):
    """Saturated gates have no slope; nothing overflows on the way."""
    network, params, u, offsets = PROBLEMS[1].inputs()
    weights = network.unpack(params.copy())
    weights["readout.input"][:] = 0.0
    y = targets(PROBLEMS[1])
    found = gradient(
        network, network.pack(weights), 1e15 * u, y, offsets, path=path, float32=float32
    )
    assert np.isfinite(found.cost) and np.isfinite(found.gradient).all()


@paths
def test_gradient_shows_nan_when_a_weight_is_nan(path):
    """A cost that looks finite would hide a step that went too far."""
    problem = PROBLEMS[1]
    params = problem.params.copy()
    params[0] = np.nan
    network, _, u, offsets = problem.inputs()
    found = gradient(network, params, u, targets(problem, 0.0), offsets, path=path)
    assert np.isnan(found.cost) and np.isnan(found.gradient).any()
