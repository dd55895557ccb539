"""An objective of which some parameters do not move."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import NormalEquations
from fastlstm.network import Network
from fastlstm.solvers.full_gradient import StageObjective

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PartlyFrozen:
    """The objective of a network with frozen parameters; vectors keep their full length.

    Parameters
    ----------
    objective : Objective or FullGradient
    frozen : bool array of shape (n_params,)
        True for parameters that a step must leave alone. Not all may be.
    """

    objective: StageObjective
    frozen: NDArray[np.bool_]

    @property
    def network(self) -> Network:
        """Whole network."""
        return self.objective.network

    @property
    def plan(self) -> _core.RowPlan:
        """Rows that enter the sum."""
        return self.objective.plan

    @property
    def memory(self) -> int:
        """Steps an output is traced back in the Jacobian."""
        return self.objective.memory

    def with_memory(self, memory: int) -> PartlyFrozen:
        """Return the same objective with another adjoint length."""
        return replace(self, objective=self.objective.with_memory(memory))

    def cost(self, params: FloatArray) -> float:
        """F of the whole network."""
        return self.objective.cost(params)

    def rmse(self, params: FloatArray, cost: float) -> float:
        """Root mean squared error of the rows from a known cost."""
        return self.objective.rmse(params, cost)

    def normal_equations(self, params: FloatArray) -> NormalEquations:
        """Those of F / 2, in which frozen parameters stand apart with a step of zero."""
        equations = self.objective.normal_equations(params)
        diagonal = equations.gram.diagonal().copy()
        equations.gram[self.frozen, :] = 0.0
        equations.gram[:, self.frozen] = 0.0
        diagonal[self.frozen] = diagonal[~self.frozen].max()
        equations.gram[np.diag_indices_from(equations.gram)] = diagonal
        equations.gradient[self.frozen] = 0.0
        return NormalEquations(equations.gram, equations.gradient)
