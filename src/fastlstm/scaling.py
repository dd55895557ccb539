"""Standardise inputs and outputs, and back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import DataWarning
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
ROUNDING = 1e-13  # spread below this part of the largest value is rounding, not signal


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of every channel over all records.

    A standard deviation of zero marks a constant channel: a constant input is not passed on
    (it is zero for the network whatever its value), a constant output is its mean.

    Parameters
    ----------
    u_mean, u_std : array of shape (n_inputs,)
    y_mean, y_std : array of shape (n_outputs,)

    Examples
    --------
    >>> scaling = Scaling(np.zeros(1), np.ones(1), np.array([5.0]), np.array([2.0]))
    >>> scaling.unscale_outputs(np.array([[1.0]]))
    array([[7.]])
    """

    u_mean: FloatArray
    u_std: FloatArray
    y_mean: FloatArray
    y_std: FloatArray

    @classmethod
    def of(cls, records: Records) -> Scaling:
        """Statistics of records with outputs, safe for any scale that float64 can hold.

        Outputs enter with their weights; inputs drive the state at every step, so all count alike.

        Raises
        ------
        ValueError
            If an output counts nowhere.
        """
        assert records.y is not None
        of_inputs = _mean_and_std(records.u)
        if records.weights is None:
            return cls(*of_inputs, *_mean_and_std(records.y))
        silent = np.flatnonzero(~np.any(records.weights > 0.0, axis=0))
        if len(silent):
            raise ValueError(
                f"y must have measured values that count in every output channel; channels "
                f"{silent.tolist()} have none. Leave them out of y."
            )
        columns = []
        for y, weights in zip(records.y.T, records.weights.T, strict=True):
            counts = weights > 0.0
            columns.append(_mean_and_std(y[counts, None], weights[counts]))
        mean, std = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        return cls(*of_inputs, mean, std)

    @property
    def moves(self) -> bool:
        """Whether there is anything to train: an input and an output that vary."""
        return bool(np.any(self.y_std > 0.0) and np.any(self.u_std > 0.0))

    @property
    def constant_inputs(self) -> list[int]:
        """Input channels that did not vary."""
        return np.flatnonzero(self.u_std == 0.0).tolist()

    @property
    def constant_outputs(self) -> list[int]:
        """Output channels that did not vary."""
        return np.flatnonzero(self.y_std == 0.0).tolist()

    @property
    def likely_inputs(self) -> FloatArray:
        """Three standard deviations around the mean: the range of inputs where nobody noted it.

        Shape (2, n_inputs), smallest and largest.
        """
        return np.stack([self.u_mean - 3.0 * self.u_std, self.u_mean + 3.0 * self.u_std])

    def scale_inputs(self, u: FloatArray) -> FloatArray:
        """Zero mean and unit standard deviation, shape (n_timesteps, n_inputs)."""
        return _standardise(u, self.u_mean, self.u_std)

    def scale_outputs(self, y: FloatArray) -> FloatArray:
        """Zero mean and unit standard deviation, shape (n_timesteps, n_outputs)."""
        return _standardise(y, self.y_mean, self.y_std)

    def unscale_outputs(self, y: FloatArray) -> FloatArray:
        """Back to the measured unit, shape (n_timesteps, n_outputs)."""
        with np.errstate(over="ignore"):
            return self.y_mean + self.y_std * y

    def warn_about_moved_inputs(self, u: FloatArray) -> None:
        """Say so where an input moves that was constant in training: the model cannot know it."""
        moved = (self.u_std == 0.0) & np.any(u != self.u_mean, axis=0)
        if np.any(moved):
            warnings.warn(
                f"X should keep the channels constant that were constant in fit; channels "
                f"{np.flatnonzero(moved).tolist()} differ, and the model ignores them. "
                "Fit on records in which they move.",
                DataWarning,
                stacklevel=4,
            )

    def scale(self, records: Records) -> Records:
        """Standardise records."""
        y = None if records.y is None else self.scale_outputs(records.y)
        if y is not None and records.weights is not None:
            y = np.where(records.weights > 0.0, y, 0.0)
        return Records(self.scale_inputs(records.u), y, records.offsets, records.weights)


def _mean_and_std(
    x: FloatArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    exponent = _exponent(np.max(np.abs(x), axis=0))
    scaled = np.ldexp(x, -exponent)  # at most 1, so that no sum or square overflows
    if weights is None:
        mean, std = np.mean(scaled, axis=0), np.std(scaled, axis=0)
    else:
        mean = np.average(scaled, axis=0, weights=weights)
        std = np.sqrt(np.average((scaled - mean) ** 2, axis=0, weights=weights))
    constant = np.ptp(scaled, axis=0) <= ROUNDING
    mean, std = np.where(constant, scaled[0], mean), np.where(constant, 0.0, std)
    return np.ldexp(mean, exponent), np.ldexp(std, exponent)


def _standardise(x: FloatArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    exponent = _exponent(np.maximum(np.abs(mean), std))
    with np.errstate(over="ignore"):
        centred = np.ldexp(x, -exponent) - np.ldexp(mean, -exponent)
        constant = std == 0.0
        scaled = centred / np.where(constant, 1.0, np.ldexp(std, -exponent))
    return np.where(constant, 0.0, scaled)


def _exponent(largest: FloatArray) -> NDArray[np.intc]:
    return np.frexp(largest)[1]
