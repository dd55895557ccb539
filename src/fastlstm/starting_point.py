"""Records that all begin in the same state: batches, flights, tests from rest."""

from __future__ import annotations

import numpy as np

from fastlstm.records import Records, auto_washout

ENOUGH = 3  # records that tell
ALIKE = 0.2  # spread of the first outputs, by that of all


def begin_alike(records: Records) -> bool:
    """Whether all records seem to begin in the same state.

    They do if there are at least three, and the first values of every output spread little.

    Parameters
    ----------
    records : Records
        With outputs, in any unit.
    """
    assert records.y is not None
    if records.n_records < ENOUGH:
        return False
    begins = records.offsets[:-1]
    for k, y in enumerate(records.y.T):
        if records.weights is None:
            first, every = y[begins], y
        else:
            counts = records.weights[:, k] > 0.0
            first, every = y[begins[counts[begins]]], y[counts]
        if len(first) < ENOUGH or np.std(first) > ALIKE * np.std(every):
            return False
    return True


def washout_of(records: Records) -> int:
    """Choose the washout: none where records begin alike, see `begin_alike`, else `auto_washout`.

    A state that is the same in every record needs no washout: a network at rest can stand for it.
    """
    return 0 if begin_alike(records) else auto_washout(records.lengths)
