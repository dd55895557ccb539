"""What a model must be to be exported, and what rounding does to it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm.exceptions import ExportWarning
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState, states_before
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.scaling import Scaling

FloatArray = NDArray[np.float64]
N_PROBE = 64  # steps of the free run in which model and export are compared
AGREEMENT = 1e-9  # of the standard deviation of an output
FLOAT32_BOUND = 1e-5  # of the standard deviation of an output, free run in float32
LEARNED = {
    "network_": Network,
    "params_": np.ndarray,
    "scaling_": Scaling,
    "frame_": Frame,
    "initial_state_": InitialState,
}


def check_exportable(model: Any) -> None:
    """Refuse a model whose predictions are more than the exporters write down.

    The exporters write down `network_`, `params_`, `scaling_`, `frame_` and `initial_state_`.
    Whatever else a model does to its predictions would be lost without a word, so its free run is
    compared with what these five say.

    Parameters
    ----------
    model : LSTMRegressor

    Raises
    ------
    TypeError
        If `model` is no fitted LSTMRegressor.
    ValueError
        If a weight is not finite, or the predictions have a part that no format carries.
    """
    for name, kind in LEARNED.items():
        if not isinstance(getattr(model, name, None), kind):
            raise TypeError(
                f"model must be a fitted LSTMRegressor to be exported; got {model!r}. "
                "Call its fit, or load a model file."
            )
    if not np.isfinite(model.params_).all():
        raise ValueError(
            "model must have finite weights to be exported; got NaN or infinity. Fit it again."
        )
    scaling: Scaling = model.scaling_
    u = probe_inputs(model)
    expected, got = standard_run(model, u), free_run_steps(model, u)
    allowed = AGREEMENT * scaling.y_std + 1e-12 * np.abs(scaling.y_mean)
    if got.shape != expected.shape or np.any(np.abs(got - expected) > allowed):
        raise ValueError(
            "model must predict from network_, params_, scaling_, frame_ and initial_state_ alone "
            "to be exported; got predictions that have another part, which no format carries. "
            "Fit it without that part."
        )


def probe_inputs(model: Any, n_steps: int | None = None) -> FloatArray:
    """Make inputs in physical units that excite the model: random steps of random length, held.

    By default so many that the last `N_PROBE` of them are all answered.

    Returns
    -------
    array of shape (n_steps, n_inputs)
        Within 1.7 standard deviations of the mean; constant channels keep their value.
    """
    rng = np.random.default_rng(0)
    scaling: Scaling = model.scaling_
    unanswered = -(-model.frame_.longest_delay // model.frame_.hold)
    count = N_PROBE + unanswered if n_steps is None else n_steps
    levels = rng.uniform(-1.7, 1.7, (count, len(scaling.u_mean)))
    held = np.maximum.accumulate(np.where(rng.random(count) < 0.5, np.arange(count), 0))
    return scaling.u_mean + scaling.u_std * levels[held]


def free_run(model: Any, u: FloatArray) -> FloatArray:
    """Predict one record; the result has shape (n_timesteps, n_outputs) always.

    Parameters
    ----------
    u : array of shape (n_timesteps, n_inputs)
    """
    from fastlstm.tables import Frame

    names = getattr(model, "feature_names_in_", None)
    X = u if names is None else Frame(u, tuple(names))
    return np.asarray(model.predict(X)).reshape(len(u), -1)


def check_no_frame(model: Any, format: str, reason: str, advice: str) -> None:
    """Refuse a model with taps, an integrator or a wider time base, for lack of a place.

    Raises
    ------
    ValueError
        With the reason.
    """
    if not model.frame_.is_plain:
        frame = model.frame_
        what = f"{int(np.sum(frame.integrating))} integrators and {frame.hold} samples per step"
        if frame.is_delayed:
            what += f", inputs delayed by {list(frame.delays)} samples"
        if frame.n_lagged:
            what += f", inputs seen at {list(frame.lags)} lags"
        raise ValueError(
            f"model must have neither an integrator, delays, lags nor steps of several samples for "
            f"{format}: {reason}; got {what}. {advice}"
        )


def check_no_time_base(model: Any) -> None:
    """Refuse a model whose network spans several samples, for a graph that is one sample.

    Raises
    ------
    ValueError
        With the reason.
    """
    if model.frame_.hold > 1:
        raise ValueError(
            f"model must make one step per sample for a graph of one step; got "
            f"frame_.hold={model.frame_.hold} samples per step, between which the graph would have "
            "nothing to say. Export to C, which waits for the samples, or to onnx-sequence, or fit "
            "with samples_per_step=1."
        )


def free_run_steps(model: Any, u: FloatArray) -> FloatArray:
    """Predict with every input held for a step of the network; outputs at the ends of the steps.

    Parameters
    ----------
    u : array of shape (n_steps, n_inputs)

    Returns
    -------
    array of shape (n_steps, n_outputs)
    """
    hold = model.frame_.hold
    return free_run(model, np.repeat(u, hold, axis=0))[hold - 1 :: hold]


def standard_run(model: Any, u: FloatArray, float32: bool = False) -> FloatArray:
    """Free run as the exports compute it, in physical units.

    Parameters
    ----------
    u : array of shape (n_steps, n_inputs)
        One row per step of the network.
    """
    scaling, frame, offsets = model.scaling_, model.frame_, np.array([0, len(u)])
    held = Records.from_lists([np.repeat(scaling.scale_inputs(u), frame.hold, axis=0)])
    scaled = frame.reduce(held).u
    begun = states_before(model, scaled[:1])
    y, _ = simulate(model.network_, model.params_, scaled, offsets, begun, float32=float32)
    in_step = Frame(frame.gains, frame.levels)
    return scaling.unscale_outputs(in_step.expand(y, offsets))


def float32_error(model: Any, u: FloatArray) -> float:
    """Largest difference between the free runs in float32 and float64, in output deviations.

    Parameters
    ----------
    u : array of shape (n_timesteps, n_inputs)
        Physical units.
    """
    std = model.scaling_.y_std
    difference = np.abs(standard_run(model, u, float32=True) - standard_run(model, u))
    return float(np.max(np.where(std > 0.0, difference / np.where(std > 0.0, std, 1.0), 0.0)))


def float32_tolerance(model: Any, u: FloatArray) -> float:
    """Deviation that a float32 export may show on `u`, in output deviations.

    Warns
    -----
    ExportWarning
        If the model amplifies rounding beyond `FLOAT32_BOUND`.
    """
    error = float32_error(model, u)
    if error <= FLOAT32_BOUND:
        return FLOAT32_BOUND
    warnings.warn(
        f"model should keep a free run in float32 within {FLOAT32_BOUND:g} standard deviations of "
        f"the output; it deviates by {error:.1e}, because its dynamics amplify rounding. "
        "Export in float64, or fit a model that forgets faster.",
        ExportWarning,
        stacklevel=3,
    )
    return 10.0 * error
