"""Integrators that stop at an end: a valve that is open, a tank that is full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from fastlstm.bridging import bridged
from fastlstm.records import Records
from fastlstm.starts.integrating_fit import counted, regress, summed

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NEAR = 0.05  # of the range of an output, from its largest and smallest value
BETTER = 1.3  # times smaller error, beyond noise, if what moves it into an end is taken away
LOST = 0.5  # part of it that is
MISSED = 0.2  # part of it that was not measured there
NOISE = 0.1  # part of the variance of white noise that counts all the same


def run_freely(records: Records, run: FloatArray, misfit: FloatArray) -> BoolArray:
    """Whether every output goes on where it is near its largest or smallest value.

    What the linear model moves an output outwards while it is near an end is summed on its own,
    for either end. Where the regression of what the model misses takes away at least half of it
    and the error falls, the output stops there: an exact integrator would drift with every visit.
    Visits are few, and by chance an error of the model may change with them; so the output must
    have moved less during these visits, too.

    Parameters
    ----------
    records : Records
        With bent inputs, see `with_bends`.
    run : array of shape (n_total, n_columns)
        Their summed signals, see `summed_signals`.
    misfit : array of shape (n_total, n_outputs)
        Of the linear model with an integrator behind every output.
    """
    filled = bridged(records, records.n_total).y
    assert filled is not None and records.y is not None
    modelled = _steps(records.split(records.y + misfit))
    made = _steps(records.split(filled))
    before = np.concatenate([np.concatenate([y[:1], y[:-1]]) for y in records.split(filled)])
    lost = [_not_made(*signals) for signals in zip(modelled.T, made.T, before.T, strict=True)]
    ends = [summed(records, part, 1.0) for part in lost]
    return np.array([not _stops(records, k, end, run, misfit) for k, end in enumerate(ends)])


def _steps(runs: Sequence[FloatArray]) -> FloatArray:
    """Take what is added at every step of a record."""
    return np.concatenate([np.diff(y, axis=0, prepend=y[:1]) for y in runs])


def _not_made(modelled: FloatArray, made: FloatArray, y: FloatArray) -> FloatArray:
    """Modelled steps towards an end, (n_total, 2), zero at an end where the output made them."""
    outwards = _outwards(modelled, y)
    moved = np.sum(np.where(outwards != 0.0, made[:, None], 0.0), axis=0)
    expected = np.sum(outwards, axis=0)
    falls_short = moved * np.sign(expected) < (1.0 - MISSED) * np.abs(expected)
    return np.where(falls_short, outwards, 0.0)


def _outwards(steps: FloatArray, y: FloatArray) -> FloatArray:
    """Take the steps towards a nearby end, (n_total, 2): upper, lower."""
    lowest, highest = y.min(), y.max()
    near = NEAR * (highest - lowest)
    up = np.where(y > highest - near, np.maximum(steps, 0.0), 0.0)
    down = np.where(y < lowest + near, np.minimum(steps, 0.0), 0.0)
    return np.stack([up, down], axis=1)


def _stops(
    records: Records, output: int, ends: FloatArray, run: FloatArray, misfit: FloatArray
) -> bool:
    every = np.ones(records.n_total, dtype=bool)
    fitted, _ = counted(records, output, run, every)
    design, _ = counted(records, output, ends, every)
    design = design[:, np.any(design != 0.0, axis=0)]
    if design.shape[1] == 0:
        return False
    design = design - fitted @ np.stack([regress(fitted, end) for end in design.T], axis=1)
    before = counted(records, output, misfit[:, output, None], every)[0][:, 0]
    lost = nnls(design, before)[0]
    after = before - design @ lost
    noise = min(float(np.mean(np.diff(before) ** 2)) / 2.0, float(np.mean(after**2)))
    floor = (NOISE - 1.0) * noise
    better = np.mean(before**2) + floor > BETTER**2 * (np.mean(after**2) + floor)
    return bool(better and np.max(lost) > LOST)
