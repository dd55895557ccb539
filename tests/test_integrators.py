"""Plants that integrate: positions, levels, charges."""

import warnings

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.exceptions import ConvergenceWarning
from integrating_plants import slide, valve


@pytest.fixture(scope="module")
def model():
    """Defaults on one record with a little noise."""
    return LSTMRegressor(random_state=0).fit(*slide(6000, 1, noise=2e-3))


def rms(x):
    return float(np.sqrt(np.mean(x**2)))


def test_free_runs_of_25000_steps_do_not_drift(model):
    """Four times the training record, from a level never seen there: errors wander, not run.

    How far they wander depends on the random numbers; the median of three is judged.
    """
    u, y = slide(25_000, 2, start=5.0)
    whole, end = [], []
    for seed in range(3):
        record = slide(6000, 1, noise=2e-3)
        one = model if seed == 0 else LSTMRegressor(random_state=seed).fit(*record)
        assert np.all(one.frame_.integrating)
        error = one.simulate(u, y_init=y[:40]) - y
        whole.append(rms(error))
        end.append(rms(error[-1000:]))
    assert np.median(whole) < 0.35 * y.std()
    assert np.median(end) < 0.7 * y.std()


def test_predict_starts_at_the_level_of_the_training_record(model):
    """Without a measurement there is no better guess."""
    u, y = slide(1500, 1)  # how the training record begins
    assert abs(model.predict(u)[0] - y[0]) < 0.1


def test_prediction_ahead_starts_at_the_measured_level(model):
    """One step ahead of a position that is known: the error is a step's, not a level's."""
    u, y = slide(2000, 3, start=-3.0)
    assert rms(model.predict_ahead(u, y, steps=1) - y) < 0.02


def test_integrators_survive_saving(model, tmp_path):
    """Same bits after a round trip."""
    u, y = slide(500, 4)
    model.save(tmp_path / "slide.safetensors")
    loaded = load(tmp_path / "slide.safetensors")
    np.testing.assert_array_equal(loaded.frame_.gains, model.frame_.gains)
    assert loaded.frame_.hold == model.frame_.hold
    same = loaded.simulate(u, y_init=y[:20])
    np.testing.assert_array_equal(same, model.simulate(u, y_init=y[:20]))


def test_partial_fit_keeps_the_integrator_and_is_not_worse(model, tmp_path):
    """The next record of the same plant; the held-out rows decide."""
    model.save(tmp_path / "slide.safetensors")
    other = load(tmp_path / "slide.safetensors")
    u, y = slide(1500, 5, start=2.0, noise=2e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        other.set_params(max_iter=5, time_limit=None).partial_fit(u, y)
    assert np.all(other.frame_.integrating)
    u_test, y_test = slide(1500, 6)
    before = rms(model.simulate(u_test, y_init=y_test[:40]) - y_test)
    assert rms(other.simulate(u_test, y_init=y_test[:40]) - y_test) < 1.5 * before


def test_oversampled_record_gets_a_wider_time_base():
    """Ten times as many samples of the same motion: the network runs at a tenth of the rate."""
    u, y = slide(2500, 1)
    fine = np.interp(np.arange(25_000) / 10.0, np.arange(2500), y)
    model = LSTMRegressor(random_state=0, max_iter=400)
    model.fit(np.repeat(u, 10, axis=0), fine)
    assert model.frame_.hold > 4
    u_test, y_test = slide(1000, 7)
    fine = np.interp(np.arange(10_000) / 10.0, np.arange(1000), y_test)
    y_sim = model.simulate(np.repeat(u_test, 10, axis=0), y_init=fine[:50])
    assert y_sim.shape == fine.shape
    assert rms(y_sim - fine) < 0.2 * y_test.std()


def test_stream_follows_the_free_run_of_a_trained_model(model):
    """Sample by sample, integrator and time base included."""
    u, _ = slide(1500, 8)
    stream, hold = model.stream(), model.frame_.hold
    y = np.array([stream.step(sample) for sample in u])
    expected = model.predict(u)
    np.testing.assert_allclose(y[hold - 1 :: hold], expected[hold - 1 :: hold], rtol=1e-9)


@pytest.mark.parametrize("change", [{"solver": "split"}, {"validation_fraction": 0.0}])
def test_other_methods_do_not_go_on_from_a_model_with_an_integrator(model, tmp_path, change):
    """They would train on outputs where the network has to give increments."""
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors").set_params(**change)
    with pytest.raises(ValueError, match='must go on with solver="lm" alone'):
        again.partial_fit(*slide(1500, 3))


def test_long_records_keep_their_integrator_and_their_time_base():
    """12,000 steps of which none can be spared: a free run of 10,000 others stays on course."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LSTMRegressor(random_state=0, max_iter=200).fit(*valve(12_000, 1, noise=0.01))
    assert np.all(model.frame_.integrating)
    assert model.frame_.hold == 1
    u, y = valve(10_000, 2)
    assert rms(model.simulate(u, y_init=y[:40]) - y) < 0.05 * y.std()
