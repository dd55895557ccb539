"""A fitted estimator from weights that were trained elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_float
from fastlstm.error_model import ErrorModel
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.network import Network
from fastlstm.scaling import Scaling

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

ORIGIN = "imported"


def from_weights(
    network: Network,
    weights: Mapping[str, Any],
    scaling: Scaling | None = None,
    input_range: Any = None,
    frame: Frame | None = None,
    initial_state: InitialState | None = None,
) -> LSTMRegressor:
    """Fitted `LSTMRegressor` from weights by name.

    It predicts, saves, exports, and can be the ``start`` of a fit on your own records. What only
    training can tell is unknown: no washout, no error model (`predict_ahead` is the free run), NaN
    for the errors of the training.

    Parameters
    ----------
    network : Network
    weights : mapping of str to array-like
        By the names and with the shapes of `Network.shapes`.
    scaling : Scaling, optional
        Means and standard deviations; without it inputs and outputs are in the units of the
        network.
    input_range : array-like of shape (2, n_inputs), optional
        Smallest and largest value of every input in training; without it three standard deviations
        around the mean.
    frame : Frame, optional
        Delays and lags of the inputs, integrators behind the network and its time base; none by
        default. Every lag is an input more of the network.
    initial_state : InitialState, optional
        State in which a record begins; at rest by default.

    Returns
    -------
    LSTMRegressor

    Raises
    ------
    ValueError, TypeError
        If a weight is missing, has another shape, or is not finite.

    Examples
    --------
    >>> network = Network(1, 1, (2,))
    >>> weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    >>> from_weights(network, {**weights, "readout.bias": [3.0]}).predict([[1.0], [2.0]])
    array([3., 3.])
    """
    from fastlstm.regressor import LSTMRegressor

    params = network.pack({name: to_float(w, f"weights[{name!r}]") for name, w in weights.items()})
    model = LSTMRegressor(network.hidden_sizes, network.head_sizes)
    model.network_, model.params_ = network, params
    model.frame_ = Frame.plain(network.n_outputs) if frame is None else frame
    n_inputs = network.n_inputs - model.frame_.n_lagged
    if scaling is None:
        scaling = identity_scaling(n_inputs, network.n_outputs)
    model.scaling_ = _checked(scaling, n_inputs, network.n_outputs)
    model.input_range_ = _range(model.scaling_, input_range)
    begun = InitialState.rest(network) if initial_state is None else initial_state
    model.initial_state_ = _checked_beginning(begun, network)
    model.error_model_ = ErrorModel(np.zeros((network.n_outputs, 0)))
    model.n_features_in_, model.n_outputs_ = n_inputs, network.n_outputs
    model._one_column = network.n_outputs == 1
    model.washout_, model.n_iter_ = 0, 0
    model.solver_ = model.status_ = model.start_ = ORIGIN
    model.message_ = "weights trained elsewhere"
    model.history_, model.loss_curve_ = (), []
    model.rmse_train_ = model.rmse_validation_ = math.nan
    model.fit_time_ = model.cpu_time_ = 0.0
    model.sampling_time_ = model.training_record_ = None
    return model


def identity_scaling(n_inputs: int, n_outputs: int) -> Scaling:
    """Scaling that changes nothing."""
    return Scaling(np.zeros(n_inputs), np.ones(n_inputs), np.zeros(n_outputs), np.ones(n_outputs))


def _range(scaling: Scaling, input_range: Any) -> NDArray[np.float64]:
    if input_range is None:
        return scaling.likely_inputs
    array = to_float(input_range, "input_range")
    if array.shape != (2, len(scaling.u_mean)) or np.any(array[0] > array[1]):
        raise ValueError(
            f"input_range must have shape (2, {len(scaling.u_mean)}), smallest values first; got "
            f"{input_range!r}. Pass e.g. np.stack([u.min(axis=0), u.max(axis=0)])."
        )
    return array


def _checked_beginning(given: InitialState, network: Network) -> InitialState:
    rest, arrays = InitialState.rest(network), {}
    for name in ("offset", "slope"):
        arrays[name] = to_float(getattr(given, name), f"initial_state.{name}")
        expected = getattr(rest, name).shape
        if arrays[name].shape != expected:
            raise ValueError(
                f"initial_state.{name} must have shape {expected} for {network}; got "
                f"{arrays[name].shape}. Take it from a model of the same structure."
            )
    return InitialState(**arrays)


def _checked(scaling: Scaling, n_inputs: int, n_outputs: int) -> Scaling:
    arrays = {}
    for name in ("u_mean", "u_std", "y_mean", "y_std"):
        arrays[name] = to_float(getattr(scaling, name), f"scaling.{name}")
        count = n_inputs if name.startswith("u") else n_outputs
        if arrays[name].shape != (count,) or (name.endswith("std") and np.any(arrays[name] < 0.0)):
            raise ValueError(
                f"scaling.{name} must have shape ({count},), standard deviations >= 0; got shape "
                f"{arrays[name].shape}, least value {np.min(arrays[name], initial=math.inf):g}. "
                "Pass one number per channel."
            )
    return Scaling(**arrays)
