"""Short gaps bridged, and time bases widened where outputs are missing."""

import numpy as np
import pytest

from fastlstm.bridging import bridged
from fastlstm.frame import Frame
from fastlstm.records import Records
from fastlstm.starts.integrating import find_integrators, increments_of
from fastlstm.weights import weighed


def test_records_are_not_bridged_into_each_other():
    """The last value of one record says nothing about the first of the next."""
    y = np.array([[1.0], [np.nan], [np.nan], [5.0]])
    records = weighed(Records(y, y, np.array([0, 2, 4])))
    assert bridged(records, 10).weights.ravel().tolist() == [1.0, 0.0, 0.0, 1.0]


def test_wider_steps_take_bridged_outputs():
    """The last step of a pair is missing; its neighbours at most two apart tell it."""
    y = np.array([[0.0], [np.nan], [2.0], [3.0], [np.nan], [np.nan]])
    records = weighed(Records(np.zeros_like(y), y, np.array([0, 6])))
    reduced = Frame(np.zeros(1), np.zeros(1), hold=2).reduce(records)
    assert reduced.y.ravel().tolist() == [1.0, 3.0, 0.0]
    assert reduced.weights.ravel().tolist() == [1.0, 1.0, 0.0]


def test_increments_over_a_short_gap_are_its_mean_and_long_gaps_have_none():
    """What is summed again later has to be right on average."""
    y = np.concatenate([[0.0, np.nan, np.nan, 6.0], np.full(20, np.nan), [9.0, 10.0]])[:, None]
    records = weighed(Records(y, y, np.array([0, len(y)])))
    found = increments_of(records, np.array([2.0]))
    np.testing.assert_allclose(found.y.ravel()[[1, 2, 3, -1]], [1.0, 1.0, 1.0, 0.5])
    assert np.flatnonzero(found.weights == 0.0).tolist() == list(range(4, 25))


@pytest.mark.parametrize("every", [1, 5])
def test_integrators_are_found_where_outputs_are_missing(rng, every):
    """The same answer as on the full record: one output integrates, the other is a lag."""
    n = 1500
    u = rng.normal(size=(n, 1))
    lag = np.zeros(n)
    for t in range(1, n):
        lag[t] = 0.8 * lag[t - 1] + u[t, 0]
    y = np.column_stack([np.cumsum(lag), lag])
    y = y / y.std(axis=0) + 1e-3 * rng.normal(size=y.shape)
    y[np.arange(n) % every > 0] = np.nan
    y[rng.uniform(size=y.shape) < 0.2] = np.nan
    gains = find_integrators(weighed(Records(u, y, np.array([0, n]))))
    assert gains[0] > 0.0 and gains[1] == 0.0
