"""Plants that forget within a record, and only look as if they integrated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.starts.integrating_fit import MANY_ROWS, counted, regress, signals_of, with_bends

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FADES = (3.0, 4.0, 6.0, 8.0, 12.0)  # time constants of a slow pole in the longest record
BETTER = 0.9  # part of the error with an integrator, below which a pole is better


def do_not_fade(records: Records) -> BoolArray:
    """Whether a slow pole in place of the integrator explains an output no better.

    A pole does if it lowers the error of a linear model by a tenth, and that of a model with bent
    inputs as well: what an integrator behind a bent characteristic does looks like a pole to a
    linear model, but hardly beside bent inputs. In a short record these may be so many that they
    explain everything, with either; then the linear models tell, if only the error beside bent
    inputs is not raised.

    Unlike a leak that is found by regression on measured outputs, see `leaks`, the pole sums what
    the model itself says, so that noise does not hide it.

    Parameters
    ----------
    records : Records
        With outputs, standardised; bent inputs are made here.
    """
    straight = signals_of(records)
    errors = np.stack([_error(records, straight, fade) for fade in FADES])
    fades = errors.min(axis=0) < BETTER * _error(records, straight, 0.0)
    best = errors.argmin(axis=0)
    if not np.any(fades):
        return ~fades
    records = with_bends(records)
    bent = signals_of(records)
    beside = _error(records, bent, 0.0)
    if records.n_total >= MANY_ROWS * bent.shape[1]:
        beside *= BETTER
    for k in np.unique(best[fades]):
        fades &= (best != k) | (_error(records, bent, FADES[k]) <= beside)
    return ~fades


def _error(records: Records, signals: FloatArray, fade: float) -> FloatArray:
    """RMSE of every output as a sum of signals that fades, from an unknown level in each record."""
    assert records.y is not None
    keep = float(np.exp(-fade / records.lengths.max()))
    summed, levels = np.empty_like(signals), np.zeros((records.n_total, records.n_records))
    for record, (start, stop) in enumerate(pairwise(records.offsets)):
        summed[start:stop] = lfilter([1.0], [1.0, -keep], signals[start:stop], axis=0)
        levels[start:stop, record] = keep ** np.arange(stop - start)
    design, every = np.concatenate([summed, levels], axis=1), np.ones(records.n_total, dtype=bool)
    errors = np.empty(records.y.shape[1])
    for output in range(len(errors)):
        columns, target = counted(records, output, design, every)
        misfit = columns @ regress(columns, target) - target
        errors[output] = np.sqrt(np.mean(misfit**2))
    return errors
