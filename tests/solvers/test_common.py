"""What every solver has to do on every problem.

A new solver needs an entry in `SOLVERS` and in `reachable` of every problem.
"""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import SOLVERS, Clock, Problem, Status
from problems import PROBLEMS, teacher_params, teacher_records

ENDS = (Status.CONVERGED, Status.DONE, Status.EARLY_STOPPED, Status.MAX_ITER)

every_solver = pytest.mark.parametrize("name", SOLVERS)
every_problem = pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)


def solve(name, problem, max_iter=4, seed=3, **kwargs):
    solver = SOLVERS[name](max_iter=max_iter, tol=1e-5)
    return solver.solve(problem, rng=np.random.default_rng(seed), **kwargs)


def simulate(problem, params, records):
    return _core.simulate(problem.network, params, records.u, records.offsets, float32=False)[0]


def permuted(records, order):
    parts = [slice(records.offsets[k], records.offsets[k + 1]) for k in order]
    return Records.from_lists([records.u[p] for p in parts], [records.y[p] for p in parts])


@every_solver
@every_problem
def test_solver_reaches_teacher_outputs(name, known):
    """Noise-free data from a known network: the only excuse is the tolerance the problem states."""
    solution = solve(name, known.problem, max_iter=400, seed=0)
    assert solution.rmse_validation < known.reachable[name]
    assert solution.status in ENDS


@every_problem
def test_mean_fails_every_bound(known):
    """A bound that a constant can meet would test nothing."""
    constant = np.zeros(known.problem.network.n_params)
    error = simulate(known.problem, constant, known.problem.validation) - known.problem.validation.y
    assert set(known.reachable) == set(SOLVERS)
    assert max(known.reachable.values()) < 0.5 * np.sqrt(np.mean(error**2))


@every_solver
@every_problem
def test_solver_gives_the_same_bits_twice_whatever_the_threads(name, known):
    """Refitting with the same seed changes nothing, nor does the number of threads."""
    runs = [
        solve(name, replace(known.problem, n_threads=n_threads)).params for n_threads in (1, 1, 3)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


@every_solver
def test_seeds_give_different_models(name):
    """What is random follows the seed."""
    runs = [solve(name, PROBLEMS[0].problem, seed=seed).params for seed in (0, 1)]
    assert not np.array_equal(*runs)


@every_solver
@every_problem
def test_outputs_inside_the_washout_enter_nothing(name, known):
    """Whatever stands there, the model is the same to the last bit, and so is its score."""
    problem = known.problem
    spoiled = {}
    for part in ("train", "validation"):
        records = getattr(problem, part)
        y = np.where(records.scored(problem.washout)[:, None], records.y, 1e3)
        spoiled[part] = replace(records, y=y)
    clean, other = solve(name, problem), solve(name, replace(problem, **spoiled))
    np.testing.assert_array_equal(clean.params, other.params)
    assert clean.rmse_validation == other.rmse_validation


@every_solver
def test_order_of_records_does_not_change_predictions(name):
    """The same records give the same bits, in whatever order they came."""
    records = teacher_records(Network(1, 1, (3,)), [60, 35, 90, 50, 60, 80, 40], seed=0)
    order = [4, 0, 2, 1, 3]
    train, validation = (permuted(records, part) for part in (range(5), (5, 6)))
    problem = Problem(Network(1, 1, (3,)), train, validation, washout=10, alpha=1e-6)
    other = replace(problem, train=permuted(train, order), validation=permuted(validation, (1, 0)))
    runs = [solve(name, each, max_iter=6) for each in (problem, other)]
    y, y_other = (simulate(problem, run.params, records) for run in runs)
    np.testing.assert_array_equal(y, y_other)
    assert np.ptp(y) > 0.2


@every_solver
@every_problem
def test_max_iter_is_kept(name, known):
    """Whatever an iteration is, there are no more of them, and the history has one row for each."""
    solution = solve(name, known.problem, max_iter=3)
    assert solution.n_iter == len(solution.history) == 3
    assert solution.status is Status.MAX_ITER
    assert "max_iter=3" in solution.message


class Ticks(Clock):
    """Clock on which every look takes a second, so that the test needs none."""

    looks = 0

    @property
    def wall(self):
        self.looks += 1
        return float(self.looks)


@every_solver
@every_problem
def test_time_limit_ends_the_training(name, known):
    """The limit is asked for after every iteration, and the best model is returned."""
    seen = []
    solution = solve(
        name, known.problem, max_iter=10**6, clock=Ticks(time_limit=40.0), callback=seen.append
    )
    assert solution.status is Status.TIME_LIMIT
    assert 1 <= solution.n_iter <= 40
    np.testing.assert_array_equal(solution.params, seen[-1].params)


@every_solver
@every_problem
def test_interrupt_keeps_the_best_model(name, known):
    """Ctrl-C loses nothing."""
    seen = []

    def interrupt(progress):
        seen.append(progress)
        if len(seen) == 3:
            raise KeyboardInterrupt

    solution = solve(name, known.problem, callback=interrupt)
    assert solution.status is Status.INTERRUPTED
    np.testing.assert_array_equal(solution.params, seen[-1].params)
    assert len(seen) == 3


@every_solver
@every_problem
def test_start_is_never_lost(name, known):
    """Whoever begins with the solution ends with it or with something better."""
    problem = known.problem
    start = teacher_params(problem.network, seed=0)
    start = rescaled(problem, start)
    error = simulate(problem, start, problem.validation) - problem.validation.y
    assert np.abs(error).max() < 1e-6
    solution = solve(name, problem, start=start)
    assert solution.rmse_validation < 1e-5


def rescaled(problem, params):
    """Return the teacher with the standardisation of its outputs in the readout."""
    weights = problem.network.unpack(params.copy())
    records = problem.train
    y = simulate(problem, params, records)
    slope = records.y.std(axis=0) / y.std(axis=0)
    for name in weights:
        if name.startswith("readout.") and name != "readout.bias":
            weights[name] *= slope[:, None]
    shift = records.y.mean(axis=0) - slope * y.mean(axis=0)
    weights["readout.bias"][:] = slope * weights["readout.bias"] + shift
    return problem.network.pack(weights)
