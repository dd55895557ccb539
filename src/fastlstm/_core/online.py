"""A network that learns while it runs: forward, regressor and normalised update in one pass.

`reference_online` has the readable twin.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels
from fastlstm._core.conversion import dense, structure
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
Path = Literal["cell", "none"]
PATHS: tuple[Path, ...] = ("cell", "none")


class OnlineNetwork:
    r"""Weights, state and traces that go on step by step and may learn at every step.

    The LSTM cell is cut at the delay. With the regressor :math:`\phi_t = dy_t/d\theta` by ordinary
    back-propagation through head and layers, never back in time, and the error
    :math:`e_t` = prediction - measurement, one step moves the weights by

    .. math:: \theta \leftarrow \theta - \frac{\eta}{1 + \|\phi_t\|_F^2} \, \phi_t^T e_t .

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
        Copied.
    path : {"cell", "none"}, default="cell"
        What remains of the gradient in time: "none" takes ``h_{t-1}`` and ``c_{t-1}`` as given,
        "cell" takes ``h_{t-1}`` as given and carries
        ``trace_t = f_t * trace_{t-1} + d c_t / d theta`` forward for the gates i, f, g.

    Raises
    ------
    ValueError
        If `path` is unknown or `params` has the wrong length.

    Notes
    -----
    float64, O(n_params) per step with or without learning, for any number of outputs. Traces are
    carried by every step, also by those that learn nothing, and stay when weights move. A call from
    a second thread waits for the first; whole records release the interpreter lock.

    References
    ----------
    ``docs/theory/split.md``, "Sample by sample".

    Examples
    --------
    >>> network = Network(1, 1, (2,))
    >>> online = OnlineNetwork(network, np.zeros(network.n_params))
    >>> for _ in range(20):
    ...     y_pred, phi_norm2 = online.learn(np.array([0.5]), np.array([2.0]), eta=1.0)
    >>> bool(abs(y_pred[0] - 2.0) < 1e-4)
    True
    """

    def __init__(self, network: Network, params: FloatArray, path: Path = "cell") -> None:
        if path not in PATHS:
            raise ValueError(
                f"path must be one of {PATHS}; got {path!r}. "
                "Take 'cell' for the gradient through the cell state, 'none' for none in time."
            )
        self.network, self.path = network, path
        self._kernel = _kernels.Online(structure(network), dense(params), path == "cell")
        # Python floats in and out, for one input and one output; nothing else between the caller
        # and the kernel.
        self.step_scalar = self._kernel.step_scalar
        self.learn_scalar = self._kernel.learn_scalar

    def step(self, u: FloatArray) -> FloatArray:
        """One step forward.

        Parameters
        ----------
        u : float64 array of shape (n_inputs,)
            Finite.

        Returns
        -------
        y_pred : array of shape (n_outputs,)

        Raises
        ------
        ValueError, TypeError
            If `u` has another shape or dtype or is not finite; nothing has moved then.
        """
        y_pred = np.empty(self.network.n_outputs)
        self._kernel.step(u, y_pred)
        return y_pred

    def learn(self, u: FloatArray, y: FloatArray, eta: float) -> tuple[FloatArray, float]:
        """One step forward, then one update of the weights.

        Parameters
        ----------
        u : float64 array of shape (n_inputs,)
            Finite.
        y : float64 array of shape (n_outputs,)
            Measured outputs. An entry that is not finite was not measured: its row is left out of
            the regressor, and where nothing was measured the weights stay.
        eta : float
            Normalised rate in [0, 1].

        Returns
        -------
        y_pred : array of shape (n_outputs,)
            Made before the update.
        phi_norm2 : float
            Squared Frobenius norm of the regressor of the measured outputs.
        """
        y_pred = np.empty(self.network.n_outputs)
        self._kernel.learn(u, y, eta, y_pred)
        return y_pred, self._kernel.phi_norm2()

    def run(self, u: FloatArray) -> FloatArray:
        """Step through a whole record (n_timesteps, n_inputs); return (n_timesteps, n_outputs)."""
        return self._kernel.run(dense(u))

    def learn_record(
        self, u: FloatArray, y: FloatArray, eta: float, washout: int = 0
    ) -> FloatArray:
        """Learn from a whole record, sample by sample.

        Parameters
        ----------
        u : array of shape (n_timesteps, n_inputs)
        y : array of shape (n_timesteps, n_outputs)
            Not finite where nothing was measured.
        eta : float
            Normalised rate in [0, 1].
        washout : int
            First steps that drive state and traces without an update.

        Returns
        -------
        y_pred : array of shape (n_timesteps, n_outputs)
            Each step predicted before its own update.
        """
        return self._kernel.learn_record(dense(u), dense(y), eta, washout)

    def reset(self) -> None:
        """State and traces to zero; the weights stay."""
        self._kernel.set_state(np.zeros((2, self.network.n_units)))
        self._kernel.set_trace(np.zeros(self.network.n_params))

    @property
    def params(self) -> FloatArray:
        """Weights, (n_params,), a copy; assign to set them, which keeps state and traces."""
        return self._kernel.params()

    @params.setter
    def params(self, params: FloatArray) -> None:
        self._kernel.set_params(dense(params))

    @property
    def state(self) -> FloatArray:
        """State (2, n_units), h then c, a copy; assign to set it, which keeps the traces."""
        return self._kernel.state()

    @state.setter
    def state(self, state: FloatArray) -> None:
        self._kernel.set_state(dense(state))

    @property
    def trace(self) -> FloatArray:
        """Derivative of each unit's c with respect to its own weights, in the places of `params`.

        Zero for all weights but those of the gates i, f, g, and zero throughout for path="none".
        """
        return self._kernel.trace()

    @trace.setter
    def trace(self, trace: FloatArray) -> None:
        self._kernel.set_trace(dense(trace))
