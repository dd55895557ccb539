"""Which of several networks agrees best with the others where the records show little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.rival import Rival

FloatArray = NDArray[np.float64]

HELD = 10  # steps for which an added input stays as it is
AT_MOST = 5000  # steps of the run
ALIKE = 1.5


def most_agreed(rivals: Sequence[Rival], records: Records) -> Rival:
    """Choose the network whose outputs are nearest to those of the others on other inputs.

    Networks that fit the same records alike may differ wildly beside them, and held-out rows of
    these records do not tell which one is wrong; but the same mistake is rarely made twice. All run
    over the inputs of the records plus random steps of one standard deviation. The mean distance to
    the nearer half of the others counts, then the smaller validation error. Those with more than
    `ALIKE` times the smallest error are not chosen.

    Parameters
    ----------
    rivals : sequence of Rival
        Fitted to the same records from different random numbers.
    records : Records
        Standardised inputs, in steps of the network.
    """
    u = records.u[:AT_MOST]
    steps = np.random.default_rng(0).standard_normal((len(u) // HELD + 1, u.shape[1]))
    u = u + np.repeat(steps, HELD, axis=0)[: len(u)]
    runs = [_run(rival, u) for rival in rivals]
    nearer = (len(rivals) + 1) // 2

    def distance(number: int) -> float:
        others = sorted(_apart(runs[number], run) for k, run in enumerate(runs) if k != number)
        return float(np.mean(others[:nearer])) if others else 0.0

    limit = ALIKE * min(rival.rmse for rival in rivals)
    fit = [k for k, rival in enumerate(rivals) if rival.rmse <= limit]
    ranks = [(distance(k), rivals[k].rmse, k) for k in fit]
    return rivals[min(ranks)[2]]


def _run(rival: Rival, u: FloatArray) -> FloatArray:
    offsets = np.array([0, len(u)])
    return _core.simulate(rival.network, rival.params, u, offsets, float32=False)[0]


def _apart(one: FloatArray, other: FloatArray) -> float:
    """RMS of the difference; infinite where a run is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        apart = float(np.sqrt(np.mean((one - other) ** 2)))
    return apart if np.isfinite(apart) else np.inf
