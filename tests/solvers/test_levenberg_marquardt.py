import time
from dataclasses import replace

import numpy as np
import pytest

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, LevenbergMarquardt, Problem, Status
from fastlstm.solvers.objective import Objective
from fastlstm.starts.linear import identify
from problems import PROBLEMS, teacher_records

QUICK = LevenbergMarquardt(max_iter=12)


def solve(problem, solver=QUICK, seed=0, **kwargs):
    return solver.solve(problem, rng=np.random.default_rng(seed), **kwargs)


@pytest.fixture(scope="module")
def problem():
    return PROBLEMS[1].problem


def test_history_belongs_to_the_iterations(problem):
    """One row per accepted iteration, times rising, the best iterate returned."""
    solution = solve(problem)
    assert [row.iteration for row in solution.history] == list(range(1, solution.n_iter + 1))
    assert all(np.diff([row.wall_time for row in solution.history]) >= 0)
    assert solution.rmse_validation <= min(row.rmse_validation for row in solution.history) * 1.5


def test_max_iter_is_kept(problem):
    """The iterations of the race count too."""
    solution = solve(problem)
    assert solution.n_iter == 12
    assert solution.status is Status.MAX_ITER
    assert "max_iter=12" in solution.message


def test_time_limit_ends_the_training(problem):
    """The limit is met to within a few iterations, and the best model is returned."""
    begun = time.perf_counter()
    solution = solve(problem, LevenbergMarquardt(tol=1e-9, patience=10**6), clock=Clock(0.5))
    assert time.perf_counter() - begun < 2.0
    assert solution.status in (Status.TIME_LIMIT, Status.CONVERGED)
    assert np.isfinite(solution.params).all()


def test_interrupt_keeps_the_best_model(problem):
    """Ctrl-C loses nothing."""
    seen = []

    def interrupt(progress):
        seen.append(progress.params)
        if len(seen) == 5:
            raise KeyboardInterrupt

    solution = solve(problem, callback=interrupt)
    assert solution.status is Status.INTERRUPTED
    np.testing.assert_array_equal(solution.params, seen[-1])


def test_interrupt_before_the_first_iteration_returns_the_linear_model(problem, monkeypatch):
    """There is a model from the first moment on."""

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastlstm.solvers.race.heat", interrupt)
    solution = solve(problem)
    assert solution.status is Status.INTERRUPTED
    assert solution.start == "linear"


def test_callback_time_is_not_counted(problem):
    """A slow callback does not eat the user's time limit."""
    solution = solve(problem, callback=lambda progress: time.sleep(0.05))
    slept = 0.05 * solution.n_iter
    begun = time.perf_counter()
    again = solve(problem)
    assert solution.history[-1].wall_time < time.perf_counter() - begun + 0.7 * slept
    np.testing.assert_array_equal(solution.params, again.params)


@pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)
def test_same_seed_gives_the_same_bits_whatever_the_threads(known):
    """Sums keep their order: 1 and 3 threads agree to the last bit."""
    one = solve(replace(known.problem, n_threads=1))
    three = solve(replace(known.problem, n_threads=3))
    np.testing.assert_array_equal(one.params, three.params)


def test_other_seeds_give_other_models(problem):
    """The random starts are random."""
    assert not np.array_equal(solve(problem, seed=0).params, solve(problem, seed=1).params)


@pytest.mark.parametrize("n_steps", [60, 150, 600])
def test_solution_is_never_worse_than_the_linear_model(n_steps, rng):
    """On a short, noisy, linear plant a network can only lose; then the linear model comes back."""
    u = rng.normal(size=(2 * n_steps, 1))
    y = np.convolve(u[:, 0], 0.8 ** np.arange(20))[: len(u), None] + 2.0 * rng.normal(size=u.shape)
    y /= y.std()
    train = Records(u[:n_steps], y[:n_steps], np.array([0, n_steps]))
    validation = Records(u[n_steps:], y[n_steps:], np.array([0, n_steps]))
    problem = Problem(Network(1, 1, (4, 4), (4,)), train, validation, washout=10)
    solution = solve(problem, LevenbergMarquardt(max_iter=60))
    scored = validation.scored(10)
    error = (identify(train, washout=10).simulate(validation) - y[n_steps:])[scored]
    assert solution.rmse_validation <= np.sqrt(np.mean(error**2)) * 1.001


def test_solution_without_validation_records_is_judged_on_training(problem):
    """No held-out data is allowed; the training error then decides."""
    solution = solve(replace(problem, validation=None))
    assert np.isfinite(solution.rmse_validation)


def test_washout_enters_nothing(problem):
    """Whatever stands in the washout of the outputs, the model is the same."""
    changed = problem.train.y.copy()
    changed[:30] = 1e3
    train = replace(problem.train, y=changed)
    np.testing.assert_array_equal(
        solve(problem).params, solve(replace(problem, train=train)).params
    )


def test_many_outputs_are_all_fitted():
    """Three outputs of different size, one network."""
    records = teacher_records(Network(2, 3, (4,)), [1500, 500], seed=3)
    cut = 1500
    train = Records(records.u[:cut], records.y[:cut], np.array([0, cut]))
    validation = Records(records.u[cut:], records.y[cut:], np.array([0, 500]))
    problem = Problem(Network(2, 3, (5,)), train, validation, washout=30)
    solution = solve(problem, LevenbergMarquardt(max_iter=150))
    y, _ = _core.simulate(problem.network, solution.params, validation.u, validation.offsets)
    error = (y - validation.y)[30:]
    assert np.all(error.std(axis=0) < 0.1 * validation.y.std(axis=0))


def test_noise_is_averaged_over_all_the_data():
    """Weights fitted to R rows are off by about sigma sqrt(P / R): R must be all of them."""
    network, sigma = Network(1, 1, (3,)), 0.1
    clean = teacher_records(network, [30_000, 3000], seed=0)
    noise = sigma * np.random.default_rng(1).normal(size=clean.y.shape)
    cut = 30_000
    train = Records(clean.u[:cut], (clean.y + noise)[:cut], np.array([0, cut]))
    validation = Records(clean.u[cut:], (clean.y + noise)[cut:], np.array([0, 3000]))
    problem = Problem(network, train, validation, washout=30)
    solution = solve(problem, LevenbergMarquardt(max_iter=400))
    y, _ = _core.simulate(network, solution.params, validation.u, validation.offsets)
    error = np.sqrt(np.mean((y - clean.y[cut:])[30:] ** 2))
    assert error < 3.0 * sigma * np.sqrt(network.n_params / cut)
    assert solution.history[-1].n_rows > 0.9 * cut


def ridges_seen(problem, monkeypatch):
    """Strengths of the ridge in the order in which a training used them."""
    seen, cost = [], Objective.cost

    def watched(self, params):
        if not seen or seen[-1] != self.alpha:
            seen.append(self.alpha)
        return cost(self, params)

    monkeypatch.setattr(Objective, "cost", watched)
    solution = solve(problem, LevenbergMarquardt(max_iter=150))
    return seen, solution


def test_ridge_that_adapts_follows_the_validation_error(monkeypatch):
    """Begins with that of the problem; the last one is about the square of the error reached."""
    problem = replace(PROBLEMS[0].problem, alpha=1e-4, adapts_alpha=True)
    seen, solution = ridges_seen(problem, monkeypatch)
    assert seen[0] == 1e-4
    assert len(seen) > 1
    assert seen[-1] >= min(solution.rmse_validation**2, 1e-8)
    assert seen[-1] <= 100.0 * max(solution.rmse_validation**2, 1e-8)


def test_ridge_that_is_given_stays(monkeypatch):
    """A number is a number."""
    assert set(ridges_seen(replace(PROBLEMS[1].problem, alpha=3e-3), monkeypatch)[0]) == {3e-3}
