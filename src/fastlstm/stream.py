"""A fitted model sample by sample, in the units of the plant, that may learn as it runs."""

from __future__ import annotations

from copy import copy
from functools import partial
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastlstm._core.online import OnlineNetwork, Path
from fastlstm.arrays import to_float
from fastlstm.frame_step import FrameStepper
from fastlstm.initial_state import states_before

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
NUMBERS = (float, int, np.floating, np.integer)


class Stream:
    r"""One sample in, its prediction out, and an update of the weights where y was measured.

    The first input tells the state in which a record begins, as in `LSTMRegressor.predict`; without
    measured y every step is a step of its free run. With y, the weights move by the normalised rule

    .. math:: \theta \leftarrow \theta - \frac{\eta}{1 + \|\phi_t\|^2} \, \phi_t^T e_t

    in standardised units, where :math:`e_t` is prediction minus measurement and :math:`\phi_t` the
    derivative of the prediction by the weights with the cell cut at the delay. Made by
    `LSTMRegressor.stream`; `model` gives what was learned back as an estimator.

    A model with an integrator runs without learning. Where its network spans several samples, the
    prediction is renewed by the last of them and stands until then: a stream cannot interpolate
    towards inputs to come, as `predict` does.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted. It is not changed.
    eta : float, default=0.1
        Normalised rate in [0, 1]; 0 never learns.
    path : {"cell", "none"}, default="none"
        What remains of the gradient in time: the path through the cell state, or nothing.

    Raises
    ------
    ValueError
        If `eta` is outside [0, 1] or `path` is unknown.
    NotFittedError
        If the model is not fitted.

    Notes
    -----
    Error bound: let :math:`\mu_t` be the part of :math:`e_t` that no weights near the present ones
    explain (disturbance, and curvature of the model). Then, from any start :math:`\theta_0` and for
    any reference weights :math:`\theta_*`, with :math:`n_t = 1 + \|\phi_t\|^2`, after every step

    .. math:: \sum_t \frac{\|e_t\|^2}{n_t} \le \frac{2}{\eta (2 - \eta)} \|\theta_0 - \theta_*\|^2
        + \frac{4}{(2 - \eta)^2} \sum_t \frac{\|\mu_t\|^2}{n_t},

    so the mean normalised error ends at a multiple of the disturbance's. Proof and limits:
    ``docs/theory/split.md``. One wild measurement moves the weights by at most
    :math:`\eta |e_t| / 2`; take outliers out before.

    References
    ----------
    W. Yu, J. Gonzalez, X. Li, "Fast training of deep LSTM networks with guaranteed stability for
    nonlinear system modeling", Neurocomputing 422, 2021: the abstract has the idea, not the rule.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlstm import LSTMRegressor
    >>> u = np.sin(np.arange(400.0) ** 1.3)
    >>> y = np.convolve(u, [0.5, 0.3, 0.2])[:400]
    >>> model = LSTMRegressor((2,), (), random_state=0, time_limit=1.0).fit(u[:, None], y)
    >>> stream = Stream(model, eta=0.5, path="none")
    >>> y_pred = [stream.step(u[t], y[t] + 1.0) for t in range(400)]  # fit never saw the offset
    >>> bool(abs(np.mean(y_pred[300:] - y[300:]) - 1.0) < 0.1)
    True
    """

    def __init__(self, model: LSTMRegressor, eta: float = 0.1, path: Path = "none") -> None:
        check_is_fitted(model)
        if not 0.0 <= eta <= 1.0:
            raise ValueError(
                f"eta must be in [0, 1]; got {eta}. Take 0.1, or less where y is noisy."
            )
        self.eta, self.path = float(eta), path
        self._model = copy(model)
        self._online = OnlineNetwork(model.network_, model.params_, path)
        self._scaling = scaling = model.scaling_
        self._y_mean, self._y_std = scaling.y_mean, scaling.y_std
        self._u_units = _units(scaling.u_mean, scaling.u_std)
        self._y_units = _units(scaling.y_mean, scaling.y_std)
        self._frame = None if model.frame_.is_plain else FrameStepper(model.frame_)
        self._scalar, self._learn_scalar = None, self._online.learn_scalar
        self._run_scalar = self._online.step_scalar
        if self._frame is not None:
            self._run_scalar = partial(_run_integrating, self._online, self._frame)
        self._fast = self._run_scalar, self._online.learn_scalar
        self._expect_first()
        in_step = model.frame_.hold == 1 and not model.frame_.is_tapped
        if in_step and len(self._u_units) == len(self._y_units) == 1:
            self._scalar = (*self._u_units[0], *self._y_units[0], float(scaling.y_std[0]))

    def step(self, u: Any, y: Any = None) -> Any:
        """Go one sample on.

        Parameters
        ----------
        u : float, or array of shape (n_inputs,)
            Input of this sample; a number for one channel.
        y : float, or array of shape (n_outputs,), optional
            Output measured at this sample. Channels that are not finite were not measured. Models
            whose `frame_` has an integrator or a wider time base do not learn and take none.

        Returns
        -------
        y_pred : float, or array of shape (n_outputs,)
            Prediction of this sample's output, made before `y` is used; a float for one channel.

        Raises
        ------
        ValueError
            If `u` is not finite, `u` or `y` has the wrong number of channels, or `y` is given and
            the model cannot learn. Nothing has moved.
        TypeError
            If `u` or `y` holds something that is no number.
        """
        if self._scalar is None or not isinstance(u, NUMBERS):
            return self._step_array(u, y)
        u_mean, u_unit, y_mean, y_unit, y_std = self._scalar
        x = (float(u) - u_mean) / u_unit
        if not isfinite(x):
            return self._step_array(u, y)
        if y is None:
            return y_mean + y_std * self._run_scalar(x)
        if self._frame is not None:
            return self._step_array(u, y)
        value = float(y) if isinstance(y, NUMBERS) else float(self._measured(y)[0])
        target = (value - y_mean) / y_unit
        return y_mean + y_std * self._learn_scalar(x, target, self.eta)

    def _step_array(self, u: Any, y: Any) -> Any:
        if not _is_plain(u, len(self._u_units)):
            u = _channels(to_float(u, "u"), len(self._u_units), "u")
        if y is not None and not self._model.frame_.in_step:
            raise ValueError(
                "y must be None for a model with an integrator or a time base of its own: its "
                f"network does not give y itself, so the rule has no error bound; got {y!r}. "
                "Follow the plant with partial_fit, or fit increments of the output."
            )
        target = None if y is None else _standardised(self._measured(y), self._y_units)
        try:
            y_pred = self._advance(_standardised(u, self._u_units), target)
        except ValueError:  # not finite
            y_pred = self._advance(self._carefully_standardised(u), target)
        y_pred = self._y_mean + self._y_std * y_pred
        return float(y_pred[0]) if len(y_pred) == 1 else y_pred

    def _advance(self, u: FloatArray, y: FloatArray | None) -> FloatArray:
        if self._frame is not None:
            return self._advance_framed(self._frame, u, y)
        if not self._begun:
            self._begin(u)
        return self._online.step(u) if y is None else self._online.learn(u, y, self.eta)[0]

    def _expect_first(self) -> None:
        """Make the next input the first one; nothing to do where a record begins at rest."""
        self._begun = self._model.initial_state_.is_rest
        if not self._begun:
            self._run_scalar = self._run_first
            self._learn_scalar = self._learn_first

    def _begin(self, u: FloatArray) -> None:
        """Put the network in the state that a first input (n_inputs,) tells, if that is finite."""
        if np.isfinite(u).all():
            self._online.state = states_before(self._model, u[None])[0]
            self._begun = True
            self._run_scalar, self._learn_scalar = self._fast

    def _run_first(self, x: float) -> float:
        self._begin(np.array([x]))
        return self._run_scalar(x)

    def _learn_first(self, x: float, target: float, eta: float) -> float:
        self._begin(np.array([x]))
        return self._learn_scalar(x, target, eta)

    def _advance_framed(
        self, frame: FrameStepper, u: FloatArray, y: FloatArray | None
    ) -> FloatArray:
        if not np.isfinite(u).all():
            raise ValueError("not finite")
        seen = frame.take(u)
        if seen is None:
            return frame.y
        if not self._begun:
            self._begin(seen)
        if y is not None:
            return self._online.learn(seen, y, self.eta)[0]
        return frame.give(self._online.step(seen))

    def _carefully_standardised(self, u: FloatArray) -> FloatArray:
        """For what overflows on the plain way."""
        x = self._scaling.scale_inputs(to_float(u, "u")[None, :])[0]
        if not np.isfinite(x).all():
            raise ValueError(
                f"u must stay near the range seen in fit; got {u}, which leaves float64. "
                "Check the unit of u."
            )
        return x

    def _measured(self, y: Any) -> FloatArray:
        """Shape (n_outputs,), NaN where nothing was measured."""
        if _is_plain(y, len(self._y_units)):
            return y
        try:
            array = np.asarray(y)
            if array.dtype.kind not in "biufO":
                raise TypeError(f"dtype {array.dtype}")
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"y must hold numbers; got {y!r} ({error}). Pass NaN for what was not measured."
            ) from error
        return _channels(array, len(self._y_units), "y")

    def reset(self, y: Any = None) -> None:
        """Begin a new record with the next sample; the weights learned so far stay.

        Parameters
        ----------
        y : float, or array of shape (n_outputs,), optional
            Outputs before the first sample, where the integrators of the model begin; by default
            those of the training records. Outputs without integrator take no notice.
        """
        if self._frame is not None:
            start = None if y is None else _channels(to_float(y, "y"), len(self._y_units), "y")
            self._frame.reset(None if start is None else _standardised(start, self._y_units))
        self._online.reset()
        self._expect_first()

    @property
    def params(self) -> FloatArray:
        """Weights as they are now, shape (n_params,), a copy."""
        return self._online.params

    def model(self) -> LSTMRegressor:
        """Return an estimator with the weights as they are now.

        What `fit` measured on its own weights (errors, `error_model_`, history) is that of the
        model the stream was made from.
        """
        model = copy(self._model)
        model.params_ = self.params
        return model


def _run_integrating(online: OnlineNetwork, frame: FrameStepper, x: float) -> float:
    return frame.give_one(online.step_scalar(x))


def _units(mean: FloatArray, std: FloatArray) -> list[tuple[float, float]]:
    """Mean and unit per channel; a constant one says nothing, infinity makes it zero."""
    return [(m, s if s > 0.0 else inf) for m, s in zip(mean.tolist(), std.tolist(), strict=True)]


def _standardised(values: FloatArray, units: list[tuple[float, float]]) -> FloatArray:
    # For few channels quicker than arithmetic on arrays, and overflow is silent.
    return np.array([(x - m) / s for x, (m, s) in zip(values.tolist(), units, strict=True)])


def _is_plain(value: Any, n_channels: int) -> bool:
    """Whether nothing needs to be converted or said about an array."""
    return type(value) is np.ndarray and value.dtype == np.float64 and value.shape == (n_channels,)


def _channels(array: FloatArray, n_channels: int, name: str) -> FloatArray:
    """Shape (n_channels,); a number is one channel."""
    if array.shape == () and n_channels == 1:
        return array.reshape(1)
    if array.shape != (n_channels,):
        raise ValueError(
            f"{name} must have shape ({n_channels},), one value per channel used in fit, in the "
            f"same order; got shape {array.shape}. Pass one sample at a time."
        )
    return array
