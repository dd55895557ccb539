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
    """Draws windows from records, a record in proportion to its length, then a place in it.

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
    def _y(self) -> FloatArray:
        """Outputs with NaN in the washout and where they do not count."""
        assert self.records.y is not None
        kept = self.records.after(self.washout)[:, None]
        if self.records.weights is not None:
            kept = kept & (self.records.weights > 0.0)
        return np.where(kept, self.records.y, np.nan)

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        """Length of the windows of each record."""
        return np.minimum(self.records.lengths, self.length)

    @property
    def scored_per_window(self) -> int:
        """Steps of a typical window that are scored, at least 1."""
        return max(1, int(np.median(self._sizes)) - self.burn_in)

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
        lengths = self.records.lengths
        record = rng.choice(len(lengths), count, p=lengths / lengths.sum())
        size = self._sizes[record]
        inside = rng.integers(0, lengths[record] - size + 1)
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], size)
        rows = step + np.repeat(self.records.offsets[record] + inside, size)
        y_drawn = self._y[rows]
        y_drawn[(step < self.burn_in) & np.repeat(inside > 0, size)] = np.nan
        return Records(self.records.u[rows], y_drawn, offsets, self.records.weights_of(rows))
