"""Plants that integrate: how good the sums of a network are, and the last fit to them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.integration import accumulate
from fastlstm.judging import mean_offset
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.begun_sums import fitted_states
from fastlstm.solvers.committee import REFITTED, SEARCHED, STRETCH
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.problem import Parts, Problem
from fastlstm.solvers.ridge_path import descent
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.tracker import Iterate
from fastlstm.solvers.whole_records import STATE_VARIANCE, WholeRecords

FloatArray = NDArray[np.float64]

RIDGE = 0.01  # towards the network of increments, times the mean squared error a stage begins with
FIRST_RIDGE = 0.1  # the same, for the first descent
RECENT = (10.0, 50.0, 250.0, 1000.0)  # steps after which errors are forgotten, one after the other
LONGEST = 0.5  # of the longest record, up to which forgetting makes a difference
STEPS = 30  # iterations of a stage


@dataclass(frozen=True)
class Sums:
    """The outputs of a plant of which some integrate, behind a network that gives increments.

    Parameters
    ----------
    problem : Problem
        Its `whole` knows integrators and linear model.
    parts : Parts
    """

    problem: Problem
    parts: Parts

    @property
    def gains(self) -> FloatArray:
        """Of the integrators."""
        assert self.problem.whole is not None
        return self.problem.whole.gains

    def judged(self, network: Network, params: FloatArray, phase: str) -> Rival:
        """Return a network with its errors on both parts.

        The larger one counts: a drift may pass one of them by.
        """
        parts = self.parts
        train = self.error(network, params, parts.train, parts.washout)
        held = train
        if parts.validation is not None:
            held = self.error(network, params, parts.validation, parts.validation_washout)
        return Rival(network, params, phase, train, max(train, held))

    def judged_whole(self, network: Network, params: FloatArray, phase: str) -> Rival:
        """Return a network with its errors, to which the first steps of the records add theirs.

        From rest they cannot be judged; they are from the states that fit the training part best.
        """
        rival = self.judged(network, params, phase)
        if not np.isfinite(rival.rmse):
            return rival
        objective = self._objective(rival, self._searched)
        x = objective.begin(params, fitted_states(objective, params))
        return replace(rival, rmse=max(rival.rmse, objective.rmse(x, objective.cost(x))))

    def error(self, network: Network, params: FloatArray, records: Records, washout: int) -> float:
        """RMSE of free runs from rest whose levels fit best; infinite where it is not finite."""
        assert records.y is not None
        threads = self.problem.n_threads
        y, _ = _core.simulate(
            network, params, records.u, records.offsets, float32=False, n_threads=threads
        )
        none, scored = np.zeros((records.n_records, network.n_outputs)), records.scored(washout)
        with np.errstate(over="ignore", invalid="ignore"):
            y = accumulate(y, records.offsets, self.gains, none)
            for rows in records.slices():
                counted = slice(rows.start + washout, rows.stop)
                y[rows] += (self.gains != 0.0) * mean_offset(records, counted, y)
            misfit, weights = (y - records.y)[scored], records.weights_of(scored)
            square = self.problem.loss.mean_square(misfit, weights)
        return float(np.sqrt(square)) if np.isfinite(square) else np.inf

    def fit(self, begun: Rival) -> Generator[Iterate, float, None]:
        """Descend on the error of the sums from a network that was fitted to increments.

        What is left of an error after a few steps comes first, then after more and more of them,
        then the sums themselves: the longer an error is remembered, the better it is told from
        noise, and the worse are the ways on which it falls. First on stretches, then on all rows;
        iterates of stages that forget are not judged, others as in `judged_whole`.
        """
        train, n_numbers = self.parts.train, begun.network.n_params * begun.network.n_outputs
        searched = self._searched
        objective = self._objective(begun, searched)
        x, damping = objective.begin(begun.params), 1e-2
        for forgotten, strength in _stages(searched):
            objective = replace(objective, forgotten=forgotten)
            if forgotten is None:
                x = objective.begin(objective.weights(x))
            objective = _with_ridge(objective, x, strength)
            state = DescentState(x, objective.cost(x), damping)
            if not np.isfinite(state.cost):
                return
            state = yield from self._followed(objective, state, "sums")
            x, damping = state.params, state.damping
        every = train.spread(most := max(SEARCHED, REFITTED // n_numbers), most)
        if every is not searched:
            last = self._objective(begun, every)
            x = last.begin(objective.weights(x))
            last = _with_ridge(last, x, RIDGE)
            state = DescentState(x, last.cost(x))
            yield from self._followed(last, state, "sums, all rows")

    @property
    def _searched(self) -> Records:
        """Stretches of long records."""
        return self.parts.train.spread(SEARCHED, STRETCH)

    def _objective(self, begun: Rival, records: Records) -> WholeRecords:
        whole = self.problem.whole
        assert whole is not None
        part = records, records.scored(whole.washout)
        return WholeRecords.of(self.problem, begun.network, part, whole.linear, begun.params, 0.0)

    def _followed(
        self, objective: WholeRecords, state: DescentState, name: str
    ) -> Generator[Iterate, float, DescentState]:
        """Show what the sums of iterates are; those that count tell how records begin, too.

        From rest the first steps cannot be judged; where errors are not forgotten the objective
        knows them, since states and levels are among its unknowns.
        """
        course = descent(objective, state, name, None, STEPS)
        try:
            iterate = next(course)
            while True:
                rival, error = self.judged(objective.network, iterate.params, name), np.nan
                if objective.forgotten is None:
                    error = max(rival.rmse, iterate.rmse_train)
                rmse = yield replace(iterate, rmse_train=rival.rmse_train, rmse_validation=error)
                iterate = course.send(rmse)
        except StopIteration as end:
            return end.value


def _with_ridge(objective: WholeRecords, x: FloatArray, strength: float) -> WholeRecords:
    """Choose ridges by the error that is left."""
    square = objective.mean_square(x, objective.fitted)
    return replace(objective, alpha=strength * square, state_alpha=square / STATE_VARIANCE)


def _stages(records: Records) -> list[tuple[float | None, float]]:
    """After how many steps errors are forgotten, and the strength of the ridge."""
    longest = LONGEST * float(records.lengths.max())
    recent = [steps for steps in RECENT if steps <= longest]
    return [(steps, FIRST_RIDGE) for steps in recent[:1]] + [
        (steps, RIDGE) for steps in (*recent, None)
    ]
