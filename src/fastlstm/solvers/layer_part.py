"""One layer of a deep network as a small network of its own, fed by the frozen layers below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.hidden_states import hidden_states
from fastlstm.solvers.problem import Problem
from fastlstm.stability import StabilityConstraint
from fastlstm.stability.bounds import network_sweeps
from fastlstm.starts.embedding import write_head
from fastlstm.starts.pass_through import pass_through

FloatArray = NDArray[np.float64]

_QUIET = 0.02  # scale at which layers that are still to come pass on without distorting
_TYPICAL_H = 0.3
_LIVELY = 0.1  # scale and gate weights with which a layer begins to be trained


@dataclass(frozen=True)
class LayerPart:
    """A layer with a temporary linear readout, and where it belongs.

    Above the first layer the records of the part have inputs ``[h of the layer below, u]``: the
    layer sees h only, the bypass of the readout sees u only, as in the whole network. The other
    columns are zero and frozen.

    Parameters
    ----------
    network : Network
        The whole network.
    below : array of shape (n_params,)
        Parameters of the whole network, of which the layers below this one are used.
    layer : int
        Counted from zero.
    problem : Problem
        That of the part.
    """

    network: Network
    below: FloatArray
    layer: int
    problem: Problem

    @classmethod
    def bottom(cls, problem: Problem, rng: np.random.Generator) -> LayerPart:
        """First layer of the network of a problem; the head is random, ready to learn later."""
        network, below = problem.network, np.zeros(problem.network.n_params)
        write_head(network.unpack(below), network, _TYPICAL_H, rng)
        first = Network(network.n_inputs, network.n_outputs, network.hidden_sizes[:1])
        limit = problem.constraint and replace(problem.constraint, network=first)
        return cls(network, below, 0, replace(problem, network=first, constraint=limit))

    def taken_from(self, whole: FloatArray) -> FloatArray:
        """Parameters of the bottom part with the first layer of a whole network, readout zero."""
        weights, network = self.network.unpack(whole), self.problem.network
        return network.pack(
            {
                name: weights[name] if name.startswith("lstm.") else np.zeros(shape)
                for name, shape in network.shapes.items()
            }
        )

    def stacked(self, params: FloatArray, rng: np.random.Generator) -> tuple[LayerPart, FloatArray]:
        """Freeze this layer and put the next one on top.

        Parameters
        ----------
        params : array
            Of this part.
        rng : numpy Generator
            For the gates of the next layer.

        Returns
        -------
        part : LayerPart
        start : array
            Parameters of the next part with which it begins about as good as this one is.
        """
        network, layer = self.network, self.layer + 1
        width, validation = network.hidden_sizes[self.layer], self.problem.validation
        small = Network(
            width + network.n_inputs, network.n_outputs, network.hidden_sizes[layer : layer + 1]
        )
        problem = replace(
            self.problem,
            network=small,
            train=self._above(params, self.problem.train),
            validation=None if validation is None else self._above(params, validation),
            constraint=self._constraint_above(params, small),
        )
        part = LayerPart(network, self.assembled(params), layer, problem)
        old = self.problem.network.unpack(params)
        new = {name: np.zeros(shape) for name, shape in small.shapes.items()}
        new["readout.hidden"] = pass_through(
            new, 0, old["readout.hidden"], scale=_LIVELY, gate_spread=_LIVELY, rng=rng
        )
        new["lstm.0.weight_ih"][:, width:] = 0.0
        new["readout.input"][:, width:] = old["readout.input"][:, -network.n_inputs :]
        new["readout.bias"] = old["readout.bias"]
        return part, small.pack(new)

    def with_head(
        self, params: FloatArray, rng: np.random.Generator
    ) -> tuple[LayerPart, FloatArray]:
        """Give the top layer the head, silent at first; the inputs stay the same."""
        small = self.problem.network
        network = replace(small, head_sizes=self.network.head_sizes)
        weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
        weights.update(small.unpack(params))
        h = hidden_states(small, params, self.problem.train, float32=self.problem.float32)
        write_head(weights, network, float(h.std()), rng)
        limit = self.problem.constraint and replace(self.problem.constraint, network=network)
        part = replace(self, problem=replace(self.problem, network=network, constraint=limit))
        return part, network.pack(weights)

    @property
    def n_left(self) -> int:
        """Parts that have not been trained, this one included."""
        if self.problem.network.head_sizes:
            return 1
        return self.network.num_layers - self.layer + bool(self.network.head_sizes)

    @property
    def frozen(self) -> NDArray[np.bool_]:
        """Parameters of the part that must not move; with the head on, the LSTM layer is frozen."""
        network, n_inputs = self.problem.network, self.network.n_inputs
        frozen = np.zeros(network.n_params, dtype=bool)
        for name, (where, shape) in network.layout.items():
            mask = frozen[where].reshape(shape)
            if name == "lstm.0.weight_ih" and self.layer > 0:
                mask[:, -n_inputs:] = True
            elif name == "readout.input":
                mask[:, :-n_inputs] = True
            if network.head_sizes and name.startswith("lstm."):
                mask[:] = True
        return frozen

    def assembled(self, params: FloatArray) -> FloatArray:
        """Parameters of the whole network: layers above pass on, a missing head is silent.

        Parameters
        ----------
        params : array
            Of this part.

        Returns
        -------
        params : array
            A network that simulates like the part, up to 1e-3 of what its readout takes from h.
        """
        network, whole = self.network, self.below.copy()
        weights, part = network.unpack(whole), self.problem.network.unpack(params)
        own = f"lstm.{self.layer}."
        n_below = weights[own + "weight_ih"].shape[1]
        weights[own + "weight_ih"][:] = part["lstm.0.weight_ih"][:, :n_below]
        weights[own + "weight_hh"][:] = part["lstm.0.weight_hh"]
        weights[own + "bias"][:] = part["lstm.0.bias"]
        C, rng = part["readout.hidden"], np.random.default_rng(0)
        for layer in range(self.layer + 1, network.num_layers):
            C = pass_through(weights, layer, C, scale=_QUIET, gate_spread=0.0, rng=rng)
        weights["readout.hidden"][:] = C
        weights["readout.input"][:] = part["readout.input"][:, -network.n_inputs :]
        weights["readout.bias"][:] = part["readout.bias"]
        for name, value in part.items():
            if name == "readout.head" or name.startswith("head."):
                weights[name][:] = value
        return whole

    def _constraint_above(self, params: FloatArray, above: Network) -> StabilityConstraint | None:
        """Return that of the next part, whose first inputs stay in the box that h cannot leave."""
        constraint, n_inputs = self.problem.constraint, self.network.n_inputs
        if constraint is None:
            return None
        h = network_sweeps(self.problem.network, params, constraint.u)[-1][-1].h
        lo = np.append(h.centre - h.radius, constraint.input_lo[-n_inputs:])
        hi = np.append(h.centre + h.radius, constraint.input_hi[-n_inputs:])
        return replace(constraint, network=above, input_lo=lo, input_hi=hi)

    def _above(self, params: FloatArray, records: Records) -> Records:
        """Return records whose inputs are h of this layer, then u."""
        h = hidden_states(
            self.problem.network,
            params,
            records,
            float32=self.problem.float32,
            n_threads=self.problem.n_threads,
        )
        u = records.u[:, -self.network.n_inputs :]
        return replace(records, u=np.hstack([h, u]))
