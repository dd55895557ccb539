"""Several networks as one: their average, with block-diagonal weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from fastlstm.network import Network

FloatArray = NDArray[np.float64]
Member = tuple[Network, FloatArray]


def average(members: Sequence[Member], weights: Sequence[float] | None = None) -> Member:
    r"""One network whose output is the weighted mean of the outputs of its members.

    The units of all members stand side by side in every layer and do not see each other; the
    readouts carry the weights. From rest, or from the states of the members side by side,
    :math:`y = \sum_k w_k y_k` holds exactly.

    Parameters
    ----------
    members : sequence of (Network, params)
        With the same channels and numbers of layers; widths may differ.
    weights : sequence of float, optional
        w, with sum one; all equal when None.

    Returns
    -------
    network : Network
        Layers as wide as those of all members together.
    params : array of shape (network.n_params,)

    Raises
    ------
    ValueError
        If channels or numbers of layers differ.

    Examples
    --------
    >>> small = Network(1, 1, (2,))
    >>> average([(small, np.zeros(small.n_params))] * 3)[0].hidden_sizes
    (6,)
    """
    if len(members) == 1:
        return members[0]
    networks = [network for network, _ in members]
    _check(networks)
    network = Network(
        networks[0].n_inputs,
        networks[0].n_outputs,
        tuple(sum(widths) for widths in zip(*(n.hidden_sizes for n in networks), strict=True)),
        tuple(sum(widths) for widths in zip(*(n.head_sizes for n in networks), strict=True)),
    )
    shares = np.full(len(members), 1.0 / len(members)) if weights is None else np.array(weights)
    parts = [one.unpack(params) for one, params in members]
    joined = {
        name: _joined(name, [part[name] for part in parts], shares) for name in network.shapes
    }
    return network, network.pack(joined)


def _check(networks: Sequence[Network]) -> None:
    def signature(one: Network) -> tuple[int, int, int, int]:
        return one.n_inputs, one.n_outputs, one.num_layers, len(one.head_sizes)

    if any(signature(one) != signature(networks[0]) for one in networks):
        raise ValueError(
            "members must have the same channels and numbers of layers; got "
            f"{', '.join(map(str, networks))}. Average networks of one kind."
        )


def _joined(name: str, parts: Sequence[FloatArray], shares: FloatArray) -> FloatArray:
    """One weight of the average; gates stay in the order i, f, g, o."""
    kind, *_, part = name.split(".")
    if kind == "readout":
        scaled = [share * array for share, array in zip(shares, parts, strict=True)]
        shared = part in ("input", "bias")
        return np.sum(scaled, axis=0) if shared else np.concatenate(scaled, axis=1)
    if kind == "head":
        return np.concatenate(parts) if part == "bias" else _blocks(name, parts)
    gates = zip(*(np.split(array, 4) for array in parts), strict=True)
    return np.concatenate([_gate(name, gate) for gate in gates])


def _gate(name: str, parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts[0].ndim == 1 else _blocks(name, parts)


def _blocks(name: str, parts: Sequence[FloatArray]) -> FloatArray:
    """Side by side; what sees the inputs u sees all of them in every member."""
    if name == "lstm.0.weight_ih":
        return np.concatenate(parts)
    return np.asarray(block_diag(*parts))
