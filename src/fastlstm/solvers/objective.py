"""The free-run least-squares objective on a set of records: cost and normal equations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import NormalEquations
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.stability import StabilityConstraint

FloatArray = NDArray[np.float64]

_BYTES_PER_BLOCK = 64_000_000  # Jacobian rows held at a time
_KEPT_BLOCKS = 8  # up to which the rows are kept, in float32 where the workspace is used again


@dataclass(frozen=True)
class Objective:
    r"""Sum of squared free-run errors over chosen rows, plus a ridge and a penalty.

    .. math:: F(\theta) = \sum_{t \in rows} \|\hat y_t(\theta) - y_t\|^2
              + \alpha \|\theta - \theta_{anchor}\|^2
              + w \sum_{layers} \max(e_l(\theta) + \sigma_l, 0)^2

    with the excess e of a stability constraint; without one the last sum is absent.

    Parameters
    ----------
    network : Network
    records : Records
        Standardised; `records.y` is present.
    plan : RowPlan
        Rows that enter the sum, see `_core.plan_rows`.
    memory : int
        Steps an output is traced back in the Jacobian.
    alpha : float
    anchor : array of shape (n_params,) or None
        Centre of the ridge; zero when None.
    constraint : StabilityConstraint or None
        Each layer that violates it adds one residual.
    constraint_weight : float
        w, see `penalty.Penalty`.
    constraint_shift : float or array of shape (n_layers,)
        :math:`\sigma`.
    """

    network: Network
    records: Records
    plan: _core.RowPlan
    memory: int
    alpha: float
    anchor: FloatArray | None = None
    constraint: StabilityConstraint | None = None
    constraint_weight: float = 0.0
    constraint_shift: float | FloatArray = 0.0
    float32: bool = True
    n_threads: int = 1
    workspace: _core.Workspace = field(default_factory=_core.Workspace)

    @property
    def n_residuals(self) -> int:
        """Residuals in the sum of squares."""
        return self.plan.n_rows * self.network.n_outputs

    def with_memory(self, memory: int) -> Objective:
        """Return the same objective with another adjoint length."""
        return replace(self, memory=memory)

    def cost(self, params: FloatArray) -> float:
        """F; infinite where the free run is not finite."""
        residual = self.residuals(params)
        cost = float(residual @ residual) + self.alpha * float(np.sum(self._offset(params) ** 2))
        if self.constraint is not None:
            cost += self._penalty(params)
        return cost if np.isfinite(cost) else np.inf

    def rmse(self, params: FloatArray, cost: float) -> float:
        """Root mean squared error of the rows, in standardised units, from a known cost."""
        squares = cost - self.alpha * float(np.sum(self._offset(params) ** 2))
        if self.constraint is not None:
            squares -= self._penalty(params)
        return float(np.sqrt(max(squares, 0.0) / self.n_residuals))

    def normal_equations(self, params: FloatArray) -> NormalEquations:
        """Gram matrix and gradient of F / 2 at `params`, summed over blocks in a fixed order."""
        equations = NormalEquations.zeros(self.network.n_params)
        blocks = self._blocks()
        for plan in blocks:
            result = _core.jacobian(
                self.network,
                params,
                self.records.u,
                self.records.offsets,
                plan,
                memory=self.memory,
                float32=self.float32,
                n_threads=self.n_threads,
                workspace=self.workspace,
            )
            residual = self._residual(result.y, plan)
            equations.add(result.rows, residual)
            if len(blocks) <= _KEPT_BLOCKS:
                rows = result.rows if len(blocks) == 1 else result.rows.astype(np.float32)
                equations.keep(rows, residual)
        equations.add_ridge(self.alpha, self._offset(params))
        if self.constraint is not None:
            self._add_constraint(equations, self.constraint, params)
        return equations

    def residuals(self, params: FloatArray) -> FloatArray:
        """Simulated minus measured outputs of the rows, in their order."""
        return self._residual(self._simulate(params), self.plan)

    def _simulate(self, params: FloatArray) -> FloatArray:
        y, _ = _core.simulate(
            self.network,
            params,
            self.records.u,
            self.records.offsets,
            float32=self.float32,
            n_threads=self.n_threads,
        )
        return y

    def _penalty(self, params: FloatArray) -> float:
        assert self.constraint is not None
        violation = np.maximum(self.constraint.excess(params) + self.constraint_shift, 0.0)
        return self.constraint_weight * float(violation @ violation)

    def _add_constraint(
        self, equations: NormalEquations, constraint: StabilityConstraint, params: FloatArray
    ) -> None:
        """One row ``sqrt(w) * grad e`` with residual ``sqrt(w) * (e + shift)`` per violation."""
        violation = np.maximum(constraint.excess(params) + self.constraint_shift, 0.0)
        if np.any(violation > 0.0):
            root = np.sqrt(self.constraint_weight)
            rows = constraint.jacobian(params, self.constraint_shift)
            equations.add(root * rows, root * violation)

    def _blocks(self) -> list[_core.RowPlan]:
        n_blocks, lanes = self.plan.step.shape
        row_bytes = 8 * self.network.n_params * self.network.n_outputs
        per_call = max(1, _BYTES_PER_BLOCK // (lanes * row_bytes))
        return [
            _core.RowPlan(self.plan.step[k : k + per_call], self.plan.record[k : k + per_call])
            for k in range(0, n_blocks, per_call)
        ]

    def _residual(self, y: FloatArray, plan: _core.RowPlan) -> FloatArray:
        assert self.records.y is not None
        with np.errstate(over="ignore", invalid="ignore"):
            return plan.take(y - self.records.y).ravel()

    def _offset(self, params: FloatArray) -> FloatArray:
        return params if self.anchor is None else params - self.anchor
