"""Compiled kernels and the NumPy reference that judges them.

Nothing here knows estimators or solvers. `simulate` is the free run, `jacobian` the exact rows of
its Jacobian by finite-memory adjoints; `reference` has the readable twins of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels
from fastlstm._core._kernels import Workspace
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

__all__ = ["JacobianRows", "RowPlan", "Workspace", "jacobian", "plan_rows", "simulate"]


@lru_cache(maxsize=256)
def _structure(network: Network) -> _kernels.Structure:
    return _kernels.Structure(
        network.n_inputs, network.n_outputs, list(network.hidden_sizes), list(network.head_sizes)
    )


def _dense(array: FloatArray) -> FloatArray:
    return np.ascontiguousarray(array, dtype=np.float64)


def simulate(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    state0: FloatArray | None = None,
    *,
    float32: bool = True,
    n_threads: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Free run of all records; see `reference.simulate` for shapes.

    Parameters
    ----------
    float32 : bool
        Compute in float32: states to about 1e-6. Outputs are returned as float64 either way.
    n_threads : int
        Threads over records; the result does not depend on it.

    Raises
    ------
    ValueError
        If a shape does not fit the network.

    Notes
    -----
    One pass, O(n_total * n_params). Many records run one per vector lane, a single one with its
    units in the vector.
    """
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    return _kernels.simulate(
        _structure(network),
        _dense(params),
        _dense(u),
        np.ascontiguousarray(offsets, dtype=np.int64),
        _dense(state0),
        float32,
        n_threads,
    )


@dataclass(frozen=True)
class RowPlan:
    """Which steps become Jacobian rows, arranged in blocks of one row per vector lane.

    Parameters
    ----------
    step, record : int64 arrays of shape (n_blocks, lanes)
        Global step and record of every row; record is -1 where a lane is padding.
    """

    step: IntArray
    record: IntArray

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Shape (n_blocks * lanes,): True for rows, False for padding."""
        return self.record.ravel() >= 0

    @property
    def n_rows(self) -> int:
        """Number of rows without padding."""
        return int(np.count_nonzero(self.record >= 0))

    def take(self, y: FloatArray) -> FloatArray:
        """Rows of a per-step array, zero at padding; shape (n_blocks * lanes, n_channels)."""
        return np.where(self.mask[:, None], y[self.step.ravel()], 0.0)


def plan_rows(
    offsets: IntArray,
    *,
    washout: int = 0,
    stride: int = 1,
    phase: int = 0,
    float32: bool = True,
    steps: IntArray | None = None,
) -> RowPlan:
    """Choose rows ``washout + phase, + stride, ...`` of every record (or the given `steps`).

    Every lane walks through one piece of a record, so that the window of a block slides along with
    its rows. All pieces have the same number of rows; the length that wastes least is chosen.

    Parameters
    ----------
    offsets : int64 array of shape (n_records + 1,)
    washout, stride, phase : int
    steps : int64 array, optional
        Global steps to use instead of the regular grid, each once, in increasing order.

    Raises
    ------
    ValueError
        If a number is out of range or no step is left.
    """
    _check_grid(offsets, washout, stride, phase, steps)
    lanes = _kernels.lanes(float32)
    per_record = []
    for start, stop in pairwise(offsets):
        if steps is None:
            per_record.append(np.arange(start + washout + phase, stop, stride))
        else:
            per_record.append(steps[np.searchsorted(steps, start) : np.searchsorted(steps, stop)])
    counts = np.array([len(rows) for rows in per_record])
    if counts.sum() == 0:
        raise ValueError(
            f"washout must leave at least one step; got washout={washout} for records of "
            f"{np.diff(offsets).tolist()} steps. Use a smaller washout."
        )
    piece = _piece_length(counts, lanes)
    pieces = [
        (record, rows[k : k + piece])
        for record, rows in enumerate(per_record)
        for k in range(0, len(rows), piece)
    ]
    n_groups = -(-len(pieces) // lanes)
    step = np.zeros((n_groups * piece, lanes), dtype=np.int64)
    record = np.full((n_groups * piece, lanes), -1, dtype=np.int64)
    for k, (index, rows) in enumerate(pieces):
        top, lane = k // lanes * piece, k % lanes
        step[top : top + len(rows), lane] = rows
        record[top : top + len(rows), lane] = index
    used = (record >= 0).any(axis=1)
    return RowPlan(np.ascontiguousarray(step[used]), np.ascontiguousarray(record[used]))


def _check_grid(
    offsets: IntArray, washout: int, stride: int, phase: int, steps: IntArray | None
) -> None:
    if washout < 0 or phase < 0 or stride < 1:
        raise ValueError(
            "washout and phase must be >= 0 and stride >= 1; got "
            f"washout={washout}, phase={phase}, stride={stride}."
        )
    if steps is None or len(steps) == 0:
        return
    if steps[0] < offsets[0] or steps[-1] >= offsets[-1] or np.any(np.diff(steps) <= 0):
        raise ValueError(
            f"steps must increase within [{offsets[0]}, {offsets[-1]}); got {steps}. "
            "Pass np.unique of steps inside the records."
        )


def _piece_length(counts: IntArray, lanes: int) -> int:
    """Rows per piece so that the blocks of all groups, plus a refill per group, are fewest."""
    refill = 4
    best, best_cost = 1, np.inf
    longest = int(counts.max())
    for piece in np.unique(np.ceil(longest / np.arange(1, 4 * lanes + 1)).astype(int)):
        groups = np.ceil(np.ceil(counts / piece).sum() / lanes)
        if groups * (piece + refill) < best_cost:
            best, best_cost = int(piece), groups * (piece + refill)
    return best


@dataclass(frozen=True)
class JacobianRows:
    """Rows of the Jacobian of the free run.

    Parameters
    ----------
    y : array of shape (n_total, n_outputs)
        The free run itself.
    rows : array of shape (n_blocks * lanes * n_outputs, n_params)
        Row ``k * n_outputs + j`` belongs to entry k of the plan and output j; zero at padding.
    state_rows : array of shape (n_blocks * lanes * n_outputs, 2 * n_units) or (0, 2 * n_units)
        Derivatives with respect to the initial h (all layers), then c, of the row's own record.
    """

    y: FloatArray
    rows: FloatArray
    state_rows: FloatArray


def jacobian(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    plan: RowPlan,
    *,
    memory: int,
    state0: FloatArray | None = None,
    with_state: bool = False,
    float32: bool = True,
    n_threads: int = 1,
    workspace: Workspace | None = None,
) -> JacobianRows:
    r"""Exact Jacobian rows of the whole network by finite-memory adjoints.

    Row t is :math:`\sum_{\tau < M} \delta_{t,t-\tau} \otimes [x_{t-\tau}, h_{t-\tau-1}, 1]` with
    :math:`\delta_{t,s} = \partial y_t / \partial z_s`, plus the columns of head and bypasses; with
    ``memory`` at least the record length it equals `reference.jacobian_forward`.

    Parameters
    ----------
    plan : RowPlan
        From `plan_rows` with the same `float32`.
    memory : int
        M, the steps an output is traced back.
    with_state : bool
        Also return the columns of the initial state.
    workspace : Workspace, optional
        Memory to reuse. The rows returned live in it and are overwritten by its next use.

    Raises
    ------
    ValueError
        If a shape does not fit the network or the plan has another number of lanes.

    Notes
    -----
    O(memory * n_lstm_params) per row and output; no storage beyond the result and one feature row
    per step. Same bits for every `n_threads`.
    """
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    return JacobianRows(
        *_kernels.jacobian(
            _structure(network),
            _dense(params),
            _dense(u),
            np.ascontiguousarray(offsets, dtype=np.int64),
            _dense(state0),
            plan.step,
            plan.record,
            memory,
            with_state,
            float32,
            n_threads,
            Workspace() if workspace is None else workspace,
        )
    )
