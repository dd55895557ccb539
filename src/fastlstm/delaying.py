"""Inputs that act later than they are measured, moved to where they act; once or several times."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]
Delays = tuple[int, ...]  # steps, one per input; () for none
Taps = tuple[tuple[int, int], ...]  # input and steps late of every column; () for the inputs alone


def taps_of(delays: Delays, lags: Delays, hold: int = 1) -> Taps:
    """Taps of inputs that act late and are seen again `hold`, 2 * `hold`, ... steps later.

    One column per input comes first, then those of the lags, input by input.

    Examples
    --------
    >>> taps_of((3, 0), (0, 2))
    ((0, 3), (1, 0), (1, 1), (1, 2))
    >>> taps_of((), (1,), hold=4)
    ((0, 0), (0, 4))
    """
    if not (any(delays) or any(lags)):
        return ()
    delays = delays or (0,) * len(lags)
    earlier = (
        (channel, delays[channel] + k * hold)
        for channel, n_lags in enumerate(lags)
        for k in range(1, n_lags + 1)
    )
    return (*enumerate(delays), *earlier)


def tapped(records: Records, taps: Taps) -> Records:
    """Give columns of past inputs at every step; before a record its first inputs are held.

    Parameters
    ----------
    records : Records
    taps : tuple of (int, int)
        Of every column its input and by how many measured steps it is late, >= 0.

    Examples
    --------
    >>> u = np.array([[1.0], [2.0], [3.0]])
    >>> tapped(Records.from_lists([u]), ((0, 0), (0, 2))).u
    array([[1., 1.],
           [2., 1.],
           [3., 1.]])
    """
    if not taps:
        return records
    u = np.empty((records.n_total, len(taps)))
    for rows in records.slices():
        steps = np.arange(rows.stop - rows.start)
        for column, (channel, late) in enumerate(taps):
            u[rows, column] = records.u[rows, channel][np.maximum(steps - late, 0)]
    return replace(records, u=u)


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
    return tapped(records, tuple(enumerate(delays)) if any(delays) else ())


class TapLine:
    """What `tapped` does to whole records, sample by sample.

    Parameters
    ----------
    taps : tuple of (int, int)
        Not empty. Every input keeps as many samples as its latest column needs.

    Examples
    --------
    >>> line = TapLine(((0, 2), (1, 0)))
    >>> [line.push(np.array([x, x])).tolist() for x in (1.0, 2.0, 3.0)]
    [[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]
    """

    def __init__(self, taps: Taps) -> None:
        lengths: dict[int, int] = {}
        for channel, late in taps:
            lengths[channel] = max(late + 1, lengths.get(channel, 0))
        self._lengths = [lengths[channel] for channel in sorted(lengths)]
        self._places = [(channel, -1 - late) for channel, late in taps]
        self.reset()

    def reset(self) -> None:
        """Expect the first sample of a record."""
        self._kept: list[deque[float]] = []

    def push(self, u: FloatArray) -> FloatArray:
        """Take an input (n_inputs,) and give the columns of now."""
        values = u.tolist()
        if not self._kept:
            self._kept = [
                deque([x] * length, maxlen=length)
                for x, length in zip(values, self._lengths, strict=True)
            ]
        for kept, x in zip(self._kept, values, strict=True):
            kept.append(x)
        return np.array([self._kept[channel][place] for channel, place in self._places])
