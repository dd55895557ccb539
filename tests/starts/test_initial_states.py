"""First steps of records side by side."""

import numpy as np
import pytest

from fastlstm.starts.initial_states import beginnings


@pytest.mark.parametrize(
    ("starts", "n_steps"),
    [([0], 9), ([3], 4), ([0, 5], 5), ([0, 5, 10], 3), ([0, 2, 9], 2), ([0, 8], 4), ([0, 7], 4)],
)
def test_beginnings_are_the_first_steps(starts, n_steps):
    """Of records of equal and of different lengths, the last one shorter or not."""
    signals = np.arange(24.0).reshape(2, 12) if max(starts) < 9 else np.arange(30.0).reshape(2, 15)
    found = beginnings(signals, np.array(starts), n_steps)
    expected = np.stack([signals[:, k : k + n_steps] for k in starts], axis=1)
    np.testing.assert_array_equal(found, expected)


def test_beginnings_of_equal_records_are_no_copy():
    """They are read many times in a fit."""
    signals = np.zeros((2, 12))
    assert np.shares_memory(beginnings(signals, np.array([0, 4, 8]), 3), signals)
