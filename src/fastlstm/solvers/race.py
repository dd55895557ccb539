"""Successive halving among starts on free-run validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.tracker import Tracker

FloatArray = NDArray[np.float64]

_TIME_SHARE = 0.25  # of the time limit that a race may use


@dataclass
class Candidate:
    """A start on its way through the race, named after where it began."""

    name: str
    state: DescentState
    rmse: float = np.inf


def race(
    objective: Objective,
    starts: Sequence[tuple[str, FloatArray]],
    tracker: Tracker,
    round_iter: int,
) -> Candidate:
    """Descend from every start for `round_iter` iterations, keep the better half, repeat.

    Returns
    -------
    winner : Candidate
        Best on free-run validation after the last round, or when the race's share of the time
        limit was used.

    References
    ----------
    Jamieson, Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
    2016.
    """
    field = []
    for name, params in starts:
        cost = objective.cost(params)
        rmse = tracker.score(params) if np.isfinite(cost) else np.inf
        field.append(Candidate(name, DescentState(params, cost), rmse))
    field = [candidate for candidate in field if np.isfinite(candidate.state.cost)]
    while True:
        for candidate in field:
            _advance(objective, candidate, tracker, round_iter)
        field.sort(key=lambda candidate: candidate.rmse)
        if len(field) == 1 or _out_of_time(tracker):
            return field[0]
        field = field[: (len(field) + 1) // 2]


def _advance(objective: Objective, candidate: Candidate, tracker: Tracker, n_iter: int) -> None:
    for _ in range(n_iter):
        if _out_of_time(tracker) or candidate.state.stalled:
            return
        candidate.state = descend(objective, candidate.state)
        candidate.rmse = tracker.offer(objective, candidate.state, candidate.name)


def _out_of_time(tracker: Tracker) -> bool:
    limit = tracker.clock.time_limit
    return tracker.exhausted or (limit is not None and tracker.clock.wall > _TIME_SHARE * limit)
