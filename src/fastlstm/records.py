"""One or many measured records as one concatenated array with offsets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Records:
    """Records of unequal length, concatenated in time; states start anew at every offset.

    Parameters
    ----------
    u : array of shape (n_total, n_inputs)
        Inputs of all records, float64, C-contiguous.
    y : array of shape (n_total, n_outputs) or None
        Measured outputs, if known.
    offsets : int64 array of shape (n_records + 1,)
        Record r is rows ``offsets[r]:offsets[r + 1]``.
    """

    u: FloatArray
    y: FloatArray | None
    offsets: NDArray[np.int64]

    @classmethod
    def from_lists(
        cls, u_list: Sequence[FloatArray], y_list: Sequence[FloatArray] | None = None
    ) -> Records:
        """Concatenate 2-D arrays, one per record, that were checked before."""
        lengths = [len(u) for u in u_list]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        u = np.ascontiguousarray(np.concatenate(u_list), dtype=np.float64)
        y = None if y_list is None else np.ascontiguousarray(np.concatenate(y_list), np.float64)
        return cls(u, y, offsets)

    @property
    def n_records(self) -> int:
        """Number of records."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of steps of each record."""
        return np.diff(self.offsets)

    @property
    def n_total(self) -> int:
        """Number of steps of all records together."""
        return int(self.offsets[-1])

    def slices(self) -> Iterator[slice]:
        """Rows of each record in the concatenated arrays."""
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield slice(int(start), int(stop))

    def split(self, array: FloatArray) -> list[FloatArray]:
        """Cut an array with one row per step into one array per record."""
        return [array[rows] for rows in self.slices()]

    def scored(self, washout: int) -> NDArray[np.bool_]:
        """Mask of shape (n_total,): False for the first `washout` steps of every record."""
        mask = np.ones(self.n_total, dtype=bool)
        for rows in self.slices():
            mask[rows.start : rows.start + washout] = False
        return mask

    def in_canonical_order(self) -> Records:
        """Sort the records by length, then by a hash of their inputs.

        What is trained on them then does not depend on the order in which they came. Repetitions
        of one experiment are told apart by the last quarter of their outputs, which no washout
        touches.
        """
        if self.n_records == 1:
            return self
        lengths = self.lengths.tolist()
        keys = [self._content_key(rows) for rows in self.slices()]
        order = sorted(range(self.n_records), key=lambda record: keys[record])
        if order == list(range(self.n_records)):
            return self
        return self.take([(record, 0, lengths[record]) for record in order])

    def _content_key(self, rows: slice) -> tuple[int, bytes, bytes]:
        length = rows.stop - rows.start
        y = b"" if self.y is None else self.y[rows][3 * length // 4 :].tobytes()
        return length, sha256(self.u[rows].tobytes()).digest(), sha256(y).digest()

    def take(self, rows: Sequence[tuple[int, int, int]]) -> Records:
        """Parts of records as records of their own; each part is (record, first step, stop)."""
        parts = [
            slice(int(self.offsets[record]) + first, int(self.offsets[record]) + stop)
            for record, first, stop in rows
        ]
        y_list = None if self.y is None else [self.y[part] for part in parts]
        return Records.from_lists([self.u[part] for part in parts], y_list)


MANY_RECORDS = 5  # from here on whole records are held out, below it the tail of each


def auto_washout(lengths: NDArray[np.int64]) -> int:
    """Choose a tenth of the shortest record, at most 200 steps."""
    return int(min(200, np.min(lengths) // 10))


def hold_out(
    records: Records, fraction: float, washout: int
) -> tuple[Records, Records | None, int]:
    """Split into records to train on and records to validate on.

    From five records on, whole records spread evenly over the list are held out; with fewer, the
    tail of each. A tail begins `lead_in` steps early: these drive the state and are not scored, so
    the scored steps of both parts never meet. The lead-in is the washout, or the automatic one
    where that is longer: a tail starts from rest in mid-record, even if its record did not.

    Parameters
    ----------
    records : Records
    fraction : float
        Part of the data to hold out, in [0, 1).
    washout : int
        First steps of every record that are not scored.

    Returns
    -------
    train : Records
    validation : Records or None
        None where `fraction` is zero or the records are too short to be split.
    lead_in : int
        First steps of every validation record that are not scored.
    """
    if fraction == 0.0:
        return records, None, washout
    if records.n_records >= MANY_RECORDS:
        return *_hold_out_records(records, fraction), washout
    lead_in = max(washout, auto_washout(records.lengths))
    train, validation = [], []
    for record, length in enumerate(records.lengths.tolist()):
        cut = length - math.floor(fraction * length)
        if length - cut < 2 or cut < lead_in + 2:
            train.append((record, 0, length))
        else:
            train.append((record, 0, cut))
            validation.append((record, cut - lead_in, length))
    return records.take(train), records.take(validation) if validation else None, lead_in


def _hold_out_records(records: Records, fraction: float) -> tuple[Records, Records]:
    n_records = records.n_records
    n_held = min(max(1, round(fraction * n_records)), n_records - 1)
    held = {int((k + 0.5) * n_records / n_held) for k in range(n_held)}
    whole = [(record, 0, length) for record, length in enumerate(records.lengths.tolist())]
    train = [part for part in whole if part[0] not in held]
    return records.take(train), records.take([part for part in whole if part[0] in held])
