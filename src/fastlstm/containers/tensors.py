"""torch tensors, on any device, with or without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor that remembers where it came from."""
    return hasattr(value, "detach") and hasattr(value, "cpu") and hasattr(value, "numpy")


def open_tensor(value: Any) -> NDArray[Any]:
    """Array on the host, without gradient; half precision becomes float64."""
    tensor = value.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.double()  # NumPy has no bfloat16
    return np.asarray(tensor.numpy())
