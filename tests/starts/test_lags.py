"""Lags are found where no linear model of the order does without them, and pay there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from fastlstm import LSTMRegressor
from fastlstm.metrics import nrmse
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.starts.lagged import with_lagged, without_lagged
from fastlstm.starts.lags import LADDER, find_lags
from fastlstm.starts.linear import LinearModel
from late_plants import late_record

# a few iterations are enough to see which inputs a method is given
pytestmark = [
    pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning"),
]

ECHOES = [1.0, *[0.0] * 6, 0.8, *[0.0] * 5, -0.6]  # after 7 and 13 steps


def record(n_timesteps, taps, seed=0, noise=0.02):
    """First-order lag of white inputs (one per list of taps), each behind its FIR filter; tanh."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((n_timesteps + 100, len(taps)))
    drive = sum(lfilter(weights, [1.0], u[:, k]) for k, weights in enumerate(taps))
    y = np.tanh(lfilter([0.3], [1.0, -0.7], drive))
    y = y / y.std() + noise * rng.standard_normal(len(y))
    return u[100:], y[100:]


def standardised(u, y):
    """One record as `fit` sees it."""
    records = Records.from_lists([u], [np.reshape(y, (len(u), -1))])
    return Scaling.of(records).scale(records)


@pytest.mark.parametrize("n_timesteps", [700, 3000])
def test_echoes_are_found(n_timesteps):
    """The last echo comes after 13 steps: the next number of the ladder reaches it."""
    assert find_lags(standardised(*record(n_timesteps, [ECHOES]))) == (16,)


def test_lags_go_to_the_input_that_needs_them():
    """Two inputs, echoes on the second; the ladder allows few lags of the first by chance."""
    first, second = find_lags(standardised(*record(3000, [[1.0], ECHOES])))
    assert first <= 1 and second == 16


@pytest.mark.parametrize("colour", ["white", "low-pass", "steps"])
@pytest.mark.parametrize("kind", ["first", "second", "slow"])
def test_nothing_is_found_where_states_are_enough(kind, colour):
    """First- and second-order plants, short and long records, inputs a step late as well."""
    for n_timesteps, delay in ((300, 0), (3000, 1)):
        data = late_record(n_timesteps, (delay,), kind, colour)
        assert find_lags(standardised(*data)) == ()


def test_more_states_make_up_for_lags():
    """An FIR filter of five taps is a linear model of order four."""
    data = standardised(*record(2000, [[1.0, -1.5, 1.0, 0.5, -1.0]], noise=0.0))
    assert find_lags(data, max_order=6) == ()
    (found,) = find_lags(data, max_order=1)
    assert found >= 2


def test_oscillating_plant_of_high_order_is_no_reason_for_lags():
    """A Butterworth filter of order 4 fits into six states."""
    u = np.random.default_rng(0).standard_normal((2000, 1))
    assert find_lags(standardised(u, np.tanh(2.0 * lfilter(*butter(4, 0.3), u[:, 0])))) == ()


def test_search_gives_up_quietly_where_there_is_little_to_search():
    """Records too short for any number of lags, or in which nothing moves."""
    u, y = record(60, [ECHOES])
    assert find_lags(standardised(u, y)) == ()
    still = Records.from_lists([np.zeros((500, 1))], [np.zeros((500, 1))])
    assert find_lags(still) == ()


def test_missing_outputs_do_not_hide_echoes():
    """Half of the outputs do not count, whatever stands there."""
    records = standardised(*record(3000, [ECHOES]))
    weights = (np.random.default_rng(1).random((3000, 1)) < 0.5).astype(float)
    masked = replace(records, weights=weights, y=np.where(weights > 0.0, records.y, 0.0))
    assert find_lags(masked) == (16,)
    nowhere = replace(records, weights=np.zeros((3000, 1)))
    assert find_lags(nowhere) == ()


def test_linear_model_ignores_lagged_columns():
    """Its free run is that without them."""
    rng, one = np.random.default_rng(0), np.ones((1, 1))
    records = Records.from_lists([rng.normal(size=(50, 3))])
    linear = LinearModel(0.5 * one, one, one, one, np.zeros(1))
    wide = with_lagged(linear, 2)
    expected = linear.simulate(without_lagged(records, 2))
    np.testing.assert_array_equal(wide.simulate(records), expected)
    assert with_lagged(linear, 0) is linear and without_lagged(records, 0) is records


def test_lags_that_are_found_pay():
    """Echoes are out of reach for small networks without lags; seeds and limits are the same."""
    (u, y), (u_test, y_test) = record(2000, [ECHOES]), record(2000, [ECHOES], seed=5)
    errors = {}
    for lags in (0, "auto"):
        options = {"hidden_sizes": (4,), "head_sizes": (), "max_iter": 80, "random_state": 0}
        model = LSTMRegressor(input_lags=lags, input_delays=0, **options).fit(u, y)
        errors[lags] = nrmse(y_test, model.predict(u_test), washout=100)
        assert model.input_lags_ == ((0,) if lags == 0 else (16,))
    assert errors["auto"] < 0.5 * errors[0]


def test_integrating_plant_is_judged_by_its_increments():
    """Echoes before an integrator are found."""
    u, y = record(1500, [ECHOES], noise=0.0)
    options = {"input_lags": "auto", "random_state": 0, "max_iter": 3}
    model = LSTMRegressor((4,), (), **options).fit(u, 0.05 * np.cumsum(y))
    assert model.frame_.integrating.all()
    assert model.input_lags_[0] in LADDER[-2:]
