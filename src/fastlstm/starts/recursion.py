"""The linear recursion x_t = A x_{t-1} + v_t over many records, without a loop over all steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def linear_recursion(
    A: FloatArray, drive: FloatArray, offsets: NDArray[np.int64], state0: FloatArray | None = None
) -> FloatArray:
    r"""States of :math:`x_t = A x_{t-1} + v_t`, anew in every record.

    Records are cut into blocks of about the square root of the longest length. All blocks run side
    by side from rest, then the states at the block ends are chained, then every block adds the
    response to its initial state. Exact up to rounding for any A, defective ones included.

    Parameters
    ----------
    A : array of shape (n, n)
    drive : array of shape (n_total, n)
        v.
    offsets : array of shape (n_records + 1,)
    state0 : array of shape (n_records, n), optional
        State before the first sample of every record; zero when None.

    Returns
    -------
    states : array of shape (n_total, n)

    Notes
    -----
    O(n_total * n^2) time in O(sqrt(longest record)) NumPy calls.
    """
    n = len(A)
    lengths = np.diff(offsets)
    size = int(np.ceil(np.sqrt(max(1, lengths.max(initial=1)))))
    per_record = -(-lengths // size)
    first_block = np.concatenate([[0], np.cumsum(per_record)])
    steps = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    place = np.repeat(first_block[:-1], lengths) + steps // size
    blocks = np.zeros((size, first_block[-1], n))
    blocks[steps % size, place] = drive
    transposed = np.ascontiguousarray(A.T)
    for k in range(1, size):
        blocks[k] += blocks[k - 1] @ transposed
    carried = _chained(transposed, blocks[-1], first_block, size, state0)
    for k in range(size):
        carried = carried @ transposed
        blocks[k] += carried
    return blocks[steps % size, place]


def _chained(
    transposed: FloatArray,
    ends: FloatArray,
    first_block: NDArray[np.int64],
    size: int,
    state0: FloatArray | None,
) -> FloatArray:
    """State before every block, from the block ends reached from rest."""
    power = np.linalg.matrix_power(transposed, size)
    carried = np.zeros_like(ends)
    per_record = np.diff(first_block)
    running = np.zeros((len(per_record), len(power))) if state0 is None else state0.copy()
    for k in range(per_record.max(initial=0)):
        alive = per_record > k
        block = first_block[:-1][alive] + k
        carried[block] = running[alive]
        running[alive] = running[alive] @ power + ends[block]
    return carried
