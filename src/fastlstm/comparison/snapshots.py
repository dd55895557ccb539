"""Weights in hand at moments of a run, kept until the run is over and they may be scored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MAX_SNAPSHOTS = 120
MIN_SNAPSHOTS = 8
MAX_BYTES = 32 << 20
SOONEST = 1e-4  # CPU seconds; earlier moments are not told apart


@dataclass(frozen=True)
class Snapshot:
    """Weights of shape (n_params,) that a method had after so many seconds."""

    cpu_time: float
    wall_time: float
    weights: FloatArray


@dataclass
class Snapshots:
    """At most `MAX_SNAPSHOTS` of a run, evenly spread over the logarithm of CPU time.

    The first and the last are always kept, so thinning can only make a method look later than it
    was, by at most the gap it leaves.

    Examples
    --------
    >>> snapshots = Snapshots()
    >>> for k in range(1, 1000):
    ...     snapshots.add(float(k), float(k), np.array([float(k)]))
    >>> len(snapshots.kept), snapshots.kept[0].cpu_time, snapshots.kept[-1].cpu_time
    (120, 1.0, 999.0)
    """

    kept: list[Snapshot] = field(default_factory=list)

    def add(self, cpu_time: float, wall_time: float, weights: FloatArray) -> None:
        """Keep a copy of the weights, unless they are those of the snapshot before."""
        if self.kept and np.array_equal(self.kept[-1].weights, weights):
            return
        self.kept.append(Snapshot(cpu_time, wall_time, np.array(weights, dtype=np.float64)))
        limit = int(np.clip(MAX_BYTES // max(weights.nbytes, 1), MIN_SNAPSHOTS, MAX_SNAPSHOTS))
        if len(self.kept) > limit:
            times = np.log([max(snapshot.cpu_time, SOONEST) for snapshot in self.kept])
            del self.kept[1 + int(np.argmin(times[2:] - times[:-2]))]
