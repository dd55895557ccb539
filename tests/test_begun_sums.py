"""States in which records of a plant that integrates began."""

import warnings
from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from fastlstm import LSTMRegressor, _core, beginning
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.integration import accumulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import begun_sums as solver
from fastlstm.solvers.begun_sums import begun_sums
from fastlstm.solvers.problem import Parts, Problem, Whole
from fastlstm.solvers.whole_equations import sum_all, sum_own
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.starts.integrating import identify_integrating
from fastlstm.trained import Trained
from problems import teacher_params

NETWORK, GAIN = Network(1, 1, (3,), (2,)), np.array([0.2])
PARAMS = teacher_params(NETWORK, 1)


@pytest.fixture(scope="module")
def records():
    """Two of a known network, each from a state of its own."""
    rng = np.random.default_rng(0)
    u, offsets = rng.normal(size=(500, 1)), np.array([0, 300, 500])
    states = 0.8 * rng.uniform(-1.0, 1.0, (2, 2, NETWORK.n_units))
    y, _ = _core.simulate(NETWORK, PARAMS, u, offsets, states, float32=False)
    return Records(u, accumulate(y, offsets, GAIN, np.array([[1.0], [2.0]])), offsets)


def posed(records):
    """Make the problem that such records pose."""
    linear = identify_integrating(records, GAIN).increments
    parts = Parts(records, None, 20, 20)
    return Problem(NETWORK, records, None, whole=Whole(records, linear, GAIN, parts=parts))


@pytest.mark.parametrize("work", [30_000_000, 1])
def test_sums_from_the_states_found_are_those_measured(records, monkeypatch, work):
    """Level known from the first output: from rest they are off for ever.

    Where a step costs much, the fewest tell a network that forgets soon.
    """
    monkeypatch.setattr(solver, "WORK", work)
    seen, run = [], solver.OwnUnknowns.cost
    monkeypatch.setattr(
        solver.OwnUnknowns, "cost", lambda self, own: seen.append(self) or run(self, own)
    )
    inputs, states = begun_sums(posed(records), NETWORK, PARAMS, 1e-4)
    np.testing.assert_array_equal(inputs, records.u[records.offsets[:-1]])
    steps = seen[0].objective.records.lengths.tolist()
    assert steps == [64, 64] if work == 1 else min(steps) > 64
    off = []
    for begun in (states, np.zeros_like(states)):
        y, _ = _core.simulate(NETWORK, PARAMS, records.u, records.offsets, begun, float32=False)
        y = accumulate(y, records.offsets, GAIN, np.zeros((2, 1)))
        ends, begins = records.offsets[1:] - 1, records.offsets[:-1]
        off.append(np.abs((y - records.y)[ends] - (y - records.y)[begins]).max())
    assert off[0] < 0.01 * off[1]


@pytest.mark.parametrize("known", [1.0, 0.7])
def test_differences_agree_with_exact_rows(records, rng, known):
    """Also where outputs are missing."""
    weights = (rng.uniform(size=records.y.shape) < known).astype(float)
    problem = posed(replace(records, weights=weights if known < 1.0 else None))
    whole = problem.whole
    part = whole.records, np.ones(records.n_total, dtype=bool)
    objective = WholeRecords.of(problem, NETWORK, part, whole.linear, PARAMS, 1e-4)
    objective = replace(objective, memory=300, float32=False)
    x = objective.begin(PARAMS, 0.3 * rng.normal(size=(2, 2, NETWORK.n_units)))
    exact, own = sum_all(objective, x), sum_own(objective, x)
    n_params = NETWORK.n_params
    np.testing.assert_allclose(own.gram, exact.gram[n_params:, n_params:], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(own.gradient, exact.gradient[n_params:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", [4, 10, 19, 20, 45])
def test_states_are_found_far_from_rest(seed):
    """The record goes on with a run of a strong network; from rest the descent ends elsewhere."""
    params, rng = 3.0 * teacher_params(NETWORK, seed), np.random.default_rng(seed)
    u, before = rng.normal(size=(500, 1)), rng.normal(size=(200, 1))
    _, begun = _core.simulate(NETWORK, params, before, np.array([0, 200]), float32=False)
    offsets = np.array([0, 500])
    y, _ = _core.simulate(NETWORK, params, u, offsets, begun, float32=False)
    records = Records(u, accumulate(y, offsets, GAIN, np.ones((1, 1))), offsets)
    _, states = begun_sums(posed(records), NETWORK, params, 1e-4)
    assert np.abs(states[:, 0]).max() <= 1.0
    found, _ = _core.simulate(NETWORK, params, u, offsets, states, float32=False)
    assert GAIN * np.abs(np.sum(found - y)) < 0.01 * records.y.std()


def test_no_hidden_state_is_beyond_what_a_step_can_leave(records, monkeypatch):
    """A fit may ask for it; then the next best inside counts."""
    monkeypatch.setattr(solver, "descend", lambda unknowns, state: replace(state, stalled=True))
    monkeypatch.setattr(
        solver, "_typical", lambda objective, params: np.full((2, 2, NETWORK.n_units), 3.0)
    )
    monkeypatch.setattr(solver.OwnUnknowns, "cost_from", lambda self, states: -states.max())
    _, states = begun_sums(posed(records), NETWORK, PARAMS, 1e-4)
    np.testing.assert_array_equal(states[:, 0], 1.0)
    np.testing.assert_array_equal(states[:, 1], 3.0)


def turntable(n_timesteps, seed):
    """Make an angle: it stands until its motor is switched on, and is never at rest again."""
    u = np.random.default_rng(seed).uniform(0.5, 1.5, n_timesteps // 25 + 1)
    u = np.repeat(u, 25)[:n_timesteps]
    u[:40] = 0.0
    y, speed, angle = np.empty(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        speed += 0.03 * (u[t] - 0.2 * u[t] ** 2 - speed)
        angle += 0.01 * (speed - 0.8)
        y[t] = angle
    return u[:, None], y


@pytest.fixture(scope="module")
def fitted():
    """Give the record, a model of it, and where it would begin without its states."""
    (u, y), kept, chosen = turntable(3000, 1), [], Trained._as_sums_began

    def keep(self, guess):
        kept.append(guess)
        return chosen(self, guess)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(Trained, "_as_sums_began", keep)
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LSTMRegressor(random_state=0, max_iter=400).fit(u, y)
    assert model.frame_.integrating.all()
    return u, y, model, kept[0]


def test_predict_begins_as_the_record_did(fitted):
    """Typical states belong to a table that turns."""
    u, y, model, guess = fitted
    error = np.abs(model.predict(u) - y)[:1500].mean()
    typical = copy(model)
    typical.initial_state_ = guess
    assert error < 0.3 * np.abs(typical.predict(u) - y)[:1500].mean()


def test_one_output_tells_a_level_only(fitted):
    """All states fit it alike: the record begins as those in training."""
    u, y, model, _ = fitted
    apart = model.simulate(u, y_init=y[:1] + 7.0) - model.predict(u)
    np.testing.assert_allclose(apart, apart[0], atol=1e-6)
    assert abs(apart[0] - 7.0) < 0.1


def test_state_of_training_is_preferred_where_others_are_not_clearly_better(fitted, monkeypatch):
    """Other starts have to be better by the margin."""
    u, y, model, _ = fitted
    asked, estimate = [], beginning.estimate_state
    monkeypatch.setattr(
        beginning, "estimate_state", lambda *given: asked.append(given) or estimate(*given)
    )
    model.simulate(u, y_init=y[:5])
    [(_, _, starts, _, margin)] = asked
    assert margin == beginning.CLEARLY > 0.0
    np.testing.assert_allclose(starts[0][0], model.initial_state_.offset, atol=1.0)


def test_guess_is_shifted_where_that_is_clearly_nearer(fitted):
    """The model begins elsewhere than the guess."""
    _, _, model, guess = fitted
    assert np.abs(model.initial_state_.offset - guess.offset).max() > 0.05
    np.testing.assert_array_equal(model.initial_state_.slope, guess.slope)
