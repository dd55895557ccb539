"""The fit of one network to long records: a race of starts, stages of more and more rows."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.early_growth import EarlyGrowth
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Status
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
    race : Race
        Of the starts, where none is given; what it knows is used by the rest of the fit as well.
    network : Network or None
        That of the descent, where it is not that of the race.
    """

    race: Race
    network: Network | None = None
    candidates: list[Candidate] = field(default_factory=list)
    reached: Reached | None = None

    def begin(
        self, start: FloatArray | None, time_share: float = 1.0
    ) -> Generator[Iterate, float, None]:
        """Race, unless there is a start, and descend until a part of the time is used."""
        if start is None:
            race = replace(self.race, with_adam=time_share == 1.0)
            self.candidates = yield from race.run()
            winner = self.candidates[0]
            if self.race.problem.alternative is not None and np.isfinite(winner.rmse):
                self.network, winner = yield from EarlyGrowth(self.race, time_share).run(winner)
        else:
            state = DescentState(start, np.inf)
            winner = Candidate("start", state, 0.0, FIRST_STAGE_OF_A_START)
        if np.isfinite(winner.rmse):
            anew = start is not None or winner.stage > 0
            limits = replace(self.race.limits, time_share=time_share)
            yield from self._descend(winner, limits, anew)

    def finish(self) -> Generator[Iterate, float, Status]:
        """Go on from there; then a wider network, an average of two, another structure."""
        status = yield from self.go_on()
        race = self.race
        if self.reached is not None and race.problem.may_widen and self.candidates:
            others = [one for one in self.candidates[1:] if np.isfinite(one.rmse)]
            yield from self._widen(others)
            if race.problem.alternative is not None:
                yield from self._train_alternative(race.problem.alternative)
                yield from self._widen([])
        return status

    def go_on(self) -> Generator[Iterate, float, Status]:
        """Descend through the stages that are left."""
        if self.reached is None:
            return Status.CONVERGED
        state, stage = self.reached.state, self.reached.stage
        if stage < len(self._stages()):
            left = Candidate(self._name, state, 0.0, stage)
            yield from self._descend(left, self.race.limits, True)
        return self.reached.status

    def _widen(self, others: list[Candidate]) -> Generator[Iterate, float, None]:
        race = self.race
        rounds = Widening(race.problem, race.limits.stage_tol, race.tracker, race.rng, others)
        yield from rounds.run()

    def _train_alternative(self, network: Network) -> Generator[Iterate, float, None]:
        """Train another structure from the beginning, judged for itself; the better one stays."""
        race, tracker = self.race, self.race.tracker
        problem = replace(race.problem.with_network(network), may_widen=False)
        own = Tracker(problem, tracker.clock)
        own.begin(tracker.budget.max_iter)
        fit = LongRecords(replace(race, problem=problem, tracker=own))
        tracker.judge_by(problem.judged)
        widths = "x".join(map(str, network.hidden_sizes))
        for course in (fit.begin(None), fit.finish()):
            with suppress(StopIteration):
                iterate = next(course)
                while True:
                    yield replace(iterate, phase=f"{widths} units: {iterate.phase}")
                    iterate = course.send(own.offer(iterate))

    @property
    def _name(self) -> str:
        return self.candidates[0].name if self.candidates else "start"

    def _stages(self) -> Stages:
        return self.race.stages(network=self.network)

    def _descend(
        self, candidate: Candidate, limits: StageLimits, anew: bool
    ) -> Generator[Iterate, float, None]:
        self.reached = yield from descend_stages(
            self._stages(),
            candidate.state,
            self.race.tracker,
            candidate.name,
            limits,
            first=candidate.stage,
            anew=anew,
        )
