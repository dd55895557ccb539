"""Autoregression of the free-run error."""

import numpy as np

from fastlstm.error_model import ErrorModel
from fastlstm.records import Records


def autoregressive(coef, n_steps, seed):
    noise = np.random.default_rng(seed).normal(size=n_steps)
    error = np.zeros(n_steps)
    for t in range(n_steps):
        past = [a * error[t - j] for j, a in enumerate(coef, start=1) if t >= j]
        error[t] = sum(past) + noise[t]
    return error[:, None]


def fit(parts, washout=0):
    records = Records.from_lists([np.zeros_like(part) for part in parts])
    return ErrorModel.of(np.concatenate(parts), records, washout)


def test_error_model_recovers_autoregression():
    """Data from a known AR(2): the coefficients come back to the accuracy the length allows."""
    model = fit([autoregressive([1.2, -0.5], 5000, seed) for seed in range(2)])
    np.testing.assert_allclose(model.coef[0, :2], [1.2, -0.5], atol=0.05)
    assert model.order <= 5


def test_error_model_is_empty_when_errors_are_white(rng):
    """Nothing can be forecast, so k-step prediction is the free run."""
    model = fit([rng.normal(size=(2000, 1))])
    assert model.order == 0
    np.testing.assert_array_equal(model.forecast(rng.normal(size=(20, 1)), 1), 0.0)


def test_error_model_is_empty_when_there_is_no_error():
    """A perfect model leaves zeros, which have no autocovariance to divide by."""
    assert fit([np.zeros((50, 2))]).order == 0


def test_forecast_ahead_equals_iterated_one_step_forecast():
    """The k-step weights are the one-step model fed with its own forecasts."""
    model = ErrorModel(np.array([[0.9, -0.3, 0.1]]))
    error = autoregressive([0.9, -0.3, 0.1], 40, seed=3)
    t, steps = 30, 4
    past = error[: t - steps + 1, 0].tolist()
    for _ in range(steps):
        past.append(0.9 * past[-1] - 0.3 * past[-2] + 0.1 * past[-3])
    np.testing.assert_allclose(model.forecast(error, steps)[t, 0], past[-1], rtol=1e-12)


def test_forecast_uses_no_error_newer_than_the_horizon():
    """Changing the last `steps` errors must not change the forecast of the last step."""
    model = ErrorModel(np.array([[0.5, 0.2]]))
    error = autoregressive([0.5, 0.2], 30, seed=1)
    changed = error.copy()
    changed[-3:] += 100.0
    np.testing.assert_array_equal(model.forecast(error, 3)[-1], model.forecast(changed, 3)[-1])


def test_forecast_fades_with_the_horizon():
    """Yule-Walker models are stable, whatever the errors: even a drift is forgotten."""
    drift = np.linspace(-1.0, 1.0, 400)[:, None]
    model = fit([drift])
    assert np.all(np.isfinite(model.forecast(drift, 350)))
    assert np.abs(model.ahead(10**5)).max() < 1e-6
