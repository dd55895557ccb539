r"""A fitted model near a constant input, as a linear state-space model.

With the state :math:`s` (h and c of every layer) and the step map :math:`s_t = F(s_{t-1}, u_t)`,
:math:`y_t = G(s_t, u_t)`, the model at rest at the input :math:`u_0` is in the state
:math:`s_0 = F(s_0, u_0)`. With :math:`x_t = s_{t-1} - s_0`, to first order in
:math:`\delta u = u - u_0`,

.. math:: x_{t+1} = A x_t + B \, \delta u_t, \qquad
          y_t - y_0 = C x_t + D \, \delta u_t,

where A and B are the derivatives of F, and C and D those of :math:`G(F(s, u), u)`. D is not zero:
the output of an LSTM answers the input of the same step.

An integrator behind the network, :math:`y_t = y_{t-1} + \gamma n_t` with the increments
:math:`\delta n_t = C x_t + D \, \delta u_t`, is a state more. The network rests while the output
moves on evenly; deviations are those from this straight line, without any approximation.

An input that acts d steps late, or is seen again d steps later, has its last d values as states.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from fastlstm._core.reference import LayerStep, head_forward, lstm_step
from fastlstm.exceptions import DataWarning
from fastlstm.network import Network
from fastlstm.past_inputs import with_past_inputs
from fastlstm.state import settled_state

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
MAX_NEWTON = 50
MAX_HALVINGS = 20
AT_REST = 1e-10  # change of a standardised state in one step below which it stands still


class StateSpace(NamedTuple):
    """Linear model of small signals: ``x[t+1] = A x[t] + B u[t]``, ``y[t] = C x[t] + D u[t]``.

    Parameters
    ----------
    A : array of shape (n_states, n_states)
    B : array of shape (n_states, n_inputs)
    C : array of shape (n_outputs, n_states)
    D : array of shape (n_outputs, n_inputs)
        Inputs and outputs are deviations from the operating point, in the units of the data.
    """

    A: FloatArray
    B: FloatArray
    C: FloatArray
    D: FloatArray

    @property
    def spectral_radius(self) -> float:
        """Largest absolute eigenvalue of A; below 1 small deviations die out."""
        return float(np.max(np.abs(np.linalg.eigvals(self.A))))

    def response(
        self, frequencies: ArrayLike, sampling_time: float = 1.0
    ) -> NDArray[np.complex128]:
        r"""Frequency response :math:`C (e^{j 2 \pi f T} I - A)^{-1} B + D`.

        Parameters
        ----------
        frequencies : array of shape (n_frequencies,)
            In Hz; in cycles per step where `sampling_time` is 1.
        sampling_time : float, default=1.0
            Seconds.

        Returns
        -------
        array of shape (n_frequencies, n_outputs, n_inputs)
            Output unit per input unit.
        """
        turns = np.asarray(frequencies, dtype=np.float64).ravel() * sampling_time
        z = np.exp(2j * np.pi * turns)[:, None, None]
        state = np.linalg.solve(z * np.eye(len(self.A)) - self.A, self.B[None].astype(complex))
        return (self.C @ state + self.D).astype(np.complex128, copy=False)

    def simulate(self, u: ArrayLike) -> FloatArray:
        """Output deviations (n_timesteps, n_outputs) for input deviations, from rest."""
        inputs = np.asarray(u, dtype=np.float64).reshape(-1, self.B.shape[1])
        state, y = np.zeros(len(self.A)), np.empty((len(inputs), len(self.C)))
        for t, drive in enumerate(inputs):
            y[t] = self.C @ state + self.D @ drive
            state = self.A @ state + self.B @ drive
        return y


def linearise(model: LSTMRegressor, u0: ArrayLike | None = None, hold: int = 1) -> StateSpace:
    """Linear model of a fitted model around the state at which it rests at a constant input.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    u0 : float or array of shape (n_inputs,), optional
        Constant input, in the unit of the data; the mean of the training inputs when None.
    hold : int, default=1
        Samples per step of the result, which must be ``model.frame_.hold``: the network of a slow
        plant spans several samples. Its input is then the mean over these samples, its output that
        at the last of them, and the sampling time is `hold` times that of the records.

    Returns
    -------
    StateSpace
        ``A, B, C, D`` with ``n_states = 2 * n_units`` plus one per integrator and one per step of
        delay or lag: h of all layers, c of all layers, integrating outputs (standardised), past
        inputs (newest first, input by input). The states are those of the network; inputs and
        outputs have the units of the data. Where a delay is no multiple of `hold`, inputs are taken
        as constant within every step of the result.

    Raises
    ------
    ValueError
        If `u0` has the wrong shape or is not finite, the model does not come to rest there, or
        `hold` is not that of the model.

    Warns
    -----
    DataWarning
        If the point of rest is unstable: the free run leaves it, and a frequency response around
        it describes nothing that lasts.

    Notes
    -----
    Exact derivatives, O(n_units^3); no differences are taken.

    Examples
    --------
    >>> import numpy as np
    >>> from fastlstm import LSTMRegressor
    >>> u = np.sin(np.arange(400.0) ** 1.3)[:, None]
    >>> y = np.convolve(u[:, 0], [0.5, 0.3, 0.2])[:400]
    >>> model = LSTMRegressor((2,), (), random_state=0, time_limit=1.0).fit(u, y)
    >>> A, B, C, D = linearise(model)
    >>> A.shape, D.shape
    ((4, 4), (1, 1))
    """
    check_is_fitted(model)
    if hold != model.frame_.hold:
        raise ValueError(
            f"hold must be the number of samples that a step of the network spans, "
            f"{model.frame_.hold}; got {hold}. Pass hold=model.frame_.hold; one step of the result "
            "is then as long, and its input is the mean over it."
        )
    network, params, scaling = model.network_, model.params_, model.scaling_
    channels = model.frame_.channels
    u = scaling.scale_inputs(_operating_input(model, u0)[None, :])[0][channels]
    state = _rest(network, params, u)
    _, dstate, dy = _step(network, params, state, u)
    n_states = state.size
    system = StateSpace(
        dstate[:, :n_states], dstate[:, n_states:], dy[:, :n_states], dy[:, n_states:]
    )
    if system.spectral_radius >= 1.0:
        warnings.warn(
            f"u0 should be an input at which the model settles; its point of rest there is "
            f"unstable (spectral radius {system.spectral_radius:.6g}), so a free run leaves "
            'it. Choose another u0, or train with stability="incremental".',
            DataWarning,
            stacklevel=2,
        )
    A, B, C, D = _with_integrators(system, model.frame_.gains)
    std = scaling.u_std[channels]
    per_input = np.divide(1.0, std, out=np.zeros(len(u)), where=std > 0.0)
    unit = scaling.y_std[:, None]
    system = StateSpace(A, B * per_input, unit * C, unit * D * per_input)
    return StateSpace(*with_past_inputs(*system, model.frame_))


def _with_integrators(system: StateSpace, gains: FloatArray) -> StateSpace:
    """Put integrators behind the outputs whose gain is not zero, each with a state of its own."""
    A, B, C, D = system
    on = np.flatnonzero(gains)
    direct_state, direct_input = gains[on, None] * C[on], gains[on, None] * D[on]
    below = np.hstack([direct_state, np.eye(len(on))])
    A = np.vstack([np.hstack([A, np.zeros((len(A), len(on)))]), below])
    C, D = np.hstack([C, np.zeros((len(C), len(on)))]), D.copy()
    C[on], D[on] = below, direct_input
    return StateSpace(A, np.vstack([B, direct_input]), C, D)


def _operating_input(model: LSTMRegressor, u0: ArrayLike | None) -> FloatArray:
    if u0 is None:
        return model.scaling_.u_mean
    u = np.atleast_1d(np.asarray(u0, dtype=np.float64))
    if u.shape != (model.n_features_in_,) or not np.isfinite(u).all():
        raise ValueError(
            f"u0 must have one finite value per input channel, {model.n_features_in_}; got {u0!r}. "
            "Pass the constant input in the unit of the data."
        )
    return u


def _rest(network: Network, params: FloatArray, u: FloatArray) -> FloatArray:
    """State (2 * n_units,) that the step map does not change, by Newton from a settled run."""
    state = settled_state(network, params, u).ravel()
    moved, dstate, _ = _step(network, params, state, u)
    first = float(np.max(np.abs(moved - state)))
    for _ in range(MAX_NEWTON):
        if np.max(np.abs(moved - state)) <= AT_REST * (1.0 + float(np.max(np.abs(state)))):
            return state
        try:
            loop = np.eye(len(state)) - dstate[:, : len(state)]
            direction = np.linalg.solve(loop, moved - state)
        except np.linalg.LinAlgError:
            break
        for size in 0.5 ** np.arange(MAX_HALVINGS):  # a full step may leave the gates' range
            trial = state + size * direction
            moved_trial, dstate_trial, _ = _step(network, params, trial, u)
            if np.linalg.norm(moved_trial - trial) < np.linalg.norm(moved - state):
                break
        else:
            break
        state, moved, dstate = trial, moved_trial, dstate_trial
    raise ValueError(
        f"u0 must be an input at which the model comes to rest; after a long run at u0 its state "
        f"still moves by {first:.3g} per step. Choose a u0 within the range seen in training."
    )


def _step(
    network: Network, params: FloatArray, state: FloatArray, u: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Next state, and the derivatives of it and of the output by the columns (h, c, u)."""
    weights, n_units = network.unpack(params), network.n_units
    n_columns = 2 * n_units + len(u)
    moved = np.empty(2 * n_units)
    derivative = np.empty((2 * n_units, n_columns))
    identity = np.eye(n_columns)
    x, dx, start = u, identity[2 * n_units :], 0
    for layer, width in enumerate(network.hidden_sizes):
        h, c = slice(start, start + width), slice(n_units + start, n_units + start + width)
        weight_ih, weight_hh, bias = (
            weights[f"lstm.{layer}.{name}"] for name in ("weight_ih", "weight_hh", "bias")
        )
        step = lstm_step(weight_ih, weight_hh, bias, x, state[h], state[c])
        dpreact = weight_ih @ dx + weight_hh @ identity[h]
        derivative[h], derivative[c] = _layer_derivative(step, dpreact, identity[c])
        moved[h], moved[c] = step.h, step.c
        x, dx, start = step.h, derivative[h], start + width
    return moved, derivative, _head_derivative(network, weights, x, u, dx, identity[2 * n_units :])


def _layer_derivative(
    step: LayerStep, dpreact: FloatArray, dc_prev: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Differentiate h and c, (hidden_size, n_columns), given what the preactivations have."""
    d_i, d_f, d_g, d_o = np.split(dpreact, 4)
    i, f, g, o = (gate[:, None] for gate in (step.i, step.f, step.g, step.o))
    squashed = np.tanh(step.c)[:, None]
    # c = f c_prev + i g and h = o tanh(c), by the product rule
    dc = f * dc_prev + step.c_prev[:, None] * f * (1.0 - f) * d_f
    dc = dc + g * i * (1.0 - i) * d_i + i * (1.0 - g**2) * d_g
    return squashed * o * (1.0 - o) * d_o + o * (1.0 - squashed**2) * dc, dc


def _head_derivative(
    network: Network,
    weights: dict[str, FloatArray],
    h: FloatArray,
    u: FloatArray,
    dh: FloatArray,
    du: FloatArray,
) -> FloatArray:
    """Differentiate the standardised outputs, (n_outputs, n_columns)."""
    dy = weights["readout.hidden"] @ dh + weights["readout.input"] @ du
    below = dh
    _, activations = head_forward(network, weights, h, u)
    for layer, activation in enumerate(activations):
        below = (1.0 - activation**2)[:, None] * (weights[f"head.{layer}.weight"] @ below)
    return dy + weights["readout.head"] @ below if activations else dy
