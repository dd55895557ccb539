"""Sums over the Jacobian rows of whole records: weights, initial states and levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import ArrowEquations, NormalEquations
from fastlstm.integration import accumulate_rows, forget_sums
from fastlstm.state import DIFFERENCE

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
    """Sum over rows of initial states and levels alone, without ridges; the weights stay.

    Rows are forward differences: exact ones would be traced back to the weights, too, at the price
    of a free run for every step of the memory.
    """
    equations = NormalEquations.zeros(objective.n_unknowns - objective.network.n_params)
    every = np.arange(objective.records.n_total)
    equations.add(*_counted(objective, _own_rows(objective, x), objective.misfit(x), every))
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


def keep_what_counts(objective: WholeRecords, values: FloatArray) -> None:
    """Keep what is new in misfits, or in their Jacobian rows, of all steps, in place.

    Of those of sums, what was added recently.
    """
    records = objective.records
    if objective.innovations is not None:
        objective.innovations.apply(values, records.offsets)
    if objective.forgotten is not None:
        counted = objective.fitted[:, None] & objective.integrating
        if records.weights is not None:
            counted &= records.weights > 0.0
        forget_sums(values, records.offsets, counted, objective.forgotten)


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
    if objective.frozen is not None:  # the ridge alone is left, and that is at its minimum
        result.rows.reshape(-1, objective.network.n_params)[:, objective.frozen] = 0.0
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
    _add_sums(objective, rows, record)
    keep_what_counts(objective, rows)
    return _counted(objective, rows, objective.misfit_of(objective.accumulated(result.y, x)), step)


def _own_rows(objective: WholeRecords, x: FloatArray) -> FloatArray:
    """Rows of initial states and levels, (n_total, n_outputs, n_unknowns - n_params).

    Records do not mix, so that one number of the states of all of them is moved at a time.
    """
    records, states = objective.records, objective.states(x)
    size, n_total = states[0].size, records.n_total
    moves = np.concatenate([np.zeros((1, size)), DIFFERENCE * np.eye(size)])
    copies = np.arange(size + 1)[:, None] * n_total + records.offsets[:-1]
    y, _ = _core.simulate(
        objective.network,
        objective.weights(x),
        np.tile(records.u, (size + 1, 1)),
        np.append(copies, (size + 1) * n_total),
        (states + moves.reshape(size + 1, 1, *states.shape[1:])).reshape(-1, *states.shape[1:]),
        float32=False,
        n_threads=objective.n_threads,
    )
    y = y.reshape(size + 1, n_total, -1)
    rows = np.zeros((*y.shape[1:], objective.n_unknowns - objective.network.n_params))
    for r, steps in enumerate(records.slices() if objective.free_states else ()):
        moved = (y[1:, steps] - y[0, steps]) / DIFFERENCE
        rows[steps, :, r * size : (r + 1) * size] = np.moveaxis(moved, 0, -1)
    _add_sums(objective, rows, np.repeat(np.arange(records.n_records), records.lengths))
    keep_what_counts(objective, rows)
    return rows


def _counted(
    objective: WholeRecords, rows: FloatArray, misfit: FloatArray, step: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Rows of outputs that count and their residuals, both weighted."""
    kept = objective.fitted[step]
    picked, residual = rows[kept].reshape(-1, rows.shape[-1]), misfit[step[kept]].ravel()
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


def _add_sums(objective: WholeRecords, rows: FloatArray, record: IntArray) -> None:
    """Sum rows of increments, and add those of levels, which are the last of the unknowns."""
    if objective.gains is None or not objective.integrating.any():
        return
    accumulate_rows(rows, objective.records.offsets, objective.gains)
    summed = np.flatnonzero(objective.integrating)
    column = rows.shape[-1] - objective.records.n_records * len(summed)
    for r in range(objective.records.n_records):
        for output in summed:
            rows[record == r, output, column] = 1.0
            column += 1
