"""Models with delayed and lagged inputs, in every format."""

from __future__ import annotations

import numpy as np
import pytest
from c_compiler import Plant, self_test
from export_models import begun, deviation, make_framed, make_inputs, make_model, predict
from onnx_session import session

from fastlstm.export import export_c, from_state_dict, to_keras_weights, to_onnx, to_state_dict
from fastlstm.frame import Frame

N_STEPS = 300


def make_late(hold=1, integrating=False, delays=(7, 1), lags=()):
    """Two inputs and three outputs; the first input acts 7 samples late, the second 1."""
    if integrating or hold > 1:
        return make_framed(hold, delays=delays, lags=lags)
    return make_model(2, 3, frame=Frame(np.zeros(3), np.zeros(3), 1, delays, lags))


MODELS = {
    "in step": {},
    "integrating": {"integrating": True},
    "hold 5": {"hold": 5},
    "lags": {"delays": (), "lags": (3, 0)},
    "late lags": {"delays": (2, 0), "lags": (1, 2)},
    "late lags, hold 3": {"delays": (4, 0), "lags": (0, 2), "hold": 3},
}
each = pytest.mark.parametrize("options", MODELS.values(), ids=MODELS)


@each
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_c_computes_what_predict_computes(options, dtype, bound, tmp_path):
    """Ring buffers hold the first input before the record, in the second run too."""
    model = begun(make_late(**options))
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
    model = begun(make_late(**options))
    u = make_inputs(model, n_steps, np.float32)
    y = session(to_onnx(model, "sequence")).run(None, {"u": u})[0]
    assert deviation(model, y, predict(model, u)) < 1e-5


@pytest.mark.parametrize(
    ("options", "n_past"),
    [({}, 8), (MODELS["lags"], 3), (MODELS["late lags"], 5)],
    ids=["delays", "lags", "late lags"],
)
def test_onnx_step_graph_carries_the_past_inputs(options, n_past):
    """Begun with the past and the states that the first input tells."""
    model = begun(make_late(**options))
    u = make_inputs(model, N_STEPS, np.float32)
    step, n_units, names = session(to_onnx(model)), model.network_.n_units, ["h", "c", "past"]
    widths = dict(zip(names, (n_units, n_units, n_past), strict=True))
    given = {f"state_in_{name}": np.zeros((1, n), np.float32) for name, n in widths.items()}
    first = step.run([f"state_first_{name}" for name in names], {"u": u[:1], **given})
    given, y = {f"state_in_{name}": x for name, x in zip(names, first, strict=True)}, []
    for u_t in u:
        y_t, *states = step.run(
            ["y", *(f"state_out_{name}" for name in names)], {"u": u_t[None], **given}
        )
        given = {f"state_in_{name}": state for name, state in zip(names, states, strict=True)}
        y.append(y_t[0])
    assert deviation(model, np.stack(y), predict(model, u)) < 1e-5


@each
def test_taps_survive_state_dict(options):
    """Import and export know the same parts; half a sample cannot be meant."""
    model = begun(make_late(**options))
    u, state = make_inputs(model, 103), to_state_dict(model)
    np.testing.assert_array_equal(from_state_dict(state).predict(u), model.predict(u))
    for name in ("frame_delays", "frame_lags"):
        with pytest.raises(ValueError, match=name):
            from_state_dict({**state, name: np.array([2.5, 0.0])})


@pytest.mark.torch
@each
def test_torch_module_computes_what_predict_computes(options):
    """Whole records, and parts that go on with the inputs of the part before."""
    torch = pytest.importorskip("torch")
    from fastlstm.export import from_torch_module, to_torch_module

    model = begun(make_late(**options))
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
    with pytest.raises(ValueError, match=r"past inputs; got .*seen at \[3, 0\] lags"):
        to_keras_weights(make_late(**MODELS["lags"]))
