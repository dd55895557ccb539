"""A race among starts on free-run validation, with a final between the kinds."""

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
_FINAL_LENGTH = 4  # rounds' worth of iterations for each finalist


@dataclass
class Candidate:
    """A start on its way through the race; `kind` is the first word of its name."""

    name: str
    state: DescentState
    rmse: float = np.inf

    @property
    def kind(self) -> str:
        """Where the start came from: "linear" or "random"."""
        return self.name.split()[0]


def race(
    objective: Objective,
    starts: Sequence[tuple[str, FloatArray]],
    tracker: Tracker,
    round_iter: int,
) -> Candidate:
    """Descend from every start, then from the best of each kind, and return the best.

    Embedded linear starts lead at first and random ones often pass them later, so the first round
    compares only starts of one kind; the final is four times as long.

    Returns
    -------
    winner : Candidate
        Best on free-run validation after the final, or when the race's share of the time limit
        was used.
    """
    field = []
    for name, params in starts:
        cost = objective.cost(params)
        if np.isfinite(cost):
            field.append(Candidate(name, DescentState(params, cost), tracker.score(params)))
    for candidate in field:
        _advance(objective, candidate, tracker, round_iter)
    field.sort(key=lambda candidate: candidate.rmse)
    finalists = list({candidate.kind: candidate for candidate in reversed(field)}.values())
    if len(finalists) > 1:
        for candidate in finalists:
            _advance(objective, candidate, tracker, _FINAL_LENGTH * round_iter)
    return min(finalists, key=lambda candidate: candidate.rmse)


def _advance(objective: Objective, candidate: Candidate, tracker: Tracker, n_iter: int) -> None:
    for _ in range(n_iter):
        if _out_of_time(tracker) or candidate.state.stalled:
            return
        candidate.state = descend(objective, candidate.state)
        candidate.rmse = tracker.offer(objective, candidate.state, candidate.name)


def _out_of_time(tracker: Tracker) -> bool:
    limit = tracker.clock.time_limit
    return tracker.exhausted or (limit is not None and tracker.clock.wall > _TIME_SHARE * limit)
