"""Inputs that act late, as ONNX nodes.

The step graph carries the past inputs as a state: standardised, input by input, oldest first. The
sequence graph shifts whole columns.
"""

from __future__ import annotations

import numpy as np

from fastlstm.export.onnx_nodes import GraphBuilder
from fastlstm.export.parts import FrameParts


def delay_step(
    graph: GraphBuilder, frame: FrameParts, x: str, past: str, n_inputs: int
) -> tuple[str, str, str]:
    """Append one step of the delays.

    Returns
    -------
    seen : str
        Inputs that act now, (n_records, n_inputs).
    after : str
        Past inputs after this step, (n_records, sum of the delays).
    first : str
        Past inputs before a record that begins with x.
    """
    delays = frame.delays
    seen, after, first, start = [], [], [], 0
    for k in range(n_inputs):
        column, stop = graph.columns(x, k, k + 1), start + delays[k]
        if start == stop:
            seen.append(column)
            continue
        seen.append(graph.columns(past, start, start + 1))
        if stop > start + 1:
            after.append(graph.columns(past, start + 1, stop))
        after.append(column)
        first += [column] * delays[k]
        start = stop
    first_past = graph.concat(first) if len(first) > 1 else graph.node("Identity", first[0])
    after_past = graph.concat(after) if len(after) > 1 else graph.node("Identity", after[0])
    return graph.concat(seen), after_past, first_past


def delay_sequence(graph: GraphBuilder, frame: FrameParts, x: str, n_inputs: int) -> str:
    """Append the inputs that act at every sample; the first ones are held before the record."""
    if not frame.late:
        return x
    zero, one = graph.constant(np.array([0])), graph.constant(np.array([1]))
    n_samples = graph.node("Slice", graph.node("Shape", x), zero, one)
    columns = []
    for k in range(n_inputs):
        column = graph.columns(x, k, k + 1)
        if frame.delays[k] > 0:
            pads = graph.constant(np.array([frame.delays[k], 0, 0, 0]))
            longer = graph.node("Pad", column, pads, mode="edge")
            column = graph.node("Slice", longer, zero, n_samples, zero)
        columns.append(column)
    return graph.concat(columns)
