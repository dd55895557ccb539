"""Robust losses, weights of outputs and records, and channels of any scale, from outside."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.metrics import nrmse, r2
from fastlstm.solvers import BPTT
from two_outputs import NOISE, noisy, simulate_two, small_lm

pytestmark = pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
N = 3000


def with_outliers(y, seed=3):
    """Three in a hundred outputs are off by twenty standard deviations of the noise."""
    rng = np.random.default_rng(seed)
    bad = rng.uniform(size=y.shape) < 0.03
    return y + 20.0 * NOISE * y.std(axis=0) * bad * rng.choice([-1.0, 1.0], y.shape)


def test_robust_fit_stays_near_the_clean_one_and_the_squared_one_does_not():
    """Against noise-free outputs: outliers have 3.6 times the deviation of the noise."""
    u, y = simulate_two(N, 0)
    u_test, y_test = simulate_two(1500, 9)
    measured = noisy(y)

    def error(y_train, loss):
        model = small_lm(loss=loss).fit(u, y_train)
        return float(np.mean(nrmse(y_test, model.predict(u_test), washout=50)))

    clean, spoiled = error(measured, "squared"), with_outliers(measured)
    squared = error(spoiled, "squared")
    assert squared > 2.5 * clean
    for loss in ("huber", "soft_l1"):
        robust = error(spoiled, loss)
        assert robust < 1.5 * clean + 0.001 and robust < 0.5 * squared


def test_robust_fit_of_a_short_record_passes_over_outliers():
    """There whole records are fitted, and held-out blocks judge: all of it robust."""
    u, y = simulate_two(500, 0)
    u_test, y_test = simulate_two(1000, 9)
    spoiled = with_outliers(noisy(y))[:, 0]
    errors = []
    for loss in ("squared", "huber"):
        model = LSTMRegressor(max_iter=100, random_state=0, loss=loss).fit(u, spoiled)
        errors.append(nrmse(y_test[:, 0], model.predict(u_test), washout=50))
    assert errors[1] < 0.04 and errors[1] < 0.6 * errors[0]


def test_glitches_of_any_size_do_no_harm():
    """A sensor that answers 65535 now and then; the plant moves by one."""
    u, y = simulate_two(N, 0)
    u_test, y_test = simulate_two(1500, 9)
    spoiled = noisy(y)
    spoiled[np.random.default_rng(4).uniform(size=y.shape) < 0.03] = 65535.0
    model = small_lm(loss="huber").fit(u, spoiled)
    assert np.all(nrmse(y_test, model.predict(u_test), washout=50) < 0.02)


def test_bptt_takes_robust_losses_and_other_methods_say_that_they_do_not():
    """A gradient has room for a weight; closed forms and the sample rule have none."""
    u, y = simulate_two(600, 0)
    model = small_lm(solver=BPTT(max_iter=3), loss="huber").fit(u, y)
    assert np.isfinite(model.rmse_validation_)
    for solver in ("ridge", "greedy", "split"):
        with pytest.raises(ValueError, match='loss must be "squared" for'):
            small_lm(solver=solver, loss="huber").fit(u, y)
    with pytest.raises(ValueError, match="loss must be one of"):
        small_lm(loss="linear").fit(u, y)


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
def test_output_of_more_weight_is_fitted_better():
    """One unit is too few for two plants: it goes to the output that counts."""
    u, y = simulate_two(1500, 0)
    v = np.random.default_rng(1).normal(size=(1500, 1))
    other = np.convolve(v[:, 0], 0.3 * 0.9 ** np.arange(60))[:1500]
    X, Y = np.column_stack([u, v]), np.column_stack([y[:, 1], other])
    fits = []
    for weights in ([100.0, 1.0], None, [1.0, 100.0]):
        model = small_lm(
            hidden_sizes=(1,), head_sizes=(), max_iter=60, output_weights=weights, washout=20
        )
        fits.append(r2(Y, model.fit(X, Y).predict(X), washout=50))
    assert fits[0][0] > fits[2][0] + 0.1
    assert fits[2][1] > fits[0][1] + 0.1


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
def test_record_of_more_weight_is_fitted_better():
    """Two records contradict each other: the gain is that of the one that counts."""
    u, y = simulate_two(600, 0)
    gains = []
    for weight in (100.0, 0.01):
        model = small_lm(hidden_sizes=(2,), head_sizes=(), max_iter=30)
        model.fit([u, u[::-1].copy()], [y, -simulate_two(600, 0)[1]], sample_weight=[weight, 1.0])
        gains.append(float(np.corrcoef(model.predict([u])[0][:, 0], y[:, 0])[0, 1]))
    assert gains[0] > 0.9 > gains[1]


def test_factor_common_to_all_weights_changes_nothing():
    """A power of two to the last bit; equal weights are no weights."""
    u, y = simulate_two(600, 0)
    weights = np.random.default_rng(1).uniform(size=len(y))
    settings = {"max_iter": 10}
    fits = [
        small_lm(**settings).fit(u, y, sample_weight=weights),
        small_lm(**settings).fit(u, y, sample_weight=1024.0 * weights),
        small_lm(**settings, output_weights=[8.0, 8.0]).fit(u, y, sample_weight=weights),
    ]
    for other in fits[1:]:
        np.testing.assert_array_equal(other.params_, fits[0].params_)
    plain = small_lm(**settings).fit(u, y)
    equal = small_lm(**settings, output_weights=[3.0, 3.0]).fit(
        u, y, sample_weight=0.1 + 0 * u[:, 0]
    )
    np.testing.assert_array_equal(equal.params_, plain.params_)


def test_hundred_records_of_unequal_length_and_very_different_scales():
    """Three inputs and two outputs from 1e-6 to 1e6; every channel counts alike."""
    rng = np.random.default_rng(0)
    u_scale, y_scale = np.array([1e-6, 1.0, 1e6]), np.array([1e6, 1e-6])
    X, Y = [], []
    for length in rng.integers(30, 120, size=100):
        u, y, x = rng.normal(size=(length, 3)), np.zeros((length, 2)), np.zeros(2)
        for t in range(length):
            drive = np.tanh(u[t] @ np.array([[0.5, 0.3], [0.2, -0.6], [0.4, 0.5]]))
            x = np.array([0.7, 0.5]) * x + 0.3 * drive
            y[t] = x
        X.append(u * u_scale + 3.0 * u_scale)
        Y.append((y + 0.005 * rng.normal(size=y.shape)) * y_scale - y_scale)
    model = small_lm(hidden_sizes=(5,), max_iter=80).fit(X[:90], Y[:90])
    error = nrmse(Y[90:], model.predict(X[90:]), washout=20)
    assert np.all(error < 0.1) and error.max() < 2.5 * error.min()
