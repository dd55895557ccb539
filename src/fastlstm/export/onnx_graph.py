"""A model as ONNX: one graph for single steps, one for whole sequences.

The step graph has the state as input and output and uses seven elementary operators only (Add,
Concat, MatMul, Mul, Sigmoid, Slice, Tanh; Max and Min for the state in which a record begins),
which converters without an LSTM operator understand.
The sequence graph uses the LSTM operator, whose gates stand in the order i, o, f, c.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import fastlstm
from fastlstm.export.exportable import (
    check_exportable,
    check_no_time_base,
    float32_tolerance,
    probe_inputs,
)
from fastlstm.export.onnx_beginning import first_row, first_states, layer_states
from fastlstm.export.onnx_frame import collect, expand, integrate, integrate_step
from fastlstm.export.onnx_nodes import GraphBuilder
from fastlstm.export.onnx_taps import tap_first, tap_sequence, tap_step
from fastlstm.export.parts import Layer, Parts, RealArray
from fastlstm.replacing import replace_file

if TYPE_CHECKING:
    import onnx

OPSET = 17
IR_VERSION = 8
N_STEPS, N_RECORDS = "n_timesteps", "n_records"
KINDS = ("step", "sequence")


def export_onnx(model: Any, path: str | os.PathLike[str], kind: str = "step") -> list[Path]:
    """Write one ONNX file in float32, in physical units on both sides.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    path : path-like
        File to write; an existing one is replaced.
    kind : {"step", "sequence"}
        See `to_onnx`.

    Returns
    -------
    list of Path
        The file written.
    """
    data = to_onnx(model, kind).SerializeToString()
    replace_file(path, data)
    return [Path(path)]


def to_onnx(model: Any, kind: str = "step") -> onnx.ModelProto:
    """ONNX model in float32, opset 17, in physical units on both sides.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    kind : {"step", "sequence"}
        "step": inputs ``u (n_records, n_inputs)``, ``state_in_h`` and ``state_in_c
        (n_records, n_units)``; outputs ``y (n_records, n_outputs)``, ``state_out_h``,
        ``state_out_c``. Where `predict` does not begin at rest (zeros), the outputs
        ``state_first_h`` and ``state_first_c`` are the states in which it begins a record whose
        first input is u: run the first input once for them, then again with them. A model with an
        integrator has ``state_in_sum`` and ``state_in_carry (n_records, n_outputs)`` besides, and
        their outputs; the sum is standardised, without the level, and begins at zero. A model with
        delayed or lagged inputs has ``state_in_past (n_records, n_past)``, its output, and
        ``state_first_past``, which a record begins with whose first input is u. "sequence":
        ``u (n_timesteps, n_inputs)`` to ``y (n_timesteps, n_outputs)``, begun as `predict` does.

    Returns
    -------
    onnx.ModelProto
        Checked; structure, channel names, sampling time and integrators as JSON in the metadata
        ``fastlstm``.

    Raises
    ------
    ImportError
        If onnx is not installed.
    ValueError
        If the model has a part that cannot be exported, a number does not fit float32, or a step
        graph is asked for of a model whose network makes one step per several samples.

    Warns
    -----
    ExportWarning
        If rounding to float32 grows in this model beyond 1e-5 standard deviations of an output.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}. Pass one of them.")
    onnx = _import_onnx()
    check_exportable(model)
    if kind == "step":
        check_no_time_base(model)
    parts = Parts.of(model, np.float32)
    float32_tolerance(model, probe_inputs(model))
    graph = GraphBuilder(onnx)
    (_build_step if kind == "step" else _build_sequence)(graph, parts)
    proto = onnx.helper.make_model(
        graph.finish(f"fastlstm_{kind}"),
        producer_name="fastlstm",
        producer_version=fastlstm.__version__,
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    onnx.helper.set_model_props(proto, {"fastlstm": json.dumps(_description(parts, kind))})
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _import_onnx() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
    except ModuleNotFoundError as error:
        raise ImportError(
            "onnx must be installed to export this format; it was not found. "
            "Install it with: pip install 'fastlstm[onnx]'."
        ) from error
    return onnx


def _description(parts: Parts, kind: str) -> dict[str, Any]:
    network, frame, border = parts.network, parts.frame, parts.border
    return {
        "kind": kind,
        "sampling_time": parts.sampling_time,
        "samples_per_step": frame.hold,
        "delays": list(frame.delays) or [0] * parts.n_inputs,
        "taps": frame.taps or list(enumerate([0] * parts.n_inputs)),
        "integrating": frame.integrating.tolist(),
        "y_rest": (border.y_mean + border.y_std * frame.levels).tolist(),
        "y_std": border.y_std.tolist(),
        "hidden_sizes": network.hidden_sizes,
        "head_sizes": network.head_sizes,
        "input_names": parts.input_names,
        "output_names": parts.output_names,
    }


def _build_step(graph: GraphBuilder, parts: Parts) -> None:
    network = parts.network
    state = [N_RECORDS, network.n_units]
    u = graph.input("u", [N_RECORDS, parts.n_inputs])
    h_in, c_in = graph.input("state_in_h", state), graph.input("state_in_c", state)
    newest = scaled = x = _scale(graph, parts, u)
    pasts = []
    if parts.frame.taps:
        past = graph.input("state_in_past", [N_RECORDS, parts.frame.n_past])
        scaled, *pasts = tap_step(graph, parts.frame, scaled, past)
        x = scaled
    h_out, c_out, start = [], [], 0
    for layer in parts.layers:
        stop = start + layer.width
        h, c = graph.columns(h_in, start, stop), graph.columns(c_in, start, stop)
        x, c = _cell(graph, layer, x, h, c)
        h_out.append(x)
        c_out.append(c)
        start = stop
    y = _read_out(graph, parts, x, scaled)
    sums = []
    if parts.frame.integrates:
        shape = [N_RECORDS, network.n_outputs]
        names = [graph.input(f"state_in_{name}", shape) for name in ("sum", "carry")]
        y, *sums = integrate_step(graph, parts.frame, y, *names)
    graph.output(_unscale(graph, parts, y), "y", [N_RECORDS, network.n_outputs])
    graph.output(graph.concat(h_out), "state_out_h", state)
    graph.output(graph.concat(c_out), "state_out_c", state)
    for value, name in zip(sums, ("sum", "carry"), strict=False):
        graph.output(value, f"state_out_{name}", [N_RECORDS, network.n_outputs])
    for value, name in zip(pasts, ("out", "first"), strict=False):
        graph.output(value, f"state_{name}_past", [N_RECORDS, parts.frame.n_past])
    if parts.beginning is not None:
        first = tap_first(graph, parts.frame, newest)
        for value, name in zip(first_states(graph, parts.beginning, first), "hc", strict=True):
            graph.output(value, f"state_first_{name}", state)


def _cell(graph: GraphBuilder, layer: Layer, x: str, h: str, c: str) -> tuple[str, str]:
    """One step of one layer; returns h and c."""
    weight = np.hstack([layer.weight_ih, layer.weight_hh])
    preact = graph.affine(graph.concat([x, h]), weight, layer.bias)
    n = layer.width
    i, f, g, o = (graph.columns(preact, k * n, (k + 1) * n) for k in range(4))
    i, f, o = (graph.node("Sigmoid", gate) for gate in (i, f, o))
    c = graph.node("Add", graph.node("Mul", f, c), graph.node("Mul", i, graph.node("Tanh", g)))
    return graph.node("Mul", o, graph.node("Tanh", c)), c


def _build_sequence(graph: GraphBuilder, parts: Parts) -> None:
    network = parts.network
    u = graph.input("u", [N_STEPS, parts.n_inputs])
    seen = tap_sequence(graph, parts.frame, _scale(graph, parts, u))
    scaled, steps = collect(graph, parts.frame, seen, network.n_inputs)
    x, start, states = scaled, 0, None
    if parts.beginning is not None:
        states = first_states(graph, parts.beginning, first_row(graph, scaled))
    for layer in parts.layers:
        batched = graph.node("Unsqueeze", x, graph.constant(np.array([1])))
        weights = [graph.constant(to_onnx_gates(value)[None]) for value in _lstm_inputs(layer)]
        begun = layer_states(graph, states, start, start + layer.width)
        hidden = graph.node("LSTM", batched, *weights, *begun, hidden_size=layer.width)
        # Y has shape (n_timesteps, 1 direction, 1 record, hidden_size)
        x = graph.node("Squeeze", hidden, graph.constant(np.array([1, 2])))
        start += layer.width
    y = integrate(graph, parts.frame, _read_out(graph, parts, x, scaled))
    y = expand(graph, parts.frame, y, steps)
    graph.output(_unscale(graph, parts, y), "y", [N_STEPS, network.n_outputs])


def _lstm_inputs(layer: Layer) -> tuple[RealArray, RealArray, RealArray]:
    """W, R and B; B holds an input and a recurrent bias, of which the second is zero."""
    zero = np.zeros_like(layer.bias)
    return layer.weight_ih, layer.weight_hh, np.stack([layer.bias, zero])


def to_onnx_gates(value: RealArray) -> RealArray:
    """Rows from our gate order i, f, g, o to ONNX's i, o, f, c.

    Parameters
    ----------
    value : array of shape (4 * hidden_size, n) or (2, 4 * hidden_size)
        A weight, or the two biases, which come back side by side as (8 * hidden_size,).
    """
    if len(value) == 2:
        return np.concatenate([to_onnx_gates(bias[:, None])[:, 0] for bias in value])
    i, f, g, o = np.split(value, 4)
    return np.concatenate([i, o, f, g])


def _scale(graph: GraphBuilder, parts: Parts, u: str) -> str:
    border = parts.border
    x = graph.node("Add", u, graph.constant(-border.u_mean))
    if np.any(border.u_mean_low):
        x = graph.node("Add", x, graph.constant(-border.u_mean_low))
    return graph.node("Mul", x, graph.constant(border.u_gain))


def _read_out(graph: GraphBuilder, parts: Parts, h: str, scaled: str) -> str:
    """Append what the network says, standardised."""
    values = [h, scaled]
    if parts.head:
        a = h
        for dense in parts.head:
            a = graph.node("Tanh", graph.affine(a, dense.weight, dense.bias))
        values = [a, *values]
    return graph.affine(graph.concat(values), parts.readout.weight, parts.readout.bias)


def _unscale(graph: GraphBuilder, parts: Parts, y: str) -> str:
    y = graph.node("Mul", y, graph.constant(parts.border.y_std))
    return graph.node("Add", y, graph.constant(parts.border.y_mean))
