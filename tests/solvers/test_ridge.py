from dataclasses import replace

import numpy as np
import pytest

from fastlstm import _core
from fastlstm._core import reference
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Problem, Ridge, Status
from fastlstm.solvers.closed_readout import fit_readout
from fastlstm.solvers.hidden_states import hidden_states, readout_features, with_readout
from fastlstm.starts.reservoir import draw_reservoir
from problems import PROBLEMS, teacher_params, teacher_records

DEEP = Network(2, 2, (4, 3), (5, 2))


def solve(problem, solver, seed=0, **kwargs):
    return solver.solve(problem, rng=np.random.default_rng(seed), **kwargs)


def test_features_times_readout_are_the_output(rng):
    """Head activations, h, u and the bias are all that the output is made of."""
    params = rng.normal(size=DEEP.n_params)
    records = teacher_records(DEEP, [40, 25], seed=0)
    features = readout_features(DEEP, params, records, float32=False)
    weights, bias = rng.normal(size=(2 + 3 + 2, 2)), rng.normal(size=2)
    exchanged = with_readout(DEEP, params, weights, bias)
    y, _ = _core.simulate(DEEP, exchanged, records.u, records.offsets, float32=False)
    np.testing.assert_allclose(features @ weights + bias, y, atol=1e-12)
    kept = [name for name in DEEP.shapes if not name.startswith("readout.")]
    for name in kept:
        np.testing.assert_array_equal(DEEP.unpack(exchanged)[name], DEEP.unpack(params)[name])


def test_hidden_states_are_those_of_the_reference(rng):
    """The last h of a record is the state in which the readable loop ends."""
    params = rng.normal(size=DEEP.n_params)
    records = teacher_records(DEEP, [40, 25], seed=0)
    h = hidden_states(DEEP, params, records, float32=False)
    at_rest = DEEP.zero_state(2)
    _, ends = reference.simulate(DEEP, params, records.u, records.offsets, at_rest)
    np.testing.assert_allclose(h[records.offsets[1:] - 1], ends[:, 0, 4:], atol=1e-12)


@pytest.mark.parametrize("selection", ["loo", "gcv"])
@pytest.mark.parametrize("network", [Network(1, 1, (3,)), DEEP], ids=["shallow", "deep"])
def test_fit_readout_recovers_the_teacher_from_its_own_layers(network, selection):
    """With the right features and no noise the readout is exact, and no penalty is wanted."""
    records = teacher_records(network, [900, 300], seed=2)
    problem = Problem(network, records, washout=20, alpha=0.0, float32=False)
    blank = with_readout(
        network, teacher_params(network, 2), *map(np.zeros, shapes_of_readout(network))
    )
    params, rmse = fit_readout(problem, blank, records, selection)
    y, _ = _core.simulate(network, params, records.u, records.offsets, float32=False)
    assert np.abs(y - records.y).max() < 1e-5
    assert rmse < 1e-5


def shapes_of_readout(network):
    top = network.hidden_sizes[-1]
    n_features = sum(network.head_sizes[-1:]) + top + network.n_inputs
    return (n_features, network.n_outputs), (network.n_outputs,)


def test_every_output_has_its_own_penalty(rng):
    """Pure noise is shrunk to its mean although the output beside it is fitted exactly."""
    network = Network(1, 2, (8,))
    params = draw_reservoir(network, rng)
    u = rng.normal(size=(300, 1))
    offsets = np.array([0, 300])
    features = readout_features(network, params, Records(u, None, offsets))
    y = np.column_stack([features @ rng.normal(size=9), 1.0 + rng.normal(size=300)])
    problem = Problem(network, Records(u, y, offsets), washout=10, alpha=0.0)
    fitted, _ = fit_readout(problem, params, problem.train)
    y_sim, _ = _core.simulate(network, fitted, u, offsets)
    error = y_sim - y
    assert error[10:, 0].std() < 1e-4
    assert y_sim[10:, 1].std() < 0.2


def test_penalty_is_never_below_that_of_the_problem():
    """A user who asks for a strong ridge gets a readout that hardly moves."""
    problem = replace(PROBLEMS[0].problem, alpha=1e9)
    params, rmse = fit_readout(problem, teacher_params(problem.network, 0), problem.train)
    y, _ = _core.simulate(problem.network, params, problem.train.u, problem.train.offsets)
    assert np.ptp(y) < 1e-3
    assert rmse == pytest.approx(1.0, abs=0.1)


def test_every_draw_is_an_iterate_and_the_best_is_kept():
    """Done after n_draws, with the smallest validation error of the history."""
    solution = solve(PROBLEMS[1].problem, Ridge(n_draws=12))
    assert solution.status is Status.DONE
    assert solution.n_iter == len(solution.history) == 12
    assert solution.rmse_validation == min(row.rmse_validation for row in solution.history)


@pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)
def test_bounds_of_ridge_exclude_the_linear_model(known):
    """A random network has to earn its bound: what a linear model can do is not enough."""
    problem = known.problem
    scored = problem.validation.scored(problem.washout)
    error = (problem.linear.model.simulate(problem.validation) - problem.validation.y)[scored]
    assert np.sqrt(np.mean(error**2)) > known.reachable["ridge"]


def test_more_draws_are_never_worse():
    """The draws of a longer search begin with those of a shorter one."""
    errors = [
        solve(PROBLEMS[1].problem, Ridge(n_draws=n), seed=5).rmse_validation for n in (3, 10, 30)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < errors[0]


def test_start_is_the_first_draw_with_its_readout_fitted_anew():
    """The teacher's layers are worth more than any random ones."""
    problem = PROBLEMS[1].problem
    teacher = teacher_params(problem.network, 0)
    spoiled = with_readout(
        problem.network, teacher, *map(np.zeros, shapes_of_readout(problem.network))
    )
    solution = solve(problem, Ridge(n_draws=5), start=spoiled)
    assert solution.start == "start"
    assert solution.rmse_validation < 1e-3
    assert solution.n_iter == 5


def test_best_draw_is_fitted_again_on_all_rows_of_a_long_record(rng):
    """Draws see 8000 steps; with noise the readout of all 40000 is another one, and is better."""
    network = Network(1, 1, (4,))
    records = teacher_records(network, [40_000, 8_000], seed=1)
    noisy = records.y + 2.0 * rng.normal(size=records.y.shape)
    train = Records(records.u[:40_000], noisy[:40_000], np.array([0, 40_000]))
    validation = Records(records.u[40_000:], records.y[40_000:], np.array([0, 8_000]))
    problem = Problem(network, train, validation, washout=50)
    solution = solve(problem, Ridge(n_draws=1))
    expected, rmse = fit_readout(problem, solution.params, train)
    np.testing.assert_allclose(solution.params, expected, rtol=1e-6, atol=1e-9)
    assert solution.rmse_train == pytest.approx(rmse)
    assert solution.rmse_validation < solution.history[0].rmse_validation


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_draws": 0}, "n_draws of Ridge must be an integer >= 1; got 0"),
        ({"selection": "aic"}, "selection of Ridge must be one of 'loo', 'gcv'; got 'aic'"),
    ],
)
def test_ridge_refuses_settings_out_of_range(settings, message):
    """The message names the setting and what it may be."""
    with pytest.raises(ValueError, match=message):
        Ridge(**settings)
