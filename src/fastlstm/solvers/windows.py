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

    @cached_property
    def _share(self) -> FloatArray:
        """Part of all steps up to the end of each record."""
        share = np.cumsum(self.records.lengths / self.records.n_total)
        return share / share[-1]

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """How many first steps a window of each record may have."""
        return self.records.lengths - self._sizes + 1

    @cached_property
    def _steps(self) -> NDArray[np.int64]:
        return np.arange(self._sizes.max())

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
        record = self._share.searchsorted(rng.random(count), side="right")
        size = self._sizes[record]
        inside = rng.integers(0, self._places[record])
        first, in_lead = self.records.offsets[record] + inside, inside > 0
        if (size == size[0]).all():  # rows as a table, several times faster than one by one
            rows = (first[:, None] + self._steps[: size[0]]).ravel()
            unscored = (in_lead[:, None] & (self._steps[: size[0]] < self.burn_in)).ravel()
        else:
            step = np.concatenate([self._steps[:n] for n in size])
            rows = step + np.repeat(first, size)
            unscored = (step < self.burn_in) & np.repeat(in_lead, size)
        y_drawn = self._y.take(rows, axis=0)
        y_drawn[unscored] = np.nan
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        u_drawn = self.records.u.take(rows, axis=0)
        return Records(u_drawn, y_drawn, offsets, self.records.weights_of(rows))
