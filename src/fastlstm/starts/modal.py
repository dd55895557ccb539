r"""A linear model in modal form, and its free run on given records.

.. math:: z_j(t) = \lambda_j z_j(t-1) + b_j' u(t), \qquad
    y(t) = \sum_j \kappa_j \mathrm{Re}(c_j z_j(t)) + D u(t) + d

with :math:`\kappa = 1` for a real pole and 2 for the upper one of a conjugate pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastlstm._core.modal import differentiate_modes, drive_modes
from fastlstm.records import Records
from fastlstm.starts.realization import stable_poles

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

NEGLIGIBLE = 1e-12  # relative size below which a free response is cut off


@dataclass(frozen=True)
class Modes:
    """Linear model in modal form with the initial state of every record.

    Parameters
    ----------
    poles : complex array of shape (n_modes,)
        Real poles and the upper half of the conjugate pairs.
    gains_in : complex array of shape (n_modes, n_inputs)
        b, real for a real pole.
    gains_out : complex array of shape (n_outputs, n_modes)
        c, real for a real pole.
    direct : array of shape (n_outputs, n_inputs)
        D.
    bias : array of shape (n_outputs,)
        d.
    initial : complex array of shape (n_records, n_modes)
        z before the first sample of every record.
    """

    poles: ComplexArray
    gains_in: ComplexArray
    gains_out: ComplexArray
    direct: FloatArray
    bias: FloatArray
    initial: ComplexArray

    @classmethod
    def from_state_space(cls, A: FloatArray, B: FloatArray, C: FloatArray, n_records: int) -> Modes:
        """Modal form of (A, B, C) without direct part; unstable poles are projected."""
        found, vectors = np.linalg.eig(A)
        poles: ComplexArray = found.astype(np.complex128)
        gains_in = np.linalg.lstsq(vectors, B.astype(complex), rcond=1e-12)[0]
        gains_out = C @ vectors
        upper = poles.imag >= 0
        poles, gains_in, gains_out = poles[upper], gains_in[upper], gains_out[:, upper]
        real = poles.imag == 0
        return cls(
            stable_poles(poles),
            np.where(real[:, None], gains_in.real, gains_in).astype(complex),
            np.where(real, gains_out.real, gains_out).astype(complex),
            np.zeros((len(C), B.shape[1])),
            np.zeros(len(C)),
            np.zeros((n_records, len(poles)), dtype=complex),
        )

    @property
    def output_weights(self) -> ComplexArray:
        """Gains c times kappa, shape (n_outputs, n_modes)."""
        return self.gains_out * np.where(self.poles.imag == 0, 1.0, 2.0)

    def state_space(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Real block-diagonal (A, B, C)."""
        blocks, rows_in, columns_out = [], [], []
        weights = self.output_weights
        for j, pole in enumerate(self.poles):
            gain_in, weight = self.gains_in[j], weights[:, j]
            if pole.imag == 0:
                blocks.append(np.array([[pole.real]]))
                rows_in.append(gain_in.real[None])
                columns_out.append(weight.real[:, None])
            else:
                blocks.append(np.array([[pole.real, -pole.imag], [pole.imag, pole.real]]))
                rows_in.append(np.stack([gain_in.real, gain_in.imag]))
                columns_out.append(np.stack([weight.real, -weight.imag], axis=1))
        return (
            np.asarray(linalg.block_diag(*blocks)),
            np.concatenate(rows_in),
            np.hstack(columns_out),
        )

    def at_rest(self, n_records: int) -> Modes:
        """Move the model to other records, with zero initial states."""
        return replace(self, initial=np.zeros((n_records, len(self.poles)), dtype=complex))

    def scaled(self, power: FloatArray) -> Modes:
        """Divide mode j by ``power[j]`` without changing the model."""
        return replace(
            self,
            gains_in=self.gains_in / power[:, None],
            gains_out=self.gains_out * power,
            initial=self.initial / power,
        )


@dataclass(frozen=True)
class Signals:
    """What one simulation leaves behind; time is the last axis, real parts come first."""

    driven: FloatArray  # (2, n_modes, n_inputs, n_total): modes driven by one input each
    modes: FloatArray  # (2, n_modes, n_total)
    free: ComplexArray  # (n_modes, n_steps): pole ** (t + 1) until it is negligible
    error: FloatArray  # (n_outputs, n_total): measured minus simulated


class FreeRun:
    """Simulations of modal models on given records.

    Parameters
    ----------
    records : Records
        With outputs.
    rows : bool array of shape (n_total,)
        Rows that count in a fit, every output with its weight where the records have weights.
    begun : bool
        Whether these are several records as they were measured, so that how they begin says much.
    """

    def __init__(self, records: Records, rows: NDArray[np.bool_], *, begun: bool = False) -> None:
        if records.y is None:
            raise ValueError("records must hold measured outputs; got y=None. Pass y as well.")
        self.records, self.rows, self.begun = records, rows, begun
        self.u = np.ascontiguousarray(records.u.T)
        self.y = np.ascontiguousarray(records.y.T)
        self.weights = None if records.weights is None else (records.weights * rows[:, None]).T
        self.counted = None if rows.all() else np.flatnonzero(rows)

    def picked(self, signals: FloatArray) -> FloatArray:
        """Columns of the rows that count, all of them as they are."""
        return signals if self.counted is None else signals[:, self.counted]

    def simulate(self, modes: Modes) -> Signals:
        """Free run of all records from their initial states."""
        driven = drive_modes(modes.poles, self.u, self.records.offsets)
        z = _mixed(modes.gains_in, driven)
        free = _free_responses(modes.poles, int(self.records.lengths.max()))
        if np.any(modes.initial):
            for rows, start in zip(self.records.slices(), modes.initial, strict=True):
                stop = min(rows.stop, rows.start + free.shape[1])
                response = free[:, : stop - rows.start] * start[:, None]
                z[0, :, rows.start : stop] += response.real
                z[1, :, rows.start : stop] += response.imag
        weights = modes.output_weights
        error = self.y - modes.bias[:, None]
        error -= modes.direct @ self.u
        error -= _weighted(weights.real, z[0])
        error += _weighted(weights.imag, z[1])
        return Signals(driven, z, free, error)

    def pole_derivatives(self, modes: Modes, z: FloatArray) -> FloatArray:
        """Differentiate every mode by its pole; shape (2, n_modes, n_total)."""
        return differentiate_modes(modes.poles, z, modes.initial, self.records.offsets)

    def mean_square(self, error: FloatArray, rows: NDArray[np.bool_] | None = None) -> float:
        """Mean squared error over `rows`, or over the rows that count."""
        rows = self.rows if rows is None else rows
        weights = self.records.weights_of(rows)
        if weights is not None:
            total = float(np.sum(weights))
            return float(np.sum(weights.T * error[:, rows] ** 2)) / total if total > 0.0 else 0.0
        picked = error[:, rows]
        return float(np.mean(picked**2)) if picked.size else 0.0


def _weighted(weights: FloatArray, signals: FloatArray) -> FloatArray:
    """Product of (n_outputs, n_modes) and (n_modes, n_total).

    That of a single output is summed mode by mode: the same bits with every BLAS.
    """
    if len(weights) > 1:
        return weights @ signals
    total = np.zeros((1, signals.shape[1]))
    for weight, signal in zip(weights[0], signals, strict=True):
        total += weight * signal
    return total


def _mixed(gains: ComplexArray, driven: FloatArray) -> FloatArray:
    """Sum over the inputs of gain times mode, shape (2, n_modes, n_total)."""
    re, im = gains.real[:, :, None], gains.imag[:, :, None]
    mixed = np.zeros((2, len(gains), driven.shape[-1]))
    for k in range(gains.shape[1]):
        mixed[0] += re[:, k] * driven[0, :, k] - im[:, k] * driven[1, :, k]
        mixed[1] += re[:, k] * driven[1, :, k] + im[:, k] * driven[0, :, k]
    return mixed


def _free_responses(poles: ComplexArray, longest: int) -> ComplexArray:
    slowest = np.max(np.abs(poles))
    n_steps = np.ceil(np.log(NEGLIGIBLE) / np.log(slowest)) if slowest > 0 else 1
    n_steps = max(1, int(min(n_steps, longest)))
    return np.multiply.accumulate(np.broadcast_to(poles[:, None], (len(poles), n_steps)), axis=1)
