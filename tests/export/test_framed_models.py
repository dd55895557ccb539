"""Models with integrators and with steps of several samples, in every format."""

from __future__ import annotations

import json

import numpy as np
import pytest
from c_compiler import Plant, self_test
from export_models import deviation, make_framed, make_inputs, make_model, predict
from onnx_session import session

from fastlstm import load
from fastlstm.export import (
    EXPORTERS,
    export_c,
    export_model,
    export_torch,
    from_state_dict,
    to_keras_weights,
    to_onnx,
    to_state_dict,
)
from fastlstm.frame import Frame

HOLDS = [1, 5]
N_STEPS = 1000


def rounding(model, expected, dtype=np.float32):
    """Return the rounding of the output itself, in standard deviations."""
    return np.finfo(dtype).eps * np.max(np.abs(expected) / model.scaling_.y_std)


def test_integrators_of_the_tests_move():
    """A test of integrators proves something only where they add up to something."""
    model = make_framed()
    y = predict(model, make_inputs(model, N_STEPS))
    assert np.all(np.abs(y[-1] - y[0])[[0, 2]] > model.scaling_.y_std[[0, 2]])


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_c_computes_what_predict_computes(hold, dtype, bound, tmp_path):
    """Every call where each is a step; where a step has several samples, at the last of them."""
    model = make_framed(hold)
    export_c(model, tmp_path, float32=dtype is np.float32)
    u = make_inputs(model, N_STEPS, dtype)
    expected, y = predict(model, u), Plant(tmp_path, model, dtype).run(u)
    ends = slice(hold - 1, None, hold)
    error = deviation(model, y[ends], expected[ends])
    assert error < bound + rounding(model, expected, dtype)
    for k in range(hold, N_STEPS - hold, hold):
        np.testing.assert_array_equal(y[k : k + hold - 1], np.tile(y[k - 1], (hold - 1, 1)))


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("float32", [True, False])
def test_self_test_passes_without_a_warning_of_the_compiler(hold, float32, tmp_path):
    """With and without optimisation, which must not undo the compensated sum."""
    export_c(make_framed(hold), tmp_path, float32=float32)
    for level in ("-O0", "-O3"):
        assert self_test(tmp_path, "plant", None, level) == 0


def test_float_sum_of_c_does_not_stall(tmp_path):
    """Increments of 1e-8 standard deviations, far below the rounding of a sum in float."""
    frame = Frame(np.array([1e-8]), np.array([1.0]))
    model = make_model(head=(), frame=frame)
    export_c(model, tmp_path)
    u = np.tile(model.scaling_.u_mean + model.scaling_.u_std, (300_000, 1))
    expected = predict(model, u)[:, 0]
    moved = float(expected[-1] - expected[0])
    plant = Plant(tmp_path, model, np.float32)
    plant.set_outputs(model.scaling_.y_mean + 100.0 * model.scaling_.y_std)
    y = plant.run(u)[:, 0].astype(np.float64)
    ulp = float(np.spacing(np.float32(np.abs(y).max())))
    assert abs(moved) > 5.0 * ulp
    assert y[-1] - y[0] == pytest.approx(moved, abs=2.0 * ulp)


def test_c_starts_where_the_output_was_measured(tmp_path):
    """The output moves with its beginning; another output takes no notice."""
    model = make_framed()
    export_c(model, tmp_path, float32=False)
    u = make_inputs(model, 50)
    plant = Plant(tmp_path, model, np.float64)
    first, start = plant.run(u), np.array([-250.0, 3.0, -290.0])
    plant.init()
    plant.set_outputs(start)
    rest = model.scaling_.unscale_outputs(model.frame_.levels)
    shift = np.where(model.frame_.integrating, start - rest, 0.0)
    np.testing.assert_allclose(plant.run(u) - first, np.tile(shift, (50, 1)), atol=1e-9)


def test_onnx_step_graph_carries_the_sum():
    """A thousand calls on the states that the ones before left are the free run."""
    model = make_framed()
    u = make_inputs(model, N_STEPS, np.float32)
    step, n_units = session(to_onnx(model)), model.network_.n_units
    names = ["h", "c", "sum", "carry"]
    states = [np.zeros((1, n), np.float32) for n in (n_units, n_units, 3, 3)]
    y = []
    for u_t in u:
        inputs = {f"state_in_{name}": state for name, state in zip(names, states, strict=True)}
        wanted = ["y", *(f"state_out_{name}" for name in names)]
        y_t, *states = step.run(wanted, {"u": u_t[None], **inputs})
        y.append(y_t[0])
    expected = predict(model, u)
    assert deviation(model, np.stack(y), expected) < 1e-6 + rounding(model, expected)


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("n_steps", [N_STEPS, 1003, 3, 1])
def test_onnx_sequence_graph_computes_what_predict_computes(hold, n_steps):
    """At every sample, also within a step of the network and within a last part of one."""
    model = make_framed(hold)
    u = make_inputs(model, n_steps, np.float32)
    expected = predict(model, u)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert y.shape == expected.shape
    assert deviation(model, y, expected) < 1e-6 + rounding(model, expected)


def test_onnx_step_graph_is_refused_when_a_step_has_several_samples():
    """Between the samples it would have nothing to say; the message names what can."""
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match=r"frame_\.hold=5 samples per step.*onnx-sequence"):
        to_onnx(make_framed(5))


def test_keras_is_refused_with_the_reason():
    """A list of weights has no place for a sum."""
    for hold in HOLDS:
        with pytest.raises(ValueError, match=r"no place for a sum over time .*; got 2 int"):
            to_keras_weights(make_framed(hold))


@pytest.mark.parametrize("hold", HOLDS)
def test_frame_survives_state_dict_and_model_file(hold, tmp_path):
    """Import and export know the same parts."""
    model = make_framed(hold)
    u = make_inputs(model, 103)
    expected = predict(model, u)
    np.testing.assert_array_equal(from_state_dict(to_state_dict(model)).predict(u), expected)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "model.safetensors").predict(u), expected)


def test_state_dict_with_half_a_frame_is_refused():
    """The rest would be guessed."""
    state = to_state_dict(make_framed())
    with pytest.raises(ValueError, match="frame_hold"):
        from_state_dict({**state, "frame_hold": np.array([2.5])})
    del state["frame_levels"]
    with pytest.raises(ValueError, match="frame_levels"):
        from_state_dict(state)


@pytest.mark.torch
@pytest.mark.parametrize("hold", HOLDS)
def test_torch_module_computes_what_predict_computes(hold):
    """Whole records at every sample, and parts that go on after whole steps."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import from_torch_module, to_torch_module

    model = make_framed(hold)
    module = to_torch_module(model)
    for n_steps in (103, 100, 3, 1):
        u = np.stack([make_inputs(model, n_steps, seed=seed) for seed in range(2)])
        with torch.no_grad():
            y, _ = module(torch.from_numpy(u))
            first, state = module(torch.from_numpy(u[:, : 10 * hold]))
        assert deviation(model, y.numpy(), np.stack(model.predict(u))) < 1e-12
        if n_steps > 10 * hold:
            with torch.no_grad():
                second, _ = module(torch.from_numpy(u[:, 10 * hold :]), state)
            torch.testing.assert_close(torch.cat([first, second], dim=1), y)
    np.testing.assert_array_equal(from_torch_module(module).predict(u[0]), model.predict(u[0]))


@pytest.mark.torch
def test_torch_state_after_part_of_a_step_cannot_be_used():
    """NaN is loud; a state that ends somewhere within a step would be quietly wrong."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import to_torch_module

    model = make_framed(5)
    _, state = to_torch_module(model)(torch.from_numpy(make_inputs(model, 8)[None]))
    assert torch.isnan(state).all()


@pytest.mark.parametrize("seconds", [None, 0.005])
def test_sampling_time_is_written_where_the_model_knows_it(seconds, tmp_path):
    """Header, metadata of ONNX, metadata of the torch file."""
    from safetensors import safe_open

    model = make_model()
    if seconds is not None:
        model.sampling_time_ = seconds
    export_c(model, tmp_path)
    assert ("#define PLANT_SAMPLING_TIME 0.005f" in (tmp_path / "plant.h").read_text()) == (
        seconds is not None
    )
    assert self_test(tmp_path) == 0
    (path,) = export_torch(model, tmp_path / "plant.safetensors")
    with safe_open(path, "numpy") as file:
        assert file.metadata().get("sampling_time") == (None if seconds is None else "0.005")
    pytest.importorskip("onnx")
    described = json.loads(to_onnx(model).metadata_props[0].value)
    assert described["sampling_time"] == seconds


def test_generated_c_belongs_to_the_user(tmp_path):
    """Every file says so in its first line, in the form that licence scanners read."""
    for path in export_c(make_framed(), tmp_path):
        assert path.read_text().startswith("/* SPDX-License-Identifier: 0BSD */\n")


@pytest.mark.parametrize("format", EXPORTERS)
def test_every_format_takes_a_framed_model_or_says_why_not(format, tmp_path):
    """No format drops an integrator without a word."""
    if format.startswith("onnx"):
        pytest.importorskip("onnx")
    suffixes = EXPORTERS[format].suffixes
    path = tmp_path / f"plant{suffixes[0]}" if suffixes else tmp_path
    if format == "keras":
        with pytest.raises(ValueError, match="for Keras"):
            export_model(make_framed(), path, format)
    else:
        assert export_model(make_framed(), path, format)
