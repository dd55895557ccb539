"""Networks with more weights than Gauss-Newton has time for."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.network import Network
from fastlstm.solvers import Clock, LevenbergMarquardt, Problem, Tracker
from fastlstm.solvers.adam_descent import BURN_IN, LEARNING_RATE, MIN_STEPS, AdamDescent
from fastlstm.solvers.effort import MAX_WEIGHTS, affordable_iterations
from fastlstm.solvers.large_networks import is_large
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


def phases(solution):
    """Kinds of iterations, without the stage."""
    return {row.phase.split(",")[0] for row in solution.history}


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


def test_network_beyond_dense_algebra_is_trained_by_adam(records):
    """No iteration of second order; better than the linear model; the same bits again."""
    problem = problem_of(records, 40)
    solution = solve(problem, max_iter=40)
    assert phases(solution) == {"Adam"}
    tracker = Tracker(problem, Clock())
    linear = tracker.score(problem.linear.embedded(problem.network))
    assert solution.rmse_validation < 0.7 * linear
    np.testing.assert_array_equal(solve(problem, max_iter=40).params, solution.params)


def test_second_order_follows_where_it_is_affordable(records, monkeypatch):
    """Adam ends half-way; Gauss-Newton goes on from the best and improves on it."""
    import fastlstm.solvers.large_networks as large

    monkeypatch.setattr(large, "ENOUGH", np.inf)
    monkeypatch.setattr(large, "PASSES", 5)
    monkeypatch.setattr(large, "STEPS", 100)
    solution = solve(problem_of(records, 6), max_iter=60)
    names = [row.phase for row in solution.history]
    n_adam = names.index(next(name for name in names if name != "Adam"))
    assert set(names[:n_adam]) == {"Adam"} and "Adam" not in names[n_adam:]
    by_adam = min(row.rmse_validation for row in solution.history[:n_adam])
    assert solution.rmse_validation < 0.5 * by_adam


@pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")
def test_estimator_takes_many_units_on_few_data():
    """Far more weights than data; a Gram matrix would fill 1.7 GB."""
    u = np.random.default_rng(0).uniform(-1.0, 1.0, (400, 1))
    y = np.cos(3.0 * np.convolve(u[:, 0], [0.5, 0.3, 0.2])[:400])
    model = LSTMRegressor((60,), (), random_state=0, max_iter=60).fit(u, y)
    assert model.network_.n_params > 30 * len(u)
    assert model.start_ == "Adam" and model.score(u, y) > 0.7


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
