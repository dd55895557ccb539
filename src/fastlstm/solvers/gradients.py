"""The gradient of a problem's mean squared error on some records, as first-order methods use it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.loss import AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.problem import Problem

FloatArray = NDArray[np.float64]
Path = Literal["full", "cell", "none"]


class Setting(Protocol):
    """What a gradient depends on beside records: a problem, or an objective made of it."""

    @property
    def network(self) -> Network: ...  # noqa: D102
    @property
    def loss(self) -> AbstractLoss: ...  # noqa: D102
    @property
    def float32(self) -> bool: ...  # noqa: D102
    @property
    def n_threads(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class CostGradient:
    """Cost of the free run on some records and its gradient.

    Parameters
    ----------
    cost : float
        Sum of squared errors, weighted where outputs have weights.
    n_scored : float
        Number of these, or the sum of their weights.
    gradient : array of shape (n_params,)
        Half the derivative of `cost`.
    final_state : array of shape (n_records, 2, n_units)
    """

    cost: float
    n_scored: float
    gradient: FloatArray
    final_state: FloatArray


def masked(records: Records, washout: int) -> Records:
    """Put NaN for the outputs in the washout, which kernels do not score."""
    assert records.y is not None
    kept = records.after(washout)[:, None]
    weights = None if records.weights is None else np.where(kept, records.weights, 0.0)
    return replace(records, y=np.where(kept, records.y, np.nan), weights=weights)


def gradient_of(
    problem: Setting,
    params: FloatArray,
    records: Records,
    workspace: _core.Workspace,
    path: Path = "full",
    state0: FloatArray | None = None,
) -> CostGradient:
    """Cost and its gradient on records; NaN outputs and those of no weight are not scored.

    Notes
    -----
    Where outputs have weights or the loss is robust, one free run comes first: an error e of weight
    w is shown to the kernel as the error w e.
    """
    assert records.y is not None
    if records.weights is None and problem.loss.is_squared:
        found = _kernel(problem, params, records, records.y, workspace, path, state0)
        weight = found.n_scored * problem.network.n_outputs
        return CostGradient(found.cost, weight, found.gradient, found.final_state)
    y, _ = _core.simulate(
        problem.network,
        params,
        records.u,
        records.offsets,
        state0,
        float32=problem.float32,
        n_threads=problem.n_threads,
    )
    weights = np.ones_like(y) if records.weights is None else records.weights
    weights = np.where(np.isnan(records.y), 0.0, weights)
    error, total = y - np.where(weights > 0.0, records.y, 0.0), float(np.sum(weights))
    if total == 0.0 or not np.isfinite(y).all():
        shown, cost = np.full_like(y, np.nan), 0.0 if total == 0.0 else np.inf
    else:
        rows = np.any(weights > 0.0, axis=1)
        strength, cost = (
            np.zeros_like(y),
            total * problem.loss.mean_square(error[rows], weights[rows]),
        )
        strength[rows] = problem.loss.row_weights(error[rows], weights[rows])
        shown = np.where(weights > 0.0, y - strength * error, np.nan)
    found = _kernel(problem, params, records, shown, workspace, path, state0)
    return CostGradient(cost, total, found.gradient, found.final_state)


def _kernel(
    problem: Setting,
    params: FloatArray,
    records: Records,
    y: FloatArray,
    workspace: _core.Workspace,
    path: Path,
    state0: FloatArray | None,
) -> _core.Gradient:
    return _core.gradient(
        problem.network,
        params,
        records.u,
        y,
        records.offsets,
        path=path,
        state0=state0,
        float32=problem.float32,
        n_threads=problem.n_threads,
        workspace=workspace,
    )


def mean_gradient(problem: Problem, params: FloatArray, found: CostGradient) -> FloatArray:
    """Gradient of the mean squared error plus the ridge's share of one step, (n_params,)."""
    data = found.gradient / max(found.n_scored, 1.0)
    return 2.0 * (data + problem.alpha / problem.train.n_total * params)
