"""One or many measured records as one concatenated array with offsets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise

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
    weights : array of shape (n_total, n_outputs), optional
        How much every output counts, >= 0; where it is zero nothing was measured and y holds zero.
        All count alike when None.
    """

    u: FloatArray
    y: FloatArray | None
    offsets: NDArray[np.int64]
    weights: FloatArray | None = None

    @classmethod
    def from_lists(
        cls,
        u_list: Sequence[FloatArray],
        y_list: Sequence[FloatArray] | None = None,
        weights_list: Sequence[FloatArray] | None = None,
    ) -> Records:
        """Concatenate 2-D arrays, one per record, that were checked before."""
        lengths = [len(u) for u in u_list]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        u = np.ascontiguousarray(np.concatenate(u_list), dtype=np.float64)
        y, weights = (
            None if parts is None else np.ascontiguousarray(np.concatenate(parts), np.float64)
            for parts in (y_list, weights_list)
        )
        return cls(u, y, offsets, weights)

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
        """Mask of shape (n_total,): steps after the first `washout` at which an output counts."""
        mask = self.after(washout)
        return mask if self.weights is None else mask & np.any(self.weights > 0.0, axis=1)

    def after(self, washout: int) -> NDArray[np.bool_]:
        """Mask of shape (n_total,): False for the first `washout` steps of every record."""
        mask = self._masks.get(washout)
        if mask is None:
            mask = np.ones(self.n_total, dtype=bool)
            for rows in self.slices():
                mask[rows.start : rows.start + washout] = False
            mask.flags.writeable = False
            self._masks[washout] = mask
        return mask

    @cached_property
    def _masks(self) -> dict[int, NDArray[np.bool_]]:
        """What `after` found; every iterate of every method asks for the same ones."""
        return {}

    @property
    def n_counted(self) -> int:
        """Outputs that count, all steps together."""
        assert self.y is not None
        return self.y.size if self.weights is None else int(np.count_nonzero(self.weights))

    def weights_of(self, rows: NDArray | slice) -> FloatArray | None:
        """Weights of some rows, None where all count alike."""
        return None if self.weights is None else self.weights[rows]

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
        last = slice(rows.start + 3 * length // 4, rows.stop)
        y = b"" if self.y is None else self.y[last].tobytes()
        if self.weights is not None:
            y += self.weights[last].tobytes()
        return length, sha256(self.u[rows].tobytes()).digest(), sha256(y).digest()

    def take(self, rows: Sequence[tuple[int, int, int]]) -> Records:
        """Parts of records as records of their own; each part is (record, first step, stop)."""
        starts = self.offsets[:-1].tolist()
        return self.cut(
            [slice(starts[record] + first, starts[record] + stop) for record, first, stop in rows]
        )

    def cut(self, parts: Sequence[slice]) -> Records:
        """Rows that lie within records as records of their own."""
        u_list, y_list, weights_list = (
            None if array is None else [array[part] for part in parts]
            for array in (self.u, self.y, self.weights)
        )
        assert u_list is not None
        return Records.from_lists(u_list, y_list, weights_list)

    def some(self, at_most: int) -> Records:
        """Take a number of the records, evenly spread over the list; all where there are fewer."""
        if self.n_records <= at_most:
            return self
        slices = list(self.slices())
        chosen = np.linspace(0, self.n_records - 1, at_most).astype(int)
        return self.cut([slices[k] for k in chosen])

    def spread(self, max_steps: int, length: int) -> Records:
        """Evenly spread stretches of at most `length` steps as records of their own.

        As many as `max_steps` hold, at least one; all of them, uncut, where there are fewer steps.

        Examples
        --------
        >>> u = np.arange(10.0)[:, None]
        >>> Records(u, None, np.array([0, 10])).spread(4, 2).u.ravel()
        array([0., 1., 8., 9.])
        """
        if self.n_total <= max_steps:
            return self
        pieces = []
        for rows in self.slices():
            n_pieces = -(-(rows.stop - rows.start) // length)
            edges = np.linspace(rows.start, rows.stop, n_pieces + 1).astype(int).tolist()
            pieces += [slice(start, stop) for start, stop in pairwise(edges)]
        wanted = max(1, max_steps * len(pieces) // self.n_total)
        chosen = np.linspace(0, len(pieces) - 1, wanted).astype(int)
        return self.cut([pieces[k] for k in chosen])


def block_numbers(records: Records, rows: NDArray[np.bool_], n_blocks: int) -> NDArray[np.int64]:
    """Which of `n_blocks` parts of its record every step lies in, shape (n_total,).

    The parts are equally long or, where outputs have weights, hold as many of `rows` each.
    """
    if records.weights is None:
        return np.concatenate([np.arange(n) * n_blocks // max(n, 1) for n in records.lengths])
    number = []
    for part in records.slices():
        before = np.cumsum(rows[part]) - rows[part]
        number.append(np.minimum(before * n_blocks // max(int(rows[part].sum()), 1), n_blocks - 1))
    return np.concatenate(number)


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
    where that is longer: a tail starts from rest in mid-record, even if its record did not. Only
    steps at which an output counts count for the fraction, and nothing is held out where that would
    leave an output without any value to train on.

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
        train, validation, lead_in = *_hold_out_records(records, fraction), washout
    else:
        train, validation, lead_in = _hold_out_tails(records, fraction, washout)
    if np.any(_outputs_scored(records, washout) & ~_outputs_scored(train, washout)):
        return records, None, washout
    return train, validation, lead_in


def _outputs_scored(records: Records, washout: int) -> NDArray[np.bool_]:
    """Which outputs count anywhere after the washout; shape (n_outputs,), or () for all."""
    if records.weights is None:
        return np.array(True)
    return np.any(records.weights[records.after(washout)] > 0.0, axis=0)


def _hold_out_tails(
    records: Records, fraction: float, washout: int
) -> tuple[Records, Records | None, int]:
    lead_in = max(washout, auto_washout(records.lengths))
    train, validation = [], []
    for record, (length, rows) in enumerate(
        zip(records.lengths.tolist(), records.slices(), strict=True)
    ):
        cut = _cut(records, rows, fraction, washout)
        if length - cut < 2 or cut < lead_in + 2:
            train.append((record, 0, length))
        else:
            train.append((record, 0, cut))
            validation.append((record, cut - lead_in, length))
    return records.take(train), records.take(validation) if validation else None, lead_in


def _cut(records: Records, rows: slice, fraction: float, washout: int) -> int:
    """Step of a record at which its tail begins."""
    length = rows.stop - rows.start
    if records.weights is None:
        return length - math.floor(fraction * length)
    steps = washout + np.flatnonzero(np.any(records.weights[rows][washout:] > 0.0, axis=1))
    n_held = math.floor(fraction * len(steps))
    return length if n_held < 2 else int(steps[-n_held])


def _hold_out_records(records: Records, fraction: float) -> tuple[Records, Records]:
    n_records = records.n_records
    n_held = min(max(1, round(fraction * n_records)), n_records - 1)
    held = {int((k + 0.5) * n_records / n_held) for k in range(n_held)}
    whole = [(record, 0, length) for record, length in enumerate(records.lengths.tolist())]
    train = [part for part in whole if part[0] not in held]
    return records.take(train), records.take([part for part in whole if part[0] in held])
