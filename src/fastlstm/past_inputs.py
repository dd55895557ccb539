"""Delays and lags of a linear state-space model: past inputs as states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.frame import Frame

FloatArray = NDArray[np.float64]
Matrices = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def with_past_inputs(
    A: FloatArray, B: FloatArray, C: FloatArray, D: FloatArray, frame: Frame
) -> Matrices:
    """Put a shift register before every input of which past values act.

    Parameters
    ----------
    A, B, C, D : arrays
        ``x[t+1] = A x[t] + B v[t]``, ``y[t] = C x[t] + D v[t]`` with v what the network sees,
        in steps of the network.
    frame : Frame
        Its taps are late by measured steps. Where one is no multiple of the hold, inputs are taken
        as constant within every step of the network.

    Returns
    -------
    A, B, C, D : arrays
        The same for the inputs as they are measured; the new states come last, newest first, input
        by input.
    """
    if not frame.is_tapped:
        return A, B, C, D
    taps, n_inputs = frame.taps, len(frame.delays or frame.lags)
    lengths = np.zeros(n_inputs, dtype=np.int64)
    for channel, late in taps:
        lengths[channel] = max(lengths[channel], -(-late // frame.hold))
    starts, n_past = np.cumsum(lengths) - lengths, int(lengths.sum())
    now, past = np.zeros((len(taps), n_inputs)), np.zeros((len(taps), n_past))
    for column, (channel, late) in enumerate(taps):
        # between two inputs held over a step of the result, by their shares of the network's step
        whole, rest = divmod(late, frame.hold)
        share = rest / frame.hold
        for steps, part in ((whole, 1.0 - share), (whole + 1, share)):
            if steps == 0:
                now[column, channel] = part
            elif part > 0.0:
                past[column, starts[channel] + steps - 1] = part
    shift, enter = np.eye(n_past, k=-1), np.zeros((n_past, n_inputs))
    for channel in np.flatnonzero(lengths):
        shift[starts[channel]] = 0.0
        enter[starts[channel], channel] = 1.0
    below = np.hstack([np.zeros((n_past, len(A))), shift])
    return (
        np.vstack([np.hstack([A, B @ past]), below]),
        np.vstack([B @ now, enter]),
        np.hstack([C, D @ past]),
        D @ now,
    )
