"""The readable judge of the modal filters: one record and one mode after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fastlstm._core.modal import pair

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]


def drive_modes(poles: ComplexArray, inputs: FloatArray, offsets: IntArray) -> FloatArray:
    """Every mode driven by every input alone; see `modal.drive_modes`."""
    return pair(np.array([_filtered(pole, inputs, offsets) for pole in poles]))


def differentiate_modes(
    poles: ComplexArray, z: FloatArray, initial: ComplexArray, offsets: IntArray
) -> FloatArray:
    """Differentiate every mode by its pole; see `modal.differentiate_modes`."""
    before = np.zeros(z.shape[1:], dtype=complex)
    before[:, 1:] = z[0, :, :-1] + 1j * z[1, :, :-1]
    before[:, offsets[:-1]] = initial.T
    return pair(
        np.array([_filtered(pole, row, offsets) for pole, row in zip(poles, before, strict=True)])
    )


def _filtered(
    pole: complex, drive: FloatArray | ComplexArray, offsets: IntArray
) -> FloatArray | ComplexArray:
    """z(t) = pole z(t-1) + drive(t) along the last axis, anew in every record."""
    parts = [
        np.asarray(lfilter([1.0], [1.0, -pole], drive[..., first:stop]))
        for first, stop in pairwise(offsets)
    ]
    return np.concatenate(parts, axis=-1)
