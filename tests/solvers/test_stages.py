from dataclasses import replace

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker, stage_descent
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.stage_descent import StageLimits, descend_stages
from fastlstm.solvers.stages import FIRST_WHOLE, MAX_STRIDE, Stages
from fastlstm.solvers.stretches import spread_stretches
from fastlstm.solvers.tracker import Iterate
from fastlstm.starts.near_linear import near_linear_start
from problems import teacher_records


def make_records(lengths):
    total = sum(lengths)
    u = np.arange(total, dtype=float)[:, None]
    return Records(u, u.copy(), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def test_stretches_are_pieces_of_one_record_each():
    """A piece never crosses from one record into the next."""
    records = make_records([3000, 50, 2000, 4000])
    part = spread_stretches(records, 2000, lead_in=20)
    assert part.n_total < 4000
    for rows in part.slices():
        steps = part.u[rows, 0]
        assert np.all(np.diff(steps) == 1)
        first, last = np.searchsorted(records.offsets, [steps[0], steps[-1]], side="right")
        assert first == last


def test_stretches_cover_the_whole_span_of_a_long_record():
    """A trend along the record must be visible in the excerpt."""
    part = spread_stretches(make_records([100_000]), 8000, lead_in=50)
    assert part.u.min() < 2000
    assert part.u.max() > 98_000
    assert 7000 < part.n_total < 10_000


def test_stretches_are_the_records_themselves_when_all_is_asked_for():
    """No excerpt where there is nothing to leave out."""
    records = make_records([300, 200])
    assert spread_stretches(records, 450, lead_in=10) is records


@pytest.mark.parametrize("lengths", [[40], [200], [5000], [90] * 30, [100_000]])
def test_stages_grow_to_all_the_data(lengths):
    """Every stage has rows, later ones more, and the last spans all steps."""
    problem = Problem(Network(1, 1, (3,)), make_records(lengths), washout=10)
    stages = Stages(problem, memory=20)
    rows = [stages[k].objective.plan.n_rows for k in range(len(stages))]
    assert rows == sorted(rows)
    assert rows[0] > 0
    last = stages[len(stages) - 1]
    assert last.is_last
    assert last.objective.records is problem.train
    assert not any(stages[k].is_last for k in range(len(stages) - 1))
    assert last.objective.plan.n_rows * MAX_STRIDE >= min(sum(lengths) // 2, 500)


@pytest.mark.parametrize(("n_steps", "fewest"), [(2000, 5.0), (8000, 1.25)])
def test_careful_stages_leave_out_those_of_few_rows_when_data_are_few(n_steps, fewest):
    """Up to 40 residuals per weight the race needs more rows to tell which start is good."""
    network = Network(1, 1, (4,))
    problem = Problem(network, make_records([n_steps]))
    plain, careful = Stages(problem, 20), Stages(problem, 20, careful=True)
    rows = careful[0].objective.plan.n_rows
    assert fewest * 0.8 <= rows / network.n_params <= fewest * 1.3
    assert plain[0].objective.plan.n_rows <= rows
    assert careful[len(careful) - 1].is_last
    last = careful[len(careful) - 1].objective
    assert last.plan.n_rows == plain[len(plain) - 1].objective.plan.n_rows


def noisy_problem(noise):
    """Twenty-five residuals per weight and more, so that a stage with all rows can follow."""
    records = teacher_records(Network(1, 1, (2,)), [6000, 3000], seed=2)
    e = np.random.default_rng(7).normal(size=records.y.shape)
    records = replace(records, y=records.y + noise * e)
    train, validation = records.take([(0, 0, 6000)]), records.take([(1, 0, 3000)])
    return Problem(Network(1, 1, (4,)), train, validation, washout=30, alpha=1e-6)


def descend_whole(problem):
    """Return validation errors in the first stage on all records, and the one behind it."""
    stages = Stages(problem, memory=40)
    assert not stages[FIRST_WHOLE].is_last
    tracker = Tracker(problem, Clock())
    tracker.begin(10_000)
    start = near_linear_start(problem.network, problem.train, np.random.default_rng(0), 30)
    state, limits = DescentState(start, np.inf), StageLimits(1e-9, 1e-3, 200)
    course = descend_stages(stages, state, tracker, "start", limits, last=FIRST_WHOLE)
    rmse = None
    while True:
        try:
            iterate = next(course) if rmse is None else course.send(rmse)
        except StopIteration as end:
            rows = [row for row in tracker.history if row.phase == f"start, {FIRST_WHOLE}"]
            errors = [row.rmse_validation for row in rows]
            return errors, tracker.score(end.value.state.params)
        rmse = tracker.offer(iterate)


def test_a_stage_ends_soon_where_noise_in_its_rows_is_what_is_followed(monkeypatch):
    """Long before its patience, and no worse: the next stages have the rows that it lacks."""
    monkeypatch.setattr(stage_descent, "_SHORT_PATIENCE", 30)
    soon, rmse_soon = descend_whole(noisy_problem(0.3))
    monkeypatch.setattr(stage_descent, "_NOISE_PATIENCE", 10_000)
    late, rmse_late = descend_whole(noisy_problem(0.3))
    assert len(soon) < len(late) - 20
    assert rmse_soon < 1.02 * rmse_late


def test_a_stage_goes_on_while_validation_gains():
    """Three iterations at least without a better validation error come before its end."""
    errors, _ = descend_whole(noisy_problem(0.0))
    assert int(np.argmin(errors)) <= len(errors) - 1 - stage_descent._NOISE_PATIENCE


@pytest.mark.parametrize(
    ("rmse", "since", "costs", "ends"),
    [
        (1.05, 3, [1.0, 1.0, 1.0, 0.998], True),
        (1.01, 3, [1.0, 1.0, 1.0, 0.998], False),  # rows are followed no better than others
        (1.05, 2, [1.0, 1.0, 1.0, 0.998], False),  # validation has gained
        (1.05, 3, [1.0, 0.998, 0.996, 0.994], False),  # more than noise explains is still falling
    ],
)
def test_noise_is_what_is_left_if_it_explains_gap_and_fall(rmse, since, costs, ends):
    """About thirty residuals per weight: a gap of 3 % in squares, a fall of a tenth of that."""
    stage = Stages(noisy_problem(0.0), memory=40)[FIRST_WHOLE]
    iterate = Iterate(np.zeros(1), 1.0, "start")
    assert stage_descent._noise_is_left(stage, iterate, rmse, since, costs) == ends
