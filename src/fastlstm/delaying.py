"""Inputs that act later than they are measured, moved to where they act."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]
Delays = tuple[int, ...]  # steps, one per input; () for none


def delayed(records: Records, delays: Delays) -> Records:
    """Give the inputs that act at every step; before a record its first inputs are held.

    Parameters
    ----------
    records : Records
    delays : tuple of int
        Measured steps, one per input, >= 0.

    Examples
    --------
    >>> u = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
    >>> delayed(Records.from_lists([u]), (1, 0)).u
    array([[1., 5.],
           [1., 6.],
           [2., 7.]])
    """
    if not any(delays):
        return records
    u = np.empty_like(records.u)
    for rows in records.slices():
        steps = np.arange(rows.stop - rows.start)
        for channel, delay in enumerate(delays):
            u[rows, channel] = records.u[rows, channel][np.maximum(steps - delay, 0)]
    return replace(records, u=u)


class DelayLine:
    """What `delayed` does to whole records, sample by sample.

    Parameters
    ----------
    delays : tuple of int
        Steps, one per input.

    Examples
    --------
    >>> line = DelayLine((2, 0))
    >>> [line.push(np.array([x, x])).tolist() for x in (1.0, 2.0, 3.0)]
    [[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]
    """

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self.reset()

    def reset(self) -> None:
        """Expect the first sample of a record."""
        self._waiting: list[deque[float]] = []

    def push(self, u: FloatArray) -> FloatArray:
        """Take an input (n_inputs,) and give the one that acts now."""
        if not self._waiting:
            self._waiting = [
                deque([x] * (delay + 1), maxlen=delay + 1)
                for x, delay in zip(u.tolist(), self._delays, strict=True)
            ]
        for line, x in zip(self._waiting, u.tolist(), strict=True):
            line.append(x)
        return np.array([line[0] for line in self._waiting])
