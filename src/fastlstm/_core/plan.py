"""Which steps of the records become rows of the Jacobian."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
