"""A thin builder for ONNX graphs: values are names, nodes are appended as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastlstm.export.parts import RealArray


class GraphBuilder:
    """Collects inputs, constants, nodes and outputs of one graph in float32.

    Parameters
    ----------
    onnx : module
        The imported onnx package.
    """

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """Add an input; a text in the shape stands for any size."""
        self._inputs.append(self._value(name, shape))
        return name

    def output(self, value: str, name: str, shape: Sequence[int | str]) -> None:
        """Make the result of a node an output, and give it that name wherever it is used."""
        for node in self._nodes:
            for places in (node.input, node.output):
                places[:] = [name if place == value else place for place in places]
        self._outputs.append(self._value(name, shape))

    def constant(self, values: RealArray) -> str:
        """Add a constant; integers stay int64."""
        name = f"constant_{len(self._constants)}"
        kind = np.int64 if values.dtype.kind == "i" else np.float32
        array = np.ascontiguousarray(values, dtype=kind)
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        make = self._onnx.helper.make_node
        self._nodes.append(make(operator, list(inputs), [name], **attributes))
        return name

    def affine(self, x: str, weight: RealArray, bias: RealArray) -> str:
        """Append ``x @ weight.T + bias``; weight has shape (n_out, n_in)."""
        product = self.node("MatMul", x, self.constant(weight.T))
        return self.node("Add", product, self.constant(bias))

    def columns(self, x: str, start: int, stop: int) -> str:
        """Append a slice of the last of two axes."""
        bounds = [self.constant(np.array([bound])) for bound in (start, stop, 1)]
        return self.node("Slice", x, *bounds)

    def concat(self, values: Sequence[str]) -> str:
        """Append values side by side; a single one is returned as it is."""
        return values[0] if len(values) == 1 else self.node("Concat", *values, axis=1)

    def finish(self, name: str) -> Any:
        """Return the GraphProto."""
        return self._onnx.helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )

    def _value(self, name: str, shape: Sequence[int | str]) -> Any:
        kind = self._onnx.TensorProto.FLOAT
        return self._onnx.helper.make_tensor_value_info(name, kind, list(shape))
