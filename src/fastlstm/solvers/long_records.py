"""The fit of one network to long records: a race of starts, stages of more and more rows."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.bent_start import WANTED, BentStart
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.early_growth import EarlyGrowth
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.repeats import Repeats
from fastlstm.solvers.stage_descent import (
    FIRST_STAGE_OF_A_START,
    Reached,
    StageLimits,
    descend_stages,
)
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.tracker import Iterate
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
    candidates : list of Candidate
        Starts, the best first.
    reached : Reached or None
        Where the descent has paused.
    is_bent : bool
        Whether the start has curves in front of the poles, see `BentStart`.
    asks_for_bends : bool
        Whether such a start, tried for a part of the time, is better than what came out of it.
    """

    race: Race
    network: Network | None = None
    candidates: list[Candidate] = field(default_factory=list)
    reached: Reached | None = None
    is_bent: bool = False
    asks_for_bends: bool = False

    def begin(
        self, start: FloatArray | None, time_share: float = 1.0
    ) -> Generator[Iterate, float, None]:
        """Race, unless there is a start, and descend until a part of the time is used.

        Where that is not all the time, a start with bends that is better than the winner ends it.
        """
        if start is None:
            self.candidates = yield from self.race.run()
            if self.race.is_off(self.candidates[0], WANTED):
                yield from self._look_elsewhere(time_share)
            if self.asks_for_bends:
                return
            winner = self.candidates[0]
            grows = self.network is None and self.race.problem.alternative is not None
            if grows and np.isfinite(winner.rmse):
                self.network, winner = yield from EarlyGrowth(self.race, time_share).run(winner)
        else:
            state = DescentState(start, np.inf)
            winner = Candidate("start", state, 0.0, FIRST_STAGE_OF_A_START)
        if np.isfinite(winner.rmse):
            anew = start is not None or winner.stage > 0
            limits = replace(self.race.limits, time_share=time_share)
            yield from self._descend(winner, limits, anew)

    def _look_elsewhere(self, time_share: float) -> Generator[Iterate, float, None]:
        """Try curves in front of the poles, or else Adam where all the time may be used."""
        if time_share < 1.0:
            made = BentStart(self.race).candidate()
            self.asks_for_bends = made is not None and made[1].rmse < self.candidates[0].rmse
            return
        bent = yield from BentStart(self.race).run(time_share)
        if bent is not None:
            self.network, self.candidates, self.is_bent = bent[0], [bent[1]], True
        elif self.race.is_poor(self.candidates[0]):
            self.candidates = yield from self.race.by_adam(self.candidates)

    def finish(self) -> Generator[Iterate, float, Status]:
        """Go on from there; then a wider network, and other fits to average with it."""
        status, race = (yield from self.go_on()), self.race
        if self.reached is not None and race.problem.may_widen and self.candidates:
            yield from Widening(race.problem, race.limits.stage_tol, race.tracker, race.rng).run()
            if not self.is_bent:  # a random start of that structure ends where the others did
                others = [one for one in self.candidates[1:] if one.stage > 0]
                yield from Repeats(race, others).run()
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
