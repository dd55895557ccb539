"""Weights of rows, records and outputs, and what is missing: how they are read and stored."""

import numpy as np
import pytest

from fastlstm.checks import Layout
from fastlstm.records import Records, hold_out
from fastlstm.scaling import Scaling
from fastlstm.weights import (
    check_output_weights,
    check_sample_weight,
    counted_records,
    measured_only,
    weighed,
    without_far_outputs,
)

SINGLE, LIST = Layout("single"), Layout("list")


def records_of(*y_list):
    y_list = [np.asarray(y, dtype=float).reshape(len(y), -1) for y in y_list]
    return Records.from_lists([np.arange(float(len(y)))[:, None] for y in y_list], y_list)


def test_full_records_of_equal_weight_have_no_weights():
    """Then everything runs as if there were no such thing."""
    records = records_of([1.0, 2.0, 3.0])
    assert weighed(records).weights is None
    assert weighed(records, np.full(3, 0.1), np.array([7.0])).weights is None


def test_weights_of_what_counts_have_a_mean_of_one():
    """A ridge is as strong as without weights; a common factor changes nothing."""
    records = records_of([1.0, np.nan, 3.0, 4.0])
    found = weighed(records, np.array([1.0, 1.0, 0.0, 3.0]))
    np.testing.assert_array_equal(found.weights.ravel(), [0.5, 0.0, 0.0, 1.5])
    np.testing.assert_array_equal(found.y.ravel(), [1.0, 0.0, 0.0, 4.0])
    huge = weighed(records, 2.0**900 * np.array([1.0, 1.0, 0.0, 3.0]))
    np.testing.assert_array_equal(huge.weights, found.weights)


def test_sample_weights_are_read_in_every_form():
    """An array for one record; a number or an array for each of many."""
    lengths = np.array([2, 3])
    assert check_sample_weight(None, lengths, LIST) is None
    np.testing.assert_array_equal(check_sample_weight([1, 2], lengths, LIST), [1, 1, 2, 2, 2])
    mixed = [np.array([1.0, 0.0]), 4.0]
    np.testing.assert_array_equal(check_sample_weight(mixed, lengths, LIST), [1, 0, 4, 4, 4])
    np.testing.assert_array_equal(check_sample_weight([5, 6], np.array([2]), SINGLE), [5, 6])


@pytest.mark.parametrize(
    ("weights", "lengths", "layout", "message"),
    [
        (np.ones(3), [2], SINGLE, "sample_weight must hold one number per step"),
        (np.ones((2, 1)), [2], SINGLE, "1D array or scalar"),
        ([1.0, -1.0], [2], SINGLE, "sample_weight must be >= 0"),
        ([0.0, 0.0], [2], SINGLE, "not all zero"),
        ([1.0, np.nan], [2], SINGLE, "sample_weight must be finite"),
        ([1.0], [2, 2], LIST, "as many entries as X has records"),
        (3.0, [2, 2], LIST, None),
    ],
)
def test_bad_sample_weights_are_named(weights, lengths, layout, message):
    """A number for all records is allowed: it changes nothing."""
    if message is None:
        assert len(check_sample_weight(weights, np.array(lengths), layout)) == sum(lengths)
        return
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weights, np.array(lengths), layout)


@pytest.mark.parametrize("weights", [[1.0, 0.0], [-1.0], 2.0, []])
def test_output_weights_must_be_positive(weights):
    """An output of no weight cannot be learned: it has to be left out of y."""
    with pytest.raises(ValueError, match="output_weights must be"):
        check_output_weights(weights)


def test_number_of_output_weights_must_be_that_of_the_outputs():
    """Said before anything is computed."""
    with pytest.raises(ValueError, match="one number per output; got 2, and y has 1"):
        counted_records(records_of([1.0, 2.0]), SINGLE, None, np.ones(2))


def test_records_in_which_nothing_counts_are_left_out():
    """Neither all missing, nor missing beyond the washout; none at all is an error."""
    records = records_of([np.nan] * 4, [1.0, 2.0, 3.0, 4.0], [1.0, np.nan, np.nan, np.nan])
    found = measured_only(weighed(records))
    assert found.n_records == 2
    assert measured_only(found, washout=1).n_records == 1
    with pytest.raises(ValueError, match="y must have an output that is measured"):
        measured_only(weighed(records_of([np.nan, np.nan])))


def test_scaling_sees_only_what_counts():
    """Weighted mean and deviation; an output without values has none."""
    y = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, np.nan], [7.0, 7.0]])
    records = weighed(records_of(y), np.array([1.0, 1.0, 2.0, 0.0]))
    scaling = Scaling.of(records)
    np.testing.assert_allclose(scaling.y_mean, [7.0 / 3.0, 5.5])
    repeated = np.array([1.0, 3.0, 3.0])
    np.testing.assert_allclose(scaling.y_std, [repeated.std(), 0.5])
    np.testing.assert_array_equal(scaling.scale(records).y[3], 0.0)
    silent = weighed(records_of(np.array([[1.0, np.nan], [2.0, np.nan]])))
    with pytest.raises(ValueError, match=r"channels \[1\] have none"):
        Scaling.of(silent)


def test_tails_hold_out_a_fraction_of_what_was_measured():
    """A record that ends in a gap is judged by the end of what was measured."""
    y = np.arange(100.0)
    y[60:] = np.nan
    train, validation, lead_in = hold_out(weighed(records_of(y)), 0.2, washout=5)
    assert int(np.count_nonzero(validation.weights[lead_in:])) == 11
    assert int(np.count_nonzero(train.weights)) == 49


def test_nothing_is_held_out_where_an_output_would_have_no_value_to_train_on():
    """The second output is measured at the end only; one value in three is enough."""
    y = np.random.default_rng(0).normal(size=(100, 2))
    y[:90, 1] = np.nan
    assert hold_out(weighed(records_of(y)), 0.2, washout=5)[1] is None
    y[30, 1] = 1.0
    assert hold_out(weighed(records_of(y)), 0.2, washout=5)[1] is not None
    many = weighed(records_of(*[y[:30] for _ in range(5)], y[70:]))
    assert hold_out(many, 0.2, washout=5)[0].weights[:, 1].any()


def test_glitches_are_missing_and_ordinary_outliers_are_not(rng):
    """Far beyond the range of the rest; a constant output has no range to tell."""
    y = rng.uniform(-1.0, 1.0, (200, 2))
    y[3, 0], y[4, 0], y[:, 1] = 65535.0, 3.0, 2.0
    y[5, 1] = 2.1
    found = without_far_outputs(records_of(y)).y
    assert np.argwhere(np.isnan(found)).tolist() == [[3, 0]]
