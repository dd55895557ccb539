"""Cost and gradient of all rows beside the curvature of a part of them."""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.loss import LOSSES
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.row_choice import strided_plan
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.full_gradient import FullGradient
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.partly_frozen import PartlyFrozen
from fastlstm.stability import StabilityConstraint
from fastlstm.weights import weighed
from problems import teacher_params, teacher_records

NETWORK = Network(2, 2, (3, 2), (2,))
WASHOUT, MEMORY = 7, 150


def objective_of(records, stride, loss="squared", network=NETWORK):
    plan = strided_plan(records, WASHOUT, stride, float32=False)
    return Objective(network, records, plan, MEMORY, 0.1, loss=LOSSES[loss], float32=False)


def full_gradient(records, stride=5, **kwargs):
    part, whole = (objective_of(records, one, **kwargs) for one in (stride, 1))
    return FullGradient(part, whole, WASHOUT)


@pytest.fixture
def records():
    """Of a network that forgets within the memory; records shorter than a window among them."""
    return teacher_records(NETWORK, [9000, 5, 90, 1200], seed=3)


@pytest.fixture
def missing(records, rng):
    """Three outputs in ten missing, the others of unequal weight, some far off."""
    y_list = [y.copy() for y in records.split(records.y)]
    for y in y_list:
        y[rng.uniform(size=y.shape) < 0.3] = np.nan
        y[::9] *= 30.0
    given = Records.from_lists(records.split(records.u), y_list)
    return weighed(given, rng.uniform(0.5, 2.0, given.n_total), np.array([1.0, 3.0]))


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("of", ["records", "missing"])
def test_gradient_is_that_of_all_rows(of, loss, request):
    """As if all were in the matrix, whatever counts how much; the lead-in leaves a trace."""
    objective = full_gradient(request.getfixturevalue(of), loss=loss)
    params = teacher_params(NETWORK, seed=8)
    found = objective.normal_equations(params).gradient
    wanted = objective.whole.normal_equations(params).gradient
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    sampled = objective.part.normal_equations(params).gradient
    assert np.abs(5.0 * sampled - wanted).max() > 1e-3 * np.abs(wanted).max()


def test_cost_and_error_are_those_of_all_rows(records):
    """So that a step is accepted on what is minimised."""
    objective, params = full_gradient(records), teacher_params(NETWORK, seed=8)
    cost = objective.whole.cost(params)
    assert objective.cost(params) == cost
    assert objective.rmse(params, cost) == objective.whole.rmse(params, cost)
    assert objective.whole.n_residuals == 2 * int(records.scored(WASHOUT).sum())


def test_matrix_is_scaled_to_all_rows(records):
    """Plus the ridge once; rows and residuals that bend the step are scaled alike."""
    objective, params = full_gradient(records), teacher_params(NETWORK, seed=8)
    equations = objective.normal_equations(params)
    factor = objective.whole.n_residuals / objective.part.n_residuals
    rows = np.concatenate(equations.rows)
    plain = objective.part.row_equations(params).gram
    wanted = factor * plain + 0.1 * np.eye(NETWORK.n_params)
    np.testing.assert_allclose(np.triu(equations.gram), np.triu(wanted), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.triu(rows.T @ rows), factor * np.triu(plain), rtol=1e-9)
    kept = np.concatenate(equations.residuals)
    np.testing.assert_allclose(equations.probe(params), kept, atol=1e-12)
    assert factor == pytest.approx(5.0, rel=0.02)


def test_windows_hold_every_row_once(records):
    """With a lead-in where one begins inside a record; the washout is in none."""
    numbered = replace(records, y=np.arange(2.0 * records.n_total).reshape(-1, 2))
    objective = full_gradient(numbered)
    windows = objective._windows
    seen = windows.y[~np.isnan(windows.y[:, 0]), 0]
    assert sorted(seen / 2) == list(np.flatnonzero(numbered.scored(WASHOUT)))
    assert windows.n_records > 10
    for rows in windows.slices():
        first = rows.start + int(np.argmin(np.isnan(windows.y[rows, 0])))
        begins_a_record = np.any(
            np.all(windows.u[rows.start] == numbered.u[numbered.offsets[:-1]], axis=1)
        )
        assert begins_a_record or first - rows.start == 2 * MEMORY


def test_minimum_is_that_of_all_rows(rng):
    """Noise of ten times as many rows averages out; iterations are no more costly."""
    network = Network(1, 1, (3,), (2,))
    truth, u = teacher_params(network, seed=4), rng.normal(size=(20_000, 1))
    offsets = np.array([0, len(u)])
    y, _ = simulate(network, truth, u, offsets, float32=False)
    noisy = Records(u, y + 0.3 * rng.normal(size=y.shape), offsets)
    errors, costs = [], []
    part, whole = (objective_of(noisy, stride, network=network) for stride in (40, 1))
    for objective in (part, FullGradient(part, whole, WASHOUT), whole):
        small = objective.with_alpha(1e-6)
        state = DescentState(truth, small.cost(truth))
        for _ in range(40):
            state = descend(small, state)
        fitted, _ = simulate(network, state.params, u, offsets, float32=False)
        errors.append(np.sqrt(np.mean((fitted - y)[WASHOUT:] ** 2)))
        costs.append(whole.cost(state.params))
    assert errors[1] < 0.6 * errors[0]
    assert costs[1] - costs[2] < 0.01 * (costs[0] - costs[2])


def test_the_constraint_counts_once(records):
    """Its rows come from the objective of all rows alone."""
    full = full_gradient(records, stride=1)
    lo, hi = records.u.min(axis=0), records.u.max(axis=0)
    constraint = StabilityConstraint(NETWORK, lo, hi, "incremental")
    whole = replace(full.whole, constraint=constraint, constraint_weight=40.0, constraint_shift=1.0)
    params = teacher_params(NETWORK, seed=8)
    assert np.any(constraint.excess(params) + 1.0 > 0.0)
    found = replace(full, whole=whole).normal_equations(params)
    wanted = whole.normal_equations(params)
    np.testing.assert_allclose(np.triu(found.gram), np.triu(wanted.gram), rtol=1e-9, atol=1e-9)
    scale = np.abs(wanted.gradient).max()
    np.testing.assert_allclose(found.gradient, wanted.gradient, rtol=1e-5, atol=1e-5 * scale)


def test_frozen_weights_stay(records):
    """As in a descent on part of a network."""
    frozen = np.arange(NETWORK.n_params) % 3 == 0
    start = teacher_params(NETWORK, seed=8)
    objective = PartlyFrozen(full_gradient(records), frozen)
    state = descend(objective, DescentState(start, objective.cost(start)))
    np.testing.assert_array_equal(state.params[frozen], start[frozen])
    assert np.all(state.params[~frozen] != start[~frozen])
