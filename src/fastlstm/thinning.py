"""Long records for a picture: their extremes, and the stretch worth a closer look."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def extremes(
    time: FloatArray, values: FloatArray, max_points: int
) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest value of each of ``max_points / 2`` stretches, in order of time.

    Parameters
    ----------
    time, values : array of shape (n_timesteps,)
        Finite; returned as they are where they have at most `max_points`.
    max_points : int

    Returns
    -------
    time, values : array of shape (n_points,)
    """
    if len(values) <= max_points:
        return time, values
    edges = np.linspace(0, len(values), max_points // 2 + 1).astype(np.intp)
    chosen = [
        start + index
        for start, stop in pairwise(edges)
        for index in sorted((int(values[start:stop].argmin()), int(values[start:stop].argmax())))
    ]
    return time[chosen], values[chosen]


def detail_window(residual: FloatArray, first_scored: int, n_steps: int) -> slice:
    """Stretch of `n_steps` around the largest residual, within the record.

    Parameters
    ----------
    residual : array of shape (n_timesteps,)
        Longer than `n_steps`.
    first_scored : int
        Steps before this one do not choose the stretch.
    n_steps : int

    Examples
    --------
    >>> detail_window(np.array([9.0, 0.0, 0.0, 0.0, 3.0, 0.0]), first_scored=1, n_steps=3)
    slice(3, 6, None)
    """
    worst = first_scored + int(np.argmax(np.abs(residual[first_scored:])))
    start = min(max(0, worst - n_steps // 2), len(residual) - n_steps)
    return slice(start, start + n_steps)
