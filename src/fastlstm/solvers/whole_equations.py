"""Sums over the Jacobian rows of whole records: weights, initial states and levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import ArrowEquations, NormalEquations
from fastlstm.integration import accumulate_rows

if TYPE_CHECKING:
    from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def sum_all(objective: WholeRecords, x: FloatArray) -> NormalEquations:
    """Sum over rows of all unknowns together, without ridges."""
    equations = NormalEquations.zeros(objective.n_unknowns)
    for plan in objective.plans:
        equations.add(*_rows(objective, x, plan))
    return equations


def sum_own(objective: WholeRecords, x: FloatArray) -> NormalEquations:
    """Sum over rows of initial states and levels alone, without ridges; the weights stay."""
    n_params = objective.network.n_params
    equations = NormalEquations.zeros(objective.n_unknowns - n_params)
    for plan in objective.plans:
        rows, residual = _rows(objective, x, plan)
        equations.add(np.ascontiguousarray(rows[:, n_params:]), residual)
    return equations


def sum_by_record(objective: WholeRecords, x: FloatArray) -> ArrowEquations:
    """Sum with initial states record by record, without ridges; no output integrates."""
    n_params, n_own = objective.network.n_params, 2 * objective.network.n_units
    n_outputs = objective.network.n_outputs
    equations = ArrowEquations.zeros(n_params, objective.records.n_records, n_own)
    for plan in objective.plans:
        result, used = _jacobian(objective, x, plan)
        step, record = plan.step.ravel()[used], plan.record.ravel()[used]
        rows = result.rows.reshape(-1, n_outputs, n_params)[used].reshape(-1, n_params)
        own = result.state_rows.reshape(-1, n_outputs, n_own)[used].reshape(-1, n_own)
        with np.errstate(over="ignore", invalid="ignore"):
            misfit = result.y - objective.target
        residual, root = misfit[step].ravel(), _roots(objective, misfit, step)
        group = np.repeat(record, n_outputs)
        if root is not None:
            rows, own, residual = root[:, None] * rows, root[:, None] * own, root * residual
        equations.add(rows, own, group, residual)
    return equations


def _jacobian(
    objective: WholeRecords, x: FloatArray, plan: _core.RowPlan
) -> tuple[_core.JacobianRows, IntArray]:
    """Jacobian of the network, and which of its rows belong to steps, in their order."""
    result = _core.jacobian(
        objective.network,
        objective.weights(x),
        objective.records.u,
        objective.records.offsets,
        plan,
        memory=objective.memory,
        state0=objective.states(x),
        with_state=objective.free_states,
        float32=objective.float32,
        n_threads=objective.n_threads,
        workspace=objective.workspace,
    )
    used = np.flatnonzero(plan.mask)
    return result, used[np.argsort(plan.step.ravel()[used], kind="stable")]


def _rows(
    objective: WholeRecords, x: FloatArray, plan: _core.RowPlan
) -> tuple[FloatArray, FloatArray]:
    """Rows of all unknowns, (n_rows * n_outputs, n_unknowns), and residuals, both weighted."""
    result, used = _jacobian(objective, x, plan)
    step, record = plan.step.ravel()[used], plan.record.ravel()[used]
    n_outputs, n_params = objective.network.n_outputs, objective.network.n_params
    rows = np.zeros((len(used), n_outputs, objective.n_unknowns))
    rows[:, :, :n_params] = result.rows.reshape(-1, n_outputs, n_params)[used]
    if objective.free_states:
        _add_states(objective, rows, result.state_rows, used, record)
    if objective.gains is not None and objective.integrating.any():
        accumulate_rows(rows, objective.records.offsets, objective.gains)
        _add_levels(objective, rows, record)
        objective.forget(rows)
    misfit = objective.misfit_of(objective.accumulated(result.y, x))
    kept = objective.fitted[step]
    picked, residual = rows[kept].reshape(-1, objective.n_unknowns), misfit[step[kept]].ravel()
    root = _roots(objective, misfit, step[kept])
    if root is None:
        return picked, residual
    counts = root > 0.0
    return root[counts, None] * picked[counts], root[counts] * residual[counts]


def _roots(objective: WholeRecords, misfit: FloatArray, step: IntArray) -> FloatArray | None:
    """Roots of the weights of the squares of some steps; None where all are one.

    The blocks differ, the free run behind them does not: every block finds the same weights.
    """
    weights, fitted = objective.records.weights, objective.fitted
    if weights is None and objective.loss.is_squared:
        return None
    found = np.zeros_like(misfit)
    found[fitted] = objective.loss.row_weights(misfit[fitted], objective.records.weights_of(fitted))
    return np.sqrt(found[step].ravel())


def _add_states(
    objective: WholeRecords,
    rows: FloatArray,
    state_rows: FloatArray,
    used: IntArray,
    record: IntArray,
) -> None:
    n_outputs, size = objective.network.n_outputs, 2 * objective.network.n_units
    states = state_rows.reshape(-1, n_outputs, size)[used]
    for r in range(objective.records.n_records):
        start = objective.network.n_params + r * size
        rows[record == r, :, start : start + size] = states[record == r]


def _add_levels(objective: WholeRecords, rows: FloatArray, record: IntArray) -> None:
    column = objective.network.n_params + objective.n_states
    for r in range(objective.records.n_records):
        for output in np.flatnonzero(objective.integrating):
            rows[record == r, output, column] = 1.0
            column += 1
