"""Weights of a fitted model as the start of another fit, on another scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.scaling import Scaling

FloatArray = NDArray[np.float64]


def structure_of(model: Any) -> Network:
    """Structure of a fitted model.

    Raises
    ------
    TypeError
        If `model` is no fitted LSTMRegressor.
    """
    if not all(hasattr(model, name) for name in ("network_", "params_", "scaling_")):
        raise TypeError(
            f"start must be a fitted LSTMRegressor; got {model!r}. Call its fit, or load it."
        )
    return model.network_


def start_from(model: Any, network: Network, scaling: Scaling) -> FloatArray:
    """Weights with which `network` on `scaling` gives the outputs that `model` gives.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted, of the same structure.
    network : Network
    scaling : Scaling
        Of the new fit.

    Returns
    -------
    params : array of shape (n_params,)

    Raises
    ------
    TypeError, ValueError
        If `model` is no fitted LSTMRegressor or has another structure.
    """
    structure_of(model)
    if model.network_ != network:
        raise ValueError(
            f"start must have the structure of this model; got {model.network_} for {network}. "
            "Give both the same hidden_sizes, head_sizes and channels."
        )
    channels = model.frame_.channels
    return rescaled(network, model.params_, model.scaling_, scaling, channels)


def rescaled(
    network: Network,
    params: FloatArray,
    old: Scaling,
    new: Scaling,
    channels: slice | list[int] = slice(None),
) -> FloatArray:
    r"""Weights for signals on a new scale that compute what `params` compute on the old one.

    With :math:`u_{old} = r \odot u_{new} + s`, the columns of the input weights are multiplied by r
    and the biases take up :math:`W s`; the readout undoes the change of scale of y.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    old, new : Scaling
    channels : list of int, optional
        Channel of every input of the network, where it sees some more than once.

    Returns
    -------
    params : array of shape (n_params,)
    """
    weights = {name: value.copy() for name, value in network.unpack(params).items()}
    moving = old.u_std > 0.0
    divisor = np.where(moving, old.u_std, 1.0)
    ratio = np.where(moving, new.u_std / divisor, 0.0)
    shift = np.where(moving, (new.u_mean - old.u_mean) / divisor, 0.0)
    ratio, shift = ratio[channels], shift[channels]
    for matrix, bias in (("lstm.0.weight_ih", "lstm.0.bias"), ("readout.input", "readout.bias")):
        weights[bias] += weights[matrix] @ shift
        weights[matrix] *= ratio
    varying = new.y_std > 0.0
    divisor = np.where(varying, new.y_std, 1.0)
    gain = np.where(varying, old.y_std / divisor, 0.0)
    for name in [name for name in weights if name.startswith("readout.")]:
        weights[name] *= gain[:, None] if weights[name].ndim == 2 else gain
    weights["readout.bias"] += np.where(varying, (old.y_mean - new.y_mean) / divisor, 0.0)
    return network.pack(weights)
