"""Models that do not begin at rest: every format begins where `predict` does."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from c_compiler import Plant, compile_c, compiler, self_test
from export_models import (
    STRUCTURES,
    begun,
    deviation,
    make_framed,
    make_inputs,
    make_model,
    predict,
)
from onnx_session import session

from fastlstm.export import (
    check_exportable,
    export_c,
    from_keras_weights,
    from_state_dict,
    from_weights,
    to_keras_weights,
    to_onnx,
    to_state_dict,
)
from fastlstm.initial_state import InitialState
from fastlstm.network import Network

MODELS = [
    *(pytest.param(lambda s=s: begun(make_model(*s)), id=str(s)) for s in STRUCTURES),
    pytest.param(lambda: begun(make_framed(1)), id="integrators"),
    pytest.param(lambda: begun(make_framed(5)), id="five samples per step"),
]
TYPES = [(np.float32, 1e-6), (np.float64, 1e-12)]


def rounding(model, expected, dtype=np.float32):
    """Return the rounding of the output itself, in standard deviations."""
    return np.finfo(dtype).eps * np.max(np.abs(expected) / model.scaling_.y_std)


def inputs_from(model, n_steps, first, dtype=np.float32):
    """Make inputs whose first one is so many standard deviations from the mean."""
    u = make_inputs(model, n_steps, dtype)
    u[0] = model.scaling_.u_mean + first * model.scaling_.u_std
    return u


@pytest.mark.parametrize("make", MODELS)
def test_beginnings_of_the_tests_matter(make):
    """A test of the first steps proves something only where they are not those from rest."""
    model = make()
    u = make_inputs(model, 20)
    expected = predict(model, u)
    model.initial_state_ = InitialState.rest(model.network_)
    assert deviation(model, predict(model, u), expected) > 1e-3


@pytest.mark.parametrize("first", [0.3, -7.0], ids=["inside", "beyond the range"])
@pytest.mark.parametrize(("dtype", "bound"), TYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("make", MODELS)
def test_c_begins_as_predict_does(make, dtype, bound, first, tmp_path):
    """At the last sample of every step, and again after the next init."""
    model = make()
    export_c(model, tmp_path, float32=dtype is np.float32)
    u, plant = inputs_from(model, 100, first, dtype), Plant(tmp_path, model, dtype)
    expected, ends = predict(model, u), slice(model.frame_.hold - 1, None, model.frame_.hold)
    for _ in range(2):
        error = deviation(model, plant.run(u)[ends], expected[ends])
        assert error < bound + rounding(model, expected, dtype)
        plant.init()


@pytest.mark.parametrize("hold", [1, 5])
@pytest.mark.parametrize("float32", [True, False])
def test_self_test_of_c_passes_without_a_warning_of_the_compiler(float32, hold, tmp_path):
    """The strictest switches, exit code 0."""
    export_c(begun(make_framed(hold)), tmp_path, float32=float32)
    for level in ("-O0", "-O3"):
        assert self_test(tmp_path, "plant", None, level) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("state->begun = 0;", "state->begun = 1;"),
        ("state->begun = 1;", "(void)0;"),
        ("state->c[unit] = c;", "(void)c;"),
        ("begin_h[unit][1 + k] * seen", "begin_h[unit][1 + k]"),
    ],
    ids=["never begins", "always begins", "forgets c", "ignores the input"],
)
def test_self_test_of_c_fails_when_the_beginning_is_wrong(old, new, tmp_path):
    """The 64 steps of the self-test include the first ones."""
    export_c(begun(make_model()), tmp_path)
    text = (tmp_path / "plant.c").read_text()
    assert old in text
    (tmp_path / "plant.c").write_text(text.replace(old, new))
    compile_c([compiler(), "-std=c99", "-w", "plant.c", "plant_test.c", "-o", "t", "-lm"], tmp_path)
    assert subprocess.run([tmp_path / "t"]).returncode == 1


@pytest.mark.parametrize("first", [0.3, -7.0], ids=["inside", "beyond the range"])
@pytest.mark.parametrize("n_steps", [103, 3])
@pytest.mark.parametrize("make", MODELS)
def test_onnx_sequence_graph_begins_as_predict_does(make, n_steps, first):
    """Also where the record ends within the first step of the network."""
    model = make()
    u = inputs_from(model, n_steps, first)
    expected = predict(model, u)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert deviation(model, y, expected) < 1e-6 + rounding(model, expected)


@pytest.mark.parametrize("make", MODELS[:-1])
def test_onnx_step_graph_tells_where_to_begin(make):
    """The first input once for the state, and again from there; two records side by side."""
    model = make()
    u = np.stack([inputs_from(model, 60, first) for first in (0.3, -7.0)], axis=1)
    step, n_units, n_outputs = session(to_onnx(model)), model.network_.n_units, model.n_outputs_
    names = ["h", "c", *(("sum", "carry") if not model.frame_.is_plain else ())]
    widths = {"h": n_units, "c": n_units, "sum": n_outputs, "carry": n_outputs}
    states = {f"state_in_{k}": np.zeros((2, widths[k]), np.float32) for k in names}
    begun_at = step.run(["state_first_h", "state_first_c"], {"u": u[0], **states})
    states |= dict(zip(("state_in_h", "state_in_c"), begun_at, strict=True))
    y = []
    for u_t in u:
        wanted = ["y", *(f"state_out_{k}" for k in names)]
        y_t, *after = step.run(wanted, {"u": u_t, **states})
        states = {f"state_in_{k}": value for k, value in zip(names, after, strict=True)}
        y.append(y_t)
    for record in range(2):
        expected = predict(model, u[:, record])
        error = deviation(model, np.stack(y)[:, record], expected)
        assert error < 1e-6 + rounding(model, expected)


def test_onnx_step_graph_uses_elementary_operators_only():
    """Two more than one that begins at rest, whose graph has no outputs for the beginning."""
    pytest.importorskip("onnx")
    plain, other = to_onnx(make_model()).graph, to_onnx(begun(make_model())).graph
    operators = [{node.op_type for node in graph.node} for graph in (plain, other)]
    assert operators[1] - operators[0] == {"Max", "Min"}
    assert [o.name for o in plain.output] == ["y", "state_out_h", "state_out_c"]


@pytest.mark.parametrize("make", MODELS)
def test_beginning_survives_the_state_dict(make):
    """With the range of the inputs, beyond which it does not change."""
    model = make()
    back = from_state_dict(to_state_dict(model))
    for first in (0.3, -7.0):
        u = inputs_from(model, 50, first, np.float64)
        np.testing.assert_array_equal(predict(back, u), predict(model, u))


def test_state_dict_with_half_a_beginning_is_refused():
    """The rest would be guessed."""
    state = to_state_dict(begun(make_model()))
    del state["initial_slope"]
    with pytest.raises(ValueError, match="initial_slope"):
        from_state_dict(state)


def test_keras_begins_at_rest():
    """What comes back differs in the first steps, and agrees once they are forgotten."""
    model = begun(make_model())
    back, u = from_keras_weights(to_keras_weights(model)), make_inputs(model, 400)
    difference = np.abs(back.predict(u) - model.predict(u)) / model.scaling_.y_std
    assert difference[0] > 1e-2 and difference[-1] < 1e-6


def test_model_whose_beginning_is_not_written_down_is_refused():
    """An exporter writes what it knows; a model must not do more in its first steps."""
    model = begun(make_model())
    true = model.predict
    model.predict = lambda X: true(X) + np.eye(1, len(X))[0]
    with pytest.raises(ValueError, match="another part"):
        check_exportable(model)


def test_from_weights_raises_when_the_initial_state_has_another_shape():
    """Taken from a model of another structure."""
    network, other = Network(1, 1, (2,)), Network(1, 1, (3,))
    blank = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    with pytest.raises(ValueError, match=r"initial_state.offset must have shape \(2, 2\)"):
        from_weights(network, blank, initial_state=InitialState.rest(other))


@pytest.mark.torch
@pytest.mark.parametrize("make", MODELS)
def test_torch_module_begins_as_predict_does(make):
    """In both directions, records side by side."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import from_torch_module, to_torch_module

    model = make()
    module = to_torch_module(model)
    u = np.stack([inputs_from(model, 60, first, np.float64) for first in (0.3, -7.0)])
    with torch.no_grad():
        y, _ = module(torch.from_numpy(u))
    expected = np.reshape(model.predict(u), y.shape)
    assert deviation(model, y.numpy(), expected) < 1e-12
    np.testing.assert_array_equal(from_torch_module(module).predict(u[0]), model.predict(u[0]))
