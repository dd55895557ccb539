"""A sum of squares over all rows whose curvature is that of one row in so many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import NormalEquations
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.gradients import gradient_of
from fastlstm.solvers.objective import Objective

FloatArray = NDArray[np.float64]

WINDOWS = 64  # that the gradient is computed on side by side, if they are long enough
LEAD_IN = 2  # adjoint lengths before each, from rest, after which the state has settled


@dataclass(frozen=True)
class FullGradient:
    r"""Cost and gradient of all rows, Gauss-Newton matrix of a part of them.

    .. math:: \Big(\frac{N}{R} \sum_{t \in part} J_t' J_t + \ldots\Big) s
              = -\sum_{t \in all} J_t' r_t - \ldots

    Back-propagation gives the right-hand side in the time of a few free runs, where the rows of
    the matrix take one adjoint each. So the minimum is that of all N rows, whose noise averages
    out, while an iteration costs what R rows cost; a matrix that is off by
    :math:`O(\sqrt{P/R})` for P weights slows the descent but does not move its end.

    Parameters
    ----------
    part : Objective
        On the rows for the matrix; its ridge and its constraint are not used.
    whole : Objective
        On all rows.
    washout : int
        First steps of each record that are not rows.

    Notes
    -----
    The gradient comes from windows that begin `LEAD_IN` adjoint lengths early from rest, so that
    the vector lanes of the kernel are full also where there is one record. It is cut where the
    rows of the matrix are cut, or later.

    References
    ----------
    Byrd, Chin, Neveitt, Nocedal, "On the use of stochastic Hessian information in optimization
    methods for machine learning", SIAM J. Optim. 2011 (matrix from a sample, gradient from more).
    """

    part: Objective
    whole: Objective
    washout: int

    @property
    def network(self) -> Network:
        """Network that is fitted."""
        return self.whole.network

    @property
    def records(self) -> Records:
        """Records of all rows."""
        return self.whole.records

    @property
    def plan(self) -> _core.RowPlan:
        """Rows that enter the sum."""
        return self.whole.plan

    @property
    def memory(self) -> int:
        """Steps an output is traced back."""
        return self.part.memory

    def with_memory(self, memory: int) -> FullGradient:
        """Return the same objective with another adjoint length."""
        return replace(self, part=self.part.with_memory(memory))

    def with_alpha(self, alpha: float) -> FullGradient:
        """Return the same objective with another ridge."""
        return replace(self, whole=self.whole.with_alpha(alpha))

    def cost(self, params: FloatArray) -> float:
        """F of all rows; infinite where the free run is not finite."""
        return self.whole.cost(params)

    def rmse(self, params: FloatArray, cost: float) -> float:
        """Root mean squared error of all rows, in standardised units, from a known cost."""
        return self.whole.rmse(params, cost)

    def normal_equations(self, params: FloatArray) -> NormalEquations:
        """Gram matrix, scaled from the part, and gradient of F / 2 at `params`."""
        factor = self.whole.n_residuals / self.part.n_residuals
        equations = self.part.row_equations(params, factor)
        found = gradient_of(self.whole, params, self._windows, self.whole.workspace)
        equations.gradient = found.gradient.copy()
        self.whole.add_terms(equations, params)
        return equations

    @cached_property
    def _windows(self) -> Records:
        """All records in windows; outputs are NaN where they are no rows, or those of another."""
        records, lead_in = self.whole.records, LEAD_IN * self.memory
        length = max(-(-records.n_total // WINDOWS), lead_in)
        parts, unscored = [], []
        for rows in records.slices():
            for first in range(rows.start, rows.stop, length):
                begin = max(rows.start, first - lead_in)
                parts.append(slice(begin, min(first + length, rows.stop)))
                unscored.append(max(first, rows.start + self.washout) - begin)
        windows = records.cut(parts)
        assert windows.y is not None
        for rows, n_steps in zip(windows.slices(), unscored, strict=True):
            windows.y[rows.start : min(rows.start + n_steps, rows.stop)] = np.nan
        return windows


StageObjective = Objective | FullGradient
