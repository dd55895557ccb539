"""What follows on long records when a network has converged: a wider one, while that pays."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import Member
from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.effort import MAX_WEIGHTS
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.room import clipped
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


def widened(network: Network, room: Network | None = None) -> Network:
    """Return a network with more units in every layer, as far as there is room."""
    wider = Network(
        network.n_inputs,
        network.n_outputs,
        tuple(width + MORE_UNITS for width in network.hidden_sizes),
        tuple(width + MORE_HEAD for width in network.head_sizes),
    )
    return wider if room is None else clipped(wider, room)


def in_wider(
    network: Network, params: FloatArray, stages: Stages, rng: np.random.Generator
) -> FloatArray:
    """Put a trained network into the wider one of `stages`, whose other units are silent."""
    wider, washout = stages.problem.network, stages.problem.washout
    donor = near_linear_start(wider, stages[0].objective.records, rng, washout)
    return grow(network, params, wider, donor)


@dataclass
class Widening:
    """Rounds that make the network of a long record wider while validation gains 2 % by it.

    The wider network begins as the old one, see `grow`. Where the validation error is far above the
    training error there are none: more weights would only follow the training data, see `Repeats`.

    Parameters
    ----------
    problem : Problem
    stage_tol : float
        Of the stages before all records are used, see `StageLimits`.
    tracker : Tracker
    rng : numpy Generator
    time_share : float
        Part of the time after which it ends.
    """

    problem: Problem
    stage_tol: float
    tracker: Tracker
    rng: np.random.Generator
    time_share: float = 1.0

    def run(self) -> Course:
        """Go on as long as it pays."""
        self.tracker.judge_by(self.problem.judged)
        gains = True
        while gains and self.tracker.best is not None and self._has_time:
            before = self.tracker.best_rmse * self.tracker.best_risk
            if before > OVERFIT * self._rmse_train(*self._best()):
                return
            yield from self._grow()
            self.tracker.judge_by(self.problem.judged)
            gains = self.tracker.best_rmse * self.tracker.best_risk < WORTH * before

    @property
    def _has_time(self) -> bool:
        return self.time_share == 1.0 or self.tracker.used < self.time_share

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
        wider = widened(network, self.problem.room)
        if wider == network or wider.n_params > MAX_WEIGHTS:
            return
        stages = self._stages(wider)
        start = in_wider(network, params, stages, self.rng)
        widths = "x".join(map(str, wider.hidden_sizes))
        name = f"grown to {widths}"
        yield from self._descent(stages, start, name, self.tracker, first=WHOLE)

    def _stages(self, network: Network) -> Stages:
        problem = replace(self.problem, network=network)
        return Stages(problem, self.problem.linear.memory, careful=True)

    def _descent(
        self, stages: Stages, start: FloatArray, name: str, judge: Tracker, first: int
    ) -> Course:
        limits = StageLimits(ROUND_TOL, self.stage_tol, ROUND_PATIENCE, self.time_share)
        state = DescentState(start, np.inf)
        yield from descend_stages(stages, state, judge, name, limits, first=first, anew=True)
