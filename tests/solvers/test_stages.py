from dataclasses import replace

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker, stage_descent
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.full_gradient import FullGradient
from fastlstm.solvers.stage_descent import StageLimits, descend_stages
from fastlstm.solvers.stages import MAX_STRIDE, ROWS_PER_WEIGHT, WHOLE, Stages
from fastlstm.solvers.stretches import spread_stretches


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


def test_all_rows_count_in_the_last_stages_and_few_tell_the_curvature():
    """Of a long record; where the rows are few, all of them do both, once."""
    network = Network(1, 1, (3,))
    long = Stages(Problem(network, make_records([60_000]), washout=10), memory=20)
    assert len(long) == len(ROWS_PER_WEIGHT)
    for index in range(WHOLE, len(long)):
        objective, n_rows = long[index].objective, ROWS_PER_WEIGHT[index] * network.n_params
        assert isinstance(objective, FullGradient)
        assert long[index].is_whole
        assert objective.plan.n_rows == objective.whole.n_residuals == 60_000 - 10
        assert objective.part.plan.n_rows == pytest.approx(n_rows, rel=0.1)
    n_few = int(1.9 * ROWS_PER_WEIGHT[WHOLE] * network.n_params)
    few = Stages(Problem(network, make_records([n_few + 10]), washout=10), memory=20)
    assert len(few) == WHOLE + 1
    assert not isinstance(few[WHOLE].objective, FullGradient)
    assert few[WHOLE].objective.plan.n_rows == n_few


@pytest.mark.parametrize(
    ("stage", "time_limit", "doublings"), [(0, None, 3), (5, None, 1), (5, 0.0, 0)]
)
def test_a_stall_looks_further_back_while_there_is_time(stage, time_limit, doublings, monkeypatch):
    """Up to eightfold on part of the rows, once where all count, not at all without time."""
    seen = []

    def stalls(objective, state):
        seen.append(objective.memory)
        return replace(state, stalled=True)

    monkeypatch.setattr(stage_descent, "descend", stalls)
    problem = Problem(Network(1, 1, (3,)), make_records([60_000]), washout=10)
    tracker = Tracker(problem, Clock(time_limit))
    tracker.begin(100)
    start = DescentState(np.zeros(problem.network.n_params), np.inf)
    limits = StageLimits(1e-4, 0.02, 25)
    course = descend_stages(
        Stages(problem, 20), start, tracker, "start", limits, first=stage, last=stage, anew=True
    )
    assert list(course) == []
    assert [memory // seen[0] for memory in seen] == [2**k for k in range(doublings + 1)]
