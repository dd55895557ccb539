"""Plants that integrate: the network is fitted to increments first, then to their sums."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property

from fastlstm.solvers.first_network import begin_smallest
from fastlstm.solvers.long_records import LongRecords
from fastlstm.solvers.problem import Parts, Problem
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.sums import Sums
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.integrating import increments_of

Course = Generator[Iterate, float, object]

SHARE = 0.6  # of the time, for clean increments
TRIED = 0.15  # of the time, for noisy ones
GATE_RIDGE = 1e4  # see `gate_strengths`; what moves a sum is mostly in proportion to the input
CLEAN = 0.2  # validation RMSE of increments, of their standard deviation


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
    best : Rival or None
        The network whose sums are the best so far on validation.
    is_clean : bool
        Whether the increments tell all.
    """

    problem: Problem
    parts: Parts
    tracker: Tracker
    long_records: Callable[[Problem, Tracker], LongRecords]
    best: Rival | None = None
    is_clean: bool = False

    def run(self) -> Generator[Iterate, float, Rival | None]:
        """Fit; return the network whose sums are the best on validation.

        The tracker is told of it also when the run is closed before its end.
        """
        own, budget = self._own, self.tracker.budget
        own.begin(max(1, int(SHARE * budget.max_iter)))
        if budget.time_limit is not None:
            own.budget.time_limit = SHARE * budget.time_limit
        try:
            yield from self._fit_increments()
            if self.best is not None:
                yield from self._fit_sums(self.best)
        finally:
            best = self.best
            if best is not None:
                errors = best.rmse_train, best.rmse
                self.tracker.decide(best.network, best.params, best.phase, *errors)
        return best

    def _fit_increments(self) -> Generator[Iterate, float, None]:
        fit = self.long_records(self._increments, self._own)
        try:
            yield from self._followed(fit.begin(None, TRIED / SHARE))
            noise = Rival.of(self._own)
            self.is_clean = noise is not None and noise.rmse <= CLEAN
            if self.is_clean:
                alone = fit.race.problem.with_network(fit.race.problem.network)
                fit.race = replace(fit.race, problem=alone)  # sums are worth more than another one
                yield from self._followed(fit.finish())
        finally:
            found = Rival.of(self._own)
            if found is not None:
                self.best = self._sums.judged(found.network, found.params, found.phase)

    @cached_property
    def _sums(self) -> Sums:
        return Sums(self.problem, self.parts)

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

    def _followed(self, course: Course) -> Generator[Iterate, float, None]:
        """Show iterates as what their sums are, until the time for increments is used."""
        own = self._own
        with closing(course):
            iterate = next(course, None)
            while iterate is not None:
                rmse = own.offer(iterate)
                network = own.problem.network if iterate.network is None else iterate.network
                sums = self._sums.judged(network, iterate.params, iterate.phase)
                yield replace(
                    iterate,
                    rmse_train=sums.rmse_train,
                    phase=f"increments: {iterate.phase}",
                    rmse_validation=sums.rmse,
                    network=network,
                )
                if own.exhausted:
                    return
                try:
                    iterate = course.send(rmse)
                except StopIteration:
                    return

    def _fit_sums(self, begun: Rival) -> Generator[Iterate, float, None]:
        course = self._sums.fit(begun)
        with closing(course):
            for iterate in course:
                error = iterate.rmse_validation
                assert error is not None and self.best is not None
                if error < self.best.rmse:
                    phase, network = f"{begun.phase}, sums", begun.network
                    self.best = Rival(network, iterate.params, phase, iterate.rmse_train, error)
                yield iterate
