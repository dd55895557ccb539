"""Metrics against numbers computed by hand."""

import numpy as np
import pytest

from fastlstm.exceptions import DataWarning
from fastlstm.metrics import fit_percent, mae, nrmse, r2, rmse

# errors 1, -1, 3, -3; y_true has mean 2.5 and population variance 1.25
Y_TRUE = np.array([1.0, 2.0, 3.0, 4.0])
Y_PRED = np.array([0.0, 3.0, 0.0, 7.0])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (mae, 2.0),
        (rmse, np.sqrt(5.0)),
        (nrmse, 2.0),
        (fit_percent, -100.0),
        (r2, -3.0),
    ],
)
def test_metric_matches_hand_computation(metric, expected):
    """Mean |e| = 2, mean e^2 = 5, 5 / 1.25 = 4."""
    assert metric(Y_TRUE, Y_PRED) == pytest.approx(expected, rel=1e-14)


def test_metric_is_per_channel_when_y_is_2d():
    """Channels have different units, so they are never mixed."""
    y = np.column_stack([Y_TRUE, 10.0 * Y_TRUE])
    y_pred = np.column_stack([Y_PRED, 10.0 * Y_TRUE])
    np.testing.assert_allclose(rmse(y, y_pred), [np.sqrt(5.0), 0.0], rtol=1e-14)


def test_metric_drops_washout_of_every_record():
    """The first step of both records is wrong by 100 and must not count."""
    y_true = [np.array([100.0, 1.0, 2.0]), np.array([100.0, 5.0])]
    y_pred = [np.array([0.0, 2.0, 3.0]), np.array([0.0, 6.0])]
    assert rmse(y_true, y_pred, washout=1) == pytest.approx(1.0)


def test_metric_of_list_equals_metric_of_stack():
    """Two records of equal length are the same data as a list and as a 3-D array."""
    rng = np.random.default_rng(0)
    y, y_pred = rng.normal(size=(2, 3, 7, 2))
    np.testing.assert_array_equal(nrmse(y, y_pred), nrmse(list(y), list(y_pred)))


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_metric_keeps_its_value_at_extreme_scales(scale):
    """Squares of 1e300 overflow and squares of 1e-300 vanish unless they are scaled first."""
    assert rmse(scale * Y_TRUE, scale * Y_PRED) == pytest.approx(scale * np.sqrt(5.0), rel=1e-13)
    assert nrmse(scale * Y_TRUE, scale * Y_PRED) == pytest.approx(2.0, rel=1e-13)


def test_nrmse_is_infinite_when_prediction_dwarfs_the_spread():
    """1e300 against a spread of 1e-300 is beyond float64, which is not the same as constant."""
    assert nrmse(1e-300 * Y_TRUE, 1e300 * Y_PRED) == np.inf


def test_nrmse_is_nan_with_warning_when_y_true_is_constant():
    """Nothing to divide by: the house rule is NaN and a warning, not infinity."""
    y = np.column_stack([Y_TRUE, np.ones(4)])
    with pytest.warns(DataWarning, match=r"channels \[1\] are constant"):
        value = nrmse(y, y)
    np.testing.assert_array_equal(value, [0.0, np.nan])


def test_metric_raises_when_shapes_differ():
    """Broadcasting (n,) against (n, 1) would score n * n pairs without a word."""
    with pytest.raises(ValueError, match="y_pred must have the shape of y_true"):
        rmse(Y_TRUE, Y_PRED[:, None])


def test_metric_raises_when_washout_covers_a_record():
    """Nothing would be left to score."""
    with pytest.raises(ValueError, match="washout must be >= 0 and shorter than every record"):
        rmse(Y_TRUE, Y_PRED, washout=4)


def test_metric_raises_when_prediction_is_not_finite():
    """A diverged prediction must not turn into a NaN table entry."""
    with pytest.raises(ValueError, match="y_pred must be finite; got NaN"):
        rmse(Y_TRUE, [0.0, np.nan, 0.0, 0.0])
