"""Derivatives of real parts of complex products, in real arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def parts_of(array: ComplexArray) -> FloatArray:
    """Real parts above imaginary parts along the first axis."""
    return np.concatenate([array.real, array.imag])


def joined(parts: FloatArray) -> ComplexArray:
    """Undo `parts_of`."""
    half = len(parts) // 2
    return parts[:half] + 1j * parts[half:]


@dataclass(frozen=True)
class Turn:
    """Symmetric matrix from (Re s, Im s) to the derivatives of Re(w s d) by (Re d, Im d).

    Row i is ``same[i]`` times row i plus ``other[i]`` times row ``partner[i]`` of what it is
    applied to.
    """

    same: FloatArray
    other: FloatArray
    partner: NDArray[np.int64]

    @classmethod
    def of(cls, *groups: ComplexArray) -> Turn:
        """For several groups of signals with weights w, one below the other."""
        same, other, partner, start = [], [], [], 0
        for weights in groups:
            n = len(weights)
            same.append(np.concatenate([weights.real, -weights.real]))
            other.append(np.concatenate([-weights.imag, -weights.imag]))
            partner.append(start + np.roll(np.arange(2 * n), n))
            start += 2 * n
        return cls(np.concatenate(same), np.concatenate(other), np.concatenate(partner))

    def rows(self, array: FloatArray) -> FloatArray:
        """Apply to the first axis."""
        return (self.same * array.T + self.other * array[self.partner].T).T

    def columns(self, array: FloatArray) -> FloatArray:
        """Apply to the last axis."""
        return self.same * array + self.other * array[..., self.partner]

    def both(self, array: FloatArray) -> FloatArray:
        """Apply to both axes of a matrix."""
        return self.rows(self.rows(array).T).T
