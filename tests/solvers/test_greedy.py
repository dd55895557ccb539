from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
import pytest

from fastlstm import _core
from fastlstm._linalg import damped_step
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Greedy, LevenbergMarquardt, Problem, Ridge, Status, Tracker
from fastlstm.solvers.layer_part import LayerPart
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.partly_frozen import PartlyFrozen
from fastlstm.stability import StabilityConstraint
from problems import PROBLEMS, teacher_params, teacher_records

DEEP = Network(2, 2, (4, 3, 5), (3,))


@pytest.fixture(scope="module")
def deep_problem():
    """Three layers and a head, two inputs, two outputs; trained by a solver in a second."""
    records = teacher_records(DEEP, [900, 300], seed=4)
    train, validation = records.take([(0, 0, 900)]), records.take([(1, 0, 300)])
    return Problem(DEEP, train, validation, washout=30, alpha=1e-6)


@pytest.fixture(scope="module")
def iterates(deep_problem):
    """Run the method on `deep_problem` and list what it offers, as (part, iterate)."""
    tracker = Tracker(deep_problem, Clock())
    tracker.begin(60)
    course = Greedy(tol=0.0).run(deep_problem, None, np.random.default_rng(0), tracker)
    offered, rmse = [], None
    try:
        while True:
            iterate = next(course) if rmse is None else course.send(rmse)
            offered.append((iterate.phase.split(":")[0], iterate))
            rmse = tracker.offer(iterate)
    except StopIteration as end:
        assert end.value is Status.DONE
    return offered


def simulate(network, params, records):
    return _core.simulate(network, params, records.u, records.offsets, float32=False)[0]


def test_frozen_parameters_have_no_step_and_the_others_that_of_their_own(rng):
    """Freezing is the same as leaving the columns out."""
    network = Network(1, 1, (3,))
    records = teacher_records(network, [200], seed=0)
    plan = _core.plan_rows(records.offsets, washout=20, float32=False)
    whole = Objective(network, records, plan, 40, alpha=1e-3, float32=False)
    frozen = rng.random(network.n_params) < 0.5
    params = rng.normal(size=network.n_params)
    equations = PartlyFrozen(whole, frozen).normal_equations(params)
    solved = damped_step(equations, 0.1, equations.gram.diagonal())
    step, predicted = solved.step, solved.predicted
    full = whole.normal_equations(params)
    gram = (np.triu(full.gram) + np.triu(full.gram, 1).T)[np.ix_(~frozen, ~frozen)]
    damped = gram + 0.1 * np.diag(np.diag(gram))
    assert np.all(step[frozen] == 0.0)
    np.testing.assert_allclose(step[~frozen], np.linalg.solve(damped, -full.gradient[~frozen]))
    assert predicted > 0.0


def test_assembled_network_simulates_like_the_part(deep_problem, rng):
    """Whatever the layer, the whole network is what its newest part says."""
    part = LayerPart.bottom(deep_problem, rng)
    params = 0.7 * rng.normal(size=part.problem.network.n_params)
    records = deep_problem.train
    for layer in range(3):
        y = simulate(part.problem.network, params, part.problem.train)
        y_whole = simulate(DEEP, part.assembled(params), records)
        assert np.abs(y - y_whole).max() < 2e-3 * np.ptp(y)
        if layer < 2:
            part, params = part.stacked(params, rng)
            y_next = simulate(part.problem.network, params, part.problem.train)
            assert np.abs(y_next - y).max() < 0.2 * np.ptp(y)
    part, params = part.with_head(params, rng)
    np.testing.assert_allclose(simulate(part.problem.network, params, part.problem.train), y)


def test_parts_see_no_more_than_their_layer_would(deep_problem, rng):
    """Columns that the whole network does not have are zero and frozen, all others are free."""
    part = LayerPart.bottom(deep_problem, rng)
    assert not part.frozen.any()
    part, params = part.stacked(np.ones(part.problem.network.n_params), rng)
    assert np.all(params[part.frozen] == 0.0)
    named = part.problem.network.unpack(part.frozen)
    assert named["lstm.0.weight_ih"].tolist() == [[False] * 4 + [True] * 2] * 12
    assert named["readout.input"].tolist() == [[True] * 4 + [False] * 2] * 2
    assert part.frozen.sum() == 12 * 2 + 2 * 4


def test_layers_are_trained_one_after_the_other_with_equal_shares(iterates):
    """First layer to head, each with a fair part of the iterations, the readout at the end."""
    runs = [(name, len(list(rows))) for name, rows in groupby(name for name, _ in iterates)]
    assert [name for name, _ in runs] == ["layer 1", "layer 2", "layer 3", "head", "readout"]
    assert all(10 <= n <= 16 for _, n in runs[:3])
    assert len(iterates) <= 60


def test_layers_below_stay_frozen(iterates):
    """Once the next layer is being trained, a layer keeps its bits to the end."""
    for layer in range(3):
        above = ("head", "readout", *(f"layer {k}" for k in range(layer + 2, 4)))
        later = [DEEP.unpack(it.params) for name, it in iterates if name in above]
        assert len(later) > 10
        for part in ("weight_ih", "weight_hh", "bias"):
            name = f"lstm.{layer}.{part}"
            assert all(np.array_equal(weights[name], later[0][name]) for weights in later)


def test_every_layer_improves_on_the_one_below(deep_problem, iterates):
    """Deeper begins as good as shallow on validation; all together fit the training rows better."""
    judged = best_errors(iterates, deep_problem.validation)
    assert all(above < 1.02 * below for below, above in pairwise(judged))
    fitted = best_errors(iterates, deep_problem.train)
    assert fitted[-1] < 0.95 * fitted[0]


def best_errors(iterates, records):
    """Lowest RMSE of every part behind the washout, in their order."""
    best = {}
    for name, iterate in iterates:
        error = simulate(DEEP, iterate.params, records) - records.y
        best[name] = min(best.get(name, np.inf), np.sqrt(np.mean(error[30:] ** 2)))
    return list(best.values())


def test_one_layer_without_head_is_levenberg_marquardt_and_a_readout():
    """There is nothing to stack, so the methods agree to the last bit until the readout."""
    problem = PROBLEMS[0].problem
    ours, theirs = (
        solver.solve(problem, rng=np.random.default_rng(0))
        for solver in (Greedy(max_iter=21), LevenbergMarquardt(max_iter=20, careful=False))
    )
    errors = [[row.rmse_train for row in solution.history[:20]] for solution in (ours, theirs)]
    assert ours.history[-1].phase == "readout"
    assert ours.n_iter == 21
    np.testing.assert_array_equal(*errors)


def test_start_gives_the_first_layer(deep_problem):
    """From the teacher's first layer the temporary readout begins better than the race does."""
    start = teacher_params(DEEP, 4)
    first = [
        Greedy(max_iter=8).solve(deep_problem, rng=np.random.default_rng(0), start=given).history[0]
        for given in (start, None)
    ]
    assert first[0].phase.startswith("layer 1: start")
    assert first[0].rmse_train < 0.8 * first[1].rmse_train


def test_narrow_upper_layers_and_long_memories_are_no_obstacle(rng):
    """One unit on top of eight passes on what one output needs."""
    u = rng.normal(size=(800, 1))
    y = np.zeros((800, 1))
    for t in range(1, 800):
        y[t] = 0.97 * y[t - 1] + 0.1 * np.tanh(u[t])
    y = (y - y.mean()) / y.std()
    train = Records(u[:600], y[:600], np.array([0, 600]))
    validation = Records(u[600:], y[600:], np.array([0, 200]))
    problem = Problem(Network(1, 1, (8, 1)), train, validation, washout=50)
    solution = Greedy(max_iter=60).solve(problem, rng=rng)
    assert solution.status in (Status.DONE, Status.MAX_ITER)
    assert solution.rmse_validation < 0.3


@pytest.mark.parametrize("name", ["patience", "n_starts"])
def test_greedy_refuses_settings_out_of_range(name):
    """The message names the setting and what it may be."""
    with pytest.raises(ValueError, match=f"{name} of Greedy must be an integer >= 1; got 0"):
        Greedy(**{name: 0})


@pytest.mark.parametrize("kind", [Greedy, Ridge])
def test_solution_satisfies_a_stability_constraint(deep_problem, kind):
    """Every layer inside, the model still worth having, and the result judged as it is."""
    lo, hi = deep_problem.train.u.min(axis=0), deep_problem.train.u.max(axis=0)
    constraint = StabilityConstraint(DEEP, lo, hi)
    problem = replace(deep_problem, constraint=constraint)
    solution = kind(max_iter=60).solve(problem, rng=np.random.default_rng(0))
    assert constraint.holds(solution.params)
    error = simulate(DEEP, solution.params, problem.validation) - problem.validation.y
    assert np.sqrt(np.mean(error[30:] ** 2)) == pytest.approx(solution.rmse_validation, rel=1e-3)
    assert solution.rmse_validation < 0.5


def test_parts_pass_the_box_of_their_states_on(deep_problem, rng):
    """The radius of a layer is the same in its part as in the whole network."""
    lo, hi = deep_problem.train.u.min(axis=0), deep_problem.train.u.max(axis=0)
    constraint = StabilityConstraint(DEEP, lo, hi)
    part = LayerPart.bottom(replace(deep_problem, constraint=constraint), rng)
    params = 0.3 * rng.normal(size=part.problem.network.n_params)
    for layer in range(3):
        radius = part.problem.constraint.radii(params)
        np.testing.assert_allclose(constraint.radii(part.assembled(params))[layer], radius[0])
        if layer < 2:
            part, params = part.stacked(params, rng)
