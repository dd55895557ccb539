r"""How many earlier values of the inputs a network should see besides those of now.

A layer of n units holds a linear model of order n,

.. math:: x_t = A x_{t-1} + B u_t, \qquad y_t = C x_t + \sum_{k=0}^{L} D_k u_{t-k} + d.

Its A and B are identified without lags. With them fixed, C, D and d are a linear regression, so the
free-run error on held-out blocks is quickly known for every L. Lags are taken where they make it
smaller than any linear model does without them, on two sets of blocks: where the states of the
plant outnumber the units, or echoes follow the inputs by a few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.delaying import Delays, tapped, taps_of
from fastlstm.records import Records, block_numbers
from fastlstm.starts.linear import LinearModel, identify
from fastlstm.starts.selection import excerpt

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LADDER = (1, 2, 4, 8, 16)  # lags that are tried, for all inputs alike
ROWS_PER_COEFFICIENT = 10
MAX_COEFFICIENTS = 150
BLOCKS, HELD_OUT = 8, (1, 3)  # blocks of a record, and which of every four are held out
GAIN = 0.15  # part of the error that lags have to take away, on both sets of blocks
SLACK = 0.05  # part of the error that fewer lags may give back
RIDGE = 1e-8  # of the regressions, relative to the squared length of a column
TINY = 1e-5  # error of a standardised output that counts as none


def find_lags(records: Records, washout: int = 0, max_order: int = 6) -> Delays:
    """Find lags without which no linear model of an order simulates as well.

    Parameters
    ----------
    records : Records
        Standardised, with outputs, every input where it acts.
    washout : int
        First steps of every record that do not count.
    max_order : int
        Largest number of states of the linear models.

    Returns
    -------
    tuple of int
        One per input; empty where nothing is gained.

    Notes
    -----
    Four linear identifications and a QR decomposition each, on 5,000 rows at most: about 0.4 CPU
    seconds for one input. Gains by nonlinear functions of past inputs go unnoticed.
    """
    if not (np.any(records.u) and np.any(records.y)):
        return ()
    run = excerpt(records, records.scored(washout))
    n_inputs = run.records.u.shape[1]
    ladder = _ladder(run.records, run.rows, max_order)
    if not ladder:
        return ()
    parts = _parts(run.records, run.rows & run.records.after(ladder[-1]), ladder[-1], max_order)
    if not parts:
        return ()

    def part_left(lags: Delays) -> float:
        return max(part.error(lags) / part.error((0,) * n_inputs) for part in parts)

    left = {n_lags: part_left((n_lags,) * n_inputs) for n_lags in ladder}
    best = min(left.values())
    if best > 1.0 - GAIN:
        return ()
    common = next(n_lags for n_lags in ladder if left[n_lags] <= best * (1.0 + SLACK))
    lags = [common] * n_inputs
    for channel in range(n_inputs if n_inputs > 1 else 0):
        for fewer in (0, *ladder[: ladder.index(common)]):
            trial = (*lags[:channel], fewer, *lags[channel + 1 :])
            if part_left(trial) <= best * (1.0 + SLACK):
                lags[channel] = fewer
                break
    return tuple(lags)


def _ladder(records: Records, rows: BoolArray, max_order: int) -> Sequence[int]:
    """Numbers of lags that the rows allow."""
    n_rows, n_inputs = np.count_nonzero(rows), records.u.shape[1]
    most = min(MAX_COEFFICIENTS, n_rows // ROWS_PER_COEFFICIENT) - max_order - 1
    return [k for k in LADDER if (k + 1) * n_inputs <= most and 2 * k < records.lengths.min()]


@dataclass(frozen=True)
class _Regression:
    """One output on states, inputs and lags: all that its subsets of columns need."""

    factor: FloatArray  # R of the fitted rows, with ridge
    turned: FloatArray  # Q' y
    held: FloatArray  # columns of the held-out rows
    target: FloatArray  # their output

    def error(self, columns: list[int]) -> float:
        """Root mean squared error on the held-out rows."""
        weights = np.linalg.lstsq(self.factor[:, columns], self.turned, rcond=None)[0]
        misfit = self.held[:, columns] @ weights - self.target
        return float(np.sqrt(np.mean(misfit**2)) + TINY)


@dataclass(frozen=True)
class _Part:
    """Held-out blocks, and the regressions of every linear model that was fitted without them."""

    models: list[tuple[int, list[_Regression]]]  # order, one regression per output
    channels: list[int]  # of the lagged columns
    n_inputs: int

    def error(self, lags: Delays) -> float:
        """Geometric mean over the outputs of the error of the better model."""
        room, seen = list(lags), []
        for place, channel in enumerate(self.channels):
            if room[channel] > 0:
                room[channel] -= 1
                seen.append(place)
        errors = []
        for order, regressions in self.models:
            fixed = order + 1 + self.n_inputs
            columns = [*range(fixed), *(fixed + place for place in seen)]
            errors.append(np.mean([np.log(one.error(columns)) for one in regressions]))
        return float(np.exp(min(errors)))


def _parts(records: Records, rows: BoolArray, longest: int, max_order: int) -> list[_Part]:
    """Both sets of held-out blocks; none where an output does not count in one."""
    block, n_inputs = block_numbers(records, rows, BLOCKS), records.u.shape[1]
    taps = taps_of((), (longest,) * n_inputs)[n_inputs:]
    lagged, parts = tapped(records, taps).u, []
    for remainder in HELD_OUT:
        held = rows & (block % 4 == remainder)
        fitted = rows & ~held
        if not (_all_count(records, held) and _all_count(records, fitted)):
            return []
        found = (
            identify(records, max_order=max_order, rows=fitted),
            identify(records, order=max_order, rows=fitted),
        )
        models = [
            (model.order, _regressions(records, model, lagged, fitted, held)) for model in found
        ]
        parts.append(_Part(models, [channel for channel, _ in taps], n_inputs))
    return parts


def _all_count(records: Records, rows: BoolArray) -> bool:
    if records.weights is None:
        return bool(np.any(rows))
    return bool(np.all(np.any(records.weights[rows] > 0.0, axis=0)))


def _regressions(
    records: Records, model: LinearModel, lagged: FloatArray, fitted: BoolArray, held: BoolArray
) -> list[_Regression]:
    """One per output, with columns 1, states, inputs, lagged inputs."""
    assert records.y is not None
    x = model.states(records, model.initial_states(records))
    design = np.concatenate([np.ones((len(x), 1)), x, records.u, lagged], axis=1)
    found = []
    for k, y in enumerate(records.y.T):
        root = np.ones(len(y)) if records.weights is None else np.sqrt(records.weights[:, k])
        rows, out = fitted & (root > 0.0), held & (root > 0.0)
        columns = root[rows, None] * design[rows]
        ridge = np.sqrt(RIDGE) * np.diag(np.linalg.norm(columns, axis=0))
        Q, R = np.linalg.qr(np.concatenate([columns, ridge]))
        turned = Q[: len(columns)].T @ (root[rows] * y[rows])
        found.append(_Regression(R, turned, root[out, None] * design[out], root[out] * y[out]))
    return found
