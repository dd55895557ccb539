"""Which of several networks say the same, on the records and where these show little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.merging import Member
from fastlstm.records import Records
from fastlstm.solvers.rival import Rival

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HELD = 10  # steps for which an added input stays as it is
AT_MOST = 5000  # steps of the run
ALIKE = 3.0  # times the smallest error, up to which a network is wanted
APART = 1.5  # times the distance of the one in the middle, beyond which one has gone astray
STEP = 0.5  # standard deviations of the steps that tell how much a network counts


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
    members = [(rival.network, rival.params) for rival in rivals]
    runs, nearer = _runs(members, *_beside(records)), len(rivals) // 2
    between = np.array([[_apart(one, other) for other in runs] for one in runs])
    distances = np.sort(between, axis=1)[:, 1 : 1 + nearer].mean(axis=1)  # the nearest is itself
    near = wanted[distances[wanted] <= apart * distances.min()]
    if len(near) == 0 or not np.isfinite(distances.min()):
        near = wanted[[np.argmin(distances[wanted])]]
    return [rivals[k] for k in near.tolist()]


def agreement(members: Sequence[Member], records: Records) -> FloatArray:
    """Weights of an average: the less, the farther a network is from what most of them say.

    A held-out block tells the networks fitted without it from each other, but blocks differ, and
    none tells how a network goes on beyond what was measured. The middle of all is a better guess
    than most of them. With the distance from it relative to the median distance, on the records or
    with random steps added to the inputs, whichever is more, the weights are
    ``1 / max(1, distance)``: nearer than the median is luck.

    Parameters
    ----------
    members : sequence of (Network, params)
        At least three.
    records : Records
        Standardised inputs, in steps of the networks.

    Returns
    -------
    weights : array of shape (n_members,)
        With sum one, none negative.
    """
    farthest, n_steps = np.ones(len(members)), min(records.n_total, AT_MOST)
    as_measured = records.u[:n_steps], np.unique(np.minimum(records.offsets, n_steps))
    for u, offsets in (as_measured, _beside(records, STEP)):
        runs = _runs(members, u, offsets)
        middle = np.median(runs, axis=0)
        distances = np.array([_apart(run, middle) for run in runs])
        usual = np.median(distances)
        if 0.0 < usual < np.inf:
            farthest = np.maximum(farthest, distances / usual)
    weights = 1.0 / farthest
    return weights / weights.sum()


def _beside(records: Records, size: float = 1.0) -> tuple[FloatArray, IntArray]:
    """Add random steps to the inputs, as one run; where it begins and ends."""
    u = records.u[:AT_MOST]
    steps = size * np.random.default_rng(0).standard_normal((len(u) // HELD + 1, u.shape[1]))
    return u + np.repeat(steps, HELD, axis=0)[: len(u)], np.array([0, len(u)])


def _runs(members: Sequence[Member], u: FloatArray, offsets: IntArray) -> list[FloatArray]:
    """Let all run over the same inputs."""
    return [_core.simulate(*member, u, offsets, float32=False)[0] for member in members]


def _apart(one: FloatArray, other: FloatArray) -> float:
    """RMS of the difference; infinite where a run is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        apart = float(np.sqrt(np.mean((one - other) ** 2)))
    return apart if np.isfinite(apart) else np.inf
