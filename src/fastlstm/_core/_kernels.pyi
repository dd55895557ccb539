"""Types of the compiled module."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

class Structure:
    def __init__(
        self, n_inputs: int, n_outputs: int, hidden_sizes: list[int], head_sizes: list[int]
    ) -> None: ...

class Workspace:
    def __init__(self) -> None: ...

def simulate(
    structure: Structure,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    state0: FloatArray,
    float32: bool,
    n_threads: int,
    /,
) -> tuple[FloatArray, FloatArray]: ...
def jacobian(
    structure: Structure,
    params: FloatArray,
    u: FloatArray,
    offsets: IntArray,
    state0: FloatArray,
    step: IntArray,
    record: IntArray,
    memory: int,
    with_state: bool,
    float32: bool,
    n_threads: int,
    workspace: Workspace,
    /,
) -> tuple[FloatArray, FloatArray, FloatArray]: ...
def gradient(
    structure: Structure,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    offsets: IntArray,
    state0: FloatArray,
    washout: int,
    path: str,
    float32: bool,
    n_threads: int,
    workspace: Workspace,
    /,
) -> tuple[float, int, FloatArray, FloatArray]: ...
def variants() -> list[str]: ...
def variant() -> str: ...
def set_variant(name: str, /) -> None: ...
def lanes(float32: bool, /) -> int: ...
