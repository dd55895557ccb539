"""Correlations of residuals: signals whose correlations are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.diagnostics import CONFIDENCE_99, autocorrelation, cross_correlation


def test_autocorrelation_matches_the_sum_written_out():
    """Hand-computed: e = (2, -1, -1) has mean 0, energy 6, lagged sums -2 + 1 and -2."""
    found = autocorrelation([2.0, -1.0, -1.0], max_lag=2)
    np.testing.assert_allclose(found.values, [1.0, -1.0 / 6.0, -2.0 / 6.0])
    assert found.bound == pytest.approx(2.5758293 / np.sqrt(3.0))


def test_cross_correlation_matches_the_sum_written_out():
    """Hand-computed with e = (1, -1), u = (3, -3): sums -3, 6, -3 over sqrt(2 * 18) = 6.

    Both autocovariances are (-1, 2, -1) / 2 relative to lag 0, so P = 1 + 2 * 0.25.
    """
    found = cross_correlation([3.0, -3.0], [1.0, -1.0], max_lag=1)
    np.testing.assert_array_equal(found.lags, [-1, 0, 1])
    np.testing.assert_allclose(found.values, [-0.5, 1.0, -0.5])
    assert found.bound == pytest.approx(CONFIDENCE_99 * np.sqrt(1.5 / 2.0))


def test_one_in_a_hundred_lags_of_white_noise_is_outside(rng):
    """The meaning of a 99 % bound; 2,000 lags have a standard error of 0.2 %."""
    e, u = rng.normal(size=(2, 20000))
    assert 0.002 < autocorrelation(e, 2000).outside < 0.018
    assert 0.002 < cross_correlation(u, e, 1000).outside < 0.018


@pytest.mark.parametrize("pole", [0.0, 0.5, 0.9])
def test_bound_of_cross_correlation_holds_for_coloured_independent_signals(rng, pole):
    """Slow signals correlate by chance far more than white ones: the bound has to widen."""
    outside = []
    for _ in range(60):
        e, u = lfilter([1.0], [1.0, -pole], rng.normal(size=(2, 2000)))
        outside.append(cross_correlation(u, e, 20).outside)
    assert np.mean(outside) < 0.03


def test_autocorrelation_of_a_first_order_residual_is_a_geometric_sequence(rng):
    """e_t = 0.8 e_{t-1} + w_t has correlation 0.8^k."""
    e = lfilter([1.0], [1.0, -0.8], rng.normal(size=200000))
    found = autocorrelation(e, 8)
    np.testing.assert_allclose(found.values, 0.8 ** np.arange(9), atol=0.02)
    assert found.outside == 1.0


@pytest.mark.parametrize(("delay", "gain"), [(3, 1.0), (7, -1.0), (0, 1.0)])
def test_delayed_input_shows_at_its_delay_with_its_sign(rng, delay, gain):
    """A residual that still holds u[t - d] peaks at lag +d: past inputs are on the right."""
    u = rng.normal(size=5000)
    e = gain * np.roll(u, delay)
    e[:delay] = 0.0
    found = cross_correlation(u, e, 10)
    peak = int(np.argmax(np.abs(found.values)))
    assert found.lags[peak] == delay
    assert found.values[peak] == pytest.approx(gain, abs=0.01)
    others = np.delete(found.values, peak)
    assert np.all(np.abs(others) < 2.0 * found.bound)


def test_input_that_follows_the_residual_shows_at_negative_lags(rng):
    """Feedback: the input answers to the residual of two steps before."""
    e = rng.normal(size=5000)
    u = np.roll(e, 2)
    found = cross_correlation(u, e, 5)
    assert found.lags[np.argmax(found.values)] == -2


def test_records_are_not_joined(rng):
    """Two records give the sums of both; across the seam there is no product."""
    first, second = rng.normal(size=(2, 50))
    first -= first.mean()
    second -= second.mean()
    both = autocorrelation([first, second], 5).values
    energy = first @ first + second @ second
    lagged = [first[k:] @ first[: 50 - k] + second[k:] @ second[: 50 - k] for k in range(6)]
    np.testing.assert_allclose(both, np.array(lagged) / energy, atol=1e-12)


def test_scale_and_offset_change_nothing(rng):
    """Correlations have no unit, whatever the size of the numbers."""
    e, u = rng.normal(size=(2, 300))
    plain = cross_correlation(u, e, 10)
    for factor in (1e-200, 1e200):
        scaled = cross_correlation(factor * u + factor, factor * e - factor, 10)
        np.testing.assert_allclose(scaled.values, plain.values, atol=1e-9)
        assert scaled.bound == pytest.approx(plain.bound)


def test_constant_residual_has_no_correlation():
    """Nothing varies, so nothing can be said: NaN, not a crash."""
    found = cross_correlation(np.arange(10.0), np.ones(10), 2)
    assert np.isnan(found.values).all() and np.isnan(found.bound)
    assert np.isnan(autocorrelation(np.zeros(10), 2).values).all()


@pytest.mark.parametrize(
    ("u", "e", "lag", "message"),
    [
        (np.arange(5.0), np.arange(5.0), 5, "max_lag must be"),
        (np.arange(5.0), np.arange(5.0), -1, "max_lag must be"),
        (np.arange(4.0), np.arange(5.0), 1, "must have the records"),
        (np.arange(5.0), np.full(5, np.nan), 1, "must be a finite array"),
        (np.ones((5, 2)), np.ones((5, 2)), 1, "must be a finite array"),
    ],
)
def test_impossible_arguments_are_named(u, e, lag, message):
    """The message says which argument and what to do."""
    with pytest.raises(ValueError, match=message):
        cross_correlation(u, e, lag)
