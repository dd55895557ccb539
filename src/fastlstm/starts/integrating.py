r"""Plants that integrate: are there any, and the linear model of their increments.

.. math:: y_t = l + \sum_{s \le t} (C x_s + D u_s + d)

With the poles of x given, C, D, d and the levels l follow from a linear regression on the
accumulated signals, which measures the error of the outputs themselves, not of their increments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.integration import accumulate
from fastlstm.loss import SQUARED
from fastlstm.records import Records
from fastlstm.starts.linear import LinearModel, identify
from fastlstm.starts.realization import unit_coordinates

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FAST = (0.5, 0.8, 0.9, 0.95)  # poles in front of an integrator
BETTER = 0.5  # an integrator has to bring the error (RMSE) below this part of the error without
NO_TREND = 0.8  # the same for the error without an integrator, but beside a straight trend
LEAK = 1.5  # times the error with a leak that it may have, if there is a leak
NO_LEAK = 0.3  # part of the level that is lost over the longest record: that is none
BENDS = (-1.0, -0.3, 0.3, 1.0)  # of the inputs, in standard deviations, where leaks are looked for
BRIDGE = 10  # steps apart, up to which two outputs tell the increments between them
RIDGE = 1e-8  # relative, of the regressions


@dataclass(frozen=True)
class IntegratingModel:
    """Linear model of increments with the integrators behind it.

    Parameters
    ----------
    increments : LinearModel
        Its outputs, times gains and summed, are those of the plant.
    gains : array of shape (n_outputs,)
        Zero for outputs that do not integrate.
    misfit : array of shape (n_total, n_outputs)
        Simulated minus measured outputs on the records it was fitted to.
    """

    increments: LinearModel
    gains: FloatArray
    misfit: FloatArray


def find_integrators(records: Records) -> FloatArray:
    """Gains of the integrators that the plant seems to have; zeros where it has none.

    An output integrates if fast poles explain it much better with an integrator behind them than
    alone, and better than beside a straight trend, and if a leak is not found or does not help: the
    integrator is exact as far as the record can tell. The leak is a multiple of the sum of the
    measured outputs, in which noise averages out. It is looked for beside inputs bent at `BENDS`:
    the drift that a bent characteristic leaves in the sums of a linear model looks like a leak.

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
    n_outputs, rows = records.y.shape[1], np.ones(records.n_total, dtype=bool)
    free = fit_integrating(records, _bank(records), np.zeros(n_outputs), rows)
    without, drifting = _rms(records, free.misfit), _beside_a_trend(records)
    exact = fit_integrating(records, _bank(records), np.ones(n_outputs), rows)
    error = _rms(records, exact.misfit)
    integrates = (error < BETTER * without) & (error < NO_TREND * drifting)
    if np.any(integrates):
        integrates &= _are_tight(records)
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
        The better of fixed poles and poles identified on the increments.
    """
    rows = np.ones(records.n_total, dtype=bool)
    fixed = fit_integrating(records, _bank(records), gains, rows)
    targets = increments_of(records, gains)
    if not np.any(targets.scored(0)):
        return fixed
    found = fit_integrating(records, identify(targets), gains, rows)
    return min((found, fixed), key=lambda model: SQUARED.mean_square(model.misfit, records.weights))


def fit_integrating(
    records: Records, poles: LinearModel, gains: FloatArray, rows: BoolArray
) -> IntegratingModel:
    """Fit the outputs of a linear model in front of integrators, by linear regression.

    Parameters
    ----------
    records : Records
    poles : LinearModel
        Its A and B are kept.
    gains : array of shape (n_outputs,)
    rows : bool array of shape (n_total,)
        Rows that count, with their weights.
    """
    assert records.y is not None
    n_outputs, A, B = len(gains), poles.A, poles.B
    x = poles.states(records)
    signals = np.concatenate([x, records.u, np.ones((records.n_total, 1))], axis=1)
    n_signals, levels = signals.shape[1], _levels(records)
    weights, misfit = np.zeros((n_outputs, n_signals)), np.empty_like(records.y)
    for output, gain in enumerate(gains):
        run = _summed(records, signals, gain)
        # a plain output has the constant among its signals already
        design = np.concatenate([run, levels], axis=1) if gain else run
        solution = _ridge(*_counted(records, output, design, rows))
        weights[output] = solution[:n_signals]
        misfit[:, output] = design @ solution - records.y[:, output]
    C, D, bias = weights[:, : len(A)], weights[:, len(A) : -1], weights[:, -1]
    A, B, C, covariance = unit_coordinates(A, B, C, x.T @ x / records.n_total)
    return IntegratingModel(
        LinearModel(A, B, C, D, bias, state_covariance=covariance), gains, misfit
    )


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


def _bank(records: Records) -> LinearModel:
    """Every input filtered by every fast pole; the outputs are not known yet."""
    assert records.y is not None
    n_inputs, n_outputs = records.u.shape[1], records.y.shape[1]
    return LinearModel(
        np.asarray(np.kron(np.diag(FAST), np.eye(n_inputs)), dtype=np.float64),
        np.asarray(np.kron(1.0 - np.array(FAST)[:, None], np.eye(n_inputs)), dtype=np.float64),
        np.zeros((n_outputs, len(FAST) * n_inputs)),
        np.zeros((n_outputs, n_inputs)),
        np.zeros(n_outputs),
    )


def _beside_a_trend(records: Records) -> FloatArray:
    """RMSE of every output without an integrator, with a straight line of its own per record."""
    assert records.y is not None
    levels = _levels(records)
    ramps = levels * np.concatenate([np.linspace(-1.0, 1.0, n) for n in records.lengths])[:, None]
    design = np.concatenate([_bank(records).states(records), records.u, levels, ramps], axis=1)
    every, misfit = np.ones(records.n_total, dtype=bool), np.empty_like(records.y)
    for output, y in enumerate(records.y.T):
        misfit[:, output] = design @ _ridge(*_counted(records, output, design, every)) - y
    return _rms(records, misfit)


def _are_tight(records: Records) -> BoolArray:
    """Whether an integrator behind every output does not leak, as far as the records tell."""
    bent = [np.maximum(records.u - bend, 0.0) for bend in BENDS]
    records = replace(records, u=np.concatenate([records.u, *bent], axis=1))
    assert records.y is not None
    every, rows = np.ones(records.y.shape[1]), np.ones(records.n_total, dtype=bool)
    exact = fit_integrating(records, _bank(records), every, rows)
    leaky, leak = _with_leak(records)
    small = leak * records.lengths.max() < NO_LEAK
    return (_rms(records, exact.misfit) < LEAK * leaky) | small


def _with_leak(records: Records) -> tuple[FloatArray, FloatArray]:
    """RMSE of every output with an integrator that may leak, and the leak per step."""
    assert records.y is not None
    x = _bank(records).states(records)
    signals = np.concatenate([x, records.u, np.ones((records.n_total, 1))], axis=1)
    run = np.concatenate([_summed(records, signals, 1.0), _levels(records)], axis=1)
    filled = bridged(records, records.n_total).y
    assert filled is not None
    before = [np.concatenate([y[:1], y[:-1]]) for y in records.split(filled)]
    leaks, misfit = _summed(records, np.concatenate(before), 1.0), np.empty_like(records.y)
    found = np.zeros(misfit.shape[1])
    every = np.ones(records.n_total, dtype=bool)
    for output, (leak, y) in enumerate(zip(leaks.T, records.y.T, strict=True)):
        design = np.concatenate([run, leak[:, None]], axis=1)
        solution = _ridge(*_counted(records, output, design, every))
        misfit[:, output], found[output] = design @ solution - y, -solution[-1]
    return _rms(records, misfit), found


def _summed(records: Records, signals: FloatArray, gain: float) -> FloatArray:
    """Sum over every record; the signals themselves where the gain is zero."""
    n_signals = signals.shape[1]
    none = np.zeros((records.n_records, n_signals))
    return accumulate(signals, records.offsets, np.full(n_signals, gain), none)


def _counted(
    records: Records, output: int, design: FloatArray, rows: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Rows of a regression for one output, times the root of their weights."""
    assert records.y is not None
    if records.weights is None:
        return design[rows], records.y[rows, output]
    rows = rows & (records.weights[:, output] > 0.0)
    root = np.sqrt(records.weights[rows, output])
    return root[:, None] * design[rows], root * records.y[rows, output]


def _rms(records: Records, misfit: FloatArray) -> FloatArray:
    if records.weights is None:
        return np.sqrt(np.mean(misfit**2, axis=0))
    total = np.maximum(records.weights.sum(axis=0), np.finfo(float).tiny)
    return np.sqrt(np.sum(records.weights * misfit**2, axis=0) / total)


def _levels(records: Records) -> FloatArray:
    """One column per record, one inside it."""
    record = np.repeat(np.arange(records.n_records), records.lengths)
    return (record[:, None] == np.arange(records.n_records)).astype(np.float64)


def _ridge(design: FloatArray, target: FloatArray) -> FloatArray:
    scale = np.maximum(np.sqrt(np.sum(design**2, axis=0)), 1e-300)
    stacked = np.concatenate([design / scale, np.sqrt(RIDGE) * np.eye(design.shape[1])])
    padded = np.concatenate([target, np.zeros(design.shape[1])])
    solution = np.linalg.lstsq(stacked, padded, rcond=1e-12)[0]
    return np.asarray(solution / scale)
