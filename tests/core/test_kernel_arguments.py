"""Arguments that do not fit give an error, never a crash."""

from dataclasses import replace

import numpy as np
import pytest
from core_problems import PROBLEMS

from fastlstm._core import RowPlan, gradient, jacobian, plan_rows, simulate

PROBLEM = PROBLEMS[3]  # 3 inputs, 2 outputs, 3 records
N = PROBLEM.offsets[-1]
HUGE = 2**62
ERRORS = (ValueError, TypeError)

BAD_ARGUMENTS = {
    "params short": {"params": PROBLEM.params[:-1]},
    "params long": {"params": np.append(PROBLEM.params, 0.0)},
    "params 2-D": {"params": PROBLEM.params[None]},
    "params empty": {"params": np.zeros(0)},
    "u transposed": {"u": PROBLEM.u.T},
    "u 1-D": {"u": PROBLEM.u[:, 0]},
    "u 3-D": {"u": PROBLEM.u[None]},
    "u one channel": {"u": PROBLEM.u[:, :1]},
    "u short": {"u": PROBLEM.u[:-1]},
    "u long": {"u": np.zeros((N + 1, 3))},
    "offsets start": {"offsets": PROBLEM.offsets + 1},
    "offsets end early": {"offsets": np.append(PROBLEM.offsets[:-1], N - 1)},
    "offsets end late": {"offsets": np.append(PROBLEM.offsets[:-1], N + 1)},
    "offsets decrease": {"offsets": np.array([0, 30, 9, N])},
    "offsets negative": {"offsets": np.array([0, -5, 9, N])},
    "offsets huge": {"offsets": np.array([0, HUGE, 9, N])},
    "offsets huge end": {"offsets": np.array([0, 9, 30, HUGE])},
    "offsets wrap": {"offsets": np.array([0, HUGE, -HUGE, N])},
    "offsets empty": {"offsets": np.zeros(0, dtype=np.int64)},
    "offsets 2-D": {"offsets": PROBLEM.offsets[None]},
    "state0 records": {"state0": PROBLEM.state0[:2]},
    "state0 units": {"state0": PROBLEM.state0[:, :, :-1]},
    "state0 halves": {"state0": PROBLEM.state0[:, :1]},
    "state0 2-D": {"state0": PROBLEM.state0[0]},
    "no threads": {"n_threads": 0},
    "negative threads": {"n_threads": -3},
}


def arguments(**changes):
    given = {
        "network": PROBLEM.network,
        "params": PROBLEM.params,
        "u": PROBLEM.u,
        "offsets": PROBLEM.offsets,
        "state0": PROBLEM.state0,
    }
    return {**given, **changes}


@pytest.mark.parametrize("bad", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_simulate_refuses_arrays_that_do_not_fit(bad):
    """Pointers reach the kernels only after every length was compared."""
    with pytest.raises(ERRORS):
        simulate(**arguments(**bad))


@pytest.mark.parametrize("bad", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_jacobian_refuses_arrays_that_do_not_fit(bad):
    """The same comparison in front of the rows."""
    with pytest.raises(ERRORS):
        jacobian(**arguments(**bad), plan=plan_rows(PROBLEM.offsets), memory=5)


Y = np.zeros((N, 2))
BAD_TARGETS = {
    "y short": {"y": Y[:-1]},
    "y long": {"y": np.zeros((N + 1, 2))},
    "y one channel": {"y": Y[:, :1]},
    "y transposed": {"y": Y.T},
    "y 1-D": {"y": Y[:, 0]},
    "y 3-D": {"y": Y[None]},
    "negative washout": {"washout": -1},
    "unknown path": {"path": "both"},
    "empty path": {"path": ""},
    "no path": {"path": None},
}


@pytest.mark.parametrize(
    "bad", [*BAD_ARGUMENTS.values(), *BAD_TARGETS.values()], ids=[*BAD_ARGUMENTS, *BAD_TARGETS]
)
def test_gradient_refuses_arguments_that_do_not_fit(bad):
    """The same comparison in front of the gradient, and that of the measured outputs."""
    with pytest.raises(ERRORS):
        gradient(**arguments(**{"y": Y, **bad}))


def test_gradient_takes_a_washout_longer_than_any_record():
    """Nothing is scored then, however large the number."""
    assert gradient(**arguments(y=Y, washout=HUGE)).n_scored == 0


@pytest.mark.parametrize(
    ("record", "step"),
    [(0, -1), (0, 9), (0, HUGE), (0, -HUGE), (1, 8), (1, 30), (3, 40), (HUGE, 5), (2, N)],
)
def test_jacobian_refuses_rows_outside_their_record(record, step):
    """A row reads the window before its step: both ends must lie inside the record."""
    plan = plan_rows(PROBLEM.offsets)
    steps, records = plan.step.copy(), plan.record.copy()
    steps[0, 3], records[0, 3] = step, record
    with pytest.raises(ValueError, match="out of range"):
        jacobian(**arguments(), plan=RowPlan(steps, records), memory=5)


def test_jacobian_ignores_the_step_of_padding():
    """Only record says that a lane is unused."""
    plan = plan_rows(PROBLEM.offsets, steps=np.array([5, 20]))
    step = np.where(plan.record < 0, -HUGE, plan.step)
    found = jacobian(**arguments(), plan=replace(plan, step=step), memory=5, with_state=True)
    exact = jacobian(**arguments(), plan=plan, memory=5, with_state=True)
    np.testing.assert_array_equal(found.rows, exact.rows)
    np.testing.assert_array_equal(found.state_rows, exact.state_rows)


def test_jacobian_refuses_a_plan_for_other_lanes():
    """Plans are made for one precision and variant."""
    plan = plan_rows(PROBLEM.offsets, float32=True)
    with pytest.raises(ValueError, match="lanes"):
        jacobian(**arguments(), plan=plan, memory=5, float32=False)
    with pytest.raises(ERRORS):
        jacobian(**arguments(), plan=RowPlan(plan.step, plan.record[:-1]), memory=5)
    with pytest.raises(ERRORS):
        jacobian(**arguments(), plan=RowPlan(plan.step[0], plan.record[0]), memory=5)


@pytest.mark.parametrize("memory", [0, -1, -HUGE])
def test_jacobian_refuses_a_memory_without_steps(memory):
    """The step of the row itself is the least."""
    with pytest.raises(ValueError, match="memory"):
        jacobian(**arguments(), plan=plan_rows(PROBLEM.offsets), memory=memory)


def test_kernels_take_arrays_of_any_layout():
    """Strides and dtypes are converted at the border."""
    plan = plan_rows(PROBLEM.offsets)
    exact = jacobian(**arguments(), plan=plan, memory=5)
    found = jacobian(
        **arguments(
            params=np.repeat(PROBLEM.params, 2)[::2],
            u=np.asfortranarray(PROBLEM.u),
            offsets=PROBLEM.offsets.astype(np.int32),
            state0=PROBLEM.state0[::-1].copy()[::-1],
        ),
        plan=plan,
        memory=5,
    )
    np.testing.assert_array_equal(found.rows, exact.rows)
