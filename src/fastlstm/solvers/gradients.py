"""The gradient of a problem's mean squared error on some records, as first-order methods use it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.problem import Problem

FloatArray = NDArray[np.float64]
Path = Literal["full", "cell", "none"]


def masked(records: Records, washout: int) -> Records:
    """Put NaN for the outputs in the washout, which kernels do not score."""
    assert records.y is not None
    kept = records.scored(washout)[:, None]
    return Records(records.u, np.where(kept, records.y, np.nan), records.offsets)


def gradient_of(
    problem: Problem,
    params: FloatArray,
    records: Records,
    workspace: _core.Workspace,
    path: Path = "full",
    state0: FloatArray | None = None,
) -> _core.Gradient:
    """Sum of squared errors and its gradient on records; NaN outputs are not scored."""
    assert records.y is not None
    return _core.gradient(
        problem.network,
        params,
        records.u,
        records.y,
        records.offsets,
        path=path,
        state0=state0,
        float32=problem.float32,
        n_threads=problem.n_threads,
        workspace=workspace,
    )


def mean_gradient(problem: Problem, params: FloatArray, found: _core.Gradient) -> FloatArray:
    """Gradient of the mean squared error plus the ridge's share of one step, (n_params,)."""
    data = found.gradient / (max(1, found.n_scored) * problem.network.n_outputs)
    return 2.0 * (data + problem.alpha / problem.train.n_total * params)
