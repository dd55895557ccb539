"""Random windows of records, for training on parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Windows:
    """Draws windows from the records of a problem, each with steps that are not scored.

    A window that starts inside a record begins from rest and its first `burn_in` steps only drive
    the state. At the beginning of a record the `washout` of the problem takes their place.

    Parameters
    ----------
    records : Records
        With outputs.
    length : int
        Steps of a window; shorter records are taken whole.
    burn_in, washout : int
    """

    records: Records
    length: int
    burn_in: int
    washout: int

    @cached_property
    def _masked(self) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
        """Outputs with NaN in the washout; length of the windows and places for them, by record."""
        assert self.records.y is not None
        y = np.where(self.records.scored(self.washout)[:, None], self.records.y, np.nan)
        lengths = np.minimum(self.records.lengths, self.length)
        return y, lengths, np.cumsum(self.records.lengths - lengths + 1)

    @property
    def scored_per_window(self) -> int:
        """Steps of a typical window that are scored, at least 1."""
        return max(1, int(np.median(self._masked[1])) - self.burn_in)

    def draw(self, count: int, rng: np.random.Generator) -> Records:
        """Windows at random places, as records; outputs that are not scored are NaN.

        Parameters
        ----------
        count : int
        rng : numpy Generator

        Returns
        -------
        windows : Records
        """
        y, lengths, places = self._masked
        place = rng.integers(0, places[-1], count)
        record = np.searchsorted(places, place, side="right")
        inside = place - np.concatenate([[0], places[:-1]])[record]
        size = lengths[record]
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], size)
        rows = step + np.repeat(self.records.offsets[record] + inside, size)
        y_drawn = y[rows]
        y_drawn[(step < self.burn_in) & np.repeat(inside > 0, size)] = np.nan
        return Records(self.records.u[rows], y_drawn, offsets)
