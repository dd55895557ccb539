"""Everything that uses a model with delayed inputs sees them where they act."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.exceptions import ModelFileError
from fastlstm.frame import Frame
from fastlstm.linearise import linearise
from fastlstm.metrics import r2
from fastlstm.model_file import read_model, write_model
from late_plants import late_record

DELAYS = (20, 0)

# a few iterations are enough to see which inputs a method is given
pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def data():
    """Two inputs, of which the first acts 20 steps late."""
    return late_record(600, DELAYS)


@pytest.fixture(scope="module")
def model(data):
    """Small network, delays given."""
    return LSTMRegressor((4,), (), input_delays=DELAYS, random_state=0, max_iter=30).fit(*data)


def acting(u):
    """Give the inputs where they act."""
    late = np.maximum(np.arange(len(u)) - DELAYS[0], 0)
    return np.stack([u[late, 0], u[:, 1]], axis=1)


def test_free_run_is_that_of_inputs_moved_by_hand(data, model):
    """The same weights without delays, on inputs where they act."""
    u, y = data
    by_hand = LSTMRegressor()
    by_hand.__dict__.update(model.__dict__)
    by_hand.frame_ = Frame.plain(1)
    assert model.score(u, y) == pytest.approx(by_hand.score(acting(u), y))
    np.testing.assert_allclose(model.predict(u), by_hand.predict(acting(u)), atol=1e-12)
    for run in (lambda m, x: m.simulate(x, y[:40]), lambda m, x: m.predict_ahead(x, y, 3)):
        np.testing.assert_allclose(run(model, u), run(by_hand, acting(u)), atol=1e-9)


def test_stream_is_predict_and_learns(data, model):
    """Sample by sample, again after a reset; a delay is no obstacle to learning."""
    u, y = data
    stream = model.stream(eta=0.5)
    for _ in range(2):
        np.testing.assert_allclose([stream.step(x) for x in u], model.predict(u), atol=1e-9)
        stream.reset()
    with pytest.raises(ValueError, match="u must be finite"):
        stream.step(np.array([np.nan, 1.0]))
    shifted = [stream.step(x, target + 1.0) for x, target in zip(u, y, strict=True)]
    assert np.mean(shifted[400:] - y[400:]) > 0.7


@pytest.mark.parametrize("hold", [1, 4])
def test_linearisation_turns_the_phase_by_the_delay(model, hold):
    """Frequency response of the model without delay times that of the delay."""
    plain, late = (LSTMRegressor().set_params() for _ in range(2))
    for copy, delays in ((plain, ()), (late, DELAYS)):
        copy.__dict__.update(model.__dict__)
        copy.frame_ = Frame(np.zeros(1), np.zeros(1), hold, delays)
    at = np.array([0.003, 0.05, 0.3])
    turned = np.exp(-2j * np.pi * at[:, None, None] * np.array(DELAYS) / hold)
    expected = linearise(plain, hold=hold).response(at) * turned
    system = linearise(late, hold=hold)
    np.testing.assert_allclose(system.response(at), expected, rtol=1e-9)
    assert system.spectral_radius == pytest.approx(linearise(plain, hold=hold).spectral_radius)


@pytest.mark.parametrize("delay", [1, 2, 6])
def test_linearisation_splits_a_delay_between_steps_of_the_network(model, delay):
    """For inputs that are held over every step, as the free run with small signals does."""
    late = LSTMRegressor()
    late.__dict__.update(model.__dict__)
    late.frame_ = Frame(np.zeros(1), np.zeros(1), 4, (delay, 0))
    rest, small = model.scaling_.u_mean, 1e-6
    u = np.concatenate([np.zeros((3000, 2)), np.random.default_rng(0).normal(size=(30, 2))])
    y = late.predict(rest + small * np.repeat(u, 4, axis=0))[3::4]
    y_linear = linearise(late, hold=4).simulate(u[3000:])[:, 0]
    np.testing.assert_allclose((y[3000:] - y[2999]) / small, y_linear, atol=1e-4)


def test_model_file_keeps_delays_and_refuses_nonsense(model, data, tmp_path):
    """Half a step cannot be meant; the array is absent where there is no delay."""
    path = tmp_path / "late.safetensors"
    model.save(path)
    loaded = load(path)
    assert loaded.frame_.delays == DELAYS
    assert loaded.get_params()["input_delays"] == DELAYS
    np.testing.assert_array_equal(loaded.predict(data[0]), model.predict(data[0]))
    content = read_model(path)
    for wrong in (-1.0, 2.5, 1e9):
        content.arrays["frame.delays"] = np.array([wrong, 0.0])
        write_model(path, content)
        with pytest.raises(ModelFileError, match=r"frame\.delays"):
            load(path)
    del content.arrays["frame.delays"]
    write_model(path, content)
    assert not load(path).frame_.is_delayed


def test_going_on_keeps_the_delays(model, data):
    """`partial_fit` and `start`, whatever the new records show."""
    short = LSTMRegressor((4,), (), input_delays=0, random_state=0, max_iter=3)
    assert short.fit(*data, start=model).frame_.delays == DELAYS
    again = LSTMRegressor((4,), (), input_delays=DELAYS, random_state=0, max_iter=3).fit(*data)
    assert again.set_params(input_delays=0).partial_fit(*data).frame_.delays == DELAYS


@pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning")
@pytest.mark.parametrize("solver", ["lm", "ridge", "split", "bptt"])
def test_training_sees_inputs_where_they_act(solver, data):
    """The errors are those of moved inputs; both ends are zero, so that the scaling is the same."""
    options = {"solver": solver, "random_state": 0, "max_iter": 3, "washout": 60}
    u, y = data[0].copy(), data[1]
    u[: DELAYS[0] + 1, 0] = u[-DELAYS[0] :, 0] = 0.0
    model = LSTMRegressor((4,), (), input_delays=DELAYS, **options).fit(u, y)
    by_hand = LSTMRegressor((4,), (), input_delays=0, **options).fit(acting(u), y)
    for name in ("rmse_train_", "rmse_validation_"):
        assert getattr(model, name) == pytest.approx(getattr(by_hand, name), rel=1e-4)
    moved = by_hand.predict(acting(u))
    np.testing.assert_allclose(model.predict(u), moved, atol=1e-3 * moved.std())


def test_integrating_plant_with_a_given_delay(data):
    """The delay stands before the integrator."""
    u, y = late_record(1500, (10,), noise=0.0)
    position = 0.05 * np.cumsum(y - y.mean())
    model = LSTMRegressor((4,), (), input_delays=(10,), random_state=0, max_iter=200)
    model.fit(u, position)
    assert model.frame_.delays == (10,)
    assert model.frame_.integrating.all()
    assert r2(position, model.simulate(u, position[:40])) > 0.999


@pytest.mark.parametrize("given", ["none", 5, (1, 2, 3), (600, 0), (-1, 0), (1.5, 0), ((1, 2),)])
def test_delays_that_cannot_be_meant_are_refused(given, data):
    """The message names the argument."""
    with pytest.raises((ValueError, TypeError), match="input_delays"):
        LSTMRegressor((2,), (), input_delays=given).fit(*data)
