"""Plants that integrate: are there any, and the linear model of their increments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.loss import SQUARED
from fastlstm.records import Records
from fastlstm.starts.end_stops import run_freely
from fastlstm.starts.fading import do_not_fade
from fastlstm.starts.integrating_fit import (
    MANY_ROWS,
    IntegratingModel,
    counted,
    fast_poles,
    fit_integrating,
    levels_of,
    regress,
    rms,
    signals_of,
    summed_signals,
    with_bends,
)
from fastlstm.starts.leaks import are_tight
from fastlstm.starts.linear import LinearModel, identify
from fastlstm.starts.realization import diagonal_blocks, unit_coordinates

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BETTER = 0.5  # an integrator has to bring the error (RMSE) below this part of the error without
ALMOST, MUCH_BETTER = 0.8, 0.3  # or below the first of these, and beside bent inputs the second
NO_TREND = 0.8  # as `BETTER` for the error without an integrator, but beside a straight trend
FADED = 0.25  # of the longest record, in which a pole of increments has to fade by a factor of e
BRIDGE = 10  # steps apart, up to which two outputs tell the increments between them


def find_integrators(records: Records) -> FloatArray:
    """Gains of the integrators that the plant seems to have; zeros where it has none.

    An output integrates if fast poles explain it much better with an integrator behind them than
    alone, and better than beside a straight trend, of the inputs or, with a larger difference, of
    bent ones; if no slow pole explains it better; and if neither a leak nor an end stop is found:
    the integrator is exact as far as the record can tell. The leak is a multiple of the sum of the
    measured outputs, in which noise averages out. Both are looked for beside bent inputs: the drift
    that a bent characteristic leaves in the sums of a linear model looks like a leak.

    Parameters
    ----------
    records : Records
        Standardised, with outputs.

    Returns
    -------
    gains : array of shape (n_outputs,)
        Standard deviation of the increments per step, from the linear model.
    """
    assert records.y is not None
    x = fast_poles(records).states(records)
    exact = _with_integrators(records, x)
    left = _left(records, exact.misfit, x)
    integrates = left < BETTER
    if np.any((left < ALMOST) & ~integrates):
        integrates |= (left < ALMOST) & _help_bends(records)
    if np.any(integrates):
        integrates &= do_not_fade(records)
    if np.any(integrates):
        integrates &= _are_exact(records)
    return np.where(integrates, exact.increments.simulate(records).std(axis=0), 0.0)


def identify_integrating(records: Records, gains: FloatArray) -> IntegratingModel:
    """Linear model of a plant with known integrators.

    Parameters
    ----------
    records : Records
    gains : array of shape (n_outputs,)

    Returns
    -------
    model : IntegratingModel
        The better of fixed poles and poles identified on the increments, but for those that hardly
        fade in a record: what drifts there drifts elsewhere in another way.
    """
    rows = np.ones(records.n_total, dtype=bool)
    fixed = fit_integrating(records, fast_poles(records), gains, rows)
    targets = increments_of(records, gains)
    if not np.any(targets.scored(0)):
        return fixed
    lively = _without_drift(identify(targets), records)
    if lively is None:
        return fixed
    found = fit_integrating(records, lively, gains, rows)
    return min((found, fixed), key=lambda model: SQUARED.mean_square(model.misfit, records.weights))


def increments_of(records: Records, gains: FloatArray) -> Records:
    """Exchange integrating outputs for what the network has to say; other outputs stay.

    Gaps of up to `BRIDGE` steps in an integrating output give the mean increment over them.
    """
    filled, on = bridged(records, BRIDGE), gains != 0.0
    assert records.y is not None and filled.y is not None
    y, weights = records.y.copy(), None
    for rows in records.slices():
        steps = np.diff(filled.y[rows][:, on], axis=0, prepend=filled.y[rows][:1, on])
        y[rows, on] = steps / gains[on]
    if records.weights is not None and filled.weights is not None:
        before = np.concatenate([filled.weights[:1], filled.weights[:-1]])
        before[records.offsets[:-1]] = filled.weights[records.offsets[:-1]]
        weights = np.where(on, np.minimum(filled.weights, before), records.weights)
        y = np.where(weights > 0.0, y, 0.0)
    return replace(records, y=y, weights=weights)


def _without_drift(model: LinearModel, records: Records) -> LinearModel | None:
    """Leave out states of slow poles, from where gains are fitted anew; None if these are all."""
    A, B, _, _ = unit_coordinates(model.A, model.B, model.C, model.covariance, slow_first=False)
    slowest, order = np.exp(-1.0 / (FADED * records.lengths.max())), 0
    for first, stop in diagonal_blocks(A):  # one block drives those after it
        if np.max(np.abs(np.linalg.eigvals(A[first:stop, first:stop]))) > slowest:
            break
        order = stop
    if order == len(A):
        return model
    if order == 0:
        return None
    n_outputs = len(model.C)
    none = np.zeros((n_outputs, order)), np.zeros_like(model.D), np.zeros(n_outputs)
    return LinearModel(A[:order, :order], B[:order], *none)


def _help_bends(records: Records) -> BoolArray:
    """Whether an integrator is much better than none beside bent inputs; in short records never."""
    bent = with_bends(records)
    if records.n_total < MANY_ROWS * signals_of(bent).shape[1]:
        return np.zeros(1, dtype=bool)
    x = fast_poles(bent).states(bent)
    return _left(bent, _with_integrators(bent, x).misfit, x) < MUCH_BETTER


def _left(records: Records, misfit: FloatArray, x: FloatArray) -> FloatArray:
    """Part of the error without integrators that is left with them; all if a trend does as well."""
    none, rows = np.zeros(misfit.shape[1]), np.ones(records.n_total, dtype=bool)
    without = rms(records, fit_integrating(records, fast_poles(records), none, rows, x).misfit)
    error, drifting = rms(records, misfit), _beside_a_trend(records, x)
    needed = (without > 0.0) & (error < NO_TREND * drifting)
    return np.where(needed, error / np.where(without > 0.0, without, 1.0), 1.0)


def _with_integrators(records: Records, x: FloatArray | None = None) -> IntegratingModel:
    """Linear model of fast poles, of states x, with an integrator behind every output."""
    assert records.y is not None
    every, rows = np.ones(records.y.shape[1]), np.ones(records.n_total, dtype=bool)
    return fit_integrating(records, fast_poles(records), every, rows, x)


def _are_exact(records: Records) -> BoolArray:
    """Whether an integrator behind every output neither leaks nor stops at an end."""
    records = with_bends(records)
    misfit = _with_integrators(records).misfit
    run, error = summed_signals(records), rms(records, misfit)
    return are_tight(records, run, error) & run_freely(records, run, misfit)


def _beside_a_trend(records: Records, x: FloatArray) -> FloatArray:
    """RMSE of every output without an integrator, with a straight line of its own per record."""
    assert records.y is not None
    levels = levels_of(records)
    ramps = levels * np.concatenate([np.linspace(-1.0, 1.0, n) for n in records.lengths])[:, None]
    design = np.concatenate([x, records.u, levels, ramps], axis=1)
    every, misfit = np.ones(records.n_total, dtype=bool), np.empty_like(records.y)
    for output, y in enumerate(records.y.T):
        misfit[:, output] = design @ regress(*counted(records, output, design, every)) - y
    return rms(records, misfit)
