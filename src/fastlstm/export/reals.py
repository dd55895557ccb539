"""Arrays in the precision of a format."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

RealArray = NDArray[Any]  # float32 or float64, as the format asks


def to_real(value: Any, dtype: DTypeLike, name: str) -> RealArray:
    """Contiguous array of `dtype`; numbers too small for it become zero.

    Raises
    ------
    ValueError
        If a number is too large for `dtype`.
    """
    with np.errstate(over="ignore", under="ignore"):
        array = np.ascontiguousarray(value).astype(dtype)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} must fit {np.dtype(dtype).name} to be exported; got up to "
            f"{np.max(np.abs(value)):.3g}. Export in float64, or change the unit of the data."
        )
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, array.dtype.type(0), array)
