import numpy as np
import pytest

from fastlstm import _core
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.objective import Objective
from fastlstm.stability import StabilityConstraint
from fastlstm.starts.near_linear import solve_readout
from problems import PROBLEMS, teacher_params


def make_objective(known, **kwargs):
    problem = known.problem
    plan = _core.plan_rows(problem.train.offsets, washout=30, stride=3, float32=False)
    settings = {"memory": 2000, "alpha": 0.1, "float32": False}
    return Objective(problem.network, problem.train, plan, **{**settings, **kwargs})


@pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)
def test_gradient_is_the_derivative_of_the_cost(known, rng):
    """With the whole record in memory the gradient is exact, ridge and strides included."""
    anchor = rng.normal(size=known.problem.network.n_params)
    objective = make_objective(known, anchor=anchor)
    params = teacher_params(known.problem.network, seed=5)
    gradient = objective.normal_equations(params).gradient
    direction = rng.normal(size=len(params))
    step = 1e-5
    slope = objective.cost(params + step * direction) - objective.cost(params - step * direction)
    assert 2 * gradient @ direction == pytest.approx(slope / (2 * step), rel=1e-5)


def test_gram_is_the_product_of_the_rows():
    """J'J of the objective is that of the Jacobian rows plus the ridge."""
    objective = make_objective(PROBLEMS[1])
    params = teacher_params(objective.network, seed=5)
    rows = _core.jacobian(
        objective.network,
        params,
        objective.records.u,
        objective.records.offsets,
        objective.plan,
        memory=2000,
        float32=False,
    ).rows
    want = rows.T @ rows + 0.1 * np.eye(len(params))
    gram = objective.normal_equations(params).gram
    np.testing.assert_allclose(np.triu(gram), np.triu(want), rtol=1e-10, atol=1e-10)


def test_objective_sums_blocks_to_the_same_equations(monkeypatch):
    """Memory is bounded by cutting the rows into blocks; the sums do not notice."""
    objective = make_objective(PROBLEMS[0])
    params = teacher_params(objective.network, seed=5)
    whole = objective.normal_equations(params)
    monkeypatch.setattr("fastlstm.solvers.objective._BYTES_PER_BLOCK", 1)
    parts = objective.normal_equations(params)
    np.testing.assert_allclose(np.triu(parts.gram), np.triu(whole.gram), rtol=1e-11)
    np.testing.assert_allclose(parts.gradient, whole.gradient, rtol=1e-9, atol=1e-9)


def test_cost_is_infinite_when_the_free_run_is_not_finite():
    """A wild trial step is a rejected step."""
    objective = make_objective(PROBLEMS[0])
    assert objective.cost(np.full(objective.network.n_params, np.inf)) == np.inf


def test_descend_decreases_the_cost_until_the_teacher_is_found(rng):
    """From close by, Gauss-Newton converges to the teacher, down to the size of the ridge."""
    objective = make_objective(PROBLEMS[0], alpha=1e-9)
    network, records = objective.network, objective.records
    # The problem's outputs are standardised; the readout of the teacher has to follow.
    params = solve_readout(network, teacher_params(network, seed=0), records)
    params = params + 0.01 * rng.normal(size=len(params))
    state = DescentState(params, objective.cost(params))
    for _ in range(60):
        state, before = descend(objective, state), state.cost
        assert state.cost <= before
        if state.stalled:
            break
    assert objective.rmse(state.params, state.cost) < 1e-4


def test_descend_reports_a_stall_when_no_step_helps():
    """At the minimum nothing decreases, and the caller is told."""
    objective = make_objective(PROBLEMS[0], alpha=1e12)
    params = np.zeros(objective.network.n_params)
    state = DescentState(params, objective.cost(params))
    for _ in range(50):
        state = descend(objective, state)
        if state.stalled:
            break
    assert state.stalled


def constrained(known, **kwargs):
    network = known.problem.network
    limit = 3.0 * np.ones(network.n_inputs)
    constraint = StabilityConstraint(network, -limit, limit)
    return make_objective(known, constraint=constraint, constraint_weight=20.0, **kwargs)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_gradient_includes_the_stability_penalty(rng, shift):
    """Slope of the cost along a direction, with two violated layers."""
    objective = constrained(PROBLEMS[1], constraint_shift=shift)
    params = teacher_params(objective.network, seed=5)
    assert np.all(objective.constraint.violation(params) > 0)
    equations = objective.normal_equations(params)
    without = make_objective(PROBLEMS[1]).normal_equations(params)
    assert not np.allclose(equations.gradient, without.gradient, rtol=0.01)
    direction, step = rng.normal(size=len(params)), 1e-5
    slope = objective.cost(params + step * direction) - objective.cost(params - step * direction)
    assert 2 * equations.gradient @ direction == pytest.approx(slope / (2 * step), rel=1e-4)


def test_penalty_is_the_weighted_square_of_the_violation_and_no_part_of_the_rmse():
    """The cost grows by w (e + shift)^2 per layer; the RMSE stays that of the free run."""
    shift = np.array([0.1, 0.2])
    objective, plain = constrained(PROBLEMS[1], constraint_shift=shift), make_objective(PROBLEMS[1])
    params = teacher_params(objective.network, seed=5)
    cost, cost_plain = objective.cost(params), plain.cost(params)
    violation = objective.constraint.violation(params) + shift
    assert cost - cost_plain == pytest.approx(20.0 * violation @ violation)
    assert objective.rmse(params, cost) == pytest.approx(plain.rmse(params, cost_plain))


def test_satisfied_constraint_changes_no_bit():
    """Inside, the constrained objective is the other one."""
    objective, plain = constrained(PROBLEMS[1]), make_objective(PROBLEMS[1])
    params = objective.constraint.project(teacher_params(objective.network, seed=5))
    assert objective.cost(params) == plain.cost(params)
    ours, theirs = objective.normal_equations(params), plain.normal_equations(params)
    np.testing.assert_array_equal(ours.gram, theirs.gram)
    np.testing.assert_array_equal(ours.gradient, theirs.gradient)


def test_cost_is_infinite_where_a_bound_overflows():
    """A forget gate that saturates in float64 is a rejected step."""
    objective = constrained(PROBLEMS[0])
    network = objective.network
    params = teacher_params(network, seed=5)
    bias = params[network.layout["lstm.0.bias"][0]]
    bias[network.hidden_sizes[0] : 2 * network.hidden_sizes[0]] = 1e4
    assert objective.cost(params) == np.inf
