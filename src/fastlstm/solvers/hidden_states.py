"""What the readout sees: one free run, with every signal of the top copied to an output."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records

FloatArray = NDArray[np.float64]


def hidden_states(
    network: Network,
    params: FloatArray,
    records: Records,
    *,
    float32: bool = True,
    n_threads: int = 1,
) -> FloatArray:
    """State h of the top layer at every step of a free run from rest.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    records : Records
    float32, n_threads
        As in `_core.simulate`.

    Returns
    -------
    h : array of shape (n_total, hidden_sizes[-1])

    Notes
    -----
    One pass, O(n_total * n_params).
    """
    return _observe(network, params, records, float32, n_threads, with_head=False)


def readout_features(
    network: Network,
    params: FloatArray,
    records: Records,
    *,
    float32: bool = True,
    n_threads: int = 1,
) -> FloatArray:
    """Signals that the readout weighs: activations of the head, h of the top layer, u.

    Parameters
    ----------
    network, params, records, float32, n_threads
        As in `hidden_states`.

    Returns
    -------
    features : array of shape (n_total, head_sizes[-1] + hidden_sizes[-1] + n_inputs)
        Without the first part where there is no head.
    """
    seen = _observe(network, params, records, float32, n_threads, with_head=True)
    return np.hstack([seen, records.u])


def with_readout(
    network: Network, params: FloatArray, weights: FloatArray, intercept: FloatArray
) -> FloatArray:
    """Exchange readout and bypasses by weights of `readout_features`.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    weights : array of shape (n_features, n_outputs)
    intercept : array of shape (n_outputs,)

    Returns
    -------
    params : array of shape (n_params,)
        A new array.
    """
    solved = params.copy()
    named, column = network.unpack(solved), 0
    for name in ("readout.head", "readout.hidden", "readout.input"):
        if name in named:
            width = named[name].shape[1]
            named[name][:] = weights[column : column + width].T
            column += width
    named["readout.bias"][:] = intercept
    return solved


def _observe(
    network: Network,
    params: FloatArray,
    records: Records,
    float32: bool,
    n_threads: int,
    *,
    with_head: bool,
) -> FloatArray:
    """Run the network with an identity for a readout."""
    head_sizes = network.head_sizes if with_head else ()
    n_head, top = sum(head_sizes[-1:]), network.hidden_sizes[-1]
    observer = Network(network.n_inputs, n_head + top, network.hidden_sizes, head_sizes)
    weights = {name: np.zeros(shape) for name, shape in observer.shapes.items()}
    for name, value in network.unpack(params).items():
        if name in weights and not name.startswith("readout."):
            weights[name] = value
    if n_head:
        weights["readout.head"][:n_head] = np.eye(n_head)
    weights["readout.hidden"][n_head:] = np.eye(top)
    return simulate(
        observer,
        observer.pack(weights),
        records.u,
        records.offsets,
        float32=float32,
        n_threads=n_threads,
    )[0]
