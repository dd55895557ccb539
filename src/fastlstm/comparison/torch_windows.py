"""Rows of many records side by side, time before batch, for training and validating torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

IntArray = NDArray[np.int64]
STRETCH = 1000  # scored steps of each validation stretch


@dataclass(frozen=True)
class Windows:
    """All windows of equal length that lie within one record.

    Parameters
    ----------
    starts : int array of shape (n_windows,)
        First row of each.
    length : int
        Steps of each.
    """

    starts: IntArray
    length: int

    @classmethod
    def of(cls, records: Records, length: int) -> Windows:
        """Windows of `length` steps, shorter where the shortest record is."""
        length = min(length, int(records.lengths.min()))
        starts = [np.arange(rows.start, rows.stop - length + 1) for rows in records.slices()]
        return cls(np.concatenate(starts), length)

    def draw(self, rng: np.random.Generator, n_windows: int) -> IntArray:
        """Rows of random windows, shape (length, n_windows)."""
        chosen = rng.choice(self.starts, n_windows)
        return chosen[None, :] + np.arange(self.length)[:, None]


def stretches(records: Records, washout: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """Cut records into stretches that run side by side, so that a free run needs few steps.

    Every stretch but the first of a record is preceded by `washout` steps (at least 50) that drive
    the state; shorter stretches are filled up behind their end.

    Parameters
    ----------
    records : Records
    washout : int
        First steps of every record that are not scored.

    Returns
    -------
    rows : int array of shape (n_steps, n_stretches)
    scored : bool array of the same shape
        Holds every scored row of the records exactly once.
    """
    lead = max(washout, 50)
    parts = []
    for rows in records.slices():
        for first in range(rows.start + washout, rows.stop, STRETCH):
            begin = rows.start if first == rows.start + washout else max(rows.start, first - lead)
            parts.append((begin, first, min(first + STRETCH, rows.stop)))
    steps = np.arange(max(stop - begin for begin, _, stop in parts))[:, None]
    begin, first, stop = np.array(parts, dtype=np.int64).T
    rows = np.minimum(begin + steps, stop - 1)
    return rows, (begin + steps >= first) & (begin + steps < stop)
