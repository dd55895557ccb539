"""What kind of problem the records pose: short or long, integrating or not, which time base."""

from __future__ import annotations

import numpy as np

from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.problem import Whole
from fastlstm.starts.integrating import find_integrators, identify_integrating
from fastlstm.starts.linear import identify

SHORT = 10  # residuals per weight up to which records count as short
FEW_STEPS = 2000  # that an integrating plant keeps at least when its time base is widened
MAX_STEPS = 6000  # of the network, up to which integrators are looked for
SMOOTH = 2e-3  # error of interpolated outputs, in standard deviations, that does not matter


def pose(
    records: Records, network: Network, washout: int, frame: Frame | None = None
) -> tuple[Frame, Whole | None]:
    """Look for integrators; gather what a method needs that holds out rows by itself.

    Parameters
    ----------
    records : Records
        All of them, standardised.
    network : Network
    washout : int
        Measured steps of each record to be left out.
    frame : Frame, optional
        Of a model to go on from; found when None.

    Returns
    -------
    frame : Frame
    whole : Whole or None
        None where records are long and nothing integrates.
    """
    short = records.n_total * network.n_outputs <= SHORT * network.n_params
    if frame is None:
        frame = _find_frame(records, network.n_outputs)
    reduced, steps = frame.reduce(records), -(-washout // frame.hold)
    if np.any(frame.integrating):
        linear = identify_integrating(reduced, frame.gains).increments
    elif short:
        linear = identify(reduced, washout=steps)
    else:
        return frame, None
    return frame, Whole(reduced, linear, frame.gains, steps, frame.is_plain)


def _find_frame(records: Records, n_outputs: int) -> Frame:
    nothing = np.zeros(n_outputs)
    frame = Frame(nothing, nothing, hold=_widest_hold(records))
    reduced = frame.reduce(records)
    if reduced.n_total > MAX_STEPS:
        return Frame.plain(n_outputs)
    gains = find_integrators(reduced)
    if not np.any(gains):
        return Frame.plain(n_outputs)
    assert reduced.y is not None
    return Frame(gains, reduced.y[reduced.offsets[:-1]].mean(axis=0), frame.hold)


def _widest_hold(records: Records) -> int:
    """Measured steps per network step that lose nothing of the outputs, 1 where there are few."""
    hold = max(1, records.n_total // FEW_STEPS)
    while hold > 1 and _interpolation_error(records, hold) > SMOOTH:
        hold //= 2
    return hold


def _interpolation_error(records: Records, hold: int) -> float:
    assert records.y is not None
    worst = 0.0
    for y in records.split(records.y):
        knots = np.arange(hold - 1, len(y), hold)
        if len(knots) < 2:
            return np.inf
        steps = np.arange(knots[0], knots[-1] + 1)
        for channel in y.T:
            error = np.interp(steps, knots, channel[knots]) - channel[steps]
            worst = max(worst, float(np.sqrt(np.mean(error**2))))
    return worst
