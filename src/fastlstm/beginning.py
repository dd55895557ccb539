"""How a record begins of which the first outputs were measured: state and levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.state import (
    NEARER,
    estimate_state,
    settled_state,
    similar_state,
    simulate_from,
    typical_states,
)

FloatArray = NDArray[np.float64]

CLEARLY = 5.0  # difference of logarithms of posteriors, of errors that are alike from step to step


@dataclass(frozen=True)
class Beginning:
    """One record whose state and levels before its first step are looked for.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    frame : Frame
    noise : float
        Variance of what the network cannot explain.
    u : array of shape (n_timesteps, n_inputs)
        Standardised, of the whole record.
    y : array of shape (n_init, n_outputs)
        Standardised outputs measured first; NaN where one is missing.
    guess : callable
        States (n_records, 2, n_units) that `predict` would begin in, from the first inputs of the
        network (n_records, n_columns).
    """

    network: Network
    params: FloatArray
    frame: Frame
    noise: float
    u: FloatArray
    y: FloatArray
    guess: Callable[[FloatArray], FloatArray]

    def found(self) -> tuple[FloatArray, FloatArray]:
        """State of shape (2, n_units) and levels of shape (n_outputs,), zero where none is summed.

        The state is looked for near the typical one, near the one settled at the first input and
        near that of a similar situation in the record. Of sums it may be as in training: what is
        hidden in the first outputs makes an error there that stays, and these tell little of it:
        what fits them as well by chance is not preferred to it.
        """
        network, params, driven = self.network, self.params, self._driven
        typical, spread = typical_states(network, params, driven)
        settled, n_first = settled_state(network, params, driven[0]), len(self._first)
        similar = similar_state(network, params, driven, self._run, self.y, n_first)
        starts = [(typical, spread), (settled, spread), (similar, np.sqrt(NEARER) * spread)]
        margin = 0.0
        if np.any(self.frame.integrating):
            starts.insert(0, (self.guess(driven[:1])[0], np.sqrt(NEARER) * spread))
            margin = CLEARLY
        state = estimate_state(self._run, self.y, starts, self.noise, margin)
        return state, self._levels(self._rises(state[None]))[0, 0]

    @cached_property
    def _driven(self) -> FloatArray:
        """Inputs of the record in steps of the network."""
        return self.frame.reduce(Records.from_lists([self.u])).u

    @cached_property
    def _first(self) -> FloatArray:
        """Those of the steps in which the measured outputs lie; the last may go on after them."""
        return self._driven[: -(-len(self.y) // self.frame.hold)]

    def _run(self, states: FloatArray) -> FloatArray:
        """Simulate the first steps from several states; shape (n_states, n_init, n_outputs)."""
        rises = self._rises(states)
        return rises + self._levels(rises)

    def _rises(self, states: FloatArray) -> FloatArray:
        """Simulate them with sums that begin at zero."""
        n_states, n_outputs, length = len(states), self.y.shape[1], len(self._first)
        runs = simulate_from(self.network, self.params, self._first, states).reshape(-1, n_outputs)
        n_samples = length * self.frame.hold
        offsets = np.arange(n_states + 1) * n_samples
        y = self.frame.expand(runs, offsets, np.zeros((n_states, n_outputs)))
        return y.reshape(n_states, n_samples, n_outputs)[:, : len(self.y)]

    def _levels(self, rises: FloatArray) -> FloatArray:
        """Level that an integrating output must have had, shape (n_states, 1, n_outputs)."""
        missing, on = np.isnan(self.y), self.frame.integrating.astype(np.float64)
        if not missing.any():
            return on * np.mean(self.y - rises, axis=1, keepdims=True)
        counts = np.maximum((~missing).sum(axis=0), 1)
        error = np.where(missing, 0.0, self.y - rises)
        mean = error.sum(axis=1, keepdims=True) / counts
        return on * np.where(missing.all(axis=0), self.frame.levels, mean)
