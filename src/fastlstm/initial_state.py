"""State in which a record begins of which only the inputs are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm._linalg import solve_ridge
from fastlstm.network import Network
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
LOOKS = 600  # at the states along the training records
RIDGE = 1e-3  # relative to the number of looks; inputs are standardised


@dataclass(frozen=True)
class InitialState:
    r"""What the states typically were when the input was what a record begins with.

    The state before the first step is :math:`s_0 = a + B u_0`, fitted to the states that the
    training records pass through: of all guesses that are affine in the first input, the one with
    the least squared error. For inputs that change slowly against the plant it is near the steady
    state; for white ones near the mean state.

    Parameters
    ----------
    offset : array of shape (2, n_units)
        a: h then c, layers side by side.
    slope : array of shape (2, n_units, n_inputs)
        B, per standardised input.
    """

    offset: FloatArray
    slope: FloatArray

    @classmethod
    def rest(cls, network: Network) -> InitialState:
        """Zero, whatever the input."""
        shape = (2, network.n_units)
        return cls(np.zeros(shape), np.zeros((*shape, network.n_inputs)))

    @property
    def is_rest(self) -> bool:
        """Whether it is zero, whatever the input."""
        return not (np.any(self.offset) or np.any(self.slope))

    @classmethod
    def of(
        cls, network: Network, params: FloatArray, records: Records, washout: int
    ) -> InitialState:
        """Fit it to the states of a free run from rest.

        Parameters
        ----------
        network : Network
        params : array of shape (n_params,)
        records : Records
            Standardised, in steps of the network.
        washout : int
            First steps of each record whose states still know that they began at rest.

        Notes
        -----
        One free run in float64 and a least-squares fit to `LOOKS` states, with a small ridge.
        """
        return cls.through(network, *_look(network, params, records, washout))

    @classmethod
    def through(cls, network: Network, inputs: FloatArray, states: FloatArray) -> InitialState:
        """Fit it to pairs of a first input and a state before it.

        Parameters
        ----------
        network : Network
        inputs : array of shape (n_pairs, n_inputs)
        states : array of shape (n_pairs, 2 * n_units)
        """
        if len(states) == 0 or not np.all(np.isfinite(states)):
            return cls.rest(network)
        mean_input, mean_state = inputs.mean(axis=0), states.mean(axis=0)
        slope = solve_ridge(inputs - mean_input, states - mean_state, RIDGE * len(inputs))
        shape = (2, network.n_units)
        return cls(
            (mean_state - mean_input @ slope).reshape(shape),
            np.ascontiguousarray(slope.T).reshape(*shape, network.n_inputs),
        )

    def before(self, first_inputs: FloatArray) -> FloatArray:
        """States before the first step.

        Parameters
        ----------
        first_inputs : array of shape (n_records, n_inputs)
            Standardised, inside the range seen in training.

        Returns
        -------
        array of shape (n_records, 2, n_units)
        """
        states = self.offset + np.einsum("sju,ru->rsj", self.slope, first_inputs)
        np.clip(states[:, 0], -1.0, 1.0, out=states[:, 0])
        return states


def states_before(model: Any, first_inputs: FloatArray) -> FloatArray:
    """States in which `predict` begins.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    first_inputs : array of shape (n_records, n_columns)
        Of the network, standardised; beyond the range seen in training its end counts, for a
        lagged input that of its channel.

    Returns
    -------
    array of shape (n_records, 2, n_units)
    """
    low, high = model.scaling_.scale_inputs(model.input_range_)[:, model.frame_.channels]
    return model.initial_state_.before(np.clip(first_inputs, low, high))


def _look(
    network: Network, params: FloatArray, records: Records, washout: int
) -> tuple[FloatArray, FloatArray]:
    """Look at inputs of some steps, spread over the records, and at the states before these."""
    per_record = max(2, LOOKS // records.n_records)
    inputs, states = [], []
    for u in records.split(records.u):
        first = min(max(1, washout), len(u) - 1)
        looks = np.unique(np.linspace(first, len(u) - 1, per_record).astype(int))
        state, begun = network.zero_state(1), 0
        for look in looks[looks > 0]:
            part = u[begun:look]
            _, state = simulate(
                network, params, part, np.array([0, len(part)]), state, float32=False
            )
            inputs.append(u[look])
            states.append(state.ravel())
            begun = look
    n_states = 2 * network.n_units
    return np.reshape(inputs, (-1, network.n_inputs)), np.reshape(states, (-1, n_states))
