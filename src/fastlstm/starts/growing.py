"""A wider network that simulates exactly like a trained one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]


def grow(network: Network, params: FloatArray, wider: Network, donor: FloatArray) -> FloatArray:
    """Put a trained network into a wider one; the units added are not heard yet.

    The added units take their incoming weights from `donor` and see all units below them, old and
    new. What they send to units of the trained network, and to the readout, is zero: the output is
    that of the trained network, and the first Gauss-Newton steps decide what the new units are for.

    Parameters
    ----------
    network : Network
    params : array of shape (network.n_params,)
    wider : Network
        With the same channels and numbers of layers, and no layer narrower.
    donor : array of shape (wider.n_params,)
        Weights of the wider network from some start.

    Returns
    -------
    params : array of shape (wider.n_params,)

    Raises
    ------
    ValueError
        If `wider` has other channels or layers, or a narrower layer.

    References
    ----------
    The idea: T. Chen, I. Goodfellow, J. Shlens, "Net2Net", arXiv 1511.05641.

    Examples
    --------
    >>> small, wide = Network(1, 1, (2,)), Network(1, 1, (3,))
    >>> grown = grow(small, np.ones(small.n_params), wide, np.full(wide.n_params, 2.0))
    >>> wide.unpack(grown)["lstm.0.weight_hh"][:3].tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [2.0, 2.0, 2.0]]
    """
    _check(network, wider)
    old, new = network.unpack(params), wider.unpack(donor.copy())
    for name, values in old.items():
        if name.startswith("lstm."):
            gates = zip(np.split(new[name], 4), np.split(values, 4), strict=True)
            for target, source in gates:
                _inherit(target, source)
        else:
            _inherit(new[name], values)
    return wider.pack(new)


def _inherit(target: FloatArray, source: FloatArray) -> None:
    """Rows of old units: old weights, and none from new units. `target` is a view."""
    n_rows = len(source)
    if source.ndim == 1:
        target[:n_rows] = source
        return
    target[:n_rows, : source.shape[1]] = source
    target[:n_rows, source.shape[1] :] = 0.0


def _check(network: Network, wider: Network) -> None:
    same = (network.n_inputs, network.n_outputs) == (wider.n_inputs, wider.n_outputs)
    old, new = ((*one.hidden_sizes, -1, *one.head_sizes) for one in (network, wider))
    if not same or len(old) != len(new) or any(b < a for a, b in zip(old, new, strict=True)):
        raise ValueError(
            f"wider must have the channels and layers of {network}, none narrower; got {wider}. "
            "Grow one network into another of the same kind."
        )
