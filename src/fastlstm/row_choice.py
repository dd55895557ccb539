"""Which steps become rows where some outputs do not count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records

_SEED = 20190701  # of the places inside the strides


def strided_plan(
    records: Records, washout: int, stride: int, *, float32: bool = True
) -> _core.RowPlan:
    """About every `stride`-th step at which an output counts.

    Where outputs have weights, each row lies at random within its stride: an output that is
    measured every few steps would otherwise meet all rows or none. The places are the same in
    every call.
    """
    if records.weights is None:
        return _core.plan_rows(records.offsets, washout=washout, stride=stride, float32=float32)
    steps = np.flatnonzero(records.scored(washout))
    firsts = np.arange(0, len(steps), stride)
    if stride > 1:
        rng = np.random.default_rng(_SEED)
        firsts = np.minimum(firsts + rng.integers(0, stride, len(firsts)), len(steps) - 1)
    return _core.plan_rows(records.offsets, steps=steps[firsts], float32=float32)


def residuals_per_row(records: Records, washout: int) -> float:
    """Count the outputs that count at a scored step, on average."""
    assert records.y is not None
    if records.weights is None:
        return records.y.shape[1]
    counts = records.weights[records.scored(washout)] > 0.0
    return float(counts.sum() / len(counts))


def n_steps_scored(records: Records, washout: int) -> int:
    """Count the steps that can become rows, with the washout where there are no weights."""
    return records.n_total if records.weights is None else int(records.scored(washout).sum())


def pieces_that_count(records: Records, pieces: list[slice], lead_in: int) -> list[slice]:
    """Leave out the pieces in which nothing counts after the lead-in."""
    if records.weights is None:
        return pieces
    counts: NDArray[np.bool_] = np.any(records.weights > 0.0, axis=1)
    return [piece for piece in pieces if np.any(counts[piece.start + lead_in : piece.stop])]
