"""A linear model behind bent inputs, and a network of two layers that begins as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.bends import Bends, layers_behind
from fastlstm.starts.embedding import SPARE_SCALE, embed
from fastlstm.starts.lagged import with_lagged
from fastlstm.starts.linear import LinearModel, identify

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MAX_ORDER = 4  # of the linear model: there are many inputs
GATE_SPREAD = 0.02  # of weights to gates: bent inputs are many, and large
SMALLEST_STD = 1e-6  # of a bent input


@dataclass(frozen=True)
class BentLinear:
    """Hammerstein model: curves in front of the poles of a linear model.

    Parameters
    ----------
    bends : Bends
    mean : array of shape (n_units,)
        Taken off what the bends make of the inputs.
    linear : LinearModel
        Of the rest; without direct part, since layers have none: states without memory stand for
        it.
    """

    bends: Bends
    mean: FloatArray
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
        bent = bends.bent(records)
        mean, std = bent.u.mean(axis=0), np.maximum(bent.u.std(axis=0), SMALLEST_STD)
        scaled = replace(bent, u=(bent.u - mean) / std)
        found = identify(scaled, order=order, max_order=max_order, rows=rows)
        return cls(bends, mean, _without_direct(found, scaled, std))

    @property
    def order(self) -> int:
        """Number of states with memory."""
        return self.linear.order - len(self.linear.bias)

    def simulate(self, records: Records) -> FloatArray:
        """Free run from rest, shape (n_total, n_outputs)."""
        bent = self.bends.bent(records)
        return self.linear.simulate(replace(bent, u=bent.u - self.mean))

    def network(self, width: int, head: tuple[int, ...]) -> Network:
        """Return the structure that begins as this model: bends, then at least `width` units."""
        sizes = self.bends.n_units, max(width, self.linear.order)
        return Network(self.bends.n_inputs, len(self.linear.bias), sizes, head)

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
        n_bent, n_units = self.bends.n_units, network.hidden_sizes[0]
        behind = layers_behind(network)
        _, params = self.bends.in_front(behind, self.behind(behind, rng, scale))
        seen = network.unpack(params)["lstm.0.weight_ih"][2 * n_units + n_bent : 3 * n_units]
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
        n_bent, width = self.bends.n_units, network.hidden_sizes[0]
        linear = with_lagged(self.linear, network.n_inputs - n_bent)
        params = embed(linear, network, rng=rng, scale=scale, gate_spread=GATE_SPREAD)
        weights, candidate = network.unpack(params), slice(2 * width, 3 * width)
        seen = weights["lstm.0.weight_ih"][candidate, :n_bent]
        weights["lstm.0.bias"][candidate] -= seen @ self.mean
        weights["readout.input"][:] = 0.0
        return params


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
