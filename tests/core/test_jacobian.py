"""Finite-memory adjoint rows against forward sensitivities and finite differences."""

from functools import cache

import numpy as np
import pytest
from core_problems import PROBLEMS, CoreProblem, relative_error

from fastlstm._core import Workspace, jacobian, plan_rows, reference, simulate
from fastlstm.network import Network

problems = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
TOLERANCE = {False: 1e-12, True: 2e-5}
precision = pytest.mark.parametrize("float32", [False, True], ids=["float64", "float32"])


def compute(problem, plan, **options):
    options = {"memory": 1000, "state0": problem.state0, **options}
    return jacobian(*problem.inputs(), plan, **options)


@cache
def truncated_row(problem, t, memory):
    """Exact row t of the first record, run from the state it had `memory` steps before."""
    network, params, u, _ = problem.inputs()
    start = max(0, t + 1 - memory)
    state0 = problem.state0[:1]
    state = reference.simulate(network, params, u[:start], np.array([0, start]), state0)[1]
    jacobian = reference.jacobian_forward(network, params, u[start : t + 1], state[0])[1]
    return jacobian[-1, :, : network.n_params]


@precision
@problems
def test_rows_match_forward_sensitivities(variant, problem, float32):
    """With all the memory there is the adjoint is the other order of the same chain rule."""
    plan = plan_rows(problem.offsets, float32=float32)
    found = compute(problem, plan, with_state=True, float32=float32)
    n_params = problem.network.n_params
    exact = problem.expected_rows(plan, n_params + 2 * problem.network.n_units)
    assert relative_error(found.rows, exact[:, :n_params]) < TOLERANCE[float32]
    assert relative_error(found.state_rows, exact[:, n_params:]) < TOLERANCE[float32]
    assert relative_error(found.y, problem.free_run[0]) < TOLERANCE[float32]


@precision
@problems
def test_rows_match_forward_sensitivities_when_strided(variant, problem, float32):
    """The window slides by the stride from block to block; a washout moves its start."""
    plan = plan_rows(problem.offsets, washout=1, stride=3, phase=1, float32=float32)
    found = compute(problem, plan, float32=float32)
    exact = problem.expected_rows(plan, problem.network.n_params)
    assert relative_error(found.rows, exact) < TOLERANCE[float32]
    assert found.state_rows.shape == (0, 2 * problem.network.n_units)


@problems
def test_rows_match_forward_sensitivities_when_steps_are_scattered(variant, problem):
    """Rows at uneven distance cannot reuse the window; the answer must not notice."""
    n_total = problem.offsets[-1]
    steps = np.flatnonzero(np.random.default_rng(0).random(n_total) < 0.4)
    plan = plan_rows(problem.offsets, steps=np.union1d(steps, n_total - 1), float32=False)
    found = compute(problem, plan, float32=False)
    assert relative_error(found.rows, problem.expected_rows(plan, problem.network.n_params)) < 1e-12


@problems
def test_rows_match_finite_differences(problem):
    """Central differences of the compiled free run itself, along random directions."""
    network, params, u, offsets = problem.inputs()
    plan = plan_rows(offsets, float32=False)
    rows = compute(problem, plan, float32=False).rows[np.repeat(plan.mask, network.n_outputs)]
    at = plan.step.ravel()[plan.mask]
    for direction in np.random.default_rng(5).normal(size=(5, network.n_params)):
        ahead, behind = (
            simulate(network, params + e * direction, u, offsets, problem.state0, float32=False)[0]
            for e in (1e-6, -1e-6)
        )
        slope = ((ahead - behind) / 2e-6)[at].ravel()
        assert relative_error(rows @ direction, slope) < 1e-7


@problems
@pytest.mark.parametrize("memory", [1, 2, 5])
def test_rows_treat_older_state_as_constant_when_memory_is_short(variant, problem, memory):
    """M steps back the sweep stops: the row of a run started there from the state it had."""
    steps = np.unique([0, problem.lengths[0] // 2, problem.lengths[0] - 1])
    plan = plan_rows(problem.offsets, steps=steps, float32=False)
    rows = compute(problem, plan, memory=memory, float32=False).rows
    rows = rows.reshape(-1, problem.network.n_outputs, problem.network.n_params)
    for t, row in zip(plan.step.ravel()[plan.mask], rows[plan.mask], strict=True):
        assert relative_error(row, truncated_row(problem, int(t), memory)) < 1e-12


@pytest.mark.parametrize("memory", [4, 16, 32])
def test_rows_lose_as_much_as_the_forget_gate_keeps_when_memory_is_short(memory):
    """Without recurrent weights only c carries the past, and it fades as f^M."""
    network = Network(1, 1, (6,))
    weights = network.unpack(np.random.default_rng(6).normal(scale=0.5, size=network.n_params))
    weights["lstm.0.weight_hh"][:] = 0.0
    weights["lstm.0.weight_ih"][6:12] = 0.0
    weights["lstm.0.bias"][6:12] = np.log(3.0)  # f = 3/4
    params = network.pack(weights)
    u = np.random.default_rng(7).normal(size=(80, 1))
    offsets = np.array([0, 80])
    plan = plan_rows(offsets, washout=60, float32=False)
    exact, short = (
        jacobian(network, params, u, offsets, plan, memory=m, float32=False).rows
        for m in (80, memory)
    )
    lost = np.abs(exact - short).max()
    assert 0.01 * 0.75**memory < lost < np.abs(exact).max() * 0.75**memory / (1 - 0.75)


@problems
def test_rows_have_same_bits_when_memory_exceeds_the_record(variant, problem):
    """There is nothing before the record to remember."""
    plan = plan_rows(problem.offsets, stride=2)
    enough = compute(problem, plan, memory=max(problem.lengths)).rows
    for memory in (max(problem.lengths) + 1, 10_000, 2**62):
        np.testing.assert_array_equal(compute(problem, plan, memory=memory).rows, enough)


@precision
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_rows_have_same_bits_when_window_slides_far(variant, stride, float32):
    """Sliding saves work only: rows too far apart to share a window give the same bits."""
    problem = CoreProblem("long", Network(2, 1, (3, 4), (2,)), (900,))
    memory = 6

    def rows_by_step(**grid):
        plan = plan_rows(problem.offsets, float32=float32, **grid)
        rows = compute(problem, plan, memory=memory, float32=float32).rows
        return dict(zip(plan.step.ravel()[plan.mask].tolist(), rows[plan.mask], strict=True))

    apart = {}
    for phase in range(memory + 1):
        apart |= rows_by_step(stride=memory + 1, phase=phase)
    assert len(apart) == 900
    for step, row in rows_by_step(stride=stride).items():
        np.testing.assert_array_equal(row, apart[step])


@precision
@problems
def test_rows_have_same_bits_when_threads_share_blocks(problem, float32):
    """Every block is computed alone, whoever computes it and whatever stood in its memory."""
    plan = plan_rows(problem.offsets, float32=float32)
    one = compute(problem, plan, memory=6, with_state=True, float32=float32)
    for n_threads in (2, 3, 100):
        many = compute(
            problem, plan, memory=6, with_state=True, float32=float32, n_threads=n_threads
        )
        np.testing.assert_array_equal(many.y, one.y)
        np.testing.assert_array_equal(many.rows, one.rows)
        np.testing.assert_array_equal(many.state_rows, one.state_rows)


def test_rows_have_same_bits_when_workspace_is_reused(variant):
    """A workspace lends memory, never values; it serves problems of all sizes in any order."""
    workspace = Workspace()
    for problem in [*PROBLEMS, *reversed(PROBLEMS)]:
        for float32 in (True, False):
            plan = plan_rows(problem.offsets, stride=2, float32=float32)
            options = {"memory": 7, "with_state": True, "float32": float32}
            fresh = compute(problem, plan, **options)
            reused = compute(problem, plan, **options, workspace=workspace)
            np.testing.assert_array_equal(reused.rows, fresh.rows)
            np.testing.assert_array_equal(reused.state_rows, fresh.state_rows)
            np.testing.assert_array_equal(reused.y, fresh.y)


def test_rows_live_as_long_as_their_array():
    """The rows keep their memory alive, whether the workspace is gone or has grown since."""
    small = PROBLEMS[1]
    large = CoreProblem("long", small.network, (500,))
    plan = plan_rows(small.offsets)
    workspace = Workspace()
    kept = compute(small, plan, workspace=workspace, with_state=True)
    rows, state_rows = kept.rows.copy(), kept.state_rows.copy()
    large_plan = plan_rows(large.offsets)
    for _ in range(5):
        compute(large, large_plan, memory=1, workspace=workspace, with_state=True)
    del workspace
    compute(small, plan, memory=1)
    np.testing.assert_array_equal(kept.rows, rows)
    np.testing.assert_array_equal(kept.state_rows, state_rows)


@precision
@problems
def test_padding_rows_are_zero(variant, problem, float32):
    """Padding must not add to a Gram matrix."""
    plan = plan_rows(problem.offsets, steps=np.array([0, problem.offsets[-1] - 1]), float32=float32)
    found = compute(problem, plan, with_state=True, float32=float32)
    padding = np.repeat(~plan.mask, problem.network.n_outputs)
    assert not found.rows[padding].any()
    assert not found.state_rows[padding].any()
    assert np.isfinite(found.rows).all()


@problems
def test_float32_rows_keep_five_digits_when_record_is_long(variant, problem):
    """Rounding does not pile up along the sweep: a contracting network forgets it."""
    u = np.random.default_rng(8).normal(size=(300, problem.network.n_inputs))
    args = problem.network, problem.params, u, np.array([0, 300])
    rows = {}
    for float32 in (True, False):
        plan = plan_rows(args[3], steps=np.arange(200, 296), float32=float32)
        computed = jacobian(*args, plan, memory=200, float32=float32).rows
        order = np.argsort(plan.step.ravel(), kind="stable")
        rows[float32] = computed.reshape(plan.step.size, -1)[order[plan.mask[order]]]
    assert relative_error(rows[True], rows[False]) < 1e-5
