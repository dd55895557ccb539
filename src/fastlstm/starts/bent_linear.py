"""A linear model behind bent inputs, and a network of two layers that begins as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.bends import Bends, layers_behind
from fastlstm.starts.bent_inputs import BentInputs
from fastlstm.starts.embedding import SPARE_SCALE, embed
from fastlstm.starts.lagged import with_lagged
from fastlstm.starts.linear import LinearModel, identify

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MAX_ORDER = 4  # of the linear model: there are many inputs
RELATIVE_RANK = 1e-6  # of the largest singular value, below which a sum does not count
GATE_SPREAD = 0.02  # of weights to gates: bent inputs are many, and large


@dataclass(frozen=True)
class BentLinear:
    """Hammerstein model: curves in front of the poles of a linear model.

    Parameters
    ----------
    inputs : BentInputs
        Of the linear model.
    found : LinearModel
    linear : LinearModel
        The same without direct part, since layers have none: states without memory stand for it.
        Its inputs have no mean, and the scale that the bends give them.
    """

    inputs: BentInputs
    found: LinearModel
    linear: LinearModel

    @classmethod
    def identify(
        cls,
        records: Records,
        bends: Bends,
        rows: BoolArray,
        max_order: int = MAX_ORDER,
        order: int | None = None,
    ) -> BentLinear:
        """Identify the linear model, see `starts.linear.identify`.

        Parameters
        ----------
        records : Records
            Standardised, with outputs.
        bends : Bends
        rows : bool array of shape (n_total,)
            Rows that count.
        max_order : int
            Of its states at most.
        order : int, optional
            Of its states, where it is known; the best on held-out rows when None.
        """
        inputs = BentInputs.of(bends, records)
        scaled = inputs.made_of(records)
        found = identify(scaled, order=order, max_order=max_order, rows=rows)
        return cls(inputs, found, _without_direct(found, scaled, inputs.std))

    @property
    def order(self) -> int:
        """Number of states with memory."""
        return self.found.order

    def simulate(self, records: Records) -> FloatArray:
        """Free run from rest, shape (n_total, n_outputs)."""
        return self.found.simulate(self.inputs.made_of(records))

    def network(self, width: int, head: tuple[int, ...]) -> Network:
        """Return the structure that begins as this model: bends, then at least `width` units."""
        bends = self.inputs.bends
        sizes = bends.n_units, max(width, self.linear.order)
        return Network(bends.n_inputs, len(self.linear.bias), sizes, head)

    def embedded(self, network: Network, rng: np.random.Generator, scale: float) -> FloatArray:
        """Return parameters of such a network; errors are of the order of scale squared.

        Parameters
        ----------
        network : Network
            With at least as many units in the first layer as there are bends, and in the second as
            the linear model has states.
        rng : numpy Generator
        scale : float
            Standard deviation of the h that carry the states.
        """
        bends, n_units = self.inputs.bends, network.hidden_sizes[0]
        behind = layers_behind(network)
        _, params = bends.in_front(behind, self.behind(behind, rng, scale))
        seen = network.unpack(params)["lstm.0.weight_ih"][2 * n_units + bends.n_units : 3 * n_units]
        seen[:] = SPARE_SCALE * rng.standard_normal(seen.shape)
        return params

    def behind(self, network: Network, rng: np.random.Generator, scale: float) -> FloatArray:
        """Return parameters of the layers behind the bends; they see no input past them.

        Parameters
        ----------
        network : Network
            Whose inputs are the bends, and as many more as there are spare units.
        rng : numpy Generator
        scale : float
        """
        n_bent, width = self.inputs.bends.n_units, network.hidden_sizes[0]
        linear = with_lagged(self.linear, network.n_inputs - n_bent)
        params = embed(linear, network, rng=rng, scale=scale, gate_spread=GATE_SPREAD)
        weights, candidate = network.unpack(params), slice(2 * width, 3 * width)
        seen = weights["lstm.0.weight_ih"][candidate, :n_bent]
        weights["lstm.0.bias"][candidate] -= seen @ self.inputs.mean
        weights["readout.input"][:] = 0.0
        return params

    def on_curves(self) -> tuple[BentInputs, LinearModel]:
        """Return the sums of bent inputs that the model sees, and this model of them.

        One per state and output at most. The wide steps, which are nearly the inputs as they are,
        come along, so that what follows may use these as well.
        """
        inputs, found = self.inputs, self.found
        _, sizes, directions = svd(np.concatenate([found.B, found.D]), full_matrices=False)
        seen = directions[sizes > RELATIVE_RANK * sizes[0]].T
        wide = np.eye(inputs.bends.n_units)[:, inputs.bends.is_wide]
        B, D = (np.pad(gains @ seen, ((0, 0), (0, wide.shape[1]))) for gains in (found.B, found.D))
        curves = np.concatenate([seen, wide], axis=1)
        return replace(inputs, curves=curves), replace(found, B=B, D=D)


def _without_direct(linear: LinearModel, records: Records, std: FloatArray) -> LinearModel:
    """Let a state without memory carry the direct part of every output; inputs unscaled."""
    n, n_outputs = linear.order, len(linear.bias)
    A = np.zeros((n + n_outputs, n + n_outputs))
    A[:n, :n] = linear.A
    direct = records.u @ linear.D.T
    x = np.concatenate([linear.states(records), direct], axis=1)
    return LinearModel(
        A,
        np.concatenate([linear.B, linear.D]) / std,
        np.concatenate([linear.C, np.eye(n_outputs)], axis=1),
        np.zeros_like(linear.D),
        linear.bias,
        state_covariance=x.T @ x / len(x),
        error_std=linear.error_std,
    )
