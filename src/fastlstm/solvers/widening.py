"""What follows on long records when a network has converged: a wider one, or an average."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import Member, average
from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.effort import MAX_WEIGHTS
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stage_descent import StageLimits, descend_stages
from fastlstm.solvers.stages import WHOLE, Stages
from fastlstm.solvers.tracker import Iterate, Tracker, free_run_rmse
from fastlstm.starts.growing import grow
from fastlstm.starts.near_linear import near_linear_start

FloatArray = NDArray[np.float64]
Course = Generator[Iterate, float, None]

OVERFIT = 1.3  # validation over training error (RMSE) from which width is not what is missing
WORTH = 0.98  # of the error before, that a round has to reach for another one to follow
MORE_UNITS, MORE_HEAD = 2, 4  # of every layer, in one round
ROUND_TOL, ROUND_PATIENCE = 1e-3, 10  # end a descent of a round


def widened(network: Network) -> Network:
    """Return a network with more units in every layer."""
    return Network(
        network.n_inputs,
        network.n_outputs,
        tuple(width + MORE_UNITS for width in network.hidden_sizes),
        tuple(width + MORE_HEAD for width in network.head_sizes),
    )


def in_wider(
    network: Network, params: FloatArray, stages: Stages, rng: np.random.Generator
) -> FloatArray:
    """Put a trained network into the wider one of `stages`, whose other units are silent."""
    wider, washout = stages.problem.network, stages.problem.washout
    donor = near_linear_start(wider, stages[0].objective.records, rng, washout)
    return grow(network, params, wider, donor)


@dataclass
class Widening:
    """Rounds that make the network of a long record wider while validation gains by it.

    Where the validation error is near the training error, units are added: the wider network
    begins as the old one, see `grow`. Where it is far above, more weights would only follow the
    training data; then a start that lost the race descends as well, and the average of both
    networks, written as one, is offered. A round that gains less than 2 % is followed by one of the
    other kind; if that one gains no more, it is the last.

    Parameters
    ----------
    problem : Problem
    stage_tol : float
        Of the stages before all records are used, see `StageLimits`.
    tracker : Tracker
    rng : numpy Generator
    others : list of Candidate
        Starts that lost the race, the best first.
    """

    problem: Problem
    stage_tol: float
    tracker: Tracker
    rng: np.random.Generator
    others: list[Candidate] = field(default_factory=list)

    def run(self) -> Course:
        """Go on as long as it pays."""
        self.tracker.judge_by(self.problem.judged)
        n_failed = 0
        while self.tracker.best is not None and n_failed < 2:
            before = self.tracker.best_rmse * self.tracker.best_risk
            overfits = before > OVERFIT * self._rmse_train(*self._best())
            if overfits == (n_failed == 0):
                yield from self._average()
            else:
                yield from self._grow()
            self.tracker.judge_by(self.problem.judged)
            gains = self.tracker.best_rmse * self.tracker.best_risk < WORTH * before
            n_failed = 0 if gains else n_failed + 1

    def _best(self) -> Member:
        assert self.tracker.best is not None
        network = self.tracker.best_network
        return self.problem.network if network is None else network, self.tracker.best

    def _rmse_train(self, network: Network, params: FloatArray) -> float:
        problem = replace(self.problem, validation=None)
        return free_run_rmse(problem, self.problem.train, params, network)

    def _grow(self) -> Course:
        """Add units, all of them silent at first, and descend."""
        network, params = self._best()
        wider = widened(network)
        if wider.n_params > MAX_WEIGHTS:
            return
        stages = self._stages(wider)
        start = in_wider(network, params, stages, self.rng)
        widths = "x".join(map(str, wider.hidden_sizes))
        name = f"grown to {widths}"
        yield from self._descent(stages, start, name, self.tracker, first=WHOLE)

    def _average(self) -> Course:
        """Descend from another start, judged for itself; offer its average with the best."""
        if not self.others:
            return
        best, other = self._best(), self.others.pop(0)
        own = Tracker(self.problem, self.tracker.clock)
        own.begin(self.tracker.budget.max_iter)
        stages = self._stages(self.problem.network)
        course = self._descent(stages, other.state.params, other.name, own, first=0)
        with suppress(StopIteration):
            iterate = next(course)
            while True:
                rmse = own.offer(iterate)
                yield replace(iterate, rmse_validation=np.nan)
                iterate = course.send(rmse)
        if own.best is None:
            return
        members = [best, (self.problem.network, own.best)]
        for network, params in (members[1], average(members)):
            rmse_train = self._rmse_train(network, params)
            yield Iterate(params, rmse_train, f"average with {other.name}", network=network)

    def _stages(self, network: Network) -> Stages:
        problem = replace(self.problem, network=network)
        return Stages(problem, self.problem.linear.memory, careful=True)

    def _descent(
        self, stages: Stages, start: FloatArray, name: str, judge: Tracker, first: int
    ) -> Course:
        limits = StageLimits(ROUND_TOL, self.stage_tol, ROUND_PATIENCE)
        state = DescentState(start, np.inf)
        yield from descend_stages(stages, state, judge, name, limits, first=first, anew=True)
