"""Models with delayed inputs, in every format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from c_compiler import Plant, self_test
from export_models import deviation, make_framed, make_inputs, make_model, predict
from onnx_session import session

from fastlstm.export import export_c, from_state_dict, to_keras_weights, to_onnx, to_state_dict
from fastlstm.frame import Frame

N_STEPS = 300


def make_late(hold=1, integrating=False):
    """Two inputs and three outputs; the first input acts 7 samples late, the second 1."""
    if integrating or hold > 1:
        model = make_framed(hold)
        model.frame_ = replace(model.frame_, delays=(7, 1))
        return model
    return make_model(2, 3, frame=Frame(np.zeros(3), np.zeros(3), 1, (7, 1)))


MODELS = {"in step": {}, "integrating": {"integrating": True}, "hold 5": {"hold": 5}}
each = pytest.mark.parametrize("options", MODELS.values(), ids=MODELS)


@each
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_c_computes_what_predict_computes(options, dtype, bound, tmp_path):
    """Ring buffers hold the first input before the record, in the second run too."""
    model = make_late(**options)
    export_c(model, tmp_path, float32=dtype is np.float32)
    assert self_test(tmp_path) == 0
    u, hold = make_inputs(model, N_STEPS, dtype), model.frame_.hold
    plant, expected = Plant(tmp_path, model, dtype), predict(model, u)
    for _ in range(2):
        plant.init()
        y = plant.run(u)
        assert deviation(model, y[hold - 1 :: hold], expected[hold - 1 :: hold]) < bound


@each
@pytest.mark.parametrize("n_steps", [N_STEPS, 4, 1])
def test_onnx_sequence_graph_computes_what_predict_computes(options, n_steps):
    """Also for records shorter than the delay."""
    model = make_late(**options)
    u = make_inputs(model, n_steps, np.float32)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert deviation(model, y, predict(model, u)) < 1e-5


def test_onnx_step_graph_carries_the_past_inputs():
    """Begun with the past that the first input tells."""
    model = make_late()
    u = make_inputs(model, N_STEPS, np.float32)
    step, n_units = session(to_onnx(model)), model.network_.n_units
    zeros = np.zeros((1, n_units), np.float32)
    given = {"state_in_h": zeros, "state_in_c": zeros, "state_in_past": np.zeros((1, 8), "f4")}
    (past,) = step.run(["state_first_past"], {"u": u[:1], **given})
    given["state_in_past"], names, y = past, ["h", "c", "past"], []
    for u_t in u:
        y_t, *states = step.run(
            ["y", *(f"state_out_{name}" for name in names)], {"u": u_t[None], **given}
        )
        given = {f"state_in_{name}": state for name, state in zip(names, states, strict=True)}
        y.append(y_t[0])
    assert deviation(model, np.stack(y), predict(model, u)) < 1e-5


@each
def test_delays_survive_state_dict(options):
    """Import and export know the same parts; half a sample cannot be meant."""
    model = make_late(**options)
    u, state = make_inputs(model, 103), to_state_dict(model)
    np.testing.assert_array_equal(from_state_dict(state).predict(u), model.predict(u))
    with pytest.raises(ValueError, match="frame_delays"):
        from_state_dict({**state, "frame_delays": np.array([2.5, 0.0])})


@pytest.mark.torch
@each
def test_torch_module_computes_what_predict_computes(options):
    """Whole records, and parts that go on with the inputs of the part before."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import from_torch_module, to_torch_module

    model = make_late(**options)
    module, first = to_torch_module(model), 2 * model.frame_.hold
    for n_steps in (100, 5):
        u = np.stack([make_inputs(model, n_steps, seed=seed) for seed in range(2)])
        with torch.no_grad():
            y, _ = module(torch.from_numpy(u))
        assert deviation(model, y.numpy(), np.stack(model.predict(u))) < 1e-12
        parts, state = [], None
        for part in np.split(u, np.arange(first, n_steps, first), axis=1):
            with torch.no_grad():
                y_part, state = module(torch.from_numpy(part), state)
            parts.append(y_part)
        torch.testing.assert_close(torch.cat(parts, dim=1), y)
    np.testing.assert_array_equal(from_torch_module(module).predict(u[0]), model.predict(u[0]))


def test_keras_is_refused_with_the_reason():
    """A list of weights has no place for past inputs."""
    with pytest.raises(ValueError, match=r"past inputs; got .*delayed by \[7, 1\] samples"):
        to_keras_weights(make_late())
