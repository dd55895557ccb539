"""What "auto" begins with on long records, and how it goes on from there."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal
from sklearn.base import clone

from fastlstm import LSTMRegressor
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, LevenbergMarquardt, Problem, Tracker, first_network
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.early_growth import WORTH, EarlyGrowth
from fastlstm.solvers.first_network import SMALL_HEAD, SMALL_HIDDEN, begin_small
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import StageLimits
from fastlstm.starts.near_linear import near_linear_start
from fastlstm.training import Task
from problems import teacher_records

SMALL, DEEP = Network(1, 1, SMALL_HIDDEN, SMALL_HEAD), Network(1, 1, (6, 6), (8,))


def saturated(poles, n_timesteps=8000):
    """Input and output of a filter with these poles behind a static nonlinearity."""
    u = np.random.default_rng(0).normal(size=(n_timesteps, 1))
    x = signal.lfilter([1.0], np.poly(poles).real, np.tanh(u), axis=0)
    return u, x / x.std()


def posed(u, y, **parameters):
    """Return the problem of a fit that has not begun."""
    return Task.of(LSTMRegressor(**parameters).get_params(), (u, y, None)).problem


@pytest.fixture(scope="module")
def low_order():
    """Two poles."""
    return saturated([0.7, 0.5])


@pytest.fixture(scope="module")
def high_order():
    """Eight poles near the unit circle, which no model of five states follows."""
    angles = np.array([0.4, 0.9, 1.5, 2.2])
    return saturated(0.93 * np.exp(1j * np.concatenate([angles, -angles])))


@pytest.fixture(scope="module")
def problem():
    """Long records of a network of five units, much more than one unit can follow."""
    records = teacher_records(Network(1, 1, (5,), (3,)), [6000, 1500], seed=1)
    train, validation = records.take([(0, 0, 6000)]), records.take([(1, 0, 1500)])
    return Problem(Network(1, 1, (1,)), train, validation, washout=50, adapts_alpha=True)


def test_plant_of_low_order_begins_with_a_small_network(low_order):
    """The larger one is kept for later."""
    found = posed(*low_order)
    assert (found.network, found.alternative) == (SMALL, DEEP)


def test_plant_of_high_order_begins_with_two_layers(high_order):
    """Six units cannot hold eight states."""
    found = posed(*high_order)
    assert found.linear.model.order > first_network.FEW_STATES
    assert (found.network, found.alternative) == (DEEP, None)


def test_states_count_per_output():
    """Two outputs of a plant with four states do not ask for a deep network, one does."""
    angles = np.array([0.9, 2.0])
    u, y = saturated(0.9 * np.exp(1j * np.concatenate([angles, -angles])))
    assert posed(u, y).network == DEEP
    twice = posed(u, np.column_stack([y, np.roll(y, 1, axis=0)]))
    assert twice.network.hidden_sizes == SMALL_HIDDEN


@pytest.mark.parametrize(
    ("parameters", "network"),
    [
        ({"hidden_sizes": (3,)}, Network(1, 1, (3,), (8,))),
        ({"solver": "bptt"}, DEEP),
        ({"solver": ["ridge", "lm"]}, DEEP),
        ({"stability": "incremental"}, DEEP),
    ],
)
def test_no_other_network_where_it_could_not_be_widened(low_order, parameters, network):
    """Sizes that were given stay, and methods that cannot widen a network get the larger one."""
    found = posed(*low_order, **parameters)
    assert (found.network, found.alternative) == (network, None)


def test_short_records_are_posed_as_before(low_order):
    """Their search has small networks of its own."""
    found = posed(*(part[:600] for part in low_order))
    assert (found.network, found.alternative) == (DEEP, None)


def test_going_on_from_a_model_keeps_its_network(low_order):
    """Weights that are there need the network they belong to."""
    model = LSTMRegressor(max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        first = clone(model).fit(*low_order)
    with pytest.warns(ConvergenceWarning):
        again = clone(model).fit(*low_order, start=first)
    assert first.network_ == again.network_ == SMALL


def test_linear_model_is_identified_once(low_order):
    """The problem of another network has it already."""
    found = posed(*low_order)
    assert found.with_network(DEEP).linear is found.linear
    assert begin_small(found.with_network(DEEP)).linear is found.linear


def grow_early(problem, time_limit=None):
    """Return the small network's candidate, what became of it, and the tracker."""
    tracker = Tracker(problem, Clock(time_limit))
    tracker.begin(10_000)
    rng = np.random.default_rng(0)
    race = Race(problem, tracker, rng, 1, 5, StageLimits(1e-4, 0.02, 25), True)
    params = near_linear_start(problem.network, problem.train, rng, problem.washout)
    winner, rmse = Candidate("random", DescentState(params, np.inf), 1.0), None
    course = EarlyGrowth(race).run(winner)
    while True:
        try:
            iterate = next(course) if rmse is None else course.send(rmse)
        except StopIteration as end:
            return winner, *end.value, tracker
        rmse = tracker.offer(iterate)


def test_small_network_grows_early_while_validation_gains(problem):
    """Every step has a gain of a tenth behind it."""
    winner, network, grown, tracker = grow_early(problem)
    assert network.hidden_sizes[0] > problem.network.hidden_sizes[0]
    assert grown.state.params.size == network.n_params
    tracker.judge_by(problem.judged)
    before = tracker.score(winner.state.params, problem.network)
    assert tracker.score(grown.state.params, network) < WORTH * before
    assert grown.name == f"random grown to {network.hidden_sizes[0]}"


def test_growth_ends_at_once_where_noise_is_left(problem):
    """More units would follow the noise of few rows; the first attempt is the only one."""
    rng, records = np.random.default_rng(2), problem.train
    u = records.u
    y = signal.lfilter([0.3], [1.0, -0.7], u, axis=0) + 0.5 * rng.normal(size=u.shape)
    whole = Records(u, y / y.std(), records.offsets)
    train, validation = whole.take([(0, 0, 4500)]), whole.take([(0, 4500, 6000)])
    noisy = replace(problem, train=train, validation=validation)
    winner, network, grown, tracker = grow_early(noisy)
    assert network == noisy.network
    assert grown is winner
    assert "random grown to 3" in " ".join(row.phase for row in tracker.history)


def test_no_early_growth_without_time(problem):
    """The time of the first half is used up: the small network goes on as it is."""
    winner, network, grown, tracker = grow_early(problem, time_limit=1e-6)
    assert network == problem.network
    assert grown is winner
    assert not any("grown" in row.phase for row in tracker.history)


@pytest.fixture(scope="module")
def free(problem):
    """Noise, so that growth ends soon; the alternative has the structure of the plant."""
    rng = np.random.default_rng(3)
    noisy = {
        name: replace(records, y=records.y + 0.1 * rng.normal(size=records.y.shape))
        for name, records in (("train", problem.train), ("validation", problem.validation))
    }
    return replace(problem, **noisy, alternative=Network(1, 1, (5,), (3,)), may_widen=True)


def solve(problem, callback=None):
    """Train with "lm" as long as it likes."""
    solver = LevenbergMarquardt(tol=1e-3)
    return solver.solve(problem, rng=np.random.default_rng(0), clock=Clock(), callback=callback)


@pytest.fixture(scope="module")
def in_turn(free):
    """Its solution."""
    return solve(free)


def test_alternative_is_trained_where_time_is_left(in_turn):
    """After the small network and what grew from it, under names of its own."""
    names = list(dict.fromkeys(row.phase for row in in_turn.history))
    alternative = [name for name in names if ", 5 units: " in name]
    assert alternative
    assert ", 5 units: " not in names[0]
    assert any("grown to" in name for name in names[: names.index(alternative[0])])


def test_average_of_both_structures_is_judged_on_all_validation_records(free, in_turn):
    """What each fit of them found for itself is not offered; shallow and deep ones may join."""
    late = [row for row in in_turn.history if ", 5 units: " in row.phase]
    assert np.isnan([row.rmse_validation for row in late]).all()
    found = Tracker(free, Clock()).score(in_turn.params, in_turn.network)
    assert found == in_turn.rmse_validation
    early = [row.rmse_validation for row in in_turn.history if not row.phase.startswith("fit ")]
    assert in_turn.rmse_validation <= np.nanmin(early)


def test_ctrl_c_in_the_alternative_loses_nothing(free):
    """The best so far is returned with its own network."""

    def interrupt(progress):
        if ", 5 units: " in progress.phase:
            raise KeyboardInterrupt

    found = solve(free, interrupt)
    assert found.status is Status.INTERRUPTED
    assert found.network is not None and found.network.n_params == found.params.size
