"""Descents on part of the data that harm the rest."""

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.problem import Status
from fastlstm.solvers.stage_descent import StageLimits, descend_stages
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.straying import FAR, Straying
from fastlstm.solvers.tracker import Iterate, free_run_rmse
from fastlstm.starts.near_linear import near_linear_start
from problems import teacher_params

NETWORK = Network(1, 1, (3,))
PLANT = teacher_params(NETWORK, 3)


@pytest.fixture(scope="module")
def problem():
    """Long records, a short one of which is held out."""
    u = np.random.default_rng(1).normal(size=(6300, 1))
    offsets = np.array([0, 6000, 6300])
    records = Records(u, simulate(NETWORK, PLANT, u, offsets)[0], offsets)
    train, validation = records.take([(0, 0, 6000)]), records.take([(1, 0, 300)])
    return Problem(NETWORK, train, validation, washout=20)


def off(by):
    """Give weights of the plant with another level."""
    params = PLANT.copy()
    NETWORK.unpack(params)["readout.bias"][0] += by
    return Iterate(params, 0.0, "")


def test_only_what_is_much_worse_than_before_counts_more(problem):
    """In proportion beyond half as much again; the least error so far is the measure."""
    straying = Straying(problem)
    assert straying.factor(off(1.0)) == 1.0
    assert straying.factor(off(0.5)) == 1.0
    least = free_run_rmse(problem, problem.train, off(0.5).params)
    much = free_run_rmse(problem, problem.train, off(3.0).params)
    assert much > 2.0 * FAR * least
    assert straying.factor(off(3.0)) == pytest.approx(much / (FAR * least))
    assert straying.factor(off(0.51)) == 1.0


def test_what_leaves_the_range_of_numbers_is_worth_nothing(problem):
    """And it is no measure for others."""
    straying = Straying(problem)
    assert straying.factor(off(np.nan)) == np.inf
    assert straying.factor(off(1.0)) == 1.0


def test_strayed_weights_are_not_remembered_for_their_validation_error(problem):
    """The error that is reported stays as it is; the method is told what it counts."""
    tracker = Tracker(problem, Clock())
    tracker.begin(100)
    params = off(0.5).params
    rmse = tracker.offer(Iterate(params, 0.1, "first"))
    near = off(0.4).params
    assert tracker.score(near) < rmse
    counted = tracker.offer(Iterate(near, 0.1, "strayed", strayed=10.0))
    assert counted == pytest.approx(10.0 * tracker.score(near))
    assert tracker.history[-1].rmse_validation == tracker.score(near)
    assert tracker.best_phase == "first"


def followed(problem, first):
    """Stages from one of part of the data on, or from the last; what was told of every iterate."""
    tracker = Tracker(problem, Clock())
    tracker.begin(100)
    stages = Stages(problem, 48)
    rng = np.random.default_rng(0)
    start = near_linear_start(NETWORK, problem.train, rng)
    limits, told = StageLimits(1e-4, 1e-3, 5), []
    state = DescentState(start, np.inf)
    number = len(stages) - 1 if first is None else first
    which = {"first": number, "last": number, "anew": True}
    course = descend_stages(stages, state, tracker, "x", limits, **which)
    try:
        iterate = next(course)
        while True:
            told.append(iterate.strayed)
            iterate = course.send(tracker.offer(iterate))
    except StopIteration as end:
        return told, end.value.status


def test_a_stage_of_part_of_the_data_ends_where_it_strays(problem, monkeypatch):
    """Its rows have no more to say; a stage of all data is not asked."""
    factors = iter([1.0, 1.0, *[50.0] * 100])
    monkeypatch.setattr(Straying, "factor", lambda *_: next(factors))
    told, status = followed(problem, 2)
    assert told == [1.0, 1.0, 50.0]
    assert status is Status.EARLY_STOPPED
    told, _ = followed(problem, None)
    assert set(told) == {1.0} and len(told) > 3
