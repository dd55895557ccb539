"""Records that all begin in the same state: batches, flights, tests from rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records, auto_washout

FloatArray = NDArray[np.float64]

ENOUGH = 3  # records that tell
DIFFERENT = 0.5  # distance of their inputs, by their standard deviation
ALIKE = 0.2  # spread of the first outputs, by that of all


def begin_alike(records: Records) -> bool:
    """Whether all records seem to begin in the same state.

    They do if there are at least three with different inputs, and the first values of every output
    spread little. One experiment repeated begins alike whatever it begins with.

    Parameters
    ----------
    records : Records
        With outputs, in any unit.
    """
    assert records.y is not None
    if records.n_records < ENOUGH or not _are_different(records):
        return False
    begins = records.offsets[:-1]
    for k, y in enumerate(_relative(records.y).T):
        if records.weights is None:
            first, every = y[begins], y
        else:
            counts = records.weights[:, k] > 0.0
            first, every = y[begins[counts[begins]]], y[counts]
        if len(first) < ENOUGH or np.std(first) > ALIKE * np.std(every):
            return False
    return True


def _are_different(records: Records) -> bool:
    """Whether the inputs of at least three records differ by more than noise."""
    inputs, shortest = _relative(records.u), int(records.lengths.min())
    spread = inputs.std(axis=0)
    different: list[FloatArray] = []
    for begin in records.offsets[:-1]:
        u = inputs[begin : begin + shortest]
        apart = (np.sqrt(np.mean((u - other) ** 2, axis=0)) for other in different)
        if all(np.any(distance > DIFFERENT * spread) for distance in apart):
            different.append(u)
        if len(different) == ENOUGH:
            return True
    return False


def _relative(signals: FloatArray) -> FloatArray:
    """Divide by the largest absolute value, so that squares neither overflow nor vanish."""
    return signals / np.maximum(np.max(np.abs(signals), axis=0), np.finfo(float).tiny)


def washout_of(records: Records) -> int:
    """Choose the washout: none where records begin alike, see `begin_alike`, else `auto_washout`.

    A state that is the same in every record needs no washout: a network at rest can stand for it.
    """
    return 0 if begin_alike(records) else auto_washout(records.lengths)
