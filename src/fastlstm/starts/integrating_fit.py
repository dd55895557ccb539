r"""Outputs as sums of filtered inputs over time, by linear regression.

.. math:: y_t = l + \sum_{s \le t} (C x_s + D u_s + d)

With the poles of x given, C, D, d and the levels l follow from a linear regression on the
accumulated signals, which measures the error of the outputs themselves, not of their increments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.signal import lfilter

from fastlstm.integration import accumulate
from fastlstm.records import Records
from fastlstm.starts.linear import LinearModel
from fastlstm.starts.realization import unit_coordinates

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BENDS = (-1.0, -0.3, 0.3, 1.0)  # of inputs, in standard deviations
SLOWER = 0.9  # pole behind which inputs are bent as well
FAST = (0.5, 0.8, 0.9, 0.95)  # poles in front of an integrator
MANY = 30  # records, beyond which levels are no columns of a regression
MOST_SIGNALS = 150  # with those bent behind the lag: a regression costs their square
MANY_ROWS = 30  # per signal, from which bent inputs do not explain a record anyhow
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


def fit_integrating(
    records: Records,
    poles: LinearModel,
    gains: FloatArray,
    rows: BoolArray,
    x: FloatArray | None = None,
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
    x : array of shape (n_total, order), optional
        Its states on the records, where they are known.
    """
    assert records.y is not None
    n_outputs, A, B = len(gains), poles.A, poles.B
    x = poles.states(records) if x is None else x
    signals = _beside_inputs(records, x)
    n_signals, many = signals.shape[1], records.n_records > MANY
    weights, misfit = np.zeros((n_outputs, n_signals)), np.empty_like(records.y)
    for output, gain in enumerate(gains):
        run = summed(records, signals, gain)
        if gain and many:
            weights[output], misfit[:, output] = _beside_levels(records, output, run, rows)
            continue
        # a plain output has the constant among its signals already
        design = np.concatenate([run, levels_of(records)], axis=1) if gain else run
        solution = regress(*counted(records, output, design, rows))
        weights[output] = solution[:n_signals]
        misfit[:, output] = design @ solution - records.y[:, output]
    C, D, bias = weights[:, : len(A)], weights[:, len(A) : -1], weights[:, -1]
    A, B, C, covariance = unit_coordinates(A, B, C, x.T @ x / records.n_total)
    return IntegratingModel(
        LinearModel(A, B, C, D, bias, state_covariance=covariance), gains, misfit
    )


def _beside_levels(
    records: Records, output: int, run: FloatArray, rows: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Solution and misfit with a level of its own in every record, without a column for each.

    Means of the records are taken out of both sides, with the weights of the rows.
    """
    assert records.y is not None
    record = np.repeat(np.arange(records.n_records), records.lengths)
    weights = np.ones(records.n_total) if records.weights is None else records.weights[:, output]
    used = np.flatnonzero(rows & (weights > 0.0))
    root = np.sqrt(weights[used])
    shape = records.n_records, len(used)
    sums = sparse.csr_array((root, (record[used], np.arange(len(used)))), shape=shape)
    squares = np.maximum(sums @ root, np.finfo(float).tiny)

    def centred(columns: FloatArray) -> FloatArray:
        means = (sums @ columns) / squares[:, None]
        return columns - root[:, None] * means[record[used]]

    target = root[:, None] * records.y[used, output, None]
    solution = regress(centred(root[:, None] * run[used]), centred(target)[:, 0])
    error = run @ solution - records.y[:, output]
    levels = (sums @ (root * error[used])) / squares
    return solution, error - levels[record]


def fast_poles(records: Records) -> LinearModel:
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


def summed(records: Records, signals: FloatArray, gain: float) -> FloatArray:
    """Sum over every record; the signals themselves where the gain is zero."""
    n_signals = signals.shape[1]
    none = np.zeros((records.n_records, n_signals))
    return accumulate(signals, records.offsets, np.full(n_signals, gain), none)


def counted(
    records: Records, output: int, design: FloatArray, rows: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Rows of a regression for one output, times the root of their weights."""
    assert records.y is not None
    if records.weights is None:
        return design[rows], records.y[rows, output]
    rows = rows & (records.weights[:, output] > 0.0)
    root = np.sqrt(records.weights[rows, output])
    return root[:, None] * design[rows], root * records.y[rows, output]


def levels_of(records: Records) -> FloatArray:
    """One column per record, one inside it."""
    record = np.repeat(np.arange(records.n_records), records.lengths)
    return (record[:, None] == np.arange(records.n_records)).astype(np.float64)


def regress(design: FloatArray, target: FloatArray) -> FloatArray:
    """Least squares with a ridge against columns that say the same."""
    scale = np.maximum(np.sqrt(np.sum(design**2, axis=0)), 1e-300)
    stacked = np.concatenate([design / scale, np.sqrt(RIDGE) * np.eye(design.shape[1])])
    padded = np.concatenate([target, np.zeros(design.shape[1])])
    solution = np.linalg.lstsq(stacked, padded, rcond=1e-12)[0]
    return np.asarray(solution / scale)


def rms(records: Records, misfit: FloatArray) -> FloatArray:
    """Weighted root mean square of every output, (n_outputs,)."""
    if records.weights is None:
        return np.sqrt(np.mean(misfit**2, axis=0))
    total = np.maximum(records.weights.sum(axis=0), np.finfo(float).tiny)
    return np.sqrt(np.sum(records.weights * misfit**2, axis=0) / total)


def with_bends(records: Records) -> Records:
    """Put copies of every input beside it that are zero below a bend, see `BENDS`.

    Where that makes few signals for the rows, copies that are bent behind a lag follow: they tell
    how far a plant goes that is slowed down the more the faster it is.
    """
    bent = np.concatenate([records.u, *_bent(records.u)], axis=1)
    lagged = np.concatenate([bent, *_bent(_lagged(records))], axis=1)
    n_signals = lagged.shape[1] * (len(FAST) + 1) + 1
    few = n_signals <= min(MOST_SIGNALS, records.n_total // MANY_ROWS)
    return replace(records, u=lagged if few else bent)


def _bent(u: FloatArray) -> list[FloatArray]:
    return [np.maximum(u - bend, 0.0) for bend in BENDS]


def _lagged(records: Records) -> FloatArray:
    """Pass inputs through a lag; their variance is one."""
    runs = [lfilter([1.0 - SLOWER], [1.0, -SLOWER], u, axis=0) for u in records.split(records.u)]
    lagged = np.concatenate(runs)
    return lagged / np.maximum(lagged.std(axis=0), 1e-300)


def summed_signals(records: Records) -> FloatArray:
    """All that an output with an integrator is a sum of, and the levels of the records.

    Returns
    -------
    array of shape (n_total, n_signals + n_records)
    """
    return np.concatenate([summed(records, signals_of(records), 1.0), levels_of(records)], axis=1)


def signals_of(records: Records) -> FloatArray:
    """Gather inputs filtered by fast poles, inputs, and a constant: an output may be their sum.

    Returns
    -------
    array of shape (n_total, n_signals)
    """
    return _beside_inputs(records, fast_poles(records).states(records))


def _beside_inputs(records: Records, x: FloatArray) -> FloatArray:
    return np.concatenate([x, records.u, np.ones((records.n_total, 1))], axis=1)
