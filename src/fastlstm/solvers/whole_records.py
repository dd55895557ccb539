"""The free-run objective on whole records, with initial states and levels among the unknowns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import ArrowEquations, NormalEquations
from fastlstm.integration import accumulate
from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.merging import Member
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.innovations import Innovations
from fastlstm.solvers.levels import mean_errors
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.whole_equations import keep_what_counts, sum_all, sum_by_record
from fastlstm.starts.bends import Bends
from fastlstm.starts.linear import LinearModel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STATE_VARIANCE = 0.1  # expected of the initial h and c
MAX_STATES = 400  # unknown initial states that are solved for like weights
MAX_CROSSED = 30_000_000  # numbers that say how they go together with weights
MEMORY_TOLERANCE, MEMORY_RANGE = 0.01, (64, 1024)
_BYTES_AT_ONCE = 64_000_000  # Jacobian rows held at a time where they need not be accumulated


@dataclass(frozen=True)
class WholeRecords:
    r"""Sum of squared free-run errors over rows that may lie anywhere, plus ridges.

    .. math:: F(\theta, s, l) = \sum_{t \in rows} \|\hat y_t(\theta, s, l) - y_t\|^2
              + \alpha \|\theta - \theta_{anchor}\|^2 + \alpha_s \|s\|^2

    with the weights of the records and the loss in the first sum, as in `Objective`.

    The unknowns are one vector: the weights, then h and c before the first step of every record
    (if `free_states`), then a level for every record and integrating output. The free run passes
    through rows that are left out of the sum, so held-out blocks in the middle of a record need
    no initial state of their own.

    Parameters
    ----------
    network : Network
    records : Records
        Standardised; `records.y` is present.
    fitted : bool array of shape (n_total,)
        Rows that enter the sum.
    memory : int
        Steps an output is traced back in the Jacobian.
    alpha : float
    anchor : array of shape (n_params,)
    state_alpha : float
        Strength of the ridge on the initial states.
    gains : array of shape (n_outputs,), optional
        Of the integrators behind the network, see `integration`; none when None.
    free_states : bool
        Whether initial states are unknowns; they are zero otherwise.
    loss : AbstractLoss
    forgotten : float, optional
        Steps after which an error of a sum counts no more, see `forget_sums`; always when None.
    innovations : Innovations, optional
        What counts instead of errors; states are not eliminated then.
    bends : Bends, optional
        In front of the network, which sees `records` through them and has no bypass. They do not
        move, so that steps cost what the layers behind them cost.
    """

    network: Network
    records: Records
    fitted: BoolArray
    memory: int
    alpha: float
    anchor: FloatArray
    state_alpha: float
    gains: FloatArray | None = None
    free_states: bool = True
    loss: AbstractLoss = SQUARED
    forgotten: float | None = None
    innovations: Innovations | None = None
    bends: Bends | None = None
    float32: bool = True
    n_threads: int = 1
    workspace: _core.Workspace = field(default_factory=_core.Workspace)

    @classmethod
    def of(
        cls,
        problem: Problem,
        network: Network,
        part: tuple[Records, BoolArray],
        linear: LinearModel,
        anchor: FloatArray,
        noise: float,
        bends: Bends | None = None,
    ) -> WholeRecords:
        """Pose the objective of a network on some records of a problem with `Problem.whole`.

        Parameters
        ----------
        problem : Problem
        network : Network
        part : pair of Records and bool array of shape (n_total,)
            Rows that enter the sum.
        linear : LinearModel
            Tells the memory.
        anchor : array of shape (n_params,)
        noise : float
            Mean squared error that the ridges are made for.
        bends : Bends, optional
        """
        records, fitted = part
        whole = problem.whole
        assert whole is not None
        memory = int(np.clip(linear.memory(MEMORY_TOLERANCE), *MEMORY_RANGE))
        n_states = records.n_records * 2 * network.n_units
        may_be_free = n_states <= MAX_STATES or (
            n_states <= int(fitted.sum()) * network.n_outputs
            and n_states * network.n_params <= MAX_CROSSED
            and not np.any(whole.gains)
        )
        return cls(
            network,
            records if bends is None else bends.bent(records),
            fitted,
            min(memory, int(records.lengths.max())),
            alpha=noise,
            anchor=anchor,
            state_alpha=noise / STATE_VARIANCE,
            gains=whole.gains,
            free_states=may_be_free and not whole.from_rest,
            loss=problem.loss,
            bends=bends,
            float32=problem.float32,
            n_threads=problem.n_threads,
        )

    @cached_property
    def integrating(self) -> BoolArray:
        """Outputs that are sums of what the network says, shape (n_outputs,)."""
        gains = np.zeros(self.network.n_outputs) if self.gains is None else self.gains
        return gains != 0.0

    @property
    def frozen(self) -> slice | None:
        """Weights that stay where they are: a bypass of the bends; None where all may move."""
        return None if self.bends is None else self.network.layout["readout.input"][0]

    @cached_property
    def n_states(self) -> int:
        """Unknown initial states of all records together."""
        return self.records.n_records * 2 * self.network.n_units if self.free_states else 0

    @cached_property
    def n_unknowns(self) -> int:
        """Length of the vector of unknowns."""
        n_levels = self.records.n_records * int(self.integrating.sum())
        return self.network.n_params + self.n_states + n_levels

    @cached_property
    def n_residuals(self) -> float:
        """Residuals in the sum of squares, or the sum of their weights."""
        if self.records.weights is None:
            return int(self.fitted.sum()) * self.network.n_outputs
        return float(np.sum(self.records.weights[self.fitted]))

    def begin(self, params: FloatArray, states: FloatArray | None = None) -> FloatArray:
        """Unknowns with given weights, and states, else at rest; levels at their mean error."""
        x, n_params = np.zeros(self.n_unknowns), self.network.n_params
        x[:n_params] = params
        if states is not None and self.free_states:
            x[n_params : n_params + self.n_states] = states.ravel()
        error = np.where(self.fitted[:, None], self.target - self.simulate(x), 0.0)
        self._levels(x)[:] = mean_errors(self.records, error, self.fitted, self.integrating)
        return x

    def weights(self, x: FloatArray) -> FloatArray:
        """Weights among the unknowns."""
        return x[: self.network.n_params]

    def member(self, x: FloatArray) -> Member:
        """Network and weights, the bends included."""
        made = self.network, self.weights(x)
        return made if self.bends is None else self.bends.in_front(*made)

    def on(self, records: Records) -> WholeRecords:
        """Return the same objective on other records; which rows are fitted is still to be told."""
        return replace(self, records=records if self.bends is None else self.bends.bent(records))

    def states(self, x: FloatArray) -> FloatArray:
        """Return the initial states, shape (n_records, 2, n_units)."""
        if not self.free_states:
            return self.network.zero_state(self.records.n_records)
        start = self.network.n_params
        return x[start : start + self.n_states].reshape(-1, 2, self.network.n_units)

    def _levels(self, x: FloatArray) -> FloatArray:
        return x[self.network.n_params + self.n_states :].reshape(self.records.n_records, -1)

    def simulate(self, x: FloatArray) -> FloatArray:
        """Run freely; shape (n_total, n_outputs), not finite where the run diverges."""
        y, _ = _core.simulate(
            self.network,
            self.weights(x),
            self.records.u,
            self.records.offsets,
            self.states(x),
            float32=self.float32,
            n_threads=self.n_threads,
        )
        return self.accumulated(y, x)

    def accumulated(self, y: FloatArray, x: FloatArray) -> FloatArray:
        """Turn what the network gave into outputs: sums where the plant integrates."""
        if self.gains is None or not self.integrating.any():
            return y
        levels = np.zeros((self.records.n_records, self.network.n_outputs))
        levels[:, self.integrating] = self._levels(x)
        return accumulate(y, self.records.offsets, self.gains, levels)

    def misfit(self, x: FloatArray) -> FloatArray:
        """Subtract what was measured from the simulated outputs of all steps."""
        return self.misfit_of(self.simulate(x))

    def misfit_of(self, y: FloatArray) -> FloatArray:
        """Subtract what was measured from given outputs of all steps."""
        with np.errstate(over="ignore", invalid="ignore"):
            misfit = y - self.target
            keep_what_counts(self, misfit)
        return misfit

    def mean_square(self, x: FloatArray, rows: BoolArray) -> float:
        """Mean squared error on given rows; infinite where the free run is not finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.loss.mean_square(self.misfit(x)[rows], self.records.weights_of(rows))
        return value if np.isfinite(value) else np.inf

    def cost(self, x: FloatArray) -> float:
        """F; infinite where the free run is not finite."""
        with np.errstate(over="ignore"):
            cost = self.mean_square(x, self.fitted) * self.n_residuals + self._penalty(x)
        return cost if np.isfinite(cost) else np.inf

    def rmse(self, x: FloatArray, cost: float) -> float:
        """Root mean squared error of the rows, in standardised units, from a known cost."""
        return float(np.sqrt(max(cost - self._penalty(x), 0.0) / self.n_residuals))

    def _penalty(self, x: FloatArray) -> float:
        pull = self.alpha * float(np.sum((self.weights(x) - self.anchor) ** 2))
        return pull + self.state_alpha * float(np.sum(self.states(x) ** 2))

    @property
    def eliminates_states(self) -> bool:
        """Whether the initial states are so many that they are eliminated record by record."""
        return self.n_states > MAX_STATES and not self.integrating.any()

    def normal_equations(self, x: FloatArray) -> NormalEquations | ArrowEquations:
        """Gram matrix and gradient of F / 2, summed over blocks in a fixed order."""
        summed = sum_by_record if self.eliminates_states else sum_all
        equations = summed(self, x)
        strength, offset = np.zeros(self.n_unknowns), x.copy()
        n_params = self.network.n_params
        strength[:n_params] = self.alpha
        offset[:n_params] -= self.anchor
        strength[n_params : n_params + self.n_states] = self.state_alpha
        equations.add_ridge(strength, offset)
        return equations

    @cached_property
    def plans(self) -> list[_core.RowPlan]:
        """All steps at once where rows are accumulated, blocks of fitted rows otherwise."""
        offsets, n_columns = self.records.offsets, self.n_unknowns
        if self.integrating.any() or self.innovations is not None:
            return [_core.plan_rows(offsets, float32=self.float32)]
        if self.eliminates_states:
            n_columns = self.network.n_params + 2 * self.network.n_units
        steps, row_bytes = np.flatnonzero(self.fitted), 16 * n_columns * self.network.n_outputs
        n_parts = -(-len(steps) * row_bytes // _BYTES_AT_ONCE)
        return [
            _core.plan_rows(offsets, steps=part, float32=self.float32)
            for part in np.array_split(steps, max(1, n_parts))
        ]

    @property
    def target(self) -> FloatArray:
        """Measured outputs of all steps."""
        assert self.records.y is not None
        return self.records.y
