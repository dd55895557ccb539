"""Descent through stages of more and more rows, each ended by its decrease or by validation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.damped_descent import DescentState, SquaresObjective, descend
from fastlstm.solvers.full_gradient import FullGradient, StageObjective
from fastlstm.solvers.heats import iterate_of, overfits
from fastlstm.solvers.partly_frozen import PartlyFrozen
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.stages import Stage, Stages
from fastlstm.solvers.straying import Straying
from fastlstm.solvers.tracker import Iterate, Tracker

FIRST_STAGE_OF_A_START = 2  # a trained network would forget on the few rows of the stages before

_ALPHA_RANGE = (1e-8, 1e-1)  # of a ridge that follows the error
_SHORT_PATIENCE = 10  # where a better curvature of all rows can follow
_WINDOW = 5  # iterations over which a decrease is judged
_MAX_MEMORY_GROWTH = 8
_GROWTH_OF_ALL_ROWS = 2  # of which the gradient looks further back than the curvature anyway


@dataclass(frozen=True)
class StageLimits:
    """When a stage ends.

    Parameters
    ----------
    tol : float
        Relative decrease of the cost per iteration below which a stage on all records ends.
    stage_tol : float
        The same for the stages before, which only prepare the next.
    patience : int
        Iterations without a better validation error of its own that end a stage.
    time_share : float
        Part of the time of the method after which the descent ends.
    goes_on : callable, optional
        Asked then whether it goes on all the same.
    """

    tol: float
    stage_tol: float
    patience: int
    time_share: float = 1.0
    goes_on: Callable[[], bool] | None = None

    def of(self, stage: Stage) -> tuple[float, int]:
        """Return the relative decrease and the patience that end a stage."""
        if not stage.is_whole:
            return self.stage_tol, self.patience
        return self.tol, self.patience if stage.is_last else min(self.patience, _SHORT_PATIENCE)

    def used_up(self, tracker: Tracker) -> bool:
        """Whether the time of the descent is."""
        late = tracker.budget.time_used > self.time_share
        return late and not (self.goes_on is not None and self.goes_on())


@dataclass(frozen=True)
class Reached:
    """Where a descent has ended, why, and the stage with which it would go on."""

    state: DescentState
    status: Status
    stage: int


def descend_stages(
    stages: Stages,
    state: DescentState,
    tracker: Tracker,
    name: str,
    limits: StageLimits,
    *,
    first: int = 0,
    last: int | None = None,
    anew: bool = False,
    frozen: NDArray[np.bool_] | None = None,
) -> Generator[Iterate, float, Reached]:
    """Descend on all stages, one after the other.

    A stage of part of the data also ends where its rows are followed much better than others.

    Parameters
    ----------
    stages : Stages
    state : DescentState
        With the cost of the first stage, unless `anew`.
    tracker : Tracker
        Judges by the validation records of the stage.
    name : str
        Of the start, for the history.
    limits : StageLimits
    first : int
        Stage to begin with, `FIRST_STAGE_OF_A_START` for parameters that were trained elsewhere.
    last : int, optional
        Stage to end with.
    anew : bool
        The cost of the first stage is not known yet.
    frozen : bool array of shape (n_params,), optional
        Parameters that stay as they are.

    Returns
    -------
    reached : Reached
    """
    status, was_last, following = Status.CONVERGED, False, first
    for number, index in enumerate(stages.order(first, last)):
        if was_last and stages.satisfied(state.params):
            break
        stage = stages[index]
        was_last, plain = stage.is_last, stage.objective
        begins = number > 0 or anew
        if begins:
            tracker.judge_by(stage.judge)
            plain = regularised(plain, stages.problem, tracker.best_rmse)
        objective = plain if frozen is None else PartlyFrozen(plain, frozen)
        if begins:
            state = DescentState(state.params, objective.cost(state.params), state.damping)
        state, status = yield from _descend_stage(
            objective, state, tracker, f"{name}, {index}", stage, limits
        )
        following = index
        if limits.used_up(tracker):
            break
        following = index + 1
        stages = stages.escalated(state.params)
    return Reached(state, status, following)


def regularised(objective: StageObjective, problem: Problem, rmse: float) -> StageObjective:
    """Exchange the ridge by the one that goes with the error so far.

    Weights with a prior variance of one under noise of variance s^2 want alpha = s^2, and s is at
    most the error on validation.
    """
    if not problem.adapts_alpha or not np.isfinite(rmse):
        return objective
    return objective.with_alpha(float(np.clip(rmse**2, *_ALPHA_RANGE)))


def _is_watched(stage: Stage, tracker: Tracker) -> bool:
    """Whether a stage of part of the data is long enough to be judged by all validation data."""
    return not stage.is_whole and stage.judge.n_total >= tracker.problem.judged.n_total


def _descend_stage(
    objective: SquaresObjective,
    state: DescentState,
    tracker: Tracker,
    phase: str,
    stage: Stage,
    limits: StageLimits,
) -> Generator[Iterate, float, tuple[DescentState, Status]]:
    tol, patience = limits.of(stage)
    costs, best, since = [state.cost], np.inf, 0
    straying = Straying(tracker.problem) if _is_watched(stage, tracker) else None
    on_all = isinstance(stage.objective, FullGradient)
    limit = objective.memory * (_GROWTH_OF_ALL_ROWS if on_all else _MAX_MEMORY_GROWTH)
    while True:
        state = descend(objective, state)
        if state.stalled and 2 * objective.memory <= limit and not tracker.exhausted:
            # The truncated gradient may be what fails: look further back before giving up.
            objective = objective.with_memory(2 * objective.memory)
            state = replace(state, stalled=False)
            continue
        if state.stalled:
            return state, Status.CONVERGED
        iterate = iterate_of(objective, state, phase)
        if straying is not None:
            iterate = replace(iterate, strayed=straying.factor(iterate))
        rmse = yield iterate
        costs.append(state.cost)
        if not stage.is_whole and overfits(iterate, rmse):
            return state, Status.EARLY_STOPPED
        if len(costs) > _WINDOW and costs[-1] > costs[-1 - _WINDOW] * (1 - _WINDOW * tol):
            return state, Status.CONVERGED
        best, since = (rmse, 0) if rmse < best else (best, since + 1)
        if since >= patience:
            return state, Status.EARLY_STOPPED
        if limits.used_up(tracker):
            return state, Status.TIME_LIMIT
