"""Exported ONNX graphs, run by onnxruntime."""

import json
import sys

import numpy as np
import pytest
from export_models import STRUCTURES, deviation, make_inputs, make_model, predict
from onnx_session import session

from fastlstm.exceptions import ExportWarning
from fastlstm.export import export_onnx, to_onnx
from fastlstm.export.onnx_graph import to_onnx_gates

BOUND = 1e-6  # standard deviations of the output; float32, dynamics that forget
ELEMENTARY = {"Add", "Concat", "MatMul", "Mul", "Sigmoid", "Slice", "Tanh"}


def run_steps(model, u):
    """Call the step graph once per step; u has shape (n_timesteps, n_records, n_inputs)."""
    step = session(to_onnx(model))
    h = c = np.zeros((u.shape[1], model.network_.n_units), np.float32)
    y = []
    for u_t in u:
        inputs = {"u": u_t, "state_in_h": h, "state_in_c": c}
        y_t, h, c = step.run(["y", "state_out_h", "state_out_c"], inputs)
        y.append(y_t)
    return np.stack(y)


def rounding(model, expected):
    """Return the rounding of the output itself, in standard deviations."""
    return np.finfo(np.float32).eps * np.max(np.abs(expected) / model.scaling_.y_std)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_sequence_graph_computes_what_predict_computes(structure):
    """Long free run through the LSTM operator, with its own gate order and biases."""
    model = make_model(*structure)
    u = make_inputs(model, 4000, np.float32)
    expected = predict(model, u)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert deviation(model, y, expected) < BOUND + rounding(model, expected)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_step_graph_carries_the_state(structure):
    """A thousand calls, each on the state that the one before left, are the free run."""
    model = make_model(*structure)
    u = make_inputs(model, 1000, np.float32)
    expected = predict(model, u)
    y = run_steps(model, u[:, None])[:, 0]
    assert deviation(model, y, expected) < BOUND + rounding(model, expected)


def test_step_graph_runs_several_records_side_by_side():
    """Records are independent: a batch is what each of them is alone."""
    model = make_model(2, 1)
    u = np.stack([make_inputs(model, 60, np.float32, seed) for seed in range(3)], axis=1)
    y = run_steps(model, u)
    for record in range(3):
        expected = predict(model, u[:, record])
        assert deviation(model, y[:, record], expected) < BOUND + rounding(model, expected)


def test_step_graph_uses_elementary_operators_only():
    """Converters for optimisers and small targets know these, and often no LSTM."""
    pytest.importorskip("onnx")
    nodes = to_onnx(make_model(3, 2, (4, 6), (4, 3))).graph.node
    assert {node.op_type for node in nodes} == ELEMENTARY


def test_gates_change_from_i_f_g_o_to_i_o_f_c():
    """ONNX puts the output gate second and the cell candidate last."""
    ours = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert to_onnx_gates(ours).ravel().tolist() == [1.0, 4.0, 2.0, 3.0]


def test_file_says_what_it_is(tmp_path):
    """Opset, and the names of the channels whatever they hold."""
    onnx = pytest.importorskip("onnx")
    model = make_model(2, 1)
    model.feature_names_in_ = np.array(["valve ü", '"}'], dtype=object)
    (path,) = export_onnx(model, tmp_path / "plant.onnx", "sequence")
    proto = onnx.load(path)
    described = json.loads(proto.metadata_props[0].value)
    assert described["input_names"] == ["valve ü", '"}'] and described["kind"] == "sequence"
    assert proto.opset_import[0].version == 17


def test_export_warns_when_the_model_amplifies_rounding():
    """The graphs compute in float32, like the C code."""
    pytest.importorskip("onnx")
    with pytest.warns(ExportWarning, match="amplify rounding"):
        to_onnx(make_model(hidden=(30,), head=(), gain=40.0))


def test_to_onnx_raises_when_kind_is_unknown():
    """The message lists the choices."""
    with pytest.raises(ValueError, match="step, sequence"):
        to_onnx(make_model(), "batch")


def test_to_onnx_says_how_to_install_onnx(monkeypatch):
    """The extra is optional; without it the message is the manual."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"fastlstm\[onnx\]"):
        to_onnx(make_model())
