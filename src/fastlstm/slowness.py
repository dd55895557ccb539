"""Plants that forget slowly against their records: these tell less than their steps seem to."""

from __future__ import annotations

import numpy as np

from fastlstm.records import MANY_RECORDS, Records
from fastlstm.starts.linear import LinearModel

SLOW = 10  # memories of the plant up to which they count as such, however many steps these are
FADED = 0.01  # part of a typical state that is left when a memory ends
ALIKE = 0.2  # autocorrelation of an output after a fifth of such a memory: less is not slow
LATER = (1.0, 1.5, 2.0)  # times this, at which it is looked at
MOST_WASHED_OUT = 1.0 / 3.0  # of the shortest record, until a plant has forgotten how it began
KEPT, OUTLAST = 0.1, 0.5  # part of a state that is left after this part of a record: it matters


def is_slow_maybe(records: Records) -> bool:
    """Whether an output changes little in the time in which a slow plant forgets little.

    After longer times, too, it may be much as it was: days that resemble each other hide a slow
    plant after half a day, not after a whole one.
    """
    assert records.y is not None
    shortest, y = max(1, records.n_total // (5 * SLOW)), records.y - records.y.mean(axis=0)
    power, parts = np.sum(y**2, axis=0), records.split(y)
    for times in LATER:
        lag = int(times * shortest)
        products = sum(np.sum(part[lag:] * part[:-lag], axis=0) for part in parts)
        if np.any(np.abs(products) > ALIKE * power):
            return True
    return False


def is_slow(linear: LinearModel, records: Records) -> bool:
    """Whether the records show only a few memories of the plant, of which a linear model is known.

    Parameters
    ----------
    linear : LinearModel
    records : Records
    """
    return SLOW * linear.memory(FADED, cap=records.n_total) >= records.n_total


def steps_to_forget(linear: LinearModel, records: Records) -> int:
    """Count the steps until little of how a record began is left, at most `longest_washout`.

    Parameters
    ----------
    linear : LinearModel
    records : Records
    """
    return linear.memory(FADED, cap=max(1, longest_washout(records)))


def longest_washout(records: Records) -> int:
    """Return the steps of the shortest record that may pass to let the plant forget."""
    return int(MOST_WASHED_OUT * records.lengths.min())


def outlasts_maybe(records: Records) -> bool:
    """Whether the second halves of several records may depend on how these began.

    Then the outputs half a record apart have much in common.
    """
    assert records.y is not None
    if records.n_records < MANY_RECORDS:
        return False
    y = records.y - records.y.mean(axis=0)
    products, power = np.zeros(y.shape[1]), np.zeros(y.shape[1])
    for part in records.split(y):
        lag = len(part) // 2
        products += np.sum(part[lag:] * part[: len(part) - lag], axis=0) / max(1, len(part) - lag)
        power += np.mean(part**2, axis=0)
    return bool(np.any(np.abs(products) > ALIKE * power))


def outlasts(linear: LinearModel, records: Records) -> bool:
    """Whether much of how a record of middle length began is left in its middle.

    Parameters
    ----------
    linear : LinearModel
    records : Records
    """
    middle = int(np.median(records.lengths))
    return linear.memory(KEPT, cap=middle) >= OUTLAST * middle
