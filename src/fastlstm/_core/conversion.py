"""Python objects in the form in which the kernels take them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastlstm._core import _kernels
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@lru_cache(maxsize=256)
def structure(network: Network) -> _kernels.Structure:
    """Sizes of a network, computed once."""
    return _kernels.Structure(
        network.n_inputs, network.n_outputs, list(network.hidden_sizes), list(network.head_sizes)
    )


def dense(array: ArrayLike) -> FloatArray:
    """Contiguous float64 array, the same object where it already is one."""
    return np.ascontiguousarray(array, dtype=np.float64)


def indices(array: ArrayLike) -> IntArray:
    """Contiguous int64 array, the same object where it already is one."""
    return np.ascontiguousarray(array, dtype=np.int64)
