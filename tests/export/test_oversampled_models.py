"""Models of slow plants, one step of which spans several samples, without integrators."""

from __future__ import annotations

import numpy as np
import pytest
from c_compiler import Plant, self_test
from export_models import deviation, make_inputs, make_oversampled, predict
from onnx_session import session

from fastlstm.export import (
    export_c,
    from_state_dict,
    to_keras_weights,
    to_onnx,
    to_state_dict,
)

N_STEPS = 503  # the last step is not whole


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_c_answers_at_the_last_sample_of_every_step(dtype, bound, tmp_path):
    """And lets the output stand until then."""
    model = make_oversampled()
    export_c(model, tmp_path, float32=dtype is np.float32)
    assert self_test(tmp_path, "plant", None, "-O3") == 0
    u = make_inputs(model, N_STEPS, dtype)
    expected, y = predict(model, u), Plant(tmp_path, model, dtype).run(u)
    assert deviation(model, y[4::5], expected[4:500:5]) < bound
    np.testing.assert_array_equal(y[5:9], np.tile(y[4], (4, 1)))


@pytest.mark.parametrize("n_steps", [N_STEPS, 5, 3])
def test_onnx_sequence_graph_computes_what_predict_computes(n_steps):
    """At every sample."""
    model = make_oversampled()
    u = make_inputs(model, n_steps, np.float32)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert deviation(model, y, predict(model, u)) < 1e-6


def test_formats_without_a_place_for_it_refuse():
    """A graph for one sample, and a list of weights."""
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match=r"frame_\.hold=5 samples per step"):
        to_onnx(make_oversampled())
    with pytest.raises(ValueError, match="5 samples per step"):
        to_keras_weights(make_oversampled())


def test_it_survives_a_state_dict():
    """Import and export know the same parts."""
    model = make_oversampled()
    u = make_inputs(model, N_STEPS)
    again = from_state_dict(to_state_dict(model))
    assert again.frame_.hold == 5
    np.testing.assert_array_equal(again.predict(u), model.predict(u))


@pytest.mark.torch
def test_torch_module_computes_what_predict_computes():
    """At every sample, also of a last part of a step."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import to_torch_module

    model = make_oversampled()
    u = make_inputs(model, N_STEPS)
    with torch.no_grad():
        y, _ = to_torch_module(model)(torch.from_numpy(u[None]))
    assert deviation(model, y[0].numpy(), predict(model, u)) < 1e-12
