"""A trial on short records: a small network whose weights nothing draws to a linear model."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from fastlstm.solvers.first_network import begin_free
from fastlstm.solvers.independent import MANY, independent
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.long_records import LongRecords
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.tracker import Iterate, Tracker

PROMISING = 0.5  # of the held-out error (RMSE) of the search: then the first fit goes on
CLEAR = 0.3  # of it: then the result is the answer


@dataclass
class FreeTrial:
    """The fit of a small network as to long records, which goes on where it is far better.

    Where noise is small and a plant is far from linear, paths from a linear start end too early.
    Its held-out rows have stopped the network, and of real records they tell little about the rest,
    so much less error is asked for.

    Parameters
    ----------
    problem : Problem
        With the network that comes first.
    tracker : Tracker
        Of the search.
    make : callable
        Poses the fit of a problem with its own tracker.
    found : Rival or None
        The result, if it is the answer.
    """

    problem: Problem
    tracker: Tracker
    make: Callable[[Problem, Tracker], LongRecords]
    found: Rival | None = None

    @classmethod
    def of(
        cls, problem: Problem, tracker: Tracker, make: Callable[[Problem, Tracker], LongRecords]
    ) -> FreeTrial | None:
        """Return None where the structure is given, and where records are too short or slow."""
        whole = problem.whole
        if whole is None or not problem.may_widen or problem.constraint is not None:
            return None
        is_ordinary = whole.is_plain and not whole.is_slow and not whole.is_medium
        begun = begin_free(problem) if is_ordinary else None
        if begun is None or independent(problem.train) < MANY:
            return None
        return cls(begun, tracker, make)

    def run(self, rmse: float, most: float) -> Generator[Iterate, float, None]:
        """Fit once, and go on where that is promising; `found` is told in any case.

        Parameters
        ----------
        rmse : float
            Held-out error of the search.
        most : float
            Part of the budget for the first fit.
        """
        own, tracker = Tracker(self.problem, self.tracker.clock), self.tracker
        own.begin(tracker.iterations_left)
        own.budget.time_limit = tracker.budget.time_left
        fit, until = self.make(self.problem, own), tracker.used + most
        try:
            yield from followed(fit.begin(None), own, self._shown, lambda: tracker.used > until)
            first = Rival.of(own)
            if first is not None and first.rmse < PROMISING * rmse:
                yield from followed(fit.finish(), own, self._shown)
        finally:
            found = Rival.of(own)
            if found is not None and found.rmse < CLEAR * rmse:
                self.found = found

    def _shown(self, iterate: Iterate, rmse: float) -> Iterate:
        network = iterate.network or self.problem.network
        phase = f"free: {iterate.phase}"
        return replace(iterate, phase=phase, rmse_validation=rmse, network=network)
