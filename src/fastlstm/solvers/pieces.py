"""Records cut into equal pieces that run side by side, block after block, states carried on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.problem import Problem

FloatArray = NDArray[np.float64]

SHORTEST = 16  # steps of a block, where records are too short for all pieces


@dataclass(frozen=True)
class Pieces:
    """Training records as pieces of equal length, stored block by block.

    Parameters
    ----------
    blocks : tuple of Records
        Block k of all pieces: `n_pieces` records of equal length, outputs NaN where they are not
        scored (washout, and padding behind the end of a record).
    follows : int64 array of shape (n_pieces,)
        Piece whose end is the beginning of this one; -1 where a record begins.
    """

    blocks: tuple[Records, ...]
    follows: NDArray[np.int64]

    @classmethod
    def of(cls, records: Records, washout: int, n_pieces: int, block: int) -> Pieces:
        """Cut records into at most `n_pieces` pieces of whole blocks, or one per record.

        Parameters
        ----------
        records : Records
            With outputs.
        washout : int
            First steps of each record that are not scored.
        n_pieces : int
            Wanted, as many as vector lanes; shorter blocks make more of short records.
        block : int
            Steps of a block, at most.
        """
        assert records.y is not None
        y = np.where(records.after(washout)[:, None], records.y, np.nan)
        longest = int(records.lengths.max())
        block = min(block, longest, max(SHORTEST, -(-records.n_total // n_pieces)))
        blocks_each = -(-records.n_total // (n_pieces * block))
        length = block * min(blocks_each, -(-longest // block))
        starts, follows = [], []
        for rows in records.slices():
            firsts = range(rows.start, rows.stop, length)
            follows += [-1, *range(len(starts), len(starts) + len(firsts) - 1)]
            starts += [(first, min(first + length, rows.stop)) for first in firsts]
        u = _stack(records.u, starts, length, 0.0)
        y = _stack(y, starts, length, np.nan)
        weights = None
        if records.weights is not None:
            weights = _stack(records.weights, starts, length, 0.0)
        return cls(_blocks(u, y, weights, block), np.array(follows, dtype=np.int64))

    def first_states(self, problem: Problem, params: FloatArray) -> FloatArray:
        """States at the beginning of every piece, from runs of the pieces before from rest."""
        state = problem.network.zero_state(len(self.follows))
        for part in self.blocks:
            _, state = _core.simulate(
                problem.network, params, part.u, part.offsets, state, n_threads=problem.n_threads
            )
        return self.next_states(state)

    def next_states(self, final: FloatArray) -> FloatArray:
        """States for another pass: every piece begins where the one before it ended.

        Parameters
        ----------
        final : array of shape (n_pieces, 2, n_units)
            States at the end of every piece.
        """
        began = (self.follows >= 0)[:, None, None]
        return np.where(began, final[self.follows], 0.0)


def _stack(
    values: FloatArray, starts: list[tuple[int, int]], length: int, padding: float
) -> FloatArray:
    """Pieces side by side, (n_pieces, length, n_channels), padded at the end."""
    stacked = np.full((len(starts), length, values.shape[1]), padding)
    for piece, (first, stop) in enumerate(starts):
        stacked[piece, : stop - first] = values[first:stop]
    return stacked


def _blocks(
    u: FloatArray, y: FloatArray, weights: FloatArray | None, block: int
) -> tuple[Records, ...]:
    n_pieces, length, _ = u.shape
    offsets = np.arange(n_pieces + 1, dtype=np.int64) * block
    cut = [slice(first, first + block) for first in range(0, length, block)]
    return tuple(
        Records(
            np.ascontiguousarray(u[:, rows]).reshape(-1, u.shape[2]),
            np.ascontiguousarray(y[:, rows]).reshape(-1, y.shape[2]),
            offsets,
            None if weights is None else weights[:, rows].reshape(-1, y.shape[2]),
        )
        for rows in cut
    )
