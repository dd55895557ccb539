"""Integrators behind the network."""

import numpy as np
import pytest

from fastlstm.integration import accumulate, accumulate_rows, forget_sums

OFFSETS = np.array([0, 3, 5])


def test_accumulate_starts_every_record_at_its_own_level(rng):
    """Output 1 integrates with gain 2, output 0 passes."""
    y = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [4.0, 3.0], [5.0, 0.5]])
    levels = np.array([[9.0, 10.0], [9.0, -1.0]])
    summed = accumulate(y, OFFSETS, np.array([0.0, 2.0]), levels)
    np.testing.assert_array_equal(summed[:, 0], y[:, 0])
    np.testing.assert_array_equal(summed[:, 1], [12.0, 14.0, 16.0, 5.0, 6.0])


def test_accumulate_does_not_drift_over_a_million_steps():
    """Pulses that cancel return the output to its level exactly: nothing leaks."""
    y = np.tile([1.0, -1.0], 500_000)[:, None]
    summed = accumulate(y, np.array([0, len(y)]), np.array([0.25]), np.array([[3.0]]))
    assert summed[-1, 0] == 3.0
    assert summed.max() == 3.25


@pytest.mark.parametrize("gains", [(0.0, 2.0), (1.0, 0.5), (0.0, 0.0)])
def test_accumulated_rows_are_the_derivative_of_the_accumulated_outputs(rng, gains):
    """Both are the same linear map, so rows times a direction equal the map of the direction."""
    rows, direction, gains = rng.normal(size=(5, 2, 4)), rng.normal(size=4), np.array(gains)
    expected = accumulate(rows @ direction, OFFSETS, gains, np.zeros((2, 2)))
    accumulate_rows(rows, OFFSETS, gains)
    np.testing.assert_allclose(rows @ direction, expected, atol=1e-12)


def test_what_was_added_long_ago_is_forgotten(rng):
    """A level is gone after some steps, in every record anew; what does not count is left alone."""
    values, counted = np.ones((5, 2)), np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 1]], dtype=bool).T
    forget_sums(values, OFFSETS, counted, 1.0 / np.log(2.0))
    np.testing.assert_allclose(values[:, 0], [1.0, 0.5, 0.25, 1.0, 0.5])
    np.testing.assert_allclose(values[:, 1], [1.0, 0.5, 1.0, 1.0, 1.0])


def test_between_increments_and_sums(rng):
    """At once forgotten, sums are increments; never, they are what they are."""
    x, counted = np.cumsum(rng.normal(size=(5, 2)), axis=0), np.ones((5, 2), dtype=bool)
    rates, sums = x.copy(), x.copy()
    forget_sums(rates, OFFSETS, counted, 1e-3)
    np.testing.assert_allclose(rates[[1, 2, 4]], np.diff(x, axis=0)[[0, 1, 3]], atol=1e-12)
    forget_sums(sums, OFFSETS, counted, 1e12)
    np.testing.assert_allclose(sums, x, atol=1e-9)
