"""The readable judge of sample-by-sample learning: the cell cut at the delay, one step at a time.

`OnlineReference` is what the compiled `OnlineNetwork` is tested against.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm._core.reference import LayerStep, _layer_step, head_forward
from fastlstm.network import Network

FloatArray = NDArray[np.float64]


class OnlineReference:
    r"""A network with its state that may move its weights after every sample.

    The regressor ``phi`` (n_outputs, n_params) is the derivative of y by ordinary back-propagation
    through the head and down the layers, with ``h_{t-1}`` taken as given. ``path="none"`` takes
    ``c_{t-1}`` as given too; ``path="cell"`` carries
    ``trace_t = f_t * trace_{t-1} + local derivative of c_t`` forward in time.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    path : {"cell", "none"}
    """

    def __init__(self, network: Network, params: FloatArray, path: str = "cell") -> None:
        self.network, self.params, self.path = network, params.copy(), path
        widths = network.hidden_sizes
        self.h = [np.zeros(n) for n in widths]
        self.c = [np.zeros(n) for n in widths]
        below = (network.n_inputs, *widths[:-1])
        # dc/d[bias, weight_ih, weight_hh] of the gates i, f, g, by unit
        self.trace = [np.zeros((3, n, 1 + n_in + n)) for n_in, n in zip(below, widths, strict=True)]

    def step(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Go one step on with input (n_inputs,); return y (n_outputs,) and phi."""
        weights = self.network.unpack(self.params)
        steps, x = [], u
        for layer in range(self.network.num_layers):
            step = _layer_step(weights, layer, x, self.h[layer], self.c[layer])
            self.h[layer], self.c[layer], x = step.h, step.c, step.h
            self._carry(layer, step)
            steps.append(step)
        y, activations = head_forward(self.network, weights, x, u)
        return y, np.stack(
            [self._regressor(weights, steps, activations, u, k) for k in range(len(y))]
        )

    def learn(self, u: FloatArray, y: FloatArray, eta: float) -> tuple[FloatArray, float]:
        """Step, then ``params -= eta / (1 + |phi|^2) * phi' e``; NaN in y is no measurement."""
        y_pred, phi = self.step(u)
        measured = np.isfinite(y)
        phi, error = phi[measured], (y_pred - y)[measured]
        norm2 = float(np.sum(phi**2))
        self.params = self.params - eta / (1.0 + norm2) * (phi.T @ error)
        return y_pred, norm2

    def _carry(self, layer: int, step: LayerStep) -> None:
        i, f, g = step.i, step.f, step.g
        local = np.stack([g * i * (1 - i), step.c_prev * f * (1 - f), i * (1 - g**2)])
        columns = np.concatenate([[1.0], step.x, step.h_prev])
        kept = f[:, None] * self.trace[layer] if self.path == "cell" else 0.0
        self.trace[layer] = kept + local[:, :, None] * columns

    def _regressor(
        self,
        weights: dict[str, FloatArray],
        steps: list[LayerStep],
        activations: list[FloatArray],
        u: FloatArray,
        k: int,
    ) -> FloatArray:
        """Row k of phi."""
        phi = {name: np.zeros(shape) for name, shape in self.network.shapes.items()}
        h = steps[-1].h
        phi["readout.hidden"][k], phi["readout.input"][k], phi["readout.bias"][k] = h, u, 1.0
        dh = weights["readout.hidden"][k]
        if activations:
            phi["readout.head"][k] = activations[-1]
            d = weights["readout.head"][k]
            for layer in reversed(range(len(activations))):
                d = d * (1 - activations[layer] ** 2)
                below = activations[layer - 1] if layer else h
                phi[f"head.{layer}.weight"] = d[:, None] * below
                phi[f"head.{layer}.bias"] = d
                d = weights[f"head.{layer}.weight"].T @ d
            dh = dh + d
        for layer in reversed(range(len(steps))):
            dh = self._layer_regressor(phi, weights, layer, steps[layer], dh)
        return self.network.pack(phi)

    def _layer_regressor(
        self,
        phi: dict[str, FloatArray],
        weights: dict[str, FloatArray],
        layer: int,
        step: LayerStep,
        dh: FloatArray,
    ) -> FloatArray:
        """Write phi of one layer; return dy/dh of the layer below at the same step."""
        tanh_c, i, f, g, o = np.tanh(step.c), step.i, step.f, step.g, step.o
        v, dz_o = dh * o * (1 - tanh_c**2), dh * tanh_c * o * (1 - o)
        columns = np.concatenate([[1.0], step.x, step.h_prev])
        of_cell = (v[:, None] * self.trace[layer]).reshape(-1, len(columns))
        rows = np.concatenate([of_cell, dz_o[:, None] * columns])
        name, n_in = f"lstm.{layer}.", len(step.x)
        phi[name + "bias"] = rows[:, 0]
        phi[name + "weight_ih"] = rows[:, 1 : 1 + n_in]
        phi[name + "weight_hh"] = rows[:, 1 + n_in :]
        local = [v * g * i * (1 - i), v * step.c_prev * f * (1 - f), v * i * (1 - g**2), dz_o]
        return weights[name + "weight_ih"].T @ np.concatenate(local)
