"""What is lost of inputs and outputs where only means and ends of longer steps are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
CORNERS = 2.0**1.5  # times farther off lines over twice the span at corners; 4 times where smooth
BINS = 8  # per step of the network, in which changes of inputs are summed


def lost_of_inputs(records: Records, spans: Sequence[int]) -> FloatArray:
    """Largest part of the variance of an input that lies within steps of the network.

    Parameters
    ----------
    records : Records
        Standardised.
    spans : sequence of int
        Measured steps per step of the network.

    Returns
    -------
    lost : array of shape (n_spans,)
        One where no record has a whole step.

    Notes
    -----
    Two sums over the inputs, and one pass over the steps of every span.
    """
    u, total = records.u, np.maximum(records.u.var(axis=0), np.finfo(float).eps)
    before = np.zeros((2, len(u) + 1, u.shape[1]))  # sums of values and squares before a row
    np.cumsum(u, axis=0, out=before[0, 1:])
    np.cumsum(u**2, axis=0, out=before[1, 1:])
    lost = np.ones(len(spans))
    for k, hold in enumerate(spans):
        ends = [before[:, rows.start : rows.stop + 1 : hold] for rows in records.slices()]
        means, squares = np.concatenate([np.diff(part, axis=1) for part in ends], axis=1) / hold
        if len(means):
            lost[k] = np.max(np.mean(squares - means**2, axis=0) / total)
    return np.maximum(lost, 0.0)


def kept_of_outputs(records: Records, hold: int) -> float:
    """Smallest part of an output that is known at the ends of steps, of what there could be.

    That is one per step, or as many as were measured where these are fewer. An output that counts
    nowhere has nothing to lose.

    Parameters
    ----------
    records : Records
        Standardised.
    hold : int
        Measured steps per step of the network.
    """
    if records.weights is None:
        return 1.0
    weights = bridged(records, hold).weights
    assert weights is not None
    ends = np.concatenate(
        [np.arange(rows.start + hold - 1, rows.stop, hold) for rows in records.slices()]
    )
    kept = np.count_nonzero(weights[ends] > 0.0, axis=0)
    possible = np.minimum(np.count_nonzero(records.weights > 0.0, axis=0), len(ends))
    return float(np.min(kept[possible > 0] / possible[possible > 0], initial=1.0))


def interpolation_error(records: Records, hold: int) -> float:
    """RMS of the worst output between straight lines, of the worst record; infinite if unknown.

    Parameters
    ----------
    records, hold
        As in `kept_of_outputs`.
    """
    assert records.y is not None
    worst, filled = 0.0, bridged(records, hold)
    assert filled.y is not None
    for rows in filled.slices():
        y, weights = filled.y[rows], filled.weights_of(rows)
        knots = np.arange(hold - 1, len(y), hold)
        if len(knots) < 2:
            return np.inf
        steps = np.arange(knots[0], knots[-1] + 1)
        for k, channel in enumerate(y.T):
            known = np.ones(len(y), dtype=bool) if weights is None else weights[:, k] > 0.0
            if not np.all(known[knots]):
                return np.inf
            error = np.interp(steps, knots, channel[knots]) - channel[steps]
            worst = max(worst, float(np.sqrt(np.mean(error**2))))
    return worst


def moved_between(records: Records, hold: int) -> tuple[float, float]:
    """How far outputs move off straight lines between steps, noise apart, and how far they are.

    Means over a step tell how an output bends; they have little noise, and what is left of it does
    not grow with the span. Faster motion does not show in means: that is what the last changes of
    the inputs explain of the distances from the lines.

    Parameters
    ----------
    records, hold
        As in `kept_of_outputs`.

    Returns
    -------
    moved, off : float
        RMS of the worst output.
    """
    filled = bridged(records, hold)
    off = off_lines(filled, hold)
    bend = min(_bend(filled, hold), _bend(filled, 2 * hold) / CORNERS)
    moved = max(bend, _explained(records, off, hold))
    return moved, float(np.sqrt(np.mean(off**2, axis=0)).max())


def off_lines(records: Records, hold: int) -> FloatArray:
    """Take the straight lines between the ends of steps off the outputs.

    Returns
    -------
    array of shape (n_total, n_outputs)
        Zero where an output is missing, or one of its ends, and at the ends of a record.
    """
    assert records.y is not None
    off = np.zeros_like(records.y)
    for rows in records.slices():
        y, weights = records.y[rows], records.weights_of(rows)
        knots = np.arange(hold - 1, len(y), hold)
        if len(knots) < 2:
            continue
        steps = np.arange(knots[0], knots[-1] + 1)
        for k, channel in enumerate(y.T):
            error = channel[steps] - np.interp(steps, knots, channel[knots])
            if weights is not None:
                known = (weights[:, k] > 0.0).astype(np.float64)
                error *= (known[steps] > 0.0) & (np.interp(steps, knots, known[knots]) == 1.0)
            off[rows.start + steps, k] = error
    return off


def _bend(records: Records, hold: int) -> float:
    """RMS distance of a parabola from its chords, from second differences of means over steps."""
    assert records.y is not None
    square, n_found = np.zeros(records.y.shape[1]), np.zeros(records.y.shape[1])
    for rows in records.slices():
        n_steps = (rows.stop - rows.start) // hold
        steps = slice(rows.start, rows.start + n_steps * hold)
        means = records.y[steps].reshape(n_steps, hold, -1).mean(axis=1)
        bend, weights = np.diff(means, 2, axis=0), records.weights_of(steps)
        known = np.ones(bend.shape, dtype=bool)
        if weights is not None:
            whole = np.all(weights.reshape(n_steps, hold, -1) > 0.0, axis=1)
            known = whole[2:] & whole[1:-1] & whole[:-2]
        square += np.sum(bend**2 * known, axis=0)
        n_found += np.sum(known, axis=0)
    return float(np.sqrt(square / np.maximum(n_found, 1.0) / 120.0).max())


def _explained(records: Records, off: FloatArray, hold: int) -> float:
    """RMS of what linear models of the last changes of the inputs explain of the distances."""
    width = -(-hold // BINS)
    n_before, n_after = -(-2 * hold // width), -(-hold // width)
    blocks = []
    for rows in records.slices():
        u = np.pad(records.u[rows], ((n_before * width, n_after * width), (0, 0)), mode="edge")
        at = np.arange(rows.stop - rows.start)[:, None] + np.arange(n_before + n_after + 1) * width
        blocks.append(np.diff(u[at], axis=1).reshape(len(at), -1))
    regressors = np.concatenate(blocks)
    weights = np.linalg.lstsq(regressors, off, rcond=None)[0]
    explained = np.mean((regressors @ weights) ** 2, axis=0)
    by_chance = np.mean(off**2, axis=0) * regressors.shape[1] / len(off)
    return float(np.sqrt(np.maximum(explained - by_chance, 0.0)).max())
