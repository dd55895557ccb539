"""State in which a record begins, as ONNX nodes."""

from __future__ import annotations

import numpy as np

from fastlstm.export.onnx_nodes import GraphBuilder
from fastlstm.export.parts import BeginningParts


def first_states(graph: GraphBuilder, beginning: BeginningParts, x: str) -> tuple[str, str]:
    """Append h and c before the first step, both (n_records, n_units).

    Parameters
    ----------
    x : str
        First inputs of the network, standardised, (n_records, n_inputs).
    """
    one = np.ones(1, beginning.offset.dtype)
    seen = graph.node("Max", x, graph.constant(beginning.low))
    seen = graph.node("Min", seen, graph.constant(beginning.high))
    h, c = (
        graph.affine(seen, slope, offset)
        for slope, offset in zip(beginning.slope, beginning.offset, strict=True)
    )
    h = graph.node("Max", h, graph.constant(-one))
    return graph.node("Min", h, graph.constant(one)), c


def first_row(graph: GraphBuilder, x: str) -> str:
    """Append the first of all steps, shape (1, n_inputs)."""
    bounds = [graph.constant(np.array([k])) for k in (0, 1, 0)]
    return graph.node("Slice", x, *bounds)


def layer_states(
    graph: GraphBuilder, states: tuple[str, str] | None, start: int, stop: int
) -> list[str]:
    """Append the states of one layer as the LSTM operator takes them, (1, 1, hidden_size).

    Returns
    -------
    list of str
        Inputs of the operator after B; none at rest.
    """
    if states is None:
        return []
    axis = graph.constant(np.array([0]))
    parts = [graph.node("Unsqueeze", graph.columns(s, start, stop), axis) for s in states]
    return ["", *parts]  # no sequence lengths
