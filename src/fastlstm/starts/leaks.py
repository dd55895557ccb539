"""Integrators that lose a part of their level at every step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.records import Records
from fastlstm.starts.integrating_fit import counted, regress, rms, summed

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TINY = 1e-150  # an error that counts as none
LEAK = 1.5  # times the error with a leak that it may have, if there is a leak
NO_LEAK = 0.3  # part of the level that is lost over the longest record: that is none
GONE, SURE = 3.0, 4.0  # the same, if the leak is so many standard errors from none: that is one


def are_tight(records: Records, run: FloatArray, error: FloatArray) -> BoolArray:
    """Whether an integrator behind every output does not leak, as far as the records tell.

    It leaks if the leak lowers the error much, or if a leak that empties the level several times in
    the longest record is significant.

    Parameters
    ----------
    records : Records
        With bent inputs, see `with_bends`.
    run : array of shape (n_total, n_columns)
        Their summed signals, see `summed_signals`.
    error : array of shape (n_outputs,)
        RMSE with exact integrators.
    """
    leaky, leak = _with_leak(records, run)
    lost = leak * records.lengths.max()
    explained = records.n_total * (error**2 - leaky**2) / np.maximum(leaky, TINY) ** 2
    surely = (lost >= GONE) & (explained >= SURE**2)
    return ((error < LEAK * leaky) & ~surely) | (lost < NO_LEAK)


def _with_leak(records: Records, run: FloatArray) -> tuple[FloatArray, FloatArray]:
    """RMSE of every output with an integrator that may leak, and the leak per step."""
    assert records.y is not None
    filled = bridged(records, records.n_total).y
    assert filled is not None
    before = [np.concatenate([y[:1], y[:-1]]) for y in records.split(filled)]
    leaks, misfit = summed(records, np.concatenate(before), 1.0), np.empty_like(records.y)
    found = np.zeros(misfit.shape[1])
    every = np.ones(records.n_total, dtype=bool)
    for output, (leak, y) in enumerate(zip(leaks.T, records.y.T, strict=True)):
        design = np.concatenate([run, leak[:, None]], axis=1)
        solution = regress(*counted(records, output, design, every))
        misfit[:, output], found[output] = design @ solution - y, -solution[-1]
    return rms(records, misfit), found
