"""The linear model of small signals, judged by the free run itself."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.exceptions import DataWarning
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.linearise import StateSpace, linearise
from fastlstm.network import Network
from fastlstm.scaling import Scaling

STEPS = 1500  # to come to rest, before the small signal begins


@pytest.fixture(params=[((3,), ()), ((4, 3), (5, 2))], ids=["one layer", "two layers, MLP"])
def random_model(request, model):
    """Two inputs, two outputs in other units, with random weights."""
    model.network_ = Network(2, 2, *request.param)
    model.params_ = 0.5 * np.random.default_rng(1).normal(size=model.network_.n_params)
    model.scaling_ = Scaling(
        np.array([3.0, -1.0]), np.array([2.0, 0.1]), np.array([100.0, 0.0]), np.array([30.0, 1e-3])
    )
    model.n_features_in_, model.n_outputs_, model._one_column = 2, 2, False
    model.frame_, model.initial_state_ = Frame.plain(2), InitialState.rest(model.network_)
    return model


def test_small_signals_of_the_free_run_follow_the_linear_model(random_model):
    """Central differences of two free runs, one with the small signal and one with its negative."""
    u0 = np.array([4.0, -1.05])
    signal = np.random.default_rng(2).normal(size=(60, 2)) * [2.0, 0.1]
    held = np.tile(u0, (STEPS + 60, 1))
    runs = []
    for sign in (1.0, -1.0):
        u = held.copy()
        u[STEPS:] += sign * 1e-4 * signal
        runs.append(random_model.predict(u)[STEPS:])
    expected = (runs[0] - runs[1]) / 2e-4
    found = linearise(random_model, u0).simulate(signal)
    size = np.ptp(expected, axis=0)
    np.testing.assert_allclose(found / size, expected / size, rtol=0.0, atol=1e-6)


def test_frequency_response_is_the_transform_of_the_impulse_response(random_model):
    """Two ways to one function; the impulse response has died out after 1024 steps."""
    system = linearise(random_model)
    frequencies = np.fft.rfftfreq(1024, d=0.5)
    for channel in range(2):
        impulse = np.zeros((1024, 2))
        impulse[0, channel] = 1.0
        expected = np.fft.rfft(system.simulate(impulse), axis=0)
        found = system.response(frequencies, sampling_time=0.5)[:, :, channel]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_default_operating_point_is_the_mean_of_the_training_inputs(random_model):
    """Which is zero in standardised units."""
    for ours, theirs in zip(linearise(random_model), linearise(random_model, [3.0, -1.0]),
                            strict=True):  # fmt: skip
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_input_that_was_constant_in_fit_has_no_influence(random_model):
    """The network does not see it, so its column vanishes."""
    random_model.scaling_.u_std[1] = 0.0
    system = linearise(random_model)
    assert np.all(system.B[:, 1] == 0.0) and np.all(system.D[:, 1] == 0.0)
    assert np.any(system.D[:, 0] != 0.0)


def test_unstable_point_of_rest_is_named(random_model):
    """At rest all gates are one half: the loop gain 0.25 * weight of g exceeds one."""
    network = random_model.network_ = Network(2, 2, (1,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["lstm.0.weight_hh"][2] = 10.0
    random_model.params_ = network.pack(weights)
    with pytest.warns(DataWarning, match="unstable"):
        system = linearise(random_model)
    # eigenvalues of [[0.5 * 5, 0.25], [5, 0.5]]: 0 and 3
    assert system.spectral_radius == pytest.approx(3.0)


def test_model_that_never_rests_is_refused(random_model):
    """A cell that keeps all (f = 1) and adds 0.5 * tanh(1) in every step."""
    network = random_model.network_ = Network(2, 2, (1,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["lstm.0.bias"][:] = [0.0, 50.0, 1.0, 0.0]
    random_model.params_ = network.pack(weights)
    with pytest.raises(ValueError, match=r"still moves by 0\.381 per step"):
        linearise(random_model)


@pytest.mark.parametrize("hold", [1, 4])
def test_integrator_is_a_state_of_the_linear_model(random_model, hold):
    """Free runs differ by what the linear model says, at the last sample of every step."""
    random_model.frame_ = Frame(np.array([0.05, 0.0]), np.array([3.0, 0.0]), hold)
    u0 = np.array([4.0, -1.05])
    signal = np.random.default_rng(2).normal(size=(60, 2)) * [2.0, 0.1]
    runs = []
    for sign in (1.0, -1.0):
        u = np.tile(u0, (STEPS + 60, 1))
        u[STEPS:] += sign * 1e-4 * signal
        runs.append(random_model.predict(np.repeat(u, hold, axis=0))[hold - 1 :: hold][STEPS:])
    expected = (runs[0] - runs[1]) / 2e-4
    system = linearise(random_model, u0, hold)
    found = system.simulate(signal)
    size = np.ptp(expected, axis=0)
    np.testing.assert_allclose(found / size, expected / size, rtol=0.0, atol=1e-6)
    assert len(system.A) == 2 * random_model.network_.n_units + 1
    assert system.spectral_radius == pytest.approx(1.0)


def test_wider_time_base_has_to_be_asked_for(random_model):
    """Its steps are longer: a frequency response at the rate of the records would be wrong."""
    random_model.frame_ = Frame(np.array([0.5, 0.0]), np.zeros(2), hold=10)
    with pytest.raises(ValueError, match=r"hold must be .* 10; got 1"):
        linearise(random_model)


@pytest.mark.parametrize("u0", [1.0, [1.0, np.nan], [1.0, 2.0, 3.0]])
def test_operating_input_must_fit_the_model(random_model, u0):
    """One finite value per channel."""
    with pytest.raises(ValueError, match="one finite value per input channel, 2"):
        linearise(random_model, u0)


def test_response_of_a_known_system():
    """First order lag: 1 / (z - 0.5), gain 2 at rest and 2 / 3 at half the sampling rate."""
    one = np.ones((1, 1))
    system = StateSpace(0.5 * one, one, one, 0.0 * one)
    np.testing.assert_allclose(system.response([0.0, 0.5])[:, 0, 0], [2.0, -2.0 / 3.0], atol=1e-15)
    np.testing.assert_allclose(system.simulate([1.0, 0.0, 0.0])[:, 0], [0.0, 1.0, 0.5])
