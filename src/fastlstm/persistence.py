"""A fitted estimator as the content of a model file, and back."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

import fastlstm
from fastlstm.error_model import ErrorModel
from fastlstm.exceptions import ModelFileError
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.model_file import ModelContent, read_model, write_model
from fastlstm.model_upgrade import upgraded
from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.settings import Settings
from fastlstm.solvers.registry import from_plain, to_plain
from fastlstm.training_record import RECORD_IN_FILE, is_training_record

FloatArray = NDArray[np.float64]
TEXTS = ("solver_", "status_", "message_", "start_")
NUMBERS = ("rmse_train_", "rmse_validation_")
TIMES = ("fit_time_", "cpu_time_")
NAMES = {  # of channels: key in the file, attribute, whether of inputs
    "feature_names": ("feature_names_in_", True),
    "output_names": ("output_names_", False),
    "input_units": ("input_units_", True),
    "output_units": ("output_units_", False),
}
COUNTS = ("washout_", "n_iter_")
MAX_HOLD = MAX_DELAY = 10**6  # samples
SCALING = ("u_mean", "u_std", "y_mean", "y_std")


def save_model(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to `path`, atomically."""
    arrays = {
        **model.network_.unpack(model.params_),
        **{f"scaling.{name}": getattr(model.scaling_, name) for name in SCALING},
        "input.range": model.input_range_,
        "frame.gains": model.frame_.gains,
        "frame.levels": model.frame_.levels,
        **_delays(model.frame_),
        "initial.offset": model.initial_state_.offset,
        "initial.slope": model.initial_state_.slope,
        "error_model.coef": model.error_model_.coef,
        "training.loss_curve": np.array(model.loss_curve_, dtype=np.float64),
    }
    record = model.training_record_
    description = {
        "fastlstm_version": fastlstm.__version__,
        "numpy_version": np.__version__,
        "scikit_learn_version": sklearn.__version__,
        "parameters": plain_parameters(model.get_params(deep=False)),
        "one_column": model._one_column,
        **{key: _listed(getattr(model, attribute, None)) for key, (attribute, _) in NAMES.items()},
        "sampling_time": None if model.sampling_time_ is None else float(model.sampling_time_),
        "hold": model.frame_.hold,
        "counts": {name: int(getattr(model, name)) for name in COUNTS},
        "texts": {name: str(getattr(model, name)) for name in TEXTS},
        "numbers": {name: _finite_or_none(getattr(model, name)) for name in NUMBERS},
        "training_record": None if record is None else {k: record[k] for k in RECORD_IN_FILE},
        # all that depends on the clock, so that the same fit gives the same file but for this
        "clock": {
            "date": None if record is None else record["date"],
            **{name: _finite_or_none(getattr(model, name)) for name in TIMES},
        },
    }
    content = ModelContent(model.network_, arrays, description, lags=model.frame_.lags)
    write_model(path, content)


def load_into(model: Any, path: str | os.PathLike[str]) -> Any:
    """Give a new estimator the arguments and everything learned that `path` holds.

    Raises
    ------
    ModelFileError
        If the file is not a model file or contradicts itself.
    """
    content = read_model(path)
    defaults = model.get_params(deep=False)
    description = upgraded(content.description, content.version, defaults)
    reader = _Reader(description, os.fspath(path))
    reader.set_parameters(model)
    network, arrays = content.network, content.arrays
    model.network_, model.params_ = network, network.pack(arrays)
    n_inputs = network.n_inputs - sum(content.lags)
    model.n_features_in_, model.n_outputs_ = n_inputs, network.n_outputs
    model.scaling_ = Scaling(*(arrays[f"scaling.{name}"] for name in SCALING))
    model.frame_ = reader.frame(arrays, network.n_outputs, content.lags)
    model.input_range_ = arrays.get("input.range", model.scaling_.likely_inputs)
    model.initial_state_ = _initial_state(network, arrays)
    model.error_model_ = ErrorModel(arrays["error_model.coef"])
    model.loss_curve_ = arrays["training.loss_curve"].tolist()
    model.history_ = ()
    model._one_column = reader.one_column(network.n_outputs)
    for key, (attribute, of_inputs) in NAMES.items():
        names = reader.channel_names(key, n_inputs if of_inputs else network.n_outputs)
        if names is not None:
            setattr(model, attribute, np.array(names, dtype=object))
    model.sampling_time_ = reader.sampling_time()
    model.training_record_ = reader.training_record(network.n_outputs)
    reader.set_report(model)
    return model


def _delays(frame: Frame) -> dict[str, FloatArray]:
    return {"frame.delays": np.array(frame.delays, dtype=np.float64)} if frame.is_delayed else {}


def _initial_state(network: Network, arrays: dict[str, FloatArray]) -> InitialState:
    """Files of format 1 and 2 know none: their models begin at rest."""
    if "initial.offset" not in arrays:
        return InitialState.rest(network)
    return InitialState(arrays["initial.offset"], arrays["initial.slope"])


class _Reader:
    """Takes checked values out of the description of a model file."""

    def __init__(self, description: dict[str, Any], path: str) -> None:
        self._description = description
        self._path = path

    def _error(self, key: str) -> ModelFileError:
        return ModelFileError(
            f"path must name a whole file written by LSTMRegressor.save; {self._path!r} has no "
            f"usable {key!r}. Save the model again, or take an intact copy."
        )

    def set_parameters(self, model: Any) -> None:
        """Pass on the constructor arguments, checked as `fit` does."""
        parameters = self._group("parameters", tuple(model.get_params(deep=False)))
        for name in ("hidden_sizes", "head_sizes", "input_delays", "input_lags"):
            if isinstance(parameters[name], list):
                parameters[name] = tuple(parameters[name])
        try:
            parameters["solver"] = from_plain(parameters["solver"])
            Settings.of(parameters)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._error("parameters") from error
        model.set_params(**parameters)

    def one_column(self, n_outputs: int) -> bool:
        """Whether the outputs were 1-D arrays."""
        value = self._description.get("one_column")
        if not isinstance(value, bool) or (value and n_outputs != 1):
            raise self._error("one_column")
        return value

    def frame(self, arrays: dict[str, FloatArray], n_outputs: int, lags: tuple[int, ...]) -> Frame:
        """Taps, time base and integrators; files of format 1 have none."""
        if "frame.gains" not in arrays:
            return replace(Frame.plain(n_outputs), lags=lags)
        hold = self._description.get("hold")
        if type(hold) is not int or not 1 <= hold <= MAX_HOLD:
            raise self._error("hold")
        delays = arrays.get("frame.delays", np.zeros(0))
        if np.any((delays < 0.0) | (delays > MAX_DELAY) | (delays != np.round(delays))):
            raise self._error("frame.delays")
        found = tuple(int(delay) for delay in delays)
        frame = Frame(arrays["frame.gains"], arrays["frame.levels"], hold, found, lags)
        if frame.longest_delay > MAX_DELAY:
            raise self._error("input_lags")
        return frame

    def channel_names(self, key: str, n_channels: int) -> list[str] | None:
        """Names of input or output channels, if known."""
        names = self._description.get(key)
        if names is None:
            return None
        if not isinstance(names, list) or len(names) != n_channels:
            raise self._error(key)
        if not all(isinstance(name, str) for name in names):
            raise self._error(key)
        return names

    def set_report(self, model: Any) -> None:
        """How the training went."""
        for name, value in self._group("counts", COUNTS).items():
            if type(value) is not int or value < 0:
                raise self._error(name)
            setattr(model, name, value)
        for name, value in self._group("texts", TEXTS).items():
            if not isinstance(value, str):
                raise self._error(name)
            setattr(model, name, value)
        clock = self._group("clock", ("date", *TIMES))
        numbers = self._group("numbers", NUMBERS) | {name: clock[name] for name in TIMES}
        for name, value in numbers.items():
            if value is not None and not (type(value) is float and math.isfinite(value)):
                raise self._error(name)
            setattr(model, name, math.nan if value is None else value)

    def sampling_time(self) -> float | None:
        """Seconds between steps, if known."""
        value = self._description.get("sampling_time")
        known = type(value) is float and math.isfinite(value) and value > 0.0
        if not (value is None or known):
            raise self._error("sampling_time")
        return value

    def training_record(self, n_outputs: int) -> dict[str, Any] | None:
        """Say what the model was trained on; files before format 3 do not say."""
        date = self._group("clock", ("date", *TIMES))["date"]
        record = self._description.get("training_record")
        if record is None and date is None:
            return None
        whole = {**record, "date": date} if isinstance(record, dict) else record
        if not is_training_record(whole, n_outputs):
            raise self._error("training_record")
        return whole

    def _group(self, key: str, names: tuple[str, ...]) -> dict[str, Any]:
        group = self._description.get(key)
        if not isinstance(group, dict) or set(group) != set(names):
            raise self._error(key)
        return group


def plain_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Arguments as JSON values; a RandomState has none and becomes None."""
    if isinstance(parameters["random_state"], np.random.RandomState):
        parameters = {**parameters, "random_state": None}
    settings = Settings.of(parameters)
    sizes = {"hidden_sizes": settings.hidden_sizes, "head_sizes": settings.head_sizes}
    listed = {name: "auto" if value is None else list(value) for name, value in sizes.items()}
    steps = {"input_delays": settings.input_delays, "input_lags": settings.input_lags}
    plain = {**parameters, **listed, **{name: _plain_steps(x) for name, x in steps.items()}}
    plain["solver"] = to_plain(plain["solver"])
    weights = settings.output_weights
    plain["output_weights"] = None if weights is None else weights.tolist()
    return {name: v.item() if isinstance(v, np.generic) else v for name, v in plain.items()}


def _plain_steps(steps: tuple[int, ...] | int | None) -> str | int | list[int]:
    """Delays or lags as a JSON value."""
    if steps is None or isinstance(steps, int):
        return "auto" if steps is None else steps
    return list(steps) or 0


def _listed(names: Any) -> list[str] | None:
    return None if names is None else [str(name) for name in names]


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
