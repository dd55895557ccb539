"""Plants that integrate: the network is fitted to increments first, then to their sums."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from fastlstm.merging import average
from fastlstm.solvers.committee import SEARCHED, STRETCH
from fastlstm.solvers.consensus import agreeing
from fastlstm.solvers.first_network import begin_smallest
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.long_records import LongRecords
from fastlstm.solvers.problem import Parts, Problem
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.sums import Sums
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.integrating import increments_of

Course = Generator[Iterate, float, object]

ROUNDS = 8  # fits that are averaged, if there is time
ROWS = 10  # per weight, from which held-out rows tell noisy fits apart
ENOUGH = 1.2  # of the time of the round before, for another one
SHARE = 0.6  # of the iterations that are left, for increments
TIME = 0.25  # of the time that is left, for clean increments: there is to be some for other fits
TRIED = 0.15  # of the time that is left, for noisy ones
GATE_RIDGE = 1e5  # see `gate_strengths`; what moves a sum is mostly in proportion to the input
FAR = 5.0  # times the smallest error, up to which noisy fits count
CLEAN = 0.2  # validation RMSE of increments, of their standard deviation


@dataclass
class IncrementRounds:
    """Fits with different random numbers, see `IncrementFit`, and their average.

    Parameters
    ----------
    problem, parts, tracker, long_records
        As in `IncrementFit`.
    found : list of Rival
        Results so far.
    is_clean : bool
        Whether the increments tell all.
    """

    problem: Problem
    parts: Parts
    tracker: Tracker
    long_records: Callable[[Problem, Tracker], LongRecords]
    found: list[Rival] = field(default_factory=list)
    is_clean: bool = True

    def run(self) -> Generator[Iterate, float, Rival | None]:
        """Fit as often as there is time for; return the average.

        The tracker is told of it also when the run is closed before its end. Where records are
        noisy and short there is one fit.
        """
        duration, chosen = 0.0, None
        try:
            while self.is_settled and len(self.found) < ROUNDS:
                begun = self.tracker.used
                if begun + ENOUGH * duration > 1.0:
                    break
                yield from self._round()
                duration = self.tracker.used - begun
        finally:
            if self.found:
                chosen = self._chosen()
                errors = chosen.rmse_train, chosen.rmse
                self.tracker.decide(chosen.network, chosen.params, chosen.phase, *errors)
        return chosen

    @property
    def is_settled(self) -> bool:
        """Whether the results tell all; the search on short records knows more otherwise."""
        problem = begin_smallest(self.problem) if self.problem.may_widen else self.problem
        network = problem.network
        n_rows = self.parts.train.n_total * network.n_outputs
        return self.is_clean or n_rows >= ROWS * network.n_params

    def _chosen(self) -> Rival:
        """Average of the results; the best of them where the structure is fixed.

        Of clean increments, of those that agree. Noise makes sums drift, every one in another way,
        so that nearly all count, by the inverse of their squared errors.
        """
        errors = np.array([rival.rmse for rival in self.found])
        if not self.problem.may_widen or not np.isfinite(errors.min()):
            return self.found[int(np.argmin(errors))]
        if self.is_clean:
            members = agreeing(self.found, self.parts.train)
            weights = np.ones(len(members))
        else:
            counted = np.flatnonzero(errors <= FAR * errors.min()).tolist()
            members, weights = [self.found[k] for k in counted], errors[counted] ** -2.0
        if len(members) == 1:
            return members[0]
        pairs = [(member.network, member.params) for member in members]
        network, params = average(pairs, weights / weights.sum())
        phase = f"average of {len(members)} fits"
        return Sums(self.problem, self.parts).judged_whole(network, params, phase)

    def _round(self) -> Generator[Iterate, float, None]:
        tracker, done = self.tracker, False
        turn = f" {len(self.found) + 1}" if self.found else ""
        made = self.problem, self.parts, tracker, self.long_records
        fit = IncrementFit(*made, tracker.iterations_left, turn)
        try:
            yield from fit.run()
            done = True
        finally:
            # one that was cut short stands only where there is nothing else
            if fit.best is not None and (done or not self.found):
                self.found.append(fit.best)
        self.is_clean = self.is_clean and fit.is_clean


@dataclass
class IncrementFit:
    """A fit to the increments of outputs that integrate, like long records, and then to the sums.

    The error of a sum hardly tells how the plant moves from step to step, and every iteration on it
    needs all rows. Increments tell, and few rows are enough; but they do not tell a drift, and
    noise may drown them. So they come first, and the shorter the noisier they are.

    Parameters
    ----------
    problem : Problem
        Of a plant that integrates.
    parts : Parts
        Its records.
    tracker : Tracker
    long_records : callable
        Makes the fit of a problem, judged by a tracker.
    max_iter : int
        Iterations that are left.
    turn : str
        What tells its phases from those of the fits before.
    best : Rival or None
        The network whose sums are the best so far on validation.
    is_clean : bool
        Whether the increments tell all.
    """

    problem: Problem
    parts: Parts
    tracker: Tracker
    long_records: Callable[[Problem, Tracker], LongRecords]
    max_iter: int
    turn: str = ""
    best: Rival | None = None
    is_clean: bool = False

    def run(self) -> Generator[Iterate, float, None]:
        """Fit; `best` is the network so far whose sums are the best on validation."""
        own, budget = self._own, self.tracker.budget
        own.begin(max(1, int(SHARE * self.max_iter)))
        if budget.time_limit is not None:
            own.budget.time_limit = TIME * budget.time_limit * (1.0 - budget.time_used)
        yield from self._fit_increments()
        if self.best is not None:
            yield from self._fit_sums(self.best)

    def _fit_increments(self) -> Generator[Iterate, float, None]:
        """Fit without wider networks in the end, which drift where the records show little."""
        fit = self.long_records(self._increments, self._own)
        try:
            yield from self._followed(fit.begin(None, TRIED / TIME))
            noise = Rival.of(self._own)
            self.is_clean = noise is not None and noise.rmse <= CLEAN
            if self.is_clean:
                yield from self._followed(fit.go_on())
        finally:
            found = Rival.of(self._own)
            if found is not None:
                self.best = self._sums.judged_whole(found.network, found.params, found.phase)

    @cached_property
    def _sums(self) -> Sums:
        return Sums(self.problem, self.parts)

    @cached_property
    def _stretches(self) -> Sums:
        """Judges in passing: an iteration on increments sees a few rows only."""
        train, held = (
            None if records is None else records.spread(SEARCHED, STRETCH)
            for records in (self.parts.train, self.parts.validation)
        )
        assert train is not None
        return Sums(self.problem, replace(self.parts, train=train, validation=held))

    @cached_property
    def _own(self) -> Tracker:
        """Judges by increments."""
        return Tracker(self._increments, self.tracker.clock)

    @cached_property
    def _increments(self) -> Problem:
        """The problem whose outputs are increments."""
        whole, parts = self.problem.whole, self.parts
        assert whole is not None
        held = parts.validation
        problem = replace(
            self.problem,
            train=increments_of(parts.train, whole.gains),
            validation=None if held is None else increments_of(held, whole.gains),
            washout=parts.washout,
            validation_washout=parts.validation_washout,
            whole=None,
            gate_ridge=GATE_RIDGE,
        )
        vars(problem.linear)["model"] = whole.linear  # where cached_property keeps it
        return begin_smallest(problem) if problem.may_widen else problem

    def _followed(self, course: Course) -> Generator[Iterate, float, object]:
        """Show iterates as what their sums are, until the time for increments is used."""
        return followed(course, self._own, self._summed, lambda: self._own.exhausted)

    def _summed(self, iterate: Iterate, _: float) -> Iterate:
        network = iterate.network or self._own.problem.network
        sums = self._stretches.judged(network, iterate.params, iterate.phase)
        return replace(
            iterate,
            rmse_train=sums.rmse_train,
            phase=f"increments{self.turn}: {iterate.phase}",
            rmse_validation=sums.rmse,
            network=network,
        )

    def _fit_sums(self, begun: Rival) -> Generator[Iterate, float, None]:
        course = self._sums.fit(begun)
        with closing(course):
            for iterate in course:
                error = iterate.rmse_validation
                assert error is not None and self.best is not None
                if error < self.best.rmse:
                    phase, network = f"{begun.phase}, sums", begun.network
                    self.best = Rival(network, iterate.params, phase, iterate.rmse_train, error)
                yield replace(iterate, phase=iterate.phase.replace("sums", f"sums{self.turn}"))
