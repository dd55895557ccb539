"""The fit of one network to long records: a race of starts, stages of more and more rows."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.bent_fit import BentFit
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
from fastlstm.solvers.whitening import BEFORE, Whitening
from fastlstm.solvers.widening import Widening
from fastlstm.starts.bends import MANY, UNITS
from fastlstm.starts.bent_linear import BentLinear

FloatArray = NDArray[np.float64]

TRIED = 0.25  # of the time, after which it is clear how records of medium length are to be fitted


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
    may_bend : bool
        Whether curves may be put in front of the poles.
    is_behind : bool
        Whether there are some already.
    bent : BentFit or None
        What goes on instead, where that is better.
    asks_for_bends : bool
        Whether such a start, tried for a part of the time, is better than what came out of it.
    leaves_time : bool or None
        Whether the descent leaves the last part of the time, where that was asked.
    """

    race: Race
    network: Network | None = None
    candidates: list[Candidate] = field(default_factory=list)
    reached: Reached | None = None
    may_bend: bool = True
    is_behind: bool = False
    bent: BentFit | None = None
    asks_for_bends: bool = False
    leaves_time: bool | None = None

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
            if self.asks_for_bends or self.bent is not None:
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
            if time_share > BEFORE:
                limits = replace(limits, time_share=BEFORE, goes_on=self._goes_on)
            yield from self._descend(winner, limits, anew)

    def _look_elsewhere(self, time_share: float) -> Generator[Iterate, float, None]:
        """Try curves in front of the poles, or else Adam where all the time may be used."""
        race, start, is_trial = self.race, BentStart(self.race), time_share < 1.0
        units = (UNITS, MANY) if race.problem.may_widen and not is_trial else (UNITS,)
        made, is_better = start.model(units) if self.may_bend else None, False
        if is_trial:
            winner = self.candidates[0]
            self.asks_for_bends = made is not None and start.candidate(*made).rmse < winner.rmse
            return
        if made is not None:
            is_better = yield from self._bend(start, *made)
        if not is_better and race.is_poor(self.candidates[0]):
            self.candidates = yield from race.by_adam(self.candidates)

    def _bend(
        self, start: BentStart, model: BentLinear, network: Network
    ) -> Generator[Iterate, float, bool]:
        """Fit behind curves, which move with all other weights where sizes are given.

        Returns
        -------
        is_better : bool
            Whether that goes on.
        """
        if not self.race.problem.may_widen:
            candidate = yield from start.run(model, network)
            if candidate is not None:
                self.candidates = [candidate]
            return candidate is not None
        fit = BentFit(self.race, model, partial(LongRecords, may_bend=False, is_behind=True))
        is_better = yield from fit.begin()
        self.bent = fit if is_better else None
        return is_better

    def finish(self) -> Generator[Iterate, float, Status]:
        """Go on from there; then a wider network, and other fits to average with it.

        Where errors are alike, the last part of the time is left for what is new in them.
        """
        if self.bent is not None:
            return (yield from self.bent.finish())
        race, whitening = self.race, self._whitening
        race.tracker.judge_by(race.problem.judged)
        share = BEFORE if self._is_whitened else 1.0
        status = yield from self.go_on(share)
        if self.reached is None:
            return status
        if race.problem.may_widen and self.candidates:
            limits, tracker = race.limits, race.tracker
            yield from Widening(race.problem, limits.stage_tol, tracker, race.rng, share).run()
            others = [one for one in self.candidates[1:] if one.stage > 0]
            yield from Repeats(race, others, share).run()
        elif share == 1.0 or not (yield from whitening.run_best()):
            return (yield from self.go_on())
        return status

    def go_on(self, time_share: float = 1.0) -> Generator[Iterate, float, Status]:
        """Descend through the stages that are left, until a part of the time is used."""
        if self.reached is None:
            return Status.CONVERGED
        state, stage = self.reached.state, self.reached.stage
        limits = replace(self.race.limits, time_share=time_share)
        if stage < len(self._stages()) and self.race.tracker.budget.time_used <= time_share:
            left = Candidate(self._name, state, 0.0, stage)
            yield from self._descend(left, limits, True)
        return self.reached.status

    def _goes_on(self) -> bool:
        """Whether there is nothing better to do with the last part of the time."""
        if self.leaves_time is None:
            self.leaves_time = self._is_whitened
        return not self.leaves_time

    @property
    def _is_whitened(self) -> bool:
        """Whether errors are alike; behind bends they may be what the curves lack."""
        return not self.is_behind and self._whitening.is_wanted

    @property
    def _whitening(self) -> Whitening:
        return Whitening(self.race.problem, self.race.tracker)

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
