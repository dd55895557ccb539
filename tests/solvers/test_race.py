from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker
from fastlstm.solvers.heats import OVERFIT, heat
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START, StageLimits
from fastlstm.solvers.stages import WHOLE, Stages
from fastlstm.stability import StabilityConstraint
from fastlstm.starts.candidates import random_candidate
from problems import teacher_records

NETWORK = Network(1, 1, (3,), (3,))
LIMITS = StageLimits(1e-4, 0.02, 25)


@pytest.fixture(scope="module")
def problem():
    """Enough data for all stages of few rows."""
    records = teacher_records(Network(1, 1, (3,), (2,)), [12_000, 3000], seed=3)
    train, validation = records.take([(0, 0, 12_000)]), records.take([(1, 0, 3000)])
    return Problem(NETWORK, train, validation, washout=30, alpha=1e-6)


def run(problem, n_starts=2, seed=0):
    """Phases of the race as they follow each other, and the field."""
    tracker = Tracker(problem, Clock())
    tracker.begin(10_000)
    race = Race(problem, tracker, np.random.default_rng(seed), n_starts, 5, LIMITS, True)
    field = follow(rescued(race), tracker)
    return [phase for phase, _ in groupby(row.phase for row in tracker.history)], field


def rescued(race):
    """Run the race, and Adam behind it where its winner is poor."""
    field = yield from race.run()
    return (yield from race.by_adam(field)) if race.is_poor(field[0]) else field


def follow(course, tracker):
    """Offer all iterates of a course; what it returns."""
    rmse = None
    while True:
        try:
            iterate = next(course) if rmse is None else course.send(rmse)
        except StopIteration as end:
            return end.value
        rmse = tracker.offer(iterate)


def test_the_first_start_goes_ahead_before_the_others_run(problem):
    """Through all stages of part of the data; its descent goes on behind them."""
    phases, field = run(problem)
    ahead = [f"random 1, {stage}" for stage in range(WHOLE)]
    assert phases[: 1 + len(ahead)] == ["random 1", *ahead]
    assert {name.split(",")[0] for name in phases} >= {"linear first", "random 2"}
    assert next(one for one in field if one.name == "random 1").stage == WHOLE


def test_a_better_start_goes_as_far_and_wins_only_there():
    """A plant that is nearly linear: the linear start leads after the heats."""
    rng = np.random.default_rng(0)
    u, y = rng.normal(size=(8000, 1)), np.zeros((8000, 1))
    for t in range(1, len(u)):
        y[t] = 1.6 * y[t - 1] - 0.7 * y[t - 2] * (t > 1) + 0.1 * u[t - 1]
    y /= y.std()
    records = Records(u, y, np.array([0, 6000, 8000]))
    train, validation = records.take([(0, 0, 6000)]), records.take([(1, 0, 2000)])
    problem = Problem(Network(1, 1, (4,)), train, validation, washout=30, alpha=1e-6)
    phases, field = run(problem, n_starts=1)
    followed = [name for name in phases if name.startswith("linear") and "," in name]
    assert followed and phases.index(followed[0]) > phases.index("random 1, 2")
    stages = {one.name.split()[0]: one.stage for one in field}
    assert stages["linear"] == stages["random"] == WHOLE
    assert field[0].rmse == min(one.rmse for one in field)
    assert field[0].name.startswith("linear")


def test_nothing_goes_ahead_where_a_penalty_has_to_grow(problem):
    """Stages raise the penalty of a constraint one after the other, from the first."""
    constraint = StabilityConstraint(NETWORK, np.array([-3.0]), np.array([3.0]))
    phases, field = run(replace(problem, constraint=constraint))
    assert not any("," in name for name in phases)
    assert all(one.stage == 0 for one in field)


def test_a_heat_ends_where_only_its_own_rows_are_followed():
    """Noise and few rows: no start goes on from twice the training error on validation."""
    records = teacher_records(NETWORK, [4000, 1000], seed=5)
    noisy = records.y + np.random.default_rng(1).normal(size=records.y.shape)
    records = replace(records, y=noisy)
    train, validation = records.take([(0, 0, 4000)]), records.take([(1, 0, 1000)])
    problem = Problem(Network(1, 1, (8,), (4,)), train, validation, washout=30, alpha=1e-8)
    stage = Stages(problem, 64)[0]
    tracker = Tracker(problem, Clock())
    tracker.begin(10_000)
    tracker.judge_by(stage.judge)
    rng = np.random.default_rng(0)
    start = random_candidate(problem.network, stage.objective.records, 30, rng, 1)
    follow(heat(stage.objective, [start], tracker, 20), tracker)
    ratios = [row.rmse_validation / row.rmse_train for row in tracker.history]
    assert ratios[-1] > OVERFIT
    assert len(ratios) < 120


def test_adam_looks_for_another_basin_where_the_winner_is_poor(problem, monkeypatch):
    """It starts behind the others, goes as far as they did, and only then is compared."""
    monkeypatch.setattr("fastlstm.solvers.race.POOR", 0.0)
    monkeypatch.setattr("fastlstm.solvers.race.BAD", 0.0)
    phases, field = run(problem)
    assert phases.index("Adam") > phases.index("random 2")
    after = [name for name in phases[phases.index("Adam") :] if name != "Adam"]
    assert after == [f"Adam, {stage}" for stage in range(FIRST_STAGE_OF_A_START, WHOLE)]
    adam = next(one for one in field if one.name == "Adam")
    assert adam.stage == WHOLE
    winner = min(field[0], adam, key=lambda one: one.rmse)
    assert field[0] is winner


def test_adam_has_nothing_to_do_where_the_winner_is_good(problem):
    """The data of a small network: errors fall to a hundredth of the linear model's."""
    phases, field = run(problem)
    assert "Adam" not in phases and all(one.name != "Adam" for one in field)
