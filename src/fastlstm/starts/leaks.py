"""Integrators that lose a part of their level at every step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.records import Records
from fastlstm.starts.integrating_fit import counted, regress, rms, summed, summed_signals

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAK = 1.5  # times the error with a leak that it may have, if there is a leak
NO_LEAK = 0.3  # part of the level that is lost over the longest record: that is none


def are_tight(records: Records, error: FloatArray) -> BoolArray:
    """Whether an integrator behind every output does not leak, as far as the records tell.

    Parameters
    ----------
    records : Records
        With bent inputs, see `with_bends`.
    error : array of shape (n_outputs,)
        RMSE with exact integrators.
    """
    leaky, leak = _with_leak(records)
    small = leak * records.lengths.max() < NO_LEAK
    return (error < LEAK * leaky) | small


def _with_leak(records: Records) -> tuple[FloatArray, FloatArray]:
    """RMSE of every output with an integrator that may leak, and the leak per step."""
    assert records.y is not None
    run = summed_signals(records)
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
