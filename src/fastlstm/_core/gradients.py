"""Gradient of the squared error of the free run: exact, or cut at the delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels
from fastlstm._core._kernels import Workspace
from fastlstm._core.conversion import dense, indices, structure
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Gradient:
    """Squared error of the free run and its gradient.

    Parameters
    ----------
    cost : float
        Sum of squared errors over the scored steps of all records and outputs.
    n_scored : int
        Scored steps: those with at least one scored output.
    gradient : array of shape (n_params,)
        J'r with r = y_sim - y: half the derivative of `cost`, along the chosen path.
    final_state : array of shape (n_records, 2, n_units)
        h and c of all layers after the last step of every record.
    """

    cost: float
    n_scored: int
    gradient: FloatArray
    final_state: FloatArray


def gradient(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    offsets: IntArray,
    *,
    washout: int = 0,
    path: Literal["full", "cell", "none"] = "full",
    state0: FloatArray | None = None,
    float32: bool = True,
    n_threads: int = 1,
    workspace: Workspace | None = None,
) -> Gradient:
    r"""Gradient of the squared error of the free run over whole records.

    Parameters
    ----------
    u : array of shape (n_total, n_inputs)
    y : array of shape (n_total, n_outputs)
        Measured outputs; NaN where nothing was measured, which is not scored.
    offsets : int64 array of shape (n_records + 1,)
    washout : int
        First steps of every record that drive the state and are not scored.
    path : {"full", "cell", "none"}
        What flows back in time. "full" is exact back-propagation. "cell" carries
        :math:`dc_{t-1} = f_t\,dc_t` alone, each layer for its own weights, while the layer below
        is handed the error of the same step: the sample-by-sample rule
        ``eps_t = f_t eps_{t-1} + local`` in block form. "none" takes h_{t-1} and c_{t-1} as given.
    state0 : array of shape (n_records, 2, n_units), optional
        Initial h and c; zero when None.
    float32 : bool
        Compute in float32; sums over more than 512 steps, lanes and records are float64 always.
    n_threads : int
        Threads over groups of records; the result does not depend on it.
    workspace : Workspace, optional
        Memory to reuse from call to call. Nothing that is returned lives in it.

    Raises
    ------
    ValueError
        If a shape does not fit the network or an option is out of range.

    Notes
    -----
    One record per vector lane, so that fewer records than lanes (4 to 16 in float32) leave lanes
    idle. O(n_total * n_params) time. Per thread 7 numbers per unit, lane and step are kept, of at
    most 2048 steps ("none": 32); what is carried back over longer records runs forward twice.

    Examples
    --------
    >>> network = Network(1, 1, (4,))
    >>> u = np.ones((20, 1))
    >>> found = gradient(network, np.zeros(network.n_params), u, u, np.array([0, 12, 20]))
    >>> found.cost, found.n_scored, found.gradient.shape
    (20.0, 20, (102,))
    """
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    return Gradient(
        *_kernels.gradient(
            structure(network),
            dense(params),
            dense(u),
            dense(y),
            indices(offsets),
            dense(state0),
            washout,
            path,
            float32,
            n_threads,
            Workspace() if workspace is None else workspace,
        )
    )
