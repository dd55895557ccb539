"""Delays of a linear state-space model: past inputs as states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.frame import Frame

FloatArray = NDArray[np.float64]
Matrices = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def with_past_inputs(
    A: FloatArray, B: FloatArray, C: FloatArray, D: FloatArray, frame: Frame
) -> Matrices:
    """Put a shift register before every input that acts late.

    Parameters
    ----------
    A, B, C, D : arrays
        ``x[t+1] = A x[t] + B v[t]``, ``y[t] = C x[t] + D v[t]`` with v the inputs that act, in
        steps of the network.
    frame : Frame
        Its delays are in measured steps. Where one is no multiple of the hold, inputs are taken as
        constant within every step of the network.

    Returns
    -------
    A, B, C, D : arrays
        The same for the inputs as they are measured; the new states come last, newest first, input
        by input.
    """
    if not frame.is_delayed:
        return A, B, C, D
    n_inputs = len(frame.delays)
    whole, rest = np.divmod(frame.delays, frame.hold)
    lengths = whole + (rest > 0)
    starts, n_past = np.cumsum(lengths) - lengths, int(lengths.sum())
    now, past = np.zeros((n_inputs, n_inputs)), np.zeros((n_inputs, n_past))
    shift, enter = np.eye(n_past, k=-1), np.zeros((n_past, n_inputs))
    for k, (start, length, late) in enumerate(zip(starts, lengths, whole, strict=True)):
        # between two inputs held over a step of the result, by their shares of the network's step
        share = rest[k] / frame.hold
        for steps, part in ((late, 1.0 - share), (late + 1, share)):
            if steps == 0:
                now[k, k] = part
            elif part > 0.0:
                past[k, start + steps - 1] = part
        if length > 0:
            shift[start] = 0.0
            enter[start, k] = 1.0
    below = np.hstack([np.zeros((n_past, len(A))), shift])
    return (
        np.vstack([np.hstack([A, B @ past]), below]),
        np.vstack([B @ now, enter]),
        np.hstack([C, D @ past]),
        D @ now,
    )
