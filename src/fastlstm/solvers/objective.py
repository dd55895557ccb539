"""The free-run least-squares objective on a set of records: cost and normal equations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import NormalEquations
from fastlstm.loss import SQUARED, AbstractLoss
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

    with the excess e of a stability constraint; without one the last sum is absent. Where outputs
    have weights or the loss is robust, the first sum is the mean square of `loss` times the sum of
    the weights.

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
    strengths : array of shape (n_params,) or None
        Factors of alpha, one per weight; all one when None.
    constraint : StabilityConstraint or None
        Each layer that violates it adds one residual.
    constraint_weight : float
        w, see `penalty.Penalty`.
    constraint_shift : float or array of shape (n_layers,)
        :math:`\sigma`.
    loss : AbstractLoss
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
    loss: AbstractLoss = SQUARED
    strengths: FloatArray | None = None
    float32: bool = True
    n_threads: int = 1
    workspace: _core.Workspace = field(default_factory=_core.Workspace)

    @property
    def n_residuals(self) -> float:
        """Residuals in the sum of squares, or the sum of their weights."""
        if self.records.weights is None:
            return self.plan.n_rows * self.network.n_outputs
        return float(np.sum(self._used(self.records.weights)))

    def with_memory(self, memory: int) -> Objective:
        """Return the same objective with another adjoint length."""
        return replace(self, memory=memory)

    def with_alpha(self, alpha: float) -> Objective:
        """Return the same objective with another ridge."""
        return replace(self, alpha=alpha)

    def cost(self, params: FloatArray) -> float:
        """F; infinite where the free run is not finite."""
        y = self._simulate(params)
        if self._is_plain:
            residual = self._residual(y, self.plan)
            squares = float(residual @ residual)
        else:
            squares = self.n_residuals * self._mean_square(y)
        cost = squares + self._ridge(params)
        if self.constraint is not None:
            cost += self._penalty(params)
        return cost if np.isfinite(cost) else np.inf

    def rmse(self, params: FloatArray, cost: float) -> float:
        """Root mean squared error of the rows, in standardised units, from a known cost."""
        squares = cost - self._ridge(params)
        if self.constraint is not None:
            squares -= self._penalty(params)
        return float(np.sqrt(max(squares, 0.0) / self.n_residuals))

    def normal_equations(self, params: FloatArray) -> NormalEquations:
        """Gram matrix and gradient of F / 2 at `params`, summed over blocks in a fixed order."""
        equations = self.row_equations(params)
        self.add_terms(equations, params)
        return equations

    def row_equations(self, params: FloatArray, factor: float = 1.0) -> NormalEquations:
        """Those of the sum over rows alone, times a factor."""
        equations, root = NormalEquations.zeros(self.network.n_params), np.sqrt(factor)
        blocks = self._blocks()
        for plan in blocks:
            rows, residual = self._rows(params, plan)
            if factor != 1.0:
                rows *= root
                residual *= root
            equations.add(rows, residual)
            if self.loss.is_squared and len(blocks) <= _KEPT_BLOCKS:
                equations.keep(rows if len(blocks) == 1 else rows.astype(np.float32), residual)
                equations.probe = lambda params: root * self.residuals(params)
        return equations

    def add_terms(self, equations: NormalEquations, params: FloatArray) -> None:
        """Add the ridge and the penalty of the constraint."""
        strengths = 1.0 if self.strengths is None else self.strengths
        equations.add_ridge(self.alpha * strengths, self._offset(params))
        if self.constraint is not None:
            self._add_constraint(equations, self.constraint, params)

    def _rows(self, params: FloatArray, plan: _core.RowPlan) -> tuple[FloatArray, FloatArray]:
        """Jacobian rows of a block, valid until the next call, and their residuals, weighted."""
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
        if self._is_plain:
            return result.rows, residual
        root = np.sqrt(plan.take(self._row_weights(result.y)).ravel())
        counts = root > 0.0
        root = root[counts]
        return root[:, None] * result.rows[counts], root * residual[counts]

    def residuals(self, params: FloatArray) -> FloatArray:
        """Residuals of the rows that `normal_equations` keeps, in their order, with its weights.

        It keeps none for a robust loss, whose weights depend on the residuals.
        """
        y = self._simulate(params)
        residual = self._residual(y, self.plan)
        if self._is_plain:
            return residual
        root = np.sqrt(self.plan.take(self._row_weights(y)).ravel())
        return (root * residual)[root > 0.0]

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

    @property
    def _is_plain(self) -> bool:
        return self.records.weights is None and self.loss.is_squared

    def _used(self, values: FloatArray) -> FloatArray:
        """Rows of the plan, without padding."""
        return values[self.plan.step.ravel()[self.plan.mask]]

    def _error(self, y: FloatArray) -> FloatArray:
        assert self.records.y is not None
        with np.errstate(over="ignore", invalid="ignore"):
            return self._used(y - self.records.y)

    @property
    def _weights(self) -> FloatArray | None:
        weights = self.records.weights
        return None if weights is None else self._used(weights)

    def _mean_square(self, y: FloatArray) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.loss.mean_square(self._error(y), self._weights)

    def _row_weights(self, y: FloatArray) -> FloatArray:
        """Weights of the squares of all steps, zero where a step is no row."""
        found = np.zeros_like(y)
        steps = self.plan.step.ravel()[self.plan.mask]
        found[steps] = self.loss.row_weights(self._error(y), self._weights)
        return found

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

    def _ridge(self, params: FloatArray) -> float:
        squares = self._offset(params) ** 2
        if self.strengths is not None:
            squares *= self.strengths
        return self.alpha * float(np.sum(squares))

    def _offset(self, params: FloatArray) -> FloatArray:
        return params if self.anchor is None else params - self.anchor
