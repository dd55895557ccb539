"""Sizes that are given for few data: a limit for free ones."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker, in_room
from fastlstm.solvers.first_network import begin_in_room
from fastlstm.solvers.inside import Inside
from fastlstm.solvers.tracker import Iterate
from fastlstm.starts.near_linear import near_linear_weights
from fastlstm.training import Task
from problems import teacher_params, teacher_records

MAX_ITER = 300
pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def record():
    """Two residuals per weight of sixteen units, under a little noise."""
    records = teacher_records(Network(1, 1, (3,)), [2400], seed=3)
    e = np.random.default_rng(0).normal(size=records.y.shape)
    return records.u, records.y + 0.05 * records.y.std() * e


def fitted(record, hidden, head=(), **parameters):
    """With the seed that all share."""
    return LSTMRegressor(hidden, head, random_state=0, **parameters).fit(*record)


def units(model):
    """Units of the networks that were trained, of their first layers."""
    return {row.phase.split(" ")[0] for row in model.history_ if " units: " in row.phase}


@pytest.mark.parametrize("sizes", [((16,), ()), ((12, 12), (16,))])
def test_result_has_the_sizes_that_were_asked_for(record, sizes):
    """Small networks are trained, and averaged as far as there is room; the same bits again."""
    model = fitted(record, *sizes, max_iter=MAX_ITER)
    assert (model.network_.hidden_sizes, model.network_.head_sizes) == sizes
    assert "6" in units(model)
    assert model.rmse_validation_ < 0.08 * record[1].std()
    again = fitted(record, *sizes, max_iter=MAX_ITER)
    np.testing.assert_array_equal(again.params_, model.params_)


def test_what_a_smaller_network_says_the_whole_one_does(record):
    """Also one with fewer layers: iterates, the best, and what is known of it."""
    small, whole = Network(1, 1, (3,), (2,)), Network(1, 1, (5, 4), (3,))
    records = Records.from_lists([record[0]], [record[1]])
    trackers = [Tracker(Problem(network, records), Clock()) for network in (whole, small)]
    tracker, own = trackers
    tracker.begin(10), own.begin(10)
    donor = near_linear_weights(whole, np.random.default_rng(0))
    inside = Inside(tracker, own, donor)
    inside.take_over()
    assert tracker.best is None
    params = teacher_params(small, 1)
    rmse = own.consider(params, "found", 0.5)
    shown = inside.show(Iterate(params, 0.5, "x", network=small), rmse)
    assert (shown.phase, shown.network, shown.rmse_validation) == ("3 units: x", None, rmse)
    assert tracker.score(shown.params) == pytest.approx(rmse, rel=1e-3)
    np.testing.assert_array_equal(tracker.best, shown.params)
    assert (tracker.best_phase, tracker.best_rmse, tracker.decided) == ("found", rmse, False)
    assert tracker.best_risk == own.best_risk
    own.decided = True
    inside.take_over()
    assert tracker.decided


def test_it_is_better_than_the_network_itself(record, monkeypatch):
    """In the same number of iterations, on other data without noise."""
    test = teacher_records(Network(1, 1, (3,)), [2400, 3000], seed=3).take([(1, 0, 3000)])
    errors = {}
    for way, much in (("free", in_room.MUCH), ("given", np.inf)):
        monkeypatch.setattr(in_room, "MUCH", much)
        model = fitted(record, (12,), max_iter=220)
        assert bool(units(model)) == (way == "free")
        errors[way] = np.std((model.simulate(test.u).reshape(-1, 1) - test.y)[50:])
    assert errors["free"] < errors["given"]


def test_a_network_hardly_larger_than_the_first_is_trained_itself(record):
    """Eight units have less than twice the weights of six."""
    assert units(fitted(record, (8,), max_iter=250)) == set()


def test_few_iterations_and_a_start_are_for_the_network_itself(record):
    """There is nothing to find out, or nothing to find it out with."""
    first = fitted(record, (16,), max_iter=60)
    assert "6" not in units(first)
    went_on = LSTMRegressor((16,), (), random_state=0, max_iter=220)
    assert "6" not in units(went_on.fit(*record, start=first))


def test_it_can_be_stopped_at_any_time(record):
    """What is known by then has the sizes that were asked for."""

    def stop(progress):
        if progress.iteration == 20:
            raise KeyboardInterrupt

    model = LSTMRegressor((16,), (), random_state=0)
    with pytest.warns(UserWarning):
        model.fit(*record, callback=stop)
    assert model.network_.hidden_sizes == (16,)
    assert model.rmse_validation_ < record[1].std()


def test_few_independent_outputs_are_for_the_network_itself(monkeypatch, record):
    """A held-out tail would tell little of them."""
    monkeypatch.setattr(in_room, "MANY", np.inf)
    assert "6" not in units(fitted(record, (12,), max_iter=200))


@pytest.mark.parametrize(("hidden", "has_room"), [((12,), False), ((8, 8), True)])
def test_curves_in_front_of_poles_are_for_networks_with_room(hidden, has_room):
    """One layer has none for them, whatever the outputs ask for; then the small network goes on."""
    u = np.random.default_rng(1).uniform(-1.0, 1.0, (2400, 1))
    y = lfilter([0.3], [1.0, -0.7], np.sin(3.0 * np.pi * u), axis=0)
    model = fitted((u, y), hidden, max_iter=220)
    small = [" units: " in row.phase for row in model.history_]
    assert small[0] and all(small) != has_room


@pytest.mark.parametrize(
    ("n_steps", "hidden", "first"),
    [
        (7000, (16,), None),
        (7000, (16, 16), (6,)),
        (3000, (16,), (6,)),
        (450, (16,), (4,)),
        (450, (3, 16), (3,)),
        (200, (16,), None),
    ],
)
def test_what_comes_first_depends_on_the_data(n_steps, hidden, first):
    """None where one layer has enough of them, or where even four units have too few."""
    records = teacher_records(Network(1, 1, (3,)), [n_steps], seed=3)
    settings = LSTMRegressor(hidden, ()).get_params()
    problem = Task.of(settings, (records.u, records.y, None)).problem
    begun = begin_in_room(problem)
    assert (None if begun is None else begun.network.hidden_sizes) == first
    if begun is not None:
        assert begun.may_widen and begun.room == problem.network
        assert begun.whole is None or begun.whole.is_medium
