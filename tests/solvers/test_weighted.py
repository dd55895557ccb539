"""Weights, missing outputs and robust losses in the objectives and in the first-order gradient."""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm import _core
from fastlstm._linalg import RidgePath
from fastlstm.loss import LOSSES
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.row_choice import strided_plan
from fastlstm.solvers import LevenbergMarquardt, Problem, Split
from fastlstm.solvers.closed_readout import fit_readout
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.gradients import gradient_of, masked
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.stretches import spread_stretches
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.weights import weighed
from problems import teacher_params, teacher_records

NETWORK = Network(2, 2, (3, 2), (2,))


def objective_of(records, loss="squared", washout=5):
    plan = strided_plan(records, washout, 1, float32=False)
    return Objective(NETWORK, records, plan, 200, 0.1, loss=LOSSES[loss], float32=False)


def whole_of(records, loss="squared"):
    fitted = records.scored(5)
    anchor = np.zeros(NETWORK.n_params)
    gains = np.array([0.0, 0.4])
    return WholeRecords(
        NETWORK, records, fitted, 60, 0.3, anchor, 0.2, gains, loss=LOSSES[loss], float32=False
    )


@pytest.fixture
def records(rng):
    """Two records, four outputs in ten missing, rows of unequal weight, some outliers."""
    y_list = [rng.normal(size=(60, 2)), rng.normal(size=(40, 2))]
    for y in y_list:
        y[rng.uniform(size=y.shape) < 0.4] = np.nan
        y[::9] *= 30.0
    given = Records.from_lists([rng.normal(size=(60, 2)), rng.normal(size=(40, 2))], y_list)
    return weighed(given, rng.uniform(0.5, 2.0, 100), np.array([1.0, 3.0]))


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("make", [objective_of, whole_of])
def test_gradient_matches_differences_of_the_cost(records, rng, make, loss):
    """Half the derivative of what is compared when a step is accepted, whatever the loss."""
    objective = make(records, loss)
    x = 0.3 * rng.normal(size=getattr(objective, "n_unknowns", NETWORK.n_params))
    gradient = objective.normal_equations(x).gradient
    direction = rng.normal(size=x.size)
    step = 1e-6 * direction
    numeric = (objective.cost(x + step) - objective.cost(x - step)) / 2e-6
    assert 2.0 * gradient @ direction == pytest.approx(numeric, rel=1e-5)


@pytest.mark.parametrize("bytes_per_block", [64_000_000, 20_000])
def test_kept_rows_are_derivatives_of_the_residuals(records, rng, bytes_per_block, monkeypatch):
    """Weighted alike and in the same order: the difference of both is the curvature.

    Several blocks are kept in float32.
    """
    monkeypatch.setattr("fastlstm.solvers.objective._BYTES_PER_BLOCK", bytes_per_block)
    monkeypatch.setattr("fastlstm.solvers.objective._KEPT_BLOCKS", 100)
    objective = objective_of(records)
    params = 0.3 * rng.normal(size=NETWORK.n_params)
    equations = objective.normal_equations(params)
    assert (len(equations.rows) > 1) == (bytes_per_block == 20_000)
    kept = np.concatenate(equations.residuals)
    np.testing.assert_allclose(equations.probe(params), kept, atol=1e-12)
    step = 1e-6 * rng.normal(size=params.size)
    numeric = (objective.residuals(params + step) - objective.residuals(params - step)) / 2e-6
    np.testing.assert_allclose(equations.times(step / 1e-6), numeric, rtol=1e-4, atol=1e-4)
    values = rng.normal(size=len(kept))
    numeric = equations.times(step) @ values
    assert equations.transposed_times(values) @ step == pytest.approx(numeric, rel=1e-4)


@pytest.mark.parametrize("loss", ["huber", "soft_l1"])
def test_no_rows_are_kept_when_their_weights_move_with_the_residuals(records, rng, loss):
    """What bends such a step would mix up curvature and weights, so it stays straight."""
    params = 0.3 * rng.normal(size=NETWORK.n_params)
    equations = objective_of(records, loss).normal_equations(params)
    assert equations.rows == [] and equations.probe is None


@pytest.mark.parametrize("make", [objective_of, whole_of])
def test_integer_weights_are_repetitions(rng, make):
    """Twice the weight for one record is that record twice, up to a factor of the whole cost."""
    u = [rng.normal(size=(40, 2)), rng.normal(size=(30, 2))]
    y = [rng.normal(size=(40, 2)), rng.normal(size=(30, 2))]
    heavy = weighed(Records.from_lists(u, y), np.repeat([2.0, 1.0], [40, 30]))
    twice = Records.from_lists([u[0], *u], [y[0], *y])
    params = 0.3 * rng.normal(size=NETWORK.n_params)
    costs, gradients = [], []
    for records in (heavy, twice):
        objective = replace(make(records), alpha=0.0)
        if isinstance(objective, WholeRecords):
            objective = replace(objective, state_alpha=0.0, free_states=False, gains=None)
        costs.append(objective.cost(params) / objective.n_residuals)
        equations = objective.normal_equations(params)
        gradients.append(equations.gradient / objective.n_residuals)
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-9, atol=1e-12)


def test_record_of_weight_two_leads_to_the_minimum_of_the_record_twice():
    """Costs in proportion have the same steps, so the descents go the same way."""
    teacher = teacher_records(NETWORK, [150, 120], seed=2)
    lengths, (u, v), (y, w) = [150, 120], teacher.split(teacher.u), teacher.split(teacher.y)
    heavy = weighed(teacher, np.repeat([2.0, 1.0], lengths))
    twice = Records.from_lists([u, u, v], [y, y, w])
    runs, start = [], 0.8 * teacher_params(NETWORK, 2)
    for records in (heavy, twice):
        objective = replace(objective_of(records), alpha=0.0)
        state = DescentState(start, objective.cost(start))
        for _ in range(25):
            state = descend(objective, state)
        assert state.cost < 0.01 * objective.cost(start)
        runs.append(_core.simulate(NETWORK, state.params, u, np.array([0, 150]), float32=False)[0])
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-5)


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("path", ["full", "cell"])
def test_first_order_gradient_weighs_as_the_objective_does(records, rng, loss, path):
    """The kernel knows no weights; it is shown errors that have them."""
    problem = Problem(NETWORK, records, washout=5, float32=False, loss=LOSSES[loss])
    params = 0.3 * rng.normal(size=NETWORK.n_params)
    found = gradient_of(problem, params, masked(records, 5), _core.Workspace(), path)
    objective = replace(objective_of(records, loss), alpha=0.0)
    assert found.cost == pytest.approx(objective.cost(params), rel=1e-9)
    assert found.n_scored == pytest.approx(objective.n_residuals)
    if path == "full":
        exact = objective.normal_equations(params).gradient
        np.testing.assert_allclose(found.gradient, exact, rtol=1e-6, atol=1e-9)


def test_readout_does_not_see_what_does_not_count(rng):
    """Outputs of the teacher are linear in its features, so any of them tell the rest."""
    teacher = teacher_records(NETWORK, [300], seed=1)
    y = np.where(rng.uniform(size=teacher.y.shape) < 0.5, np.nan, teacher.y)
    gappy = weighed(replace(teacher, y=y), rng.uniform(0.5, 2.0, 300))
    problem = Problem(NETWORK, gappy, alpha=0.0, float32=False)
    solved, rmse = fit_readout(problem, teacher_params(NETWORK, 1), gappy)
    assert rmse < 1e-5
    y_sim, _ = _core.simulate(NETWORK, solved, teacher.u, teacher.offsets, float32=False)
    np.testing.assert_allclose(y_sim, teacher.y, atol=1e-4)


@pytest.mark.parametrize("selection", ["gcv", "leave_one_out"])
def test_ridge_with_weights_is_ridge_with_repeated_rows(rng, selection):
    """Solutions agree; criteria agree where all weights are one."""
    design, target = rng.normal(size=(40, 6)), rng.normal(size=(40, 2))
    counts = rng.integers(1, 4, size=40)
    mean = counts.mean()
    heavy = RidgePath.of(design, target, counts / mean)
    twice = RidgePath.of(np.repeat(design, counts, axis=0), np.repeat(target, counts, axis=0))
    for ours, theirs in zip(heavy.solve(0.3 / mean), twice.solve(0.3), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    ones, plain = RidgePath.of(design, target, np.ones(40)), RidgePath.of(design, target)
    rows = (design, target)
    if selection == "gcv":
        np.testing.assert_allclose(ones.gcv([0.1, 1.0]), plain.gcv([0.1, 1.0]), rtol=1e-10)
    else:
        scores = ones.leave_one_out([0.1, 1.0], *rows, np.ones(40))
        np.testing.assert_allclose(scores, plain.leave_one_out([0.1, 1.0], *rows), rtol=1e-10)


def test_rows_meet_an_output_that_is_measured_every_few_steps(rng):
    """A regular stride would meet all of its values or none."""
    y = rng.normal(size=(4000, 2))
    y[np.arange(4000) % 5 != 2, 1] = np.nan
    records = weighed(Records.from_lists([y], [y]))
    plan = strided_plan(records, 0, 5)
    steps = plan.step.ravel()[plan.mask]
    share = np.mean(records.weights[steps, 1] > 0.0)
    assert len(steps) == 800 and 0.15 < share < 0.25


def test_stretches_lie_where_something_was_measured(rng):
    """A stretch in a gap would judge nothing."""
    y = rng.normal(size=(4000, 1))
    y[500:3900] = np.nan
    stretches = spread_stretches(weighed(Records.from_lists([y], [y])), 400, 10)
    scored = stretches.scored(10)
    assert all(np.any(scored[rows]) for rows in stretches.slices())


def test_sample_mode_of_split_takes_masks_and_no_weights(records):
    """Its error bound holds for its rate only; leaving a sample out is no rate."""
    problem = Problem(NETWORK, records)
    assert "sample_weight" in Split(mode="sample").objection(problem)
    assert Split().objection(problem) is None
    masks = replace(records, weights=(records.weights > 0.0).astype(float))
    assert Split(mode="sample").objection(Problem(NETWORK, masks)) is None
    robust = Problem(NETWORK, masks, loss=LOSSES["huber"])
    assert "loss must be" in Split().objection(robust)
    assert LevenbergMarquardt().objection(robust) is None
