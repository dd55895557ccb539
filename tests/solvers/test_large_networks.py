"""Networks with more weights than Gauss-Newton has time for."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.network import Network
from fastlstm.solvers import Clock, LevenbergMarquardt, Problem, large_networks
from fastlstm.solvers.adam_descent import BURN_IN, LEARNING_RATE, MIN_STEPS, AdamDescent
from fastlstm.solvers.effort import MAX_WEIGHTS, affordable_iterations
from fastlstm.solvers.large_networks import is_large
from fastlstm.solvers.problem import Status, Whole
from fastlstm.solvers.tracker import Tracker, free_run_rmse
from fastlstm.starts.near_linear import near_linear_start
from problems import teacher_records


@pytest.fixture(scope="module")
def records():
    """Record of a small network."""
    return teacher_records(Network(1, 1, (3,), (2,)), [3000, 800], seed=3)


def problem_of(records, width):
    """One hidden layer of this width."""
    train, validation = records.take([(0, 0, 3000)]), records.take([(1, 0, 800)])
    return Problem(Network(1, 1, (width,)), train, validation, washout=30)


def solve(problem, time_limit=None, seed=0, **options):
    """Train with "lm"."""
    solver = LevenbergMarquardt(**options)
    clock = Clock(time_limit)
    return solver.solve(problem, rng=np.random.default_rng(seed), clock=clock)


def kinds(solution):
    """Kinds of descents in their order: units of a smaller network, or Adam."""
    names = [row.phase.split(":")[0] for row in solution.history]
    return [name for name, _ in groupby(names)]


def test_iterations_are_counted_in_dense_linear_algebra(records):
    """In proportion to the time; none where the matrix would be too large."""
    small, wide = problem_of(records, 8), problem_of(records, 40)
    n_params = small.network.n_params
    work = 3000 * n_params**2 + n_params**3 / 3
    assert affordable_iterations(small, 1.0) >= 4e10 / work
    assert affordable_iterations(small, 3.0) == pytest.approx(3 * affordable_iterations(small, 1.0))
    assert wide.network.n_params > MAX_WEIGHTS
    assert affordable_iterations(wide, None) == 0.0


def test_what_is_large_depends_on_the_time(records):
    """A network of 16 units is for seconds, not for a blink; one of 40 for neither."""
    middle = problem_of(records, 16)
    assert is_large(middle, 0.1) and not is_large(middle, 10.0) and not is_large(middle, None)
    assert is_large(problem_of(records, 40), None)
    assert is_large(middle, 10.0, as_short=True)


def test_a_part_of_a_large_network_is_trained_first(records):
    """What it finds is the answer in the shape that was asked for; the same bits again."""
    problem = problem_of(records, 40)
    solution = solve(problem, max_iter=60)
    assert kinds(solution) == ["8 units"]
    assert solution.params.shape == (problem.network.n_params,)
    linear = problem.linear.embedded(problem.network)
    assert solution.rmse_validation < 0.05 * free_run_rmse(problem, problem.judged, linear)
    found = free_run_rmse(problem, problem.judged, solution.params)
    assert solution.rmse_validation == pytest.approx(found, rel=1e-6)
    np.testing.assert_array_equal(solve(problem, max_iter=60).params, solution.params)


def test_it_grows_while_that_pays_and_ends_with_adam(records, monkeypatch):
    """From one unit to two, three and five; iterations of the whole are not affordable."""
    monkeypatch.setattr(large_networks, "SMALL", 1)
    monkeypatch.setattr(large_networks, "WORTH", np.inf)
    monkeypatch.setattr(large_networks, "PASSES", 1)
    monkeypatch.setattr(large_networks, "STEPS", 30)
    problem = problem_of(records, 40)
    monkeypatch.setattr(large_networks, "affordable_iterations", few_units)
    solution = solve(problem)
    assert kinds(solution) == ["1 units", "2 units", "3 units", "5 units", "Adam"]
    best = [
        min(row.rmse_validation for row in solution.history if row.phase.startswith(f"{n} "))
        for n in (1, 2, 3, 5)
    ]
    assert best[-1] < 0.5 * best[0]
    assert solution.rmse_validation <= best[-1]


def few_units(problem, seconds):
    """Enough iterations up to five units, none beyond."""
    return 100.0 * (problem.network.hidden_sizes[0] <= 5)


def test_it_does_not_grow_where_nothing_is_gained(records, monkeypatch):
    """A second round that gains less than two percent is the last."""
    monkeypatch.setattr(large_networks, "WORTH", 0.0)
    monkeypatch.setattr(large_networks, "SMALL", 2)
    assert kinds(solve(problem_of(records, 40))) == ["2 units"]


def test_estimator_takes_many_units_on_few_data():
    """Far more weights than data, and a Gram matrix that would fill 1.7 GB."""
    u = np.random.default_rng(0).uniform(-1.0, 1.0, (400, 1))
    y = np.cos(3.0 * np.convolve(u[:, 0], [0.5, 0.3, 0.2])[:400])
    model = LSTMRegressor((60,), (), random_state=0).fit(u, y)
    assert model.network_.hidden_sizes == (60,) and model.network_.n_params > 30 * len(u)
    small = LSTMRegressor((8,), (), random_state=0).fit(u, y)
    assert model.score(u, y) == pytest.approx(small.score(u, y), abs=0.1)
    assert model.score(u, y) > 0.7


def test_large_network_of_an_integrating_plant():
    """The integrator stands behind it as behind any other."""
    u = np.random.default_rng(0).normal(size=(1500, 1))
    y = np.cumsum(0.1 * np.tanh(np.convolve(u[:, 0], [0.6, 0.3])[:1500]))
    model = LSTMRegressor((64,), (), random_state=0).fit(u, y)
    assert np.any(model.frame_.gains)
    error = model.simulate(u, y_init=y[:50]) - y
    assert np.std(error) < 0.1 * np.std(y)


@pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")
def test_trained_large_network_goes_on_by_adam(records):
    """A start of that size has no smaller network in it; nothing that is worse replaces it."""
    u, y = records.u[:3000], records.y[:3000]
    first = LSTMRegressor((40,), (), random_state=0, max_iter=30).fit(u, y)
    again = LSTMRegressor((40,), (), random_state=0, max_iter=10).fit(u, y, start=first)
    assert {row.phase for row in again.history_} == {"Adam"}
    assert again.rmse_validation_ <= first.rmse_validation_ * (1.0 + 1e-9)


def test_descent_that_diverges_says_so(records, monkeypatch):
    """The start is kept."""
    problem = problem_of(records, 40)
    start = near_linear_start(problem.network, problem.train, np.random.default_rng(0))
    nothing = np.full(start.size, np.nan)
    monkeypatch.setattr("fastlstm.solvers.adam_descent.mean_gradient", lambda *args: nothing)
    solver, rng = LevenbergMarquardt(max_iter=5), np.random.default_rng(0)
    solution = solver.solve(problem, rng=rng, clock=Clock(), start=start)
    assert solution.status is Status.DIVERGED
    np.testing.assert_array_equal(solution.params, start)


def test_start_behind_an_integrator_is_not_for_adam(records):
    """It works on increments, which Adam's windows do not know."""
    problem = problem_of(records, 40)
    tracker = Tracker(problem, Clock())
    tracker.begin(10)
    start = np.zeros(problem.network.n_params)
    assert LevenbergMarquardt._is_large(problem, start, tracker)
    whole = Whole(problem.train, problem.linear.model, np.ones(1), is_plain=False)
    integrating = replace(problem, whole=whole)
    assert not LevenbergMarquardt._is_large(integrating, start, tracker)


def test_windows_suit_the_plant_and_the_rate_the_width(records):
    """Burn-in within its range, windows of twice that; a smaller rate for many units."""
    descent = AdamDescent.suited(problem_of(records, 8), max_steps=7)
    assert BURN_IN[0] <= descent.burn_in <= BURN_IN[1] and descent.window == 2 * descent.burn_in
    assert descent.learning_rate == LEARNING_RATE
    assert AdamDescent.suited(problem_of(records, 128)).learning_rate == LEARNING_RATE / 2
    assert descent.steps_per_pass >= MIN_STEPS


@pytest.mark.parametrize(("max_steps", "n_iterates"), [(1, 1), (10, 1), (25, 3)])
def test_steps_are_limited(records, max_steps, n_iterates):
    """Whole iterates of at least `min_steps` steps, and what is left."""
    problem = problem_of(records, 2)
    descent = AdamDescent(problem, batch=64, max_steps=max_steps, min_steps=10)
    course = descent.run(
        np.zeros(problem.network.n_params), np.random.default_rng(0), "Adam", float
    )
    assert len(list(course)) == n_iterates
