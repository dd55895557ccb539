"""Networks of many weights for the time there is: Adam first, Gauss-Newton with what is left."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.adam_descent import AdamDescent
from fastlstm.solvers.effort import affordable_iterations
from fastlstm.solvers.long_records import LongRecords
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.random import random_start

FloatArray = NDArray[np.float64]

ENOUGH = 60.0  # iterations of Gauss-Newton, below which Adam begins
POLISH = 4.0  # iterations, below which it also ends
ADAM_SHARE = 0.5  # of the time, where Gauss-Newton follows
PASSES, STEPS = 500, 5000  # of Adam without a time limit: so many passes, at least so many steps


def is_large(problem: Problem, seconds: float | None) -> bool:
    """Whether Gauss-Newton from the beginning would not get far.

    Parameters
    ----------
    problem : Problem
    seconds : float or None
        For the method; None for no limit.
    """
    return affordable_iterations(problem, seconds) < ENOUGH


@dataclass(frozen=True)
class LargeNetwork:
    """First-order descent, whose steps cost O(n_params), and second order where it is affordable.

    Parameters
    ----------
    fit : LongRecords
        What follows.
    """

    fit: LongRecords

    @property
    def _problem(self) -> Problem:
        return self.fit.problem

    @property
    def _tracker(self) -> Tracker:
        return self.fit.tracker

    def run(self, start: FloatArray | None) -> Generator[Iterate, float, Status]:
        """Descend with Adam from a start or from random weights; polish the best of it."""
        budget, network = self._tracker.budget, self._problem.network
        affordable = affordable_iterations(self._problem, budget.time_limit)
        share = ADAM_SHARE if affordable * (1.0 - ADAM_SHARE) >= POLISH else 1.0
        descent = AdamDescent.suited(self._problem)
        if budget.time_limit is None:
            descent = replace(descent, max_steps=max(STEPS, PASSES * descent.steps_per_pass))
        params = random_start(network, self.fit.rng) if start is None else start.copy()
        yield from descent.run(params, self.fit.rng, "Adam", lambda: budget.time_used / share)
        if share == 1.0 or self._tracker.best is None:
            return self._tracker.limit_reached if budget.time_used >= 1.0 else Status.DONE
        yield from self.fit.begin(self._tracker.best)
        return (yield from self.fit.finish())
