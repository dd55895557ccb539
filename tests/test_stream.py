"""A fitted model sample by sample, in the units of the plant."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from fastlstm import LSTMRegressor
from fastlstm._core.online import OnlineNetwork
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState, states_before
from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.stream import Stream


def plant_model(n_inputs=1, n_outputs=1, *, constant=False):
    """Estimator with random weights, as if fitted on data far from zero."""
    rng = np.random.default_rng(0)
    model = LSTMRegressor((6,), (4,))
    model.network_ = Network(n_inputs, n_outputs, (6,), (4,))
    model.params_ = rng.normal(scale=0.4, size=model.network_.n_params)
    model.n_features_in_, model.n_outputs_ = n_inputs, n_outputs
    model._one_column, model.n_jobs = n_outputs == 1, 1
    model.frame_ = Frame.plain(n_outputs)
    u_std, y_std = np.arange(2.0, 2.0 + n_inputs), np.arange(3.0, 3.0 + n_outputs)
    if constant:
        u_std[-1] = y_std[-1] = 0.0
    model.scaling_ = scaling = Scaling(
        np.full(n_inputs, 5.0), u_std, np.full(n_outputs, -40.0), y_std
    )
    model.input_range_ = scaling.u_mean + np.array([[-1.0], [1.0]]) * scaling.u_std
    shape = (2, model.network_.n_units)
    model.initial_state_ = InitialState(
        rng.normal(scale=0.3, size=shape), rng.normal(scale=0.3, size=(*shape, n_inputs))
    )
    return model


def plant_record(model, n_steps=60):
    rng = np.random.default_rng(1)
    scaling = model.scaling_
    u = scaling.u_mean + scaling.u_std * rng.normal(size=(n_steps, len(scaling.u_mean)))
    y = scaling.y_mean + scaling.y_std * rng.normal(size=(n_steps, len(scaling.y_mean)))
    return u, y


channels = pytest.mark.parametrize("n_inputs, n_outputs", [(1, 1), (2, 1), (1, 2), (3, 2)])


@channels
def test_steps_without_targets_are_predict(n_inputs, n_outputs):
    """Begun as the first input tells, with the same scaling, in the unit of the plant."""
    model = plant_model(n_inputs, n_outputs)
    u, _ = plant_record(model)
    stream = Stream(model)
    y_pred = np.array([stream.step(sample) for sample in u])
    np.testing.assert_allclose(y_pred, model.predict(u), rtol=1e-12)


@channels
def test_steps_with_targets_learn_in_standardised_units(n_inputs, n_outputs):
    """The rule sees what training sees: zero mean and unit spread on both sides."""
    model = plant_model(n_inputs, n_outputs)
    u, y = plant_record(model)
    stream, scaling = Stream(model, eta=0.4, path="none"), model.scaling_
    online = OnlineNetwork(model.network_, model.params_, "none")
    online.state = states_before(model, scaling.scale_inputs(u[:1]))[0]
    expected = scaling.unscale_outputs(
        online.learn_record(scaling.scale_inputs(u), scaling.scale_outputs(y), 0.4)
    )
    y_pred = np.array([np.atleast_1d(stream.step(*pair)) for pair in zip(u, y, strict=True)])
    np.testing.assert_allclose(y_pred, expected, rtol=1e-10)
    np.testing.assert_allclose(stream.params, online.params, rtol=0, atol=1e-12)
    assert np.abs(stream.params - model.params_).max() > 0.1


def test_numbers_go_in_and_out_when_there_is_one_channel():
    """Every way to write one number is the same number, for u and for y."""
    model = plant_model()
    forms = [float, np.float64, np.float32, np.array, lambda v: np.array([v]), lambda v: [v]]
    results = []
    for form in forms:
        stream = Stream(model)
        found = [stream.step(form(3.5), form(-38.5)), stream.step(form(4.5))]
        assert all(type(value) is float for value in found)
        results.append(found)
    np.testing.assert_allclose(results, np.tile(results[0], (len(forms), 1)), rtol=1e-14)
    assert Stream(model).step(3) == Stream(model).step(3.0)


def test_arrays_come_out_when_there_are_several_outputs():
    """One value per output; lists and integers are taken too."""
    model = plant_model(2, 2)
    y_pred = Stream(model).step([4, 6], [-38, -39])
    assert y_pred.shape == (2,)
    floats = Stream(model).step(np.array([4.0, 6.0]), np.array([-38.0, -39.0]))
    np.testing.assert_array_equal(y_pred, floats)


def test_targets_that_were_not_measured_move_nothing():
    """NaN, None and infinity say that there was no measurement."""
    model = plant_model()
    u, _ = plant_record(model)
    plain, gaps = Stream(model), Stream(model)
    for t, missing in enumerate([np.nan, None, np.inf, np.array([np.nan]), [np.nan]]):
        assert gaps.step(u[t, 0], missing) == plain.step(u[t, 0])
    np.testing.assert_array_equal(gaps.params, model.params_)
    one_of_two = Stream(plant_model(1, 2))
    before = one_of_two.params
    one_of_two.step(3.0, [np.nan, -39.0])
    assert np.any(one_of_two.params != before)


def test_prediction_does_not_know_the_target_of_its_own_sample():
    """It is made before the update."""
    model = plant_model()
    assert (
        Stream(model).step(3.0, -30.0) == Stream(model).step(3.0, -50.0) == Stream(model).step(3.0)
    )


def test_model_gives_back_what_was_learned_and_leaves_the_first_alone():
    """The estimator that comes out has the new weights, the one that went in its own."""
    model = plant_model()
    u, y = plant_record(model)
    before, kept = model.predict(u), model.params_.copy()
    stream = Stream(model)
    for sample, target in zip(u, y, strict=True):
        stream.step(sample, target)
    learned = stream.model()
    np.testing.assert_array_equal(model.predict(u), before)
    np.testing.assert_array_equal(model.params_, kept)
    np.testing.assert_array_equal(learned.params_, stream.params)
    stream.reset()
    free = [stream.step(sample) for sample in u]
    np.testing.assert_allclose(learned.predict(u), free, rtol=1e-12)
    stream.step(u[0], y[0])
    assert np.any(stream.params != learned.params_)


def test_constant_channels_are_ignored_as_in_predict():
    """A constant input says nothing whatever its value; a constant output is its mean."""
    model = plant_model(2, 2, constant=True)
    u, y = plant_record(model)
    moved = u.copy()
    moved[:, 1] += 1e6
    stream, other = Stream(model), Stream(model)
    for t in range(len(u)):
        np.testing.assert_array_equal(stream.step(u[t], y[t]), other.step(moved[t], y[t]))
    assert stream.step(u[0])[1] == model.scaling_.y_mean[1]


def test_learning_tracks_a_plant_that_changed(model, record):
    """Gain and offset move after `fit`; learning brings the error down, standing still does not."""
    u, y = record
    changed = 1.5 * y + 2.0 * np.std(y)
    stream = Stream(model, eta=0.3, path="none")
    error = np.array([stream.step(a, b) - b for a, b in zip(u[:, 0], changed, strict=True)])
    still = np.ravel(model.predict(u)) - changed
    late = np.s_[-len(u) // 4 :]
    assert np.sqrt(np.mean(error[late] ** 2)) < 0.3 * np.sqrt(np.mean(still[late] ** 2))


def test_huge_numbers_do_not_poison_the_state():
    """What the plain way of scaling cannot hold is scaled with care, or refused."""
    model = plant_model()
    model.scaling_ = Scaling(np.array([-1.5e308]), np.array([1e308]), np.zeros(1), np.ones(1))
    stream = Stream(model)
    assert np.isfinite(stream.step(1.5e308))
    assert np.isfinite(stream.step(np.array([1.5e308]), 1.0))
    model.scaling_ = Scaling(np.zeros(1), np.array([1e-300]), np.zeros(1), np.ones(1))
    stream = Stream(model)
    with pytest.raises(ValueError, match="leaves float64"):
        stream.step(1e300)
    assert stream.step(1e-300) == Stream(model).step(1e-300)


BAD_SAMPLES = {
    "u NaN": ((np.nan,), ValueError, "u must be finite"),
    "u infinite": ((-np.inf, 1.0), ValueError, "u must be finite"),
    "u infinite array": ((np.array([np.inf]),), ValueError, "u must be finite"),
    "u text": (("3",), ValueError, "u must hold numbers"),
    "u None": ((None,), TypeError, "u must hold numbers"),
    "u channels": ((np.zeros(2),), ValueError, "u must have shape"),
    "u empty": ((np.zeros(0),), ValueError, "u must have shape"),
    "u 2-D": ((np.zeros((1, 1)),), ValueError, "u must have shape"),
    "y channels": ((0.0, np.zeros(2)), ValueError, "y must have shape"),
    "y text": ((0.0, "3"), TypeError, "y must hold numbers"),
    "y complex": ((0.0, 3j), TypeError, "y must hold numbers"),
}


@pytest.mark.parametrize("args, error, message", BAD_SAMPLES.values(), ids=BAD_SAMPLES.keys())
def test_bad_samples_are_refused_and_move_nothing(args, error, message):
    """The stream goes on as if the sample had never come."""
    model = plant_model()
    stream, untouched = Stream(model), Stream(model)
    stream.step(3.0)
    untouched.step(3.0)
    with pytest.raises(error, match=message):
        stream.step(*args)
    assert stream.step(4.0) == untouched.step(4.0)
    np.testing.assert_array_equal(stream.params, model.params_)


@pytest.mark.parametrize("sample", [3.0, np.zeros(1), np.zeros(3), np.zeros((1, 2)), [1.0, np.nan]])
def test_wrong_channels_are_refused_when_there_are_several(sample):
    """A missing or surplus channel, or one that is not finite."""
    with pytest.raises(ValueError, match="u must"):
        Stream(plant_model(2, 1)).step(sample)


def test_bad_settings_are_refused():
    """At construction, before anything runs."""
    model = plant_model()
    for eta in (-0.1, 1.5, np.nan):
        with pytest.raises(ValueError, match="eta must be in"):
            Stream(model, eta=eta)
    with pytest.raises(ValueError, match="path must be one of"):
        Stream(model, path="time")
    with pytest.raises(NotFittedError):
        Stream(LSTMRegressor())
