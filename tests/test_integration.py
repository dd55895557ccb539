"""Integrators behind the network."""

import numpy as np
import pytest

from fastlstm.integration import accumulate, accumulate_rows

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
