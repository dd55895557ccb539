"""From the linear start to weaker and weaker ridges, judged on held-out blocks."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.folds import Fold, mean_square
from fastlstm.solvers.locking import risk
from fastlstm.solvers.tracker import Iterate
from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STRENGTHS = (1e3, 1e2, 1e1, 1.0, 1e-1, 1e-2)  # of the ridge, times the error of the linear model
STEPS = 10  # iterations at one strength
STEP_TOL = 5e-3  # relative decrease of the cost below which the next strength follows
BENT_RISK = 1.25  # factor on the error (RMSE) in the choice: curves end where inputs did
WORSE = 2.0  # times the best held-out error: the rest of the path is not worth its time
MAX_MEMORY = 2048


@dataclass(frozen=True)
class Point:
    """What one strength led to.

    Parameters
    ----------
    x : array
        Unknowns of the objective.
    error : float
        Mean squared error on the fitted rows.
    misfit : array of shape (n_held, n_outputs)
        Simulated minus measured outputs on the held-out rows.
    fold : Fold, optional
        Which knows how much the held-out rows count; all alike when None.
    risk : float
        Factor on the error (RMSE) in the choice, see `locking`.
    """

    x: FloatArray
    error: float
    misfit: FloatArray
    fold: Fold | None = None
    risk: float = 1.0

    @property
    def counted_error(self) -> float:
        """Mean squared error on the held-out rows as it counts in the choice."""
        return self.risk**2 * self.held_error

    @cached_property
    def held_error(self) -> float:
        """Mean squared error on the held-out rows."""
        return mean_square(self.misfit) if self.fold is None else self.fold.held_square(self.misfit)


@dataclass(frozen=True)
class RidgePath:
    """A network on its way from an anchor to the data.

    Parameters
    ----------
    name : str
    objective : WholeRecords
        Whose anchor is the start.
    fold : Fold
    steps : int
        Iterations at one strength.
    strengths : tuple of float
        Of the ridge, times the error of the linear model.
    start_counts : bool
        Whether the start itself is the point of the first strength.
    """

    name: str
    objective: WholeRecords
    fold: Fold
    steps: int = STEPS
    strengths: tuple[float, ...] = STRENGTHS
    start_counts: bool = False

    @property
    def network(self) -> Network:
        """Structure of the network."""
        return self.objective.network

    def follow(self, points: list[Point]) -> Iterator[Iterate]:
        """Descend at every strength in turn, each from the result of the one before.

        Parameters
        ----------
        points : list
            Takes a point for every strength as soon as it is done.
        """
        x, damping = self.objective.begin(self.objective.anchor), 1e-2
        for strength in self.strengths:
            objective = replace(self.objective, alpha=strength * self.fold.noise)
            state = DescentState(x, objective.cost(x), damping)
            if not np.isfinite(state.cost):
                break
            if points or not self.start_counts:
                held, steps = self.fold.held, self.steps
                state = yield from descent(objective, state, self.name, held, steps)
            x, damping = state.params, state.damping
            points.append(self._point(objective, x, self.fold.fitted))
            if points[-1].held_error > WORSE**2 * min(point.held_error for point in points):
                break

    def first_point(self) -> Point:
        """Return the start itself, its initial states at rest."""
        x = self.objective.begin(self.objective.anchor)
        return self._point(self.objective, x, self.fold.fitted)

    def refit(
        self, point: int, x: FloatArray, records: Records | None, rows: BoolArray
    ) -> Generator[Iterate, float, Point]:
        """Go on at the strength of one point with all rows, of other records if there are any.

        Then initial states and levels are unknown again.
        """
        objective = replace(
            self.objective if records is None else self.objective.on(records),
            alpha=self.strengths[point] * self.fold.noise,
            fitted=rows,
            workspace=_core.Workspace(),
        )
        if records is not None:
            x = objective.begin(self.objective.weights(x))
        state = DescentState(x, objective.cost(x))
        state = yield from descent(objective, state, f"{self.name}, all rows", None, self.steps)
        error = objective.mean_square(state.params, rows)
        return Point(state.params, error, np.empty((0, objective.network.n_outputs)))

    def _point(self, objective: WholeRecords, x: FloatArray, fitted: BoolArray) -> Point:
        misfit, weights = objective.misfit(x), objective.records.weights_of(fitted)
        error = objective.loss.mean_square(misfit[fitted], weights)
        factor = risk(objective.network, objective.weights(x), objective.records.u)
        if objective.bends is not None:
            factor *= BENT_RISK
        return Point(x, error, misfit[self.fold.held], self.fold, factor)


def descent(
    objective: WholeRecords, state: DescentState, name: str, held: BoolArray | None, steps: int
) -> Generator[Iterate, float, DescentState]:
    """At most `steps` accepted iterations; looks further back where no step is accepted."""
    limit = min(int(objective.records.lengths.max()), MAX_MEMORY)
    for _ in range(steps):
        before = state.cost
        state = descend(objective, state)
        while state.stalled and objective.memory < limit:
            objective = replace(objective, memory=2 * objective.memory)
            state = descend(objective, replace(state, stalled=False))
        if state.stalled:
            break
        error = np.nan if held is None else np.sqrt(objective.mean_square(state.params, held))
        network, params = objective.member(state.params)
        yield Iterate(
            params,
            objective.rmse(state.params, state.cost),
            name,
            state.damping,
            int(objective.fitted.sum()),
            rmse_validation=error,
            network=network,
        )
        if state.cost > before * (1.0 - STEP_TOL):
            break
    return state
