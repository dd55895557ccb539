"""Past inputs as ONNX nodes.

The step graph carries them as a state: standardised, input by input, oldest first. The sequence
graph shifts whole columns.
"""

from __future__ import annotations

import numpy as np

from fastlstm.export.frame_parts import FrameParts
from fastlstm.export.onnx_nodes import GraphBuilder


def tap_step(graph: GraphBuilder, frame: FrameParts, x: str, past: str) -> tuple[str, str, str]:
    """Append one step of the taps.

    Parameters
    ----------
    x : str
        Newest inputs, (n_records, n_inputs).
    past : str
        Past inputs, (n_records, n_past).

    Returns
    -------
    seen : str
        What the network sees, (n_records, n_columns).
    after : str
        Past inputs after this step, (n_records, n_past).
    first : str
        Past inputs before a record that begins with x.
    """
    newest = {k: graph.columns(x, k, k + 1) for k in sorted({channel for channel, _ in frame.taps})}
    after, first, end, start = [], [], {}, 0
    for k, length in frame.memories:
        end[k] = start + length
        if length > 1:
            after.append(graph.columns(past, start + 1, end[k]))
        after.append(newest[k])
        first += [newest[k]] * length
        start = end[k]
    seen = [
        newest[k] if late == 0 else graph.columns(past, end[k] - late, end[k] - late + 1)
        for k, late in frame.taps
    ]
    return _joined(graph, seen), _joined(graph, after), _joined(graph, first)


def tap_first(graph: GraphBuilder, frame: FrameParts, x: str) -> str:
    """Append what the network sees first in a record that begins with x, (n_records, n_columns)."""
    if not frame.lagged:
        return x
    return graph.concat([graph.columns(x, k, k + 1) for k, _ in frame.taps])


def _joined(graph: GraphBuilder, parts: list[str]) -> str:
    return graph.concat(parts) if len(parts) > 1 else graph.node("Identity", parts[0])


def tap_sequence(graph: GraphBuilder, frame: FrameParts, x: str) -> str:
    """Append what the network sees at every sample; before the record its first inputs stand."""
    if not frame.taps:
        return x
    zero, one = graph.constant(np.array([0])), graph.constant(np.array([1]))
    n_samples = graph.node("Slice", graph.node("Shape", x), zero, one)
    columns = []
    for k, late in frame.taps:
        column = graph.columns(x, k, k + 1)
        if late > 0:
            pads = graph.constant(np.array([late, 0, 0, 0]))
            longer = graph.node("Pad", column, pads, mode="edge")
            column = graph.node("Slice", longer, zero, n_samples, zero)
        columns.append(column)
    return _joined(graph, columns)
