"""Integrators and steps of several samples as ONNX nodes.

The step graph sums in float32 with a compensation (Kahan), carried as a second state; the sequence
graph sums in float64. In both, outputs without an integrator pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastlstm.export.frame_parts import FrameParts
from fastlstm.export.onnx_nodes import GraphBuilder

FLOAT, DOUBLE = 1, 11  # of onnx.TensorProto


class Steps(NamedTuple):
    """Values about the steps of the network in a record, as they are needed at its end.

    Parameters
    ----------
    n_samples : str
        Shape (1,), of the record.
    counts : str
        Shape (n_steps, 1): samples of every step; the last may be shorter.
    """

    n_samples: str
    counts: str


def integrate_step(
    graph: GraphBuilder, frame: FrameParts, y: str, total: str, carry: str
) -> tuple[str, str, str]:
    """Append one step of the sums; returns outputs, sum and carry."""
    add = graph.node("Sub", graph.node("Mul", y, graph.constant(frame.gains)), carry)
    after = graph.node("Add", total, add)
    lost = graph.node("Sub", graph.node("Sub", after, total), add)
    return _merged(graph, frame, y, after), after, lost


def integrate(graph: GraphBuilder, frame: FrameParts, y: str) -> str:
    """Append the sums over a record; y has shape (n_steps, n_outputs)."""
    if not frame.integrates:
        return y
    exact = graph.node("Cast", y, to=DOUBLE)
    run = graph.node("CumSum", exact, graph.constant(np.array(0)))
    total = graph.node("Mul", graph.node("Cast", run, to=FLOAT), graph.constant(frame.gains))
    return _merged(graph, frame, y, total)


def collect(
    graph: GraphBuilder, frame: FrameParts, u: str, n_inputs: int
) -> tuple[str, Steps | None]:
    """Append the mean of the inputs over every step; the last step may have fewer samples."""
    if frame.hold == 1:
        return u, None
    hold = graph.constant(np.array([frame.hold]))
    n_samples = graph.node(
        "Slice", graph.node("Shape", u), *(graph.constant(np.array([k])) for k in (0, 1))
    )
    more = graph.node("Add", n_samples, graph.constant(np.array([frame.hold - 1])))
    n_steps = graph.node("Div", more, hold)
    missing = graph.node("Sub", graph.node("Mul", n_steps, hold), n_samples)
    pads = graph.node(
        "Concat",
        graph.constant(np.array([0, 0])),
        missing,
        graph.constant(np.array([0])),
        axis=0,
    )
    shape = graph.constant(np.array([-1, frame.hold, n_inputs]))
    blocks = graph.node("Reshape", graph.node("Pad", u, pads), shape)
    total = graph.node("ReduceSum", blocks, graph.constant(np.array([1])), keepdims=0)
    counts = _counts(graph, n_steps, n_samples, hold)
    return graph.node("Div", total, counts), Steps(n_samples, counts)


def _counts(graph: GraphBuilder, n_steps: str, n_samples: str, hold: str) -> str:
    """Append ``min(hold, n_samples - hold * step)`` for every step, shape (n_steps, 1)."""
    zero, one = graph.constant(np.array(0)), graph.constant(np.array(1))
    step = graph.node("Range", zero, graph.node("Squeeze", n_steps), one)
    left = graph.node("Sub", n_samples, graph.node("Mul", step, hold))
    counts = graph.node("Cast", graph.node("Min", left, hold), to=FLOAT)
    return graph.node("Unsqueeze", counts, graph.constant(np.array([1])))


def expand(graph: GraphBuilder, frame: FrameParts, y: str, steps: Steps | None) -> str:
    """Append the outputs at every sample, interpolated between the ends of the steps."""
    if steps is None:
        return y
    bounds = [graph.constant(np.array([k])) for k in (0, -1, 1)]
    first = graph.node("Slice", y, bounds[0], bounds[2], bounds[0])
    off = graph.constant((~frame.integrating).astype(np.float32))
    # an integrating output comes from its level; another one has nothing before its first value
    first = graph.node("Add", graph.node("Mul", first, off), graph.constant(frame.levels))
    before = graph.node("Slice", y, bounds[0], bounds[1], bounds[0])
    before = graph.node("Concat", first, before, axis=0)
    middle, last = bounds[2], graph.constant(np.array([2]))
    part = graph.constant(np.arange(1.0, frame.hold + 1)[None] / frame.hold)
    rise = graph.node("Unsqueeze", graph.node("Sub", y, before), middle)
    rise = graph.node("Mul", rise, graph.node("Unsqueeze", part, last))
    blocks = graph.node("Add", graph.node("Unsqueeze", before, middle), rise)
    shape = graph.constant(np.array([-1, len(frame.gains)]))
    flat = graph.node("Reshape", blocks, shape)
    return graph.node("Slice", flat, bounds[0], steps.n_samples, bounds[0])


def _merged(graph: GraphBuilder, frame: FrameParts, y: str, total: str) -> str:
    """Append level + sum where there is an integrator, else y; the sum is zero there."""
    off = graph.constant((~frame.integrating).astype(np.float32))
    passed = graph.node("Mul", y, off)
    return graph.node("Add", passed, graph.node("Add", total, graph.constant(frame.levels)))
