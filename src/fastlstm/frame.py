"""Between records as they are measured and what the network sees: taps, time base, sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastlstm.bridging import bridged
from fastlstm.delaying import Delays, Taps, tapped, taps_of
from fastlstm.integration import accumulate
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Frame:
    """Delays and lags of the inputs, time base and integrators of a model.

    One step of the network spans `hold` measured steps: it sees the mean of the inputs, and its
    outputs belong to the last of these steps; between them outputs are interpolated.

    Parameters
    ----------
    gains : array of shape (n_outputs,)
        Of the integrators behind the network, in units of the standardised output per step of
        the network; zero for outputs that the network gives itself.
    levels : array of shape (n_outputs,)
        Value of an integrating output before a record of which nothing was measured.
    hold : int
        Measured steps per step of the network.
    delays : tuple of int
        Measured steps by which every input acts late: the network sees ``u_i(t - delays[i])``,
        before the record begins its first value. Empty for none.
    lags : tuple of int
        How many earlier values of every input the network sees besides, one step of the network
        apart: ``u_i(t - delays[i] - k * hold)`` for k from 1 to ``lags[i]``. They are its last
        columns, input by input. Empty for none.

    Examples
    --------
    >>> frame = Frame(np.array([0.5]), np.zeros(1), hold=2)
    >>> u = Records.from_lists([np.array([[1.0], [3.0], [2.0], [2.0]])])
    >>> frame.reduce(u).u.ravel()
    array([2., 2.])
    >>> y = np.ones((2, 1))  # of the network
    >>> frame.expand(y, u.offsets).ravel()
    array([0.25, 0.5 , 0.75, 1.  ])
    """

    gains: FloatArray
    levels: FloatArray
    hold: int = 1
    delays: Delays = ()
    lags: Delays = ()

    @classmethod
    def plain(cls, n_outputs: int) -> Frame:
        """Network and records in step, no integrator."""
        return cls(np.zeros(n_outputs), np.zeros(n_outputs))

    @property
    def integrating(self) -> BoolArray:
        """Outputs with an integrator, shape (n_outputs,)."""
        return self.gains != 0.0

    @property
    def in_step(self) -> bool:
        """Whether the network gives the output itself at every measured step."""
        return self.hold == 1 and not np.any(self.integrating)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing between records and network."""
        return self.in_step and not self.is_tapped

    @property
    def is_delayed(self) -> bool:
        """Whether an input acts late."""
        return any(self.delays)

    @property
    def is_tapped(self) -> bool:
        """Whether the network sees anything but the inputs of now."""
        return self.is_delayed or any(self.lags)

    @property
    def n_lagged(self) -> int:
        """Columns that the network sees besides one per input."""
        return sum(self.lags)

    @property
    def taps(self) -> Taps:
        """Input and measured steps late of every column that the network sees.

        Empty where it sees the inputs of now.
        """
        return taps_of(self.delays, self.lags, self.hold)

    @property
    def channels(self) -> slice | list[int]:
        """Index that gives values per input to the columns that the network sees."""
        return [channel for channel, _ in self.taps] if any(self.lags) else slice(None)

    @property
    def longest_delay(self) -> int:
        """Measured steps by which the latest column is late."""
        return max((late for _, late in self.taps), default=0)

    def without_taps(self) -> Frame:
        """Time base and integrators alone, for records that hold all columns already."""
        return replace(self, delays=(), lags=())

    def whole_steps(self, records: Records) -> Records:
        """Cut every record after its last whole step, if it has one."""
        whole = records.lengths // self.hold * self.hold
        lengths = np.where(whole > 0, whole, records.lengths)
        if np.array_equal(lengths, records.lengths):
            return records
        starts = records.offsets[:-1].tolist()
        ends = zip(starts, lengths.tolist(), strict=True)
        return records.cut([slice(start, start + length) for start, length in ends])

    def reduce(self, records: Records) -> Records:
        """Give records in steps of the network; a last part of a step counts as a step.

        The network then says where a whole step would have ended, and y is what was measured last:
        records to train on are cut to `whole_steps` before.
        """
        records = tapped(records, self.taps)
        if self.hold == 1:
            return records
        records = bridged(records, self.hold)
        u_list = [self._means(u) for u in records.split(records.u)]
        y_list, weights_list = (
            None
            if array is None
            else [part[self._last_steps(len(part))] for part in records.split(array)]
            for array in (records.y, records.weights)
        )
        return Records.from_lists(u_list, y_list, weights_list)

    def expand(
        self, y: FloatArray, offsets: IntArray, levels: FloatArray | None = None
    ) -> FloatArray:
        """Give the outputs at every measured step.

        Parameters
        ----------
        y : array of shape (n_reduced, n_outputs)
            Of the network.
        offsets : int64 array of shape (n_records + 1,)
            Of the measured records.
        levels : array of shape (n_records, n_outputs), optional
            Where they are known.

        Returns
        -------
        array of shape (n_total, n_outputs)
        """
        if self.in_step:
            return y
        lengths = np.diff(offsets)
        if levels is None:
            levels = np.tile(self.levels, (len(lengths), 1))
        reduced = np.concatenate([[0], np.cumsum(-(-lengths // self.hold))])
        y = accumulate(y, reduced, self.gains, levels)
        if self.hold == 1:
            return y
        parts = [
            self._interpolated(y[start:stop], int(length), level)
            for (start, stop), length, level in zip(pairwise(reduced), lengths, levels, strict=True)
        ]
        return np.concatenate(parts)

    def _means(self, u: FloatArray) -> FloatArray:
        starts = np.arange(0, len(u), self.hold)
        counts = np.diff(np.append(starts, len(u)))
        return np.add.reduceat(u, starts, axis=0) / counts[:, None]

    def _last_steps(self, length: int) -> IntArray:
        ends = np.arange(self.hold - 1, length + self.hold - 1, self.hold)
        return np.minimum(ends, length - 1)

    def _interpolated(self, y: FloatArray, length: int, level: FloatArray) -> FloatArray:
        """One record; an integrating output starts from its level one step before the first.

        The last step may end after the record.
        """
        knots = np.arange(len(y) + 1) * self.hold - 1
        first = np.where(self.integrating, level, y[0])
        values = np.concatenate([first[None], y])
        steps = np.arange(length)
        columns = [np.interp(steps, knots, values[:, k]) for k in range(y.shape[1])]
        return np.stack(columns, axis=1)
