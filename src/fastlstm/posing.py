"""What the records ask for: delays, lags, time base, integrators; whether they are short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fastlstm.between_steps import kept_of_outputs
from fastlstm.delaying import Delays
from fastlstm.frame import Frame
from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records, auto_washout
from fastlstm.slowness import (
    is_slow,
    is_slow_maybe,
    longest_washout,
    outlasts,
    outlasts_maybe,
    steps_to_forget,
)
from fastlstm.solvers.problem import SHORT, VERY_SHORT, Parts, Problem, Whole
from fastlstm.starts.delays import find_delays
from fastlstm.starts.integrating import find_integrators, identify_integrating
from fastlstm.starts.integrating_fit import MANY
from fastlstm.starts.lagged import with_lagged, without_lagged
from fastlstm.starts.lags import find_lags
from fastlstm.starts.robust import identify_by
from fastlstm.time_base import hold_of_outputs, hold_of_sums

FloatArray = NDArray[np.float64]

FEWEST_STEPS = 10  # of every record, where the samples per step are given
LOOKED_AT = 20_000  # steps, about, in which integrators are looked for


def pose(
    records: Records,
    network: Network,
    washout: int | None,
    frame: Frame,
    loss: AbstractLoss = SQUARED,
    fraction: float = 0.0,
    from_rest: bool = False,
) -> Whole | None:
    """Gather what a method needs that holds out rows by itself.

    Parameters
    ----------
    records : Records
        All of them, standardised, in steps of the network, with all columns that it sees.
    network : Network
    washout : int
        Measured steps of each record to be left out; as few as may be when None.
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
    late = max(frame.delays, default=0)
    given = washout is not None and washout > late  # a washout for records of medium length
    washout = -(-(late if washout is None else washout) // frame.hold)
    may_be_slow = not (very_short or (short and given)) and is_slow_maybe(records)
    if not (short or integrates or may_outlast or may_be_slow):
        return None
    inputs = without_lagged(records, frame.n_lagged)
    if integrates:
        linear = identify_integrating(inputs, frame.gains).increments
    else:
        linear = identify_by(loss, inputs, washout=washout)
    slow = not (very_short or integrates) and (
        ((may_be_slow or may_outlast) and is_slow(linear, inputs))
        or (may_outlast and outlasts(linear, inputs))
    )
    if not (short or integrates or slow):
        return None
    linear = with_lagged(linear, frame.n_lagged)
    parts = _parts(records, fraction, washout) if integrates else None
    made = records, linear, frame.gains, washout, not integrates, slow
    at_rest = from_rest and not integrates  # the levels of sums are unknown
    return Whole(*made, parts=parts, from_rest=at_rest).for_weights(network.n_params)


def _parts(records: Records, fraction: float, washout: int) -> Parts:
    """Split records whose increments are to be simulated from rest; the first ones are unknown."""
    washout = max(1, washout, auto_washout(records.lengths))
    return Parts.of(records, fraction, washout)


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


def find_frame(records: Records, integrators: bool = True, hold: int | None = None) -> Frame:
    """Time base and integrators that records ask for.

    Parameters
    ----------
    records : Records
        Standardised, every input where it acts.
    integrators : bool
        Whether there may be any.
    hold : int or None
        Measured steps per step of the network; found when None.

    Raises
    ------
    ValueError
        If a record has next to none of the steps asked for, or an output is missing at all ends.
    """
    shortest = int(records.lengths.min())
    if hold is not None and hold > 1 and shortest < hold * FEWEST_STEPS:
        raise ValueError(
            f"samples_per_step must leave at least {FEWEST_STEPS} steps of every record; got "
            f"{hold}, and the shortest record has {shortest} samples. Pass fewer samples per step."
        )
    if hold is not None and kept_of_outputs(records, hold) == 0.0:
        raise ValueError(
            f"samples_per_step must let steps end where outputs were measured; got {hold}, and an "
            "output is missing at every end. Pass the samples from one measured output to the next."
        )
    assert records.y is not None
    nothing = np.zeros(records.y.shape[1])
    if integrators:
        frame = Frame(nothing, nothing, hold=hold or hold_of_sums(records))
        reduced = frame.reduce(records)
        gains = find_integrators(reduced.spread(LOOKED_AT, LOOKED_AT).some(MANY))
        if np.any(gains):
            return Frame(gains, _first_outputs(reduced), frame.hold)
    return Frame(nothing, nothing, hold=hold or hold_of_outputs(records))


def washed_out(problem: Problem, records: Records, fraction: float) -> Problem:
    """Let as many steps of long records pass as the plant remembers, where these are more.

    Simulated from rest, a network has wrong states until then, and what it does to make up for
    them it does afterwards, too. At most a part of the shortest record is given for that.

    Parameters
    ----------
    problem : Problem
        With the shortest washout.
    records : Records
        Training and validation records uncut.
    fraction : float
        Part of them to validate on.
    """
    if problem.whole is not None and not problem.whole.is_medium:
        return problem
    if longest_washout(records) <= problem.washout:
        return problem
    with threadpool_limits(limits=1, user_api="blas"):
        steps = steps_to_forget(problem.linear.model, records)
    left = [np.count_nonzero(records.scored(washout)) for washout in (steps, problem.washout)]
    if steps <= problem.washout or left[0] < 0.5 * left[1]:
        return problem
    return replace(problem, **vars(Parts.of(records, fraction, steps)))


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
