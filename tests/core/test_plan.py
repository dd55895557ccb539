"""Row plans: every wanted step once, and windows that slide."""

from itertools import pairwise

import numpy as np
import pytest

from fastlstm._core import _kernels, plan_rows

LENGTHS = [(1,), (5, 5), (100,), (1, 40, 3, 17), (7,) * 60, (1000, 2), (0, 12, 0)]


def wanted(offsets, washout, stride, phase):
    return [
        (record, step)
        for record, (start, stop) in enumerate(pairwise(offsets))
        for step in range(start + washout + phase, stop, stride)
    ]


def planned(plan):
    pairs = np.stack([plan.record.ravel(), plan.step.ravel()], axis=1)[plan.mask]
    return sorted(map(tuple, pairs.tolist()))


@pytest.mark.parametrize("float32", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("washout", "stride", "phase"), [(0, 1, 0), (2, 3, 1), (0, 8, 7)])
def test_plan_has_every_wanted_step_once(variant, lengths, washout, stride, phase, float32):
    """A step missed or counted twice would bias the Gram matrix."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    expected = wanted(offsets, washout, stride, phase)
    if not expected:
        with pytest.raises(ValueError, match="washout must leave"):
            plan_rows(offsets, washout=washout, stride=stride, phase=phase, float32=float32)
        return
    plan = plan_rows(offsets, washout=washout, stride=stride, phase=phase, float32=float32)
    assert planned(plan) == sorted(expected)
    assert plan.n_rows == len(expected) == plan.mask.sum()
    assert plan.step.shape == plan.record.shape
    assert plan.step.shape[1] == _kernels.lanes(float32)
    assert (plan.record >= 0).any(axis=1).all()


def test_plan_has_the_given_steps_when_steps_are_listed():
    """Scattered rows of several records, each under its own record."""
    offsets = np.array([0, 10, 30, 31])
    steps = np.array([0, 3, 9, 10, 11, 29, 30])
    pairs = [(0, 0), (0, 3), (0, 9), (1, 10), (1, 11), (1, 29), (2, 30)]
    assert planned(plan_rows(offsets, steps=steps)) == pairs


def test_plan_lanes_advance_by_the_stride_when_the_record_is_long():
    """A window that slides with its rows is filled only once per lane."""
    plan = plan_rows(np.array([0, 5000]), stride=8)
    moved = np.diff(plan.step, axis=0)[plan.record[1:] >= 0]
    assert (moved == 8).all()


@pytest.mark.parametrize("n_steps", [64, 500, 16384])
def test_plan_wastes_few_lanes(n_steps):
    """Padding is computed like a row and thrown away."""
    plan = plan_rows(np.array([0, n_steps]))
    assert plan.step.size < 1.1 * n_steps + _kernels.lanes(True)


def test_plan_takes_rows_of_a_per_step_array():
    """Residuals are arranged like the rows, zero at padding."""
    offsets = np.array([0, 7, 20])
    plan = plan_rows(offsets, stride=2)
    y = np.random.default_rng(0).normal(size=(20, 3))
    taken = plan.take(y)
    np.testing.assert_array_equal(taken[plan.mask], y[plan.step.ravel()[plan.mask]])
    assert not taken[~plan.mask].any()


@pytest.mark.parametrize(
    "bad", [{"stride": 0}, {"stride": -1}, {"washout": -1}, {"phase": -2}, {"washout": 10}], ids=str
)
def test_plan_refuses_a_grid_without_steps(bad):
    """A grid that leaves the record must not reach the kernels."""
    with pytest.raises(ValueError, match=r"must be >= 0|at least one step"):
        plan_rows(np.array([0, 10]), **bad)


@pytest.mark.parametrize("steps", [[], [-1, 3], [3, 10], [4, 3], [3, 3]], ids=str)
def test_plan_refuses_listed_steps_outside_the_records_or_out_of_order(steps):
    """Such steps would silently be dropped or counted twice."""
    with pytest.raises(ValueError, match="must"):
        plan_rows(np.array([0, 10]), steps=np.array(steps, dtype=np.int64))
