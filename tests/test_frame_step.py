"""Integrators and time base sample by sample, judged by the whole record."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.frame import Frame
from fastlstm.frame_step import FrameStepper
from fastlstm.records import Records
from fastlstm.stream import Stream
from test_stream import plant_model, plant_record

GAINS, LEVELS = np.array([0.05, 0.0]), np.array([2.0, 9.0])


@pytest.fixture(params=[1, 4], ids=["hold 1", "hold 4"])
def framed(request):
    """Two inputs, two outputs, the first behind an integrator."""
    model = plant_model(2, 2)
    model.frame_ = Frame(GAINS, LEVELS, request.param)
    return model


@pytest.mark.parametrize("hold", [1, 3])
def test_stepper_is_the_frame_without_the_future(hold, rng):
    """At the last sample of a step reduce and expand of the whole record say the same."""
    frame = Frame(GAINS, LEVELS, hold)
    records = Records.from_lists([rng.normal(size=(12, 2))])
    reduced = frame.reduce(records)
    y_network = reduced.u @ np.array([[1.0, 2.0], [-0.5, 3.0]])
    expected = frame.expand(y_network, records.offsets)
    stepper, shown = FrameStepper(frame), []
    for u in records.u:
        seen = stepper.take(u)
        if seen is not None:
            stepper.give(seen @ np.array([[1.0, 2.0], [-0.5, 3.0]]))
        shown.append(stepper.y)
    ends = slice(hold - 1, None, hold)
    np.testing.assert_allclose(np.array(shown)[ends], expected[ends], rtol=1e-12)
    assert all(np.array_equal(shown[k], shown[k - 1]) for k in range(1, 12) if (k + 1) % hold)


def test_stream_of_a_framed_model_is_predict(framed):
    """In the units of the plant; between the steps of the network the last output stands."""
    u, _ = plant_record(framed)
    stream, hold = Stream(framed), framed.frame_.hold
    y = np.array([stream.step(sample) for sample in u])
    np.testing.assert_allclose(y[hold - 1 :: hold], framed.predict(u)[hold - 1 :: hold], rtol=1e-12)


def test_numbers_go_in_and_out_of_a_framed_stream():
    """One channel is a float, with an integrator too."""
    model = plant_model()
    model.frame_ = Frame(np.array([0.1]), np.array([1.0]))
    u, _ = plant_record(model)
    stream = Stream(model)
    y = [stream.step(float(sample[0]) if k % 2 else sample) for k, sample in enumerate(u)]
    assert all(type(value) is float for value in y)
    np.testing.assert_allclose(y, model.predict(u), rtol=1e-12)


def test_reset_starts_the_integrator_where_it_was_measured(framed):
    """The output moves with its beginning; what does not integrate takes no notice."""
    u, _ = plant_record(framed)
    stream = Stream(framed)
    first = np.array([stream.step(sample) for sample in u])
    start = framed.scaling_.unscale_outputs(LEVELS) + 100.0
    stream.reset(start)
    second = np.array([stream.step(sample) for sample in u])
    np.testing.assert_allclose(second - first, np.tile([100.0, 0.0], (len(u), 1)), atol=1e-9)
    stream.reset()
    np.testing.assert_array_equal([stream.step(sample) for sample in u], first)


def test_framed_stream_refuses_to_learn_and_moves_nothing(framed):
    """The bound of the rule is about outputs that the network gives itself."""
    u, y = plant_record(framed)
    stream, untouched = Stream(framed), Stream(framed)
    with pytest.raises(ValueError, match="y must be None for a model with an integrator"):
        stream.step(u[0], y[0])
    with pytest.raises(ValueError, match="u must"):
        stream.step(np.array([np.nan, 1.0]))
    for sample in u[:5]:
        np.testing.assert_array_equal(stream.step(sample), untouched.step(sample))
