"""Compiled kernels and the NumPy reference that judges them.

Nothing here knows estimators or solvers. `simulate` is the free run, `jacobian` the exact rows of
its Jacobian by finite-memory adjoints, `gradient` the gradient of its squared error; `reference`
has the readable twins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels
from fastlstm._core._kernels import Workspace
from fastlstm._core.conversion import dense, indices, structure
from fastlstm._core.gradients import Gradient, gradient
from fastlstm._core.plan import RowPlan, plan_rows
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

__all__ = [
    "Gradient",
    "JacobianRows",
    "RowPlan",
    "Workspace",
    "gradient",
    "jacobian",
    "plan_rows",
    "simulate",
]


def simulate(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    state0: FloatArray | None = None,
    *,
    float32: bool = True,
    n_threads: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Free run of all records; see `reference.simulate` for shapes.

    Parameters
    ----------
    float32 : bool
        Compute in float32: states to about 1e-6. Outputs are returned as float64 either way.
    n_threads : int
        Threads over records; the result does not depend on it.

    Raises
    ------
    ValueError
        If a shape does not fit the network.

    Notes
    -----
    One pass, O(n_total * n_params). Many records run one per vector lane, a single one with its
    units in the vector.
    """
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    return _kernels.simulate(
        structure(network),
        dense(params),
        dense(u),
        indices(offsets),
        dense(state0),
        float32,
        n_threads,
    )


@dataclass(frozen=True)
class JacobianRows:
    """Rows of the Jacobian of the free run.

    Parameters
    ----------
    y : array of shape (n_total, n_outputs)
        The free run itself.
    rows : array of shape (n_blocks * lanes * n_outputs, n_params)
        Row ``k * n_outputs + j`` belongs to entry k of the plan and output j; zero at padding.
    state_rows : array of shape (n_blocks * lanes * n_outputs, 2 * n_units) or (0, 2 * n_units)
        Derivatives with respect to the initial h (all layers), then c, of the row's own record.
    """

    y: FloatArray
    rows: FloatArray
    state_rows: FloatArray


def jacobian(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    plan: RowPlan,
    *,
    memory: int,
    state0: FloatArray | None = None,
    with_state: bool = False,
    float32: bool = True,
    n_threads: int = 1,
    workspace: Workspace | None = None,
) -> JacobianRows:
    r"""Exact Jacobian rows of the whole network by finite-memory adjoints.

    Row t is :math:`\sum_{\tau < M} \delta_{t,t-\tau} \otimes [x_{t-\tau}, h_{t-\tau-1}, 1]` with
    :math:`\delta_{t,s} = \partial y_t / \partial z_s`, plus the columns of head and bypasses; with
    ``memory`` at least the record length it equals `reference.jacobian_forward`.

    Parameters
    ----------
    plan : RowPlan
        From `plan_rows` with the same `float32`.
    memory : int
        M, the steps an output is traced back.
    with_state : bool
        Also return the columns of the initial state.
    workspace : Workspace, optional
        Memory to reuse. The rows returned live in it and are overwritten by its next use.

    Raises
    ------
    ValueError
        If a shape does not fit the network or the plan has another number of lanes.

    Notes
    -----
    O(memory * n_lstm_params) per row and output; no storage beyond the result and one feature row
    per step. Same bits for every `n_threads`.
    """
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    return JacobianRows(
        *_kernels.jacobian(
            structure(network),
            dense(params),
            dense(u),
            indices(offsets),
            dense(state0),
            plan.step,
            plan.record,
            memory,
            with_state,
            float32,
            n_threads,
            Workspace() if workspace is None else workspace,
        )
    )
