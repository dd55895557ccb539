"""Heats among starts of one kind; the winners are compared on free-run validation."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.damped_descent import DescentState, SquaresObjective, descend
from fastlstm.solvers.tracker import Iterate, Tracker

FloatArray = NDArray[np.float64]

_TIME_SHARE = 0.25  # of the time limit that the heats may use
OVERFIT = 2.0  # validation over training error (RMSE) from which more rows are what is missing
_FINAL_LENGTH = 5  # more rounds for the best of a heat


@dataclass
class Candidate:
    """A start on its way through a heat, and the stage with which its descent goes on."""

    name: str
    state: DescentState
    rmse: float = np.inf
    stage: int = 0


def iterate_of(objective: SquaresObjective, state: DescentState, phase: str) -> Iterate:
    """Describe a descent after an accepted iteration."""
    rmse = objective.rmse(state.params, state.cost)
    return Iterate(
        state.params,
        rmse,
        phase,
        state.damping,
        objective.plan.n_rows,
        network=objective.network,
    )


def overfits(iterate: Iterate, rmse: float) -> bool:
    """Whether the rows of an iterate have no more to say: validation RMSE far above theirs."""
    return rmse > OVERFIT * iterate.rmse_train


def heat(
    objective: SquaresObjective,
    starts: Sequence[tuple[str, FloatArray]],
    tracker: Tracker,
    round_iter: int,
) -> Generator[Iterate, float, Candidate]:
    """Descend from every start of one kind for a round, then five more rounds from the best.

    Embedded linear starts lead at first and random ones often pass them later, so only starts of
    one kind meet in a heat. A start stops where it only follows these rows.

    Returns
    -------
    winner : Candidate
        With an infinite error if no start has a finite cost.
    """
    field = []
    for name, params in starts:
        candidate = Candidate(name, DescentState(params, objective.cost(params)))
        if np.isfinite(candidate.state.cost):
            candidate.rmse = tracker.score(params)
            yield from _advance(objective, candidate, tracker, round_iter)
        field.append(candidate)
    winner = min(field, key=lambda candidate: candidate.rmse)
    if np.isfinite(winner.rmse):
        yield from _advance(objective, winner, tracker, _FINAL_LENGTH * round_iter)
    return winner


def _advance(
    objective: SquaresObjective, candidate: Candidate, tracker: Tracker, n_iter: int
) -> Generator[Iterate, float, None]:
    for _ in range(n_iter):
        if tracker.budget.time_used > _TIME_SHARE or candidate.state.stalled:
            return
        candidate.state = descend(objective, candidate.state)
        iterate = iterate_of(objective, candidate.state, candidate.name)
        candidate.rmse = yield iterate
        if overfits(iterate, candidate.rmse):
            return
