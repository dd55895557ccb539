"""One Levenberg-Marquardt iteration: a direction, a trial on the true cost, a new damping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import ArrowEquations, DampedStep, NormalEquations, Step
from fastlstm.network import Network
from fastlstm.solvers.geodesic import PROBE, bent_step

FloatArray = NDArray[np.float64]

_MAX_DAMPING = 1e8
_MIN_DAMPING = 1e-12
_MIN_GAIN = 1e-4
_SCALE_FLOOR = 1e-6  # of the largest diagonal entry: a weight without influence stays put


Equations = NormalEquations | ArrowEquations


class LeastSquares(Protocol):
    """What one iteration asks of a sum of squares."""

    def cost(self, params: FloatArray, /) -> float: ...  # noqa: D102
    def normal_equations(self, params: FloatArray, /) -> Equations: ...  # noqa: D102


class SquaresObjective(LeastSquares, Protocol):
    """What a descent through stages asks in addition; see `Objective`."""

    @property
    def network(self) -> Network: ...  # noqa: D102
    @property
    def plan(self) -> _core.RowPlan: ...  # noqa: D102
    @property
    def memory(self) -> int: ...  # noqa: D102
    def with_memory(self, memory: int) -> SquaresObjective: ...  # noqa: D102
    def normal_equations(self, params: FloatArray, /) -> NormalEquations: ...  # noqa: D102
    def rmse(self, params: FloatArray, cost: float) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class DescentState:
    """Where a descent stands.

    `damping` multiplies the diagonal of ``J'J``; `growth` is the factor of the next rejection;
    `stalled` says that no damping gave a decrease, so that another call would repeat itself.
    """

    params: FloatArray
    cost: float
    damping: float = 1e-2
    growth: float = 2.0
    stalled: bool = False


def descend(objective: LeastSquares, state: DescentState) -> DescentState:
    """One accepted iteration, or the same parameters with `stalled` set.

    The step is bent by geodesic acceleration where the rows of the Jacobian were kept. The damping
    follows the gain ratio (decrease found over decrease promised) by Nielsen's rule; a failed
    factorisation or a non-finite free run is a rejected step.

    References
    ----------
    Nielsen, "Damping parameter in Marquardt's method", 1999, rule (2.4).
    """
    equations = objective.normal_equations(state.params)
    diagonal = equations.diagonal
    scale = np.maximum(diagonal, _SCALE_FLOOR * diagonal.max())
    damping, growth = state.damping, state.growth
    while damping < _MAX_DAMPING:
        solved = equations.damped(damping, scale)
        if solved is not None:
            params = state.params + _bent(equations, solved, state.params, scale)
            cost = objective.cost(params)
            usable = np.isfinite(cost) and solved.predicted > 0.0  # zero where nothing is wrong
            gain = (state.cost - cost) / solved.predicted if usable else -1.0
            if gain > _MIN_GAIN:
                shrink = max(1.0 / 3.0, 1.0 - (2.0 * min(gain, 1.0) - 1.0) ** 3)
                return DescentState(params, cost, max(damping * shrink, _MIN_DAMPING))
        damping *= growth
        growth *= 2.0
    return replace(state, damping=1e-2, growth=2.0, stalled=True)


def _bent(equations: Equations, solved: Step, params: FloatArray, scale: FloatArray) -> FloatArray:
    """Step with geodesic acceleration, at the price of one more free run."""
    if not (isinstance(equations, NormalEquations) and isinstance(solved, DampedStep)):
        return solved.step
    if equations.probe is None:
        return solved.step
    return bent_step(equations, solved, equations.probe(params + PROBE * solved.step), scale)
