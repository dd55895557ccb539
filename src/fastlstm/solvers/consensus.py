"""Which of several networks say the same where the records show little."""

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
ALIKE = 3.0  # times the smallest error, up to which a network is wanted
NOISY = 1.3  # the same where errors are mostly noise, which all networks have alike
APART = 1.5  # times the distance of the one in the middle, beyond which one has gone astray


def agreeing(
    rivals: Sequence[Rival], records: Records, alike: float = ALIKE, apart: float = APART
) -> list[Rival]:
    """Leave out networks that fit worse, and those that go astray on other inputs.

    Networks that fit the same records alike may differ beside them, and held-out rows of these
    records do not tell which one is wrong; but the same mistake is rarely made twice. All run over
    the inputs of the records plus random steps of one standard deviation. Of three or more those
    with up to `alike` times the smallest error stay whose mean distance to the nearer half of all
    others is at most `apart` times the smallest distance; the one with the smallest where none is.

    Parameters
    ----------
    rivals : sequence of Rival
        Fitted to the same records from different random numbers.
    records : Records
        Standardised inputs, in steps of the network.
    alike, apart : float
        Times the smallest error, and the smallest distance.

    Returns
    -------
    list of Rival
        At least one, in their order.
    """
    errors = np.array([rival.rmse for rival in rivals])
    wanted = np.flatnonzero(errors <= alike * errors.min())
    if len(rivals) < 3:
        return [rivals[k] for k in wanted.tolist()]
    runs, nearer = _runs(rivals, records), len(rivals) // 2
    between = np.array([[_apart(one, other) for other in runs] for one in runs])
    distances = np.sort(between, axis=1)[:, 1 : 1 + nearer].mean(axis=1)  # the nearest is itself
    near = wanted[distances[wanted] <= apart * distances.min()]
    if len(near) == 0 or not np.isfinite(distances.min()):
        near = wanted[[np.argmin(distances[wanted])]]
    return [rivals[k] for k in near.tolist()]


def _runs(rivals: Sequence[Rival], records: Records) -> list[FloatArray]:
    """Let all run over the same inputs beside the records."""
    u = records.u[:AT_MOST]
    steps = np.random.default_rng(0).standard_normal((len(u) // HELD + 1, u.shape[1]))
    u, offsets = u + np.repeat(steps, HELD, axis=0)[: len(u)], np.array([0, len(u)])
    return [_core.simulate(r.network, r.params, u, offsets, float32=False)[0] for r in rivals]


def _apart(one: FloatArray, other: FloatArray) -> float:
    """RMS of the difference; infinite where a run is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        apart = float(np.sqrt(np.mean((one - other) ** 2)))
    return apart if np.isfinite(apart) else np.inf
