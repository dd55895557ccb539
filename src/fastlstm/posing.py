"""What the records ask for: delays, lags, time base, integrators; whether they are short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fastlstm.bridging import bridged
from fastlstm.delaying import Delays
from fastlstm.frame import Frame
from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records, auto_washout, hold_out
from fastlstm.slowness import is_slow, is_slow_maybe, outlasts, outlasts_maybe
from fastlstm.solvers.problem import SHORT, VERY_SHORT, Parts, Whole
from fastlstm.starts.delays import find_delays
from fastlstm.starts.integrating import find_integrators, identify_integrating
from fastlstm.starts.integrating_fit import MANY
from fastlstm.starts.lagged import with_lagged, without_lagged
from fastlstm.starts.lags import find_lags
from fastlstm.starts.robust import identify_by

FloatArray = NDArray[np.float64]

FEW_STEPS = 2000  # that an integrating plant keeps at least when its time base is widened
LOOKED_AT = 20_000  # steps, about, in which integrators are looked for
SMOOTH = 2e-3  # error of interpolated outputs, in standard deviations, that does not matter
BY_NOISE = 1.6  # times the same over two steps, which may be noise; of white noise 1.5 times
NOISY = 0.15  # the same, beyond which it is not noise
STEADY = 0.1  # part of the variance of an input, within the steps of the network, that may be lost


def pose(
    records: Records,
    network: Network,
    washout: int,
    frame: Frame,
    loss: AbstractLoss = SQUARED,
    fraction: float = 0.0,
    from_rest: bool = False,
) -> Whole | None:
    """Gather what a method needs that holds out rows by itself.

    Parameters
    ----------
    records : Records
        All of them, standardised, with all columns that the network sees.
    network : Network
    washout : int
        Measured steps of each record to be left out.
    frame : Frame
    loss : AbstractLoss
    fraction : float
        Part of the data to validate on where the plant integrates.
    from_rest : bool
        Whether every record begins in a state for which a network at rest can stand.

    Returns
    -------
    whole : Whole or None
        None where records are long, and the plant neither slow nor integrating.
    """
    per_weight, integrates = records.n_counted / network.n_params, np.any(frame.integrating)
    very_short, short = per_weight <= VERY_SHORT, per_weight <= SHORT
    may_outlast = not (from_rest or short) and outlasts_maybe(records)
    given = washout > max(frame.delays, default=0)  # a washout for records of medium length
    may_be_slow = not (very_short or (short and given)) and is_slow_maybe(records)
    if not (short or integrates or may_outlast or may_be_slow):
        return None
    reduced = frame.without_taps().reduce(frame.whole_steps(records))
    steps = -(-washout // frame.hold)
    inputs = without_lagged(reduced, frame.n_lagged)
    if integrates:
        linear = identify_integrating(inputs, frame.gains).increments
    else:
        linear = identify_by(loss, inputs, washout=steps)
    slow = not (very_short or integrates) and (
        ((may_be_slow or may_outlast) and is_slow(linear, inputs))
        or (may_outlast and outlasts(linear, inputs))
    )
    if not (short or integrates or slow):
        return None
    linear = with_lagged(linear, frame.n_lagged)
    parts = _parts(reduced, fraction, steps) if integrates else None
    made = reduced, linear, frame.gains, steps, frame.in_step, slow
    at_rest = from_rest and not integrates  # the levels of sums are unknown
    return Whole(*made, parts=parts, from_rest=at_rest).for_weights(network.n_params)


def _parts(records: Records, fraction: float, washout: int) -> Parts:
    """Split records whose increments are to be simulated from rest; the first ones are unknown."""
    washout = max(1, washout, auto_washout(records.lengths))
    train, validation, lead_in = hold_out(records, fraction, washout)
    return Parts(train, validation, washout, lead_in)


def delays_for(
    given: Delays | None, records: Records, washout: int, frame: Frame | None = None
) -> Delays:
    """Delays of a model to go on from, those given, or those that the records show.

    Parameters
    ----------
    given : tuple of int or None
        One per input, or empty for none; found when None.
    records : Records
        Standardised, as measured.
    washout : int
        First steps of each record that do not count.
    frame : Frame, optional
        Of a model to go on from.

    Raises
    ------
    ValueError
        If there is not one delay per input, or one is as long as a record.
    """
    if frame is not None:
        return frame.delays
    if given is None:
        return find_delays(records, washout)
    n_inputs, shortest = records.u.shape[1], int(records.lengths.min())
    if given and (len(given) != n_inputs or max(given) >= shortest):
        raise ValueError(
            f"input_delays must have one number of steps per input, {n_inputs}, each below the "
            f"length of the shortest record, {shortest}; got {given}. Pass the steps after which "
            "each input begins to act."
        )
    return given if any(given) else ()


def lags_for(
    given: int | Delays | None,
    records: Records,
    washout: int,
    max_order: int,
    frame: Frame | None = None,
) -> Delays:
    """Lags of a model to go on from, those given, or those that the records ask for.

    Parameters
    ----------
    given : int, tuple of int or None
        For every input, or one per input; empty for none; found when None.
    records : Records
        Standardised, in steps of the network, every input where it acts; outputs that integrate
        as increments.
    washout : int
        First steps of each record that do not count.
    max_order : int
        Order of a linear model that the network can hold without lags.
    frame : Frame, optional
        Of a model to go on from.

    Raises
    ------
    ValueError
        If there is not one number per input, or one is as large as a record is long.
    """
    if frame is not None:
        return frame.lags
    if given is None:
        with threadpool_limits(limits=1, user_api="blas"):  # many small products
            return find_lags(records, washout, max_order)
    n_inputs, shortest = records.u.shape[1], int(records.lengths.min())
    lags = (given,) * n_inputs if isinstance(given, int) else given
    if lags and (len(lags) != n_inputs or max(lags) >= shortest):
        raise ValueError(
            f"input_lags must have one number per input, {n_inputs}, each below the length of the "
            f"shortest record in steps of the network, {shortest}; got {given}. Pass how many "
            "earlier values of each input the network is to see."
        )
    return lags if any(lags) else ()


def find_frame(records: Records, n_outputs: int) -> Frame:
    """Time base and integrators that records ask for.

    Parameters
    ----------
    records : Records
        Standardised, every input where it acts.
    n_outputs : int
    """
    nothing = np.zeros(n_outputs)
    frame = Frame(nothing, nothing, hold=_widest_hold(records))
    reduced = frame.reduce(records)
    gains = find_integrators(reduced.spread(LOOKED_AT, LOOKED_AT).some(MANY))
    if not np.any(gains):
        return Frame.plain(n_outputs)
    assert reduced.y is not None
    return Frame(gains, _first_outputs(reduced), frame.hold)


def _first_outputs(records: Records) -> FloatArray:
    """Mean over the records of the first value of every output that counts, (n_outputs,)."""
    assert records.y is not None
    if records.weights is None:
        return records.y[records.offsets[:-1]].mean(axis=0)
    total, n_found = np.zeros(records.y.shape[1]), np.zeros(records.y.shape[1])
    for rows in records.slices():
        counts = records.weights[rows] > 0.0
        first = np.take_along_axis(records.y[rows], np.argmax(counts, axis=0)[None], axis=0)[0]
        found = np.any(counts, axis=0)
        total, n_found = total + np.where(found, first, 0.0), n_found + found
    return total / np.maximum(n_found, 1.0)


def _widest_hold(records: Records) -> int:
    """Measured steps per network step that lose next to nothing, 1 where there are few."""
    hold = max(1, records.n_total // FEW_STEPS)
    while hold > 1 and (_lost_of_inputs(records, hold) > STEADY or _loses_outputs(records, hold)):
        hold //= 2
    return hold


def _loses_outputs(records: Records, hold: int) -> bool:
    """Whether interpolated outputs are off by more than what matters and what noise explains.

    Between two steps only noise is off: a smooth output would be off by the square of the hold.
    One that is off by much moves at every step, beside another that integrates.
    """
    error, noise = _interpolation_error(records, hold), _interpolation_error(records, 2)
    return error > min(np.hypot(SMOOTH, BY_NOISE * noise), NOISY)


def _lost_of_inputs(records: Records, hold: int) -> float:
    """Largest part of the variance of an input that lies within steps of the network."""
    parts = [u[: len(u) // hold * hold] for u in records.split(records.u)]
    blocks = np.concatenate(parts).reshape(-1, hold, records.u.shape[1])
    if len(blocks) == 0:
        return 1.0
    within, total = blocks.var(axis=1).mean(axis=0), records.u.var(axis=0)
    return float(np.max(within / np.maximum(total, np.finfo(float).tiny)))


def _interpolation_error(records: Records, hold: int) -> float:
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
