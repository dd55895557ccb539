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

class Online:
    def __init__(self, structure: Structure, params: FloatArray, cell_path: bool, /) -> None: ...
    def step(self, u: FloatArray, y_pred: FloatArray, /) -> None: ...
    def step_scalar(self, u: float, /) -> float: ...
    def learn(self, u: FloatArray, y: FloatArray, eta: float, y_pred: FloatArray, /) -> None: ...
    def learn_scalar(self, u: float, y: float, eta: float, /) -> float: ...
    def run(self, u: FloatArray, /) -> FloatArray: ...
    def learn_record(
        self, u: FloatArray, y: FloatArray, eta: float, washout: int, /
    ) -> FloatArray: ...
    def params(self) -> FloatArray: ...
    def state(self) -> FloatArray: ...
    def trace(self) -> FloatArray: ...
    def set_params(self, params: FloatArray, /) -> None: ...
    def set_state(self, state: FloatArray, /) -> None: ...
    def set_trace(self, trace: FloatArray, /) -> None: ...
    def phi_norm2(self) -> float: ...

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
