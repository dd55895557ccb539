"""Plants whose inputs act through sharp curves: tried where outputs ask for it, and worth it."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import bent_start, ridge_path
from fastlstm.solvers.bent_start import bends_for
from fastlstm.solvers.problem import Problem, Whole
from fastlstm.stability import StabilityConstraint
from fastlstm.starts.bends import MANY, UNITS
from fastlstm.starts.linear import LinearModel

NETWORK = Network(1, 1, (6, 6), (8,))
LONG, MEDIUM, SHORT = 6000, 2500, 800  # for the weights of "auto"
ITERATIONS = {LONG: 110, MEDIUM: 120, SHORT: 80}

pytestmark = [
    pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning"),
]


def waves(n_timesteps, seed):
    """One pole behind three periods of a sine."""
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, n_timesteps)
    return u[:, None], lfilter([0.3], [1.0, -0.7], np.sin(3.0 * np.pi * u))[:, None]


def problem_of(n_timesteps, **changes):
    u, y = waves(n_timesteps, 1)
    records = Records.from_lists([u / u.std()], [y / y.std()])
    return replace(Problem(NETWORK, records, washout=20, may_widen=True), **changes)


def fitted(n_timesteps, **settings):
    u, y = waves(n_timesteps, 1)
    settings = {"max_iter": ITERATIONS[n_timesteps], **settings}
    model = LSTMRegressor(random_state=0, **settings).fit(u, y)
    u, y = waves(3000, 2)
    return model, float((model.simulate(u) - y)[50:].std() / y.std())


def tries_bends(model):
    phases = {row.phase for row in model.history_}
    return any("bent linear" in phase or "behind bends" in phase for phase in phases)


@pytest.mark.parametrize("n_timesteps", [LONG, MEDIUM, SHORT])
def test_waves_of_an_input_are_followed(n_timesteps, monkeypatch):
    """Records of every length; without bends they are not followed at all."""
    model, error = fitted(n_timesteps)
    assert tries_bends(model)
    assert error < 0.15
    monkeypatch.setattr(bent_start, "LEFT", 0.0)
    model, without = fitted(n_timesteps)
    assert not tries_bends(model)
    assert error < 0.3 * without


def test_medium_records_are_short_ones_where_curves_are_asked_for():
    """The start itself is better than the winner of the heats, so these do not descend further."""
    u, y = waves(MEDIUM, 1)
    model = LSTMRegressor(random_state=0, max_iter=300).fit(u, y)
    phases = list(dict.fromkeys(row.phase for row in model.history_))
    assert phases[0] == "random 1"
    assert phases.index("bent linear 1") == min(
        number for number, phase in enumerate(phases) if "bent" in phase
    )
    assert model.start_ == "bent linear"


def test_rounds_go_on_without_bends_where_they_are_not_chosen(monkeypatch):
    """There is more time for the other kinds then."""
    monkeypatch.setattr(ridge_path, "BENT_RISK", 1e4)
    model, _ = fitted(SHORT, max_iter=400)
    turns = [phase for phase, _ in groupby(row.phase for row in model.history_)]
    assert turns.count("bent linear 1") == 1
    assert turns.count("linear 1") > 1


@pytest.mark.parametrize("n_timesteps", [LONG, SHORT])
def test_a_start_that_is_no_better_than_the_linear_model_does_not_descend(n_timesteps, monkeypatch):
    """Poles that are fixed may ask for bends where those of the linear model do not."""
    monkeypatch.setattr(bent_start, "WORTH", 0.0)
    model, _ = fitted(n_timesteps)
    assert not tries_bends(model)


def test_the_same_bits_again():
    """Its random numbers are those of the fit."""
    first, second = (fitted(SHORT)[0].params_ for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("sizes", "have_room"), [((4,), False), ((10, 3), True), ((9, 3, 2), True), ((18, 4), True)]
)
def test_sizes_that_are_given_stay(sizes, have_room):
    """Bends take the first of two or more layers."""
    model, error = fitted(SHORT, hidden_sizes=sizes, head_sizes=())
    assert model.network_.hidden_sizes == sizes
    assert tries_bends(model) == have_room
    assert (error < 0.3) == have_room


def test_more_steps_where_they_leave_clearly_less():
    """Twenty levels of an input that jump; a dead zone needs few."""
    rng = np.random.default_rng(3)
    u = rng.uniform(-1.7, 1.7, 1500)
    heights = rng.standard_normal(20)
    rows = {}
    for name, force in (
        ("levels", heights[np.digitize(u, np.linspace(-1.7, 1.7, 21)[1:-1])]),
        ("dead zone", np.sign(u) * np.maximum(np.abs(u) - 1.0, 0.0)),
    ):
        y = lfilter([0.3], [1.0, -0.7], force)
        records = Records.from_lists([u[:, None]], [(y / y.std())[:, None]])
        problem = problem_of(SHORT, train=records)
        rows[name] = bends_for(problem, records, 20, (UNITS, MANY)).n_units
    assert rows == {"levels": MANY + 1, "dead zone": UNITS + 1}


def test_bends_need_room_and_no_integrators():
    """There are none beside lagged inputs or a constraint, which the start would not satisfy."""
    problem = problem_of(SHORT)
    records = problem.train
    assert bends_for(problem, records, 20) is not None
    low, high = np.full(1, -2.0), np.full(1, 2.0)
    one = np.ones((1, 1))
    integrating = Whole(records, LinearModel(one * 0.5, one, one, one, np.zeros(1)), np.ones(1))
    given = {"may_widen": False}
    wide = {"network": Network(1, 1, (10, 6)), **given}
    assert bends_for(replace(problem, **wide), records, 20).n_units == 10
    for changes in (
        {"network": Network(1, 1, (8,)), **given},
        {"network": Network(1, 1, (3, 6)), **given},
        {"network": Network(1, 1, (8, 1)), **given},
        {"n_lagged": 1},
        {"constraint": StabilityConstraint(NETWORK, low, high, "iss")},
        {"whole": integrating},
        {"gate_ridge": 4.0},
    ):
        assert bends_for(replace(problem, **changes), records, 20) is None


def test_bends_are_looked_for_in_part_of_long_records(monkeypatch):
    """As in all of them, at the price of few rows."""
    seen = []
    judged = bent_start.left_by_bends
    monkeypatch.setattr(
        bent_start,
        "left_by_bends",
        lambda records, *rest: seen.append(records.n_total) or judged(records, *rest),
    )
    problem = problem_of(40_000)
    assert bends_for(problem, problem.train, 20) is not None
    assert seen[0] <= bent_start.LOOKED_AT


@pytest.mark.parametrize("washout", [0, SHORT + 100])
def test_a_record_shorter_than_the_washout_is_looked_at(washout):
    """Stretches of long records may be as short."""
    problem = problem_of(SHORT)
    assert bends_for(problem, problem.train, washout) is not None
