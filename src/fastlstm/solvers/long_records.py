"""The fit of one network to long records: a race of starts, stages of more and more rows."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import (
    FIRST_STAGE_OF_A_START,
    Reached,
    StageLimits,
    descend_stages,
)
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.solvers.widening import Widening

FloatArray = NDArray[np.float64]


@dataclass
class LongRecords:
    """A fit that can pause at a part of the time and go on.

    Parameters
    ----------
    problem : Problem
    tracker : Tracker
    rng : numpy Generator
    n_starts, round_iter : int
        See `Race`.
    limits : StageLimits
    careful : bool
        See `Stages`.
    """

    problem: Problem
    tracker: Tracker
    rng: np.random.Generator
    n_starts: int
    round_iter: int
    limits: StageLimits
    careful: bool
    candidates: list[Candidate] = field(default_factory=list)
    reached: Reached | None = None

    def begin(
        self, start: FloatArray | None, time_share: float = 1.0
    ) -> Generator[Iterate, float, None]:
        """Race, unless there is a start, and descend until a part of the time is used."""
        if start is None:
            race = Race(
                self.problem,
                self.tracker,
                self.rng,
                self.n_starts,
                self.round_iter,
                self.limits,
                self.careful,
                with_adam=time_share == 1.0,
            )
            self.candidates = yield from race.run()
            winner = self.candidates[0]
        else:
            state = DescentState(start, np.inf)
            winner = Candidate("start", state, 0.0, FIRST_STAGE_OF_A_START)
        if np.isfinite(winner.rmse):
            anew = start is not None or winner.stage > 0
            yield from self._descend(winner, replace(self.limits, time_share=time_share), anew)

    def finish(self) -> Generator[Iterate, float, Status]:
        """Go on from there; then a wider network, or an average of two."""
        if self.reached is None:
            return Status.CONVERGED
        stages = self._stages()
        if self.reached.stage < len(stages):
            state, stage = self.reached.state, self.reached.stage
            yield from self._descend(Candidate(self._name, state, 0.0, stage), self.limits, True)
        status = self.reached.status
        if self.problem.may_widen and self.candidates:
            others = [one for one in self.candidates[1:] if np.isfinite(one.rmse)]
            widening = Widening(self.problem, self.limits.stage_tol, self.tracker, self.rng, others)
            yield from widening.run()
        return status

    @property
    def _name(self) -> str:
        return self.candidates[0].name if self.candidates else "start"

    def _stages(self) -> Stages:
        return Stages(self.problem, self.problem.linear.memory, careful=self.careful)

    def _descend(
        self, candidate: Candidate, limits: StageLimits, anew: bool
    ) -> Generator[Iterate, float, None]:
        self.reached = yield from descend_stages(
            self._stages(),
            candidate.state,
            self.tracker,
            candidate.name,
            limits,
            first=candidate.stage,
            anew=anew,
        )
