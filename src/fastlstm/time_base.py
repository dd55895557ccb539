"""How many measured steps one step of the network spans, and records in such steps.

Plants are often sampled much faster than they move. Such a record asks for a long memory, and tells
little more than every tenth of its samples would.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastlstm.between_steps import (
    interpolation_error,
    kept_of_outputs,
    lost_of_inputs,
    moved_between,
)
from fastlstm.bridging import bridged
from fastlstm.frame import Frame
from fastlstm.records import Records

FEW_SUMMED = 2000  # steps that are kept at least where outputs are summed
FEW_STEPS, FEW_OF_EACH = 4000, 100  # else, in all and of the shortest record
SMOOTH = 2e-3  # error of interpolated outputs, in standard deviations, that does not matter
BY_NOISE = 1.6  # times the same over two steps, which may be noise; of white noise 1.5 times
NOISY = 0.15  # the same, beyond which it is not noise
STEADY = 0.1  # part of the variance of an input, within the steps of the network, that may be lost
STEADIER = 0.02  # the same, to be had for at most half of the span where inputs keep a grid
MORE, NOTHING = 1.5, 1e-6  # times as many steps for sums, where that loses no more than this
OF_NOISE = 0.1  # movement between steps, in parts of what is off lines there, that does not matter
KEPT = 0.9  # part of what could be known of outputs at the ends of steps
EVERY, FEWER = 40, 0.95  # spans up to which each is looked at, and the step between longer ones
LOOKED_AT = 50_000  # measured steps, about, in which movement between steps is looked for


def hold_of_sums(records: Records) -> int:
    """Measured steps per step of a network whose outputs are summed.

    Most that lose next to nothing, 1 where there are few. Between two steps only noise is off a
    straight line: a smooth output would be off by the square of the span. One that is off by much
    moves at every step, beside another that integrates. Noise with a memory is off by more over
    longer spans, too, and told from motion as where the network gives the outputs itself.

    Of inputs less may be lost than there: what a bent plant makes of an input that jumps within a
    step is not what it makes of the mean, and sums remember it. Where inputs keep a grid of their
    own, half as many steps more are taken rather than half as many less.

    Parameters
    ----------
    records : Records
        Standardised.
    """
    some = records.spread(LOOKED_AT, LOOKED_AT)

    def loses(hold: int) -> bool:
        error, noise = interpolation_error(records, hold), interpolation_error(records, 2)
        if np.isinf(error):  # outputs are missing at the ends of steps
            return True
        return error > min(np.hypot(SMOOTH, BY_NOISE * noise), NOISY) and _moves(some, hold)

    def longest(spans: list[int], lost: float) -> int:
        parts = zip(spans, lost_of_inputs(records, spans), strict=True)
        return next((hold for hold, part in parts if part <= lost and not loses(hold)), 1)

    most = records.n_total // FEW_SUMMED
    hold = longest(_down_from(most), STEADIER)
    if 2 * hold <= most:
        more = [hold for hold in _down_from(int(MORE * most)) if hold > most]
        hold = max(hold, longest(more, NOTHING))
    return hold


def hold_of_outputs(records: Records) -> int:
    """Measured steps per step of a network that gives the outputs itself.

    Most that lose next to nothing, 1 where there are few. Where inputs change on a grid of their
    own, as of a slower controller, a part of that grid loses nothing and is better than more.

    Parameters
    ----------
    records : Records
        Standardised.

    Notes
    -----
    Some passes over the inputs; where these are steady, over about `LOOKED_AT` outputs as well.
    """
    spans = [hold for hold in _spans(records) if kept_of_outputs(records, hold) >= KEPT]
    lost = dict(zip(spans, lost_of_inputs(records, spans), strict=True))
    some, moving = records.spread(LOOKED_AT, LOOKED_AT), np.inf
    for hold in sorted((hold for hold, part in lost.items() if part <= STEADY), reverse=True):
        if 0.9 * moving < hold < moving - 1:
            continue
        if _moves(some, hold):
            moving = hold
            continue
        steadier = [h for h, part in lost.items() if part <= STEADIER and hold // 2 < h <= hold]
        return max(steadier, default=hold)
    return 1


def _spans(records: Records) -> list[int]:
    """Candidates of more than one step; from one measured output to the next nothing is lost."""
    most = max(records.n_total // FEW_STEPS, _apart(records))
    return _down_from(min(most, int(records.lengths.min()) // FEW_OF_EACH))


def _down_from(hold: int) -> list[int]:
    """Spans of more than one step, the longest first."""
    spans = []
    while hold > 1:
        spans.append(hold)
        hold = hold - 1 if hold <= EVERY else int(FEWER * hold)
    return spans


def _apart(records: Records) -> int:
    """Count the steps between values of the output that is measured least, on average."""
    if records.weights is None:
        return 1
    n_known = np.count_nonzero(records.weights > 0.0, axis=0)
    return round(records.n_total / int(n_known[n_known > 0].min(initial=records.n_total)))


def _moves(records: Records, hold: int) -> bool:
    """Whether outputs move between steps by more than does not matter; noise does not."""
    moved, off = moved_between(records, hold)
    return off > NOISY or moved > max(SMOOTH, OF_NOISE * off)


def in_steps_of(frame: Frame, records: Records) -> Records:
    """Give records to train on in steps of the network.

    Where it gives the outputs itself these are means over about a step, which have less noise; sums
    end where they end.

    Parameters
    ----------
    frame : Frame
    records : Records
        With all columns that the network sees.
    """
    if frame.hold > 1 and not np.any(frame.integrating):
        records = averaged(bridged(records, frame.hold), frame.hold)
    return frame.without_taps().reduce(frame.whole_steps(records))


def averaged(records: Records, hold: int) -> Records:
    """Exchange every output by the mean over about one step of the network around it.

    At the ends of a record, and beside outputs that are missing, it stays.

    Parameters
    ----------
    records : Records
        With outputs.
    hold : int
        Measured steps per step of the network.

    Examples
    --------
    >>> y = np.array([[0.0], [3.0], [0.0], [3.0]])
    >>> averaged(Records(y, y, np.array([0, 4])), 2).y.ravel()
    array([0., 1., 2., 3.])
    """
    assert records.y is not None
    side, y = hold // 2, records.y.copy()
    window = np.full(2 * side + 1, 1.0 / (2 * side + 1))
    for rows in records.slices():
        if rows.stop - rows.start < len(window):
            continue
        inside, weights = slice(rows.start + side, rows.stop - side), records.weights_of(rows)
        for k in range(y.shape[1]):
            mean = np.convolve(records.y[rows, k], window, mode="valid")
            if weights is not None:
                share = np.convolve(weights[:, k] > 0.0, window, mode="valid")
                mean = np.where(share > 1.0 - 0.5 * window[0], mean, y[inside, k])
            y[inside, k] = mean
    return replace(records, y=y)
