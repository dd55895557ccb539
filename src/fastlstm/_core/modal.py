r"""First-order complex filters: modes of linear models and their derivatives by the poles.

.. math:: z_j(t) = \lambda_j z_j(t-1) + d_j(t)

anew in every record. Complex signals are pairs of arrays, real parts before imaginary ones, so that
products with them need no copies. `reference_modal` has the readable twins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import _kernels
from fastlstm._core.conversion import dense, indices

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]


def pair(array: NDArray[np.inexact]) -> FloatArray:
    """Real parts, then imaginary parts; shape (2, ...)."""
    return np.stack([array.real, array.imag])


def drive_modes(poles: ComplexArray, inputs: FloatArray, offsets: IntArray) -> FloatArray:
    """Every mode driven by every input alone, from rest.

    Parameters
    ----------
    poles : complex array of shape (n_modes,)
    inputs : array of shape (n_inputs, n_total)
    offsets : array of shape (n_records + 1,)

    Returns
    -------
    driven : array of shape (2, n_modes, n_inputs, n_total)

    Raises
    ------
    ValueError
        If the offsets do not fit the inputs.
    """
    return _kernels.drive_modes(pair(poles), dense(inputs), indices(offsets))


def differentiate_modes(
    poles: ComplexArray, z: FloatArray, initial: ComplexArray, offsets: IntArray
) -> FloatArray:
    """Differentiate every mode by its pole: the mode of one step before, filtered once more.

    Parameters
    ----------
    poles : complex array of shape (n_modes,)
    z : array of shape (2, n_modes, n_total)
    initial : complex array of shape (n_records, n_modes)
        z before the first step of every record.
    offsets : array of shape (n_records + 1,)

    Returns
    -------
    derivatives : array of shape (2, n_modes, n_total)

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    return _kernels.differentiate_modes(pair(poles), dense(z), pair(initial.T), indices(offsets))
