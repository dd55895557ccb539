"""What bends make of inputs, as inputs of a network behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import average
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.bends import Bends
from fastlstm.starts.cascade import LinearLayer
from fastlstm.starts.deepening import SCALE, deepened
from fastlstm.starts.embedding import write_head, write_layer

FloatArray = NDArray[np.float64]

SMALLEST_STD = 1e-6  # of a bent input


@dataclass(frozen=True)
class BentInputs:
    """Bent inputs, standardised, or sums of them: curves.

    Parameters
    ----------
    bends : Bends
    mean, std : arrays of shape (n_units,)
        Of what the bends make of the inputs.
    curves : array of shape (n_units, n_curves), optional
        Weights of the sums; the bent inputs themselves when None.
    """

    bends: Bends
    mean: FloatArray
    std: FloatArray
    curves: FloatArray | None = None

    @classmethod
    def of(cls, bends: Bends, records: Records) -> BentInputs:
        """Standardise by what the bends make of some records."""
        u = bends.bent(records).u
        return cls(bends, u.mean(axis=0), np.maximum(u.std(axis=0), SMALLEST_STD))

    @property
    def n_inputs(self) -> int:
        """How many inputs a network behind the bends has."""
        return self.bends.n_units if self.curves is None else self.curves.shape[1]

    def made_of(self, records: Records) -> Records:
        """Exchange the inputs of records for these."""
        bent = self.bends.bent(records)
        u = (bent.u - self.mean) / self.std
        return replace(bent, u=u if self.curves is None else u @ self.curves)

    def apart(self, behind: Network, params: FloatArray) -> tuple[Network, FloatArray]:
        """Let a network see the bent inputs themselves instead of curves; its output stays."""
        if self.curves is None:
            return behind, params
        network = replace(behind, n_inputs=self.bends.n_units)
        weights = dict(behind.unpack(params))
        for name in ("lstm.0.weight_ih", "readout.input"):
            weights[name] = weights[name] @ self.curves.T
        return network, network.pack(weights)

    def in_front(self, behind: Network, params: FloatArray) -> tuple[Network, FloatArray]:
        """Put the bends in front of a network that sees these inputs.

        Its bypass of the inputs has no place in a deeper network: one more unit per output, without
        memory, stands for it in every layer. The output changes by about `deepening.SCALE` squared,
        relative to what came that way.

        Parameters
        ----------
        behind : Network
        params : array of shape (behind.n_params,)

        Returns
        -------
        network : Network
            With one more layer.
        params : array of shape (network.n_params,)
        """
        behind, params = self.apart(behind, params)
        weights = {name: values.copy() for name, values in behind.unpack(params).items()}
        seen = weights["lstm.0.weight_ih"]
        seen /= self.std
        weights["lstm.0.bias"] -= seen @ self.mean
        direct = weights["readout.input"] / self.std
        weights["readout.bias"] -= direct @ self.mean
        weights["readout.input"][:] = 0.0
        member = behind, behind.pack(weights)
        if np.any(direct):
            member = average([member, _passing(direct, behind)], [1.0, 1.0])
        return self.bends.in_front(*member)


def _passing(direct: FloatArray, like: Network) -> tuple[Network, FloatArray]:
    """Network with the layers of another one whose output is ``direct @ u``; its head is silent."""
    n_outputs, n_inputs = direct.shape
    network = Network(n_inputs, n_outputs, (n_outputs,), (1,) * len(like.head_sizes))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    size = np.abs(direct).sum(axis=1)
    layer = LinearLayer(np.zeros((n_outputs, n_outputs)), direct, np.where(size > 0.0, size, 1.0))
    rng = np.random.default_rng(0)
    factors = write_layer(weights, "lstm.0.", layer, np.ones(n_inputs), SCALE, 0.0, rng)
    weights["readout.hidden"][:] = np.diag(factors)
    write_head(weights, network, SCALE, rng)
    return deepened(network, network.pack(weights), like.num_layers)
