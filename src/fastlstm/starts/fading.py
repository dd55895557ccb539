"""Plants that forget within a record, and only look as if they integrated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.starts.integrating_fit import counted, fast_poles, regress, with_bends

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FADES = (3.0, 4.0, 6.0, 8.0, 12.0)  # time constants of a slow pole in the longest record
BETTER = 0.9  # part of the error of linear models with an integrator, below which a pole is better


def do_not_fade(records: Records) -> BoolArray:
    """Whether a slow pole in place of the integrator explains an output no better.

    A pole does if it lowers the error of a linear model by a tenth, and that beside bent inputs
    not at all raises it: what an integrator behind a bent characteristic does looks like a pole to
    a linear model, but not beside bent inputs. These may be so many for a short record that they
    explain everything, with either, and then the linear models tell.

    Unlike a leak that is found by regression on measured outputs, see `leaks`, the pole sums what
    the model itself says, so that noise does not hide it.

    Parameters
    ----------
    records : Records
        With outputs, standardised; bent inputs are made here.
    """
    assert records.y is not None
    straight, bent = _signals(records), _signals(with_bends(records))
    exact, beside = _error(records, straight, 0.0), np.full(records.y.shape[1], np.nan)
    keeps = np.ones(records.y.shape[1], dtype=bool)
    for fade in FADES:
        better = keeps & (_error(records, straight, fade) < BETTER * exact)
        if not np.any(better):
            continue
        if np.any(np.isnan(beside)):
            beside = _error(records, bent, 0.0)
        keeps &= ~(better & (_error(records, bent, fade) <= beside))
    return keeps


def _signals(records: Records) -> FloatArray:
    """Gather inputs, filtered by fast poles and as they are, and a constant."""
    x = fast_poles(records).states(records)
    return np.concatenate([x, records.u, np.ones((records.n_total, 1))], axis=1)


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
