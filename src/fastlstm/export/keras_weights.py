"""Keras weights to and from a model; NumPy only, Keras is not imported.

Layout, in the order of ``keras_model.get_weights()`` for the Keras model that `to_keras_weights`
describes::

    per LSTM layer    kernel (input_size, 4 * hidden_size), recurrent_kernel (hidden_size,
                      4 * hidden_size), bias (4 * hidden_size,), gates i, f, c, o side by side
    per head layer    kernel (n_in, n_out), bias (n_out,)
    readout           kernel (n_in, n_outputs), bias (n_outputs,)

Keras calls the cell candidate c where we say g, so the order of the gates is the same; matrices are
transposed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_float
from fastlstm.export.exportable import check_exportable, check_no_frame
from fastlstm.export.imported import from_weights, identity_scaling
from fastlstm.export.parts import joined_readout, split_readout
from fastlstm.network import Network
from fastlstm.replacing import replace_file
from fastlstm.scaling import Scaling
from fastlstm.warm_start import rescaled

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
LAYOUT = (
    "the list keras_model.get_weights() of LSTM layers (kernel, recurrent_kernel, bias) followed "
    "by Dense layers (kernel, bias)"
)


def to_keras_weights(model: Any) -> list[FloatArray]:
    """Weights for ``keras_model.set_weights``; the Keras model then takes and gives physical units.

    The scaling is inside the weights. The Keras model is: LSTM layers with ``return_sequences``, on
    the top one the head of Dense layers with tanh, and a linear Dense layer on the concatenation of
    the last head layer (if any), the top LSTM layer and the inputs.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.

    Returns
    -------
    list of float64 array
        See the layout of this module.

    Raises
    ------
    ValueError
        If the model has a part that cannot be exported, such as an integrator.

    Notes
    -----
    A Keras layer begins at rest, where `predict` begins in `initial_state_`: the first steps differ
    until that is forgotten, unless the layers are stateful and their states are set. Keras computes
    in float32 by default. An input whose mean is large beside its variation then
    loses digits; subtract the mean before.
    """
    check_exportable(model)
    check_no_frame(
        model,
        "Keras",
        "its list of weights has no place for a sum over time or for past inputs",
        "Export to C, ONNX or torch.",
    )
    network: Network = model.network_
    params = rescaled(
        network,
        model.params_,
        model.scaling_,
        identity_scaling(network.n_inputs, network.n_outputs),
    )
    weights = network.unpack(params)
    arrays = []
    for k in range(network.num_layers):
        arrays += [weights[f"lstm.{k}.weight_ih"].T, weights[f"lstm.{k}.weight_hh"].T]
        arrays.append(weights[f"lstm.{k}.bias"])
    for k in range(len(network.head_sizes)):
        arrays += [weights[f"head.{k}.weight"].T, weights[f"head.{k}.bias"]]
    arrays += [joined_readout(weights).T, weights["readout.bias"]]
    return [np.array(array, order="C") for array in arrays]


def from_keras_weights(weights: Sequence[Any], scaling: Scaling | None = None) -> LSTMRegressor:
    """Fitted model from the weights of a Keras model.

    Parameters
    ----------
    weights : sequence of array-like
        ``keras_model.get_weights()`` in the layout of this module: LSTM layers with their default
        activations, Dense layers with tanh, a linear Dense layer last. That one may be on the
        concatenation that `to_keras_weights` describes, or on the layer below alone.
    scaling : Scaling, optional
        Scaling that the model shall have inside; what it predicts does not depend on it.

    Returns
    -------
    LSTMRegressor
        Takes and gives what the Keras model does.

    Raises
    ------
    ValueError
        If the arrays are not in this layout.
    """
    arrays = [to_float(array, f"weights[{k}]") for k, array in enumerate(weights)]
    lstm, dense = _groups(arrays)
    network = Network(
        n_inputs=lstm[0][0].shape[0],
        n_outputs=len(dense[-1][1]),
        hidden_sizes=tuple(len(recurrent) for _, recurrent, _ in lstm),
        head_sizes=tuple(len(bias) for _, bias in dense[:-1]),
    )
    named: dict[str, FloatArray] = {}
    for k, (kernel, recurrent, bias) in enumerate(lstm):
        named |= {f"lstm.{k}.weight_ih": kernel.T, f"lstm.{k}.weight_hh": recurrent.T}
        named[f"lstm.{k}.bias"] = bias
    for k, (kernel, bias) in enumerate(dense[:-1]):
        named |= {f"head.{k}.weight": kernel.T, f"head.{k}.bias": bias}
    named |= _readout(network, *dense[-1])
    model = from_weights(network, named)
    if scaling is None:
        return model
    params = rescaled(network, model.params_, model.scaling_, scaling)
    return from_weights(network, network.unpack(params), scaling)


def _groups(arrays: list[FloatArray]) -> tuple[list[list[FloatArray]], list[list[FloatArray]]]:
    """Arrays by layer: LSTM layers have two matrices and a vector, Dense layers one of each."""
    lstm: list[list[FloatArray]] = []
    dense: list[list[FloatArray]] = []
    group: list[FloatArray] = []
    for array in arrays:
        group.append(array)
        if array.ndim == 1:
            (lstm if len(group) == 3 and not dense else dense).append(group)
            group = []
    kernels = [part.ndim for layer in lstm + dense for part in layer[:-1]]
    if group or not lstm or not dense or any(len(layer) != 2 for layer in dense):
        raise _foreign([array.shape for array in arrays])
    if any(ndim != 2 for ndim in kernels):
        raise _foreign([array.shape for array in arrays])
    return lstm, dense


def _readout(network: Network, kernel: FloatArray, bias: FloatArray) -> dict[str, FloatArray]:
    below = (*network.hidden_sizes[-1:], *network.head_sizes)[-1]
    whole = sum((*network.head_sizes[-1:], network.hidden_sizes[-1], network.n_inputs))
    if kernel.shape[0] == below:
        joined = np.zeros((network.n_outputs, whole))
        joined[:, :below] = kernel.T
    elif kernel.shape[0] == whole:
        joined = kernel.T
    else:
        raise ValueError(
            f"weights must end with a Dense kernel of {below} rows (on the layer below) or {whole} "
            f"(on last head layer, top LSTM layer and inputs side by side); got {kernel.shape[0]}. "
            "Build the readout of the Keras model in one of these ways."
        )
    return {**split_readout(network, joined), "readout.bias": bias}


def _foreign(shapes: list[tuple[int, ...]]) -> ValueError:
    return ValueError(
        f"weights must be {LAYOUT}, all with bias; got shapes {shapes}. "
        "Pass the weights of such a model, unchanged."
    )


def export_keras(model: Any, path: str | os.PathLike[str]) -> list[Path]:
    """Write `to_keras_weights` to an NPZ file, in order and by name.

    ``keras_model.set_weights([file[name] for name in file.files])`` with ``file = np.load(path)``
    takes them.
    """
    arrays, network = to_keras_weights(model), model.network_
    names = [
        f"lstm_{k}.{part}"
        for k in range(network.num_layers)
        for part in ("kernel", "recurrent_kernel", "bias")
    ]
    layers = [f"head_{k}" for k in range(len(network.head_sizes))] + ["readout"]
    names += [f"{layer}.{part}" for layer in layers for part in ("kernel", "bias")]
    buffer = io.BytesIO()
    named: dict[str, Any] = dict(zip(names, arrays, strict=True))
    np.savez(buffer, **named)
    replace_file(path, buffer.getvalue())
    return [Path(path)]
