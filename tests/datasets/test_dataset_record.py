"""Records, splits and scores."""

import numpy as np
import pytest

from fastlstm.datasets import Dataset, Record


def make_record(n_timesteps=20, n_outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((n_timesteps, 1))
    return Record(u, rng.standard_normal((n_timesteps, n_outputs)), "some", 0.1)


def make_dataset(n_outputs=1, **settings):
    train = (make_record(30, n_outputs, 1), make_record(40, n_outputs, 2))
    return Dataset("made", train, {"test": make_record(20, n_outputs)}, "nobody", **settings)


def test_score_is_scaled_rmse_when_error_is_constant():
    """The RMSE of a constant error is its size, in the unit of the benchmark."""
    data = make_dataset(unit="mV", scale=1000.0)
    assert data.score("test", data.tests["test"].y - 0.25) == pytest.approx(250.0, rel=1e-12)


def test_score_ignores_init_window_when_only_it_is_wrong():
    """The measured outputs inside the window may be used, so they may not be scored."""
    data = make_dataset(init_window=7)
    y_pred = data.tests["test"].y.copy()
    y_pred[:7] += 100.0
    assert data.score("test", y_pred) == 0.0
    y_pred[7] += 1.0
    assert data.score("test", y_pred) == pytest.approx((1.0 / 13.0) ** 0.5, rel=1e-12)


def test_score_averages_outputs_before_the_root():
    """One channel exact, one off by 2: the mean square is 2."""
    data = make_dataset(n_outputs=2)
    assert data.score("test", data.tests["test"].y + np.array([0.0, 2.0])) == pytest.approx(
        2.0**0.5
    )


def test_score_standardises_by_all_training_records():
    """An error of one training standard deviation per channel has mean square 1."""
    data = make_dataset(n_outputs=2, metric="mse_standardised", scale=100.0)
    deviation = np.concatenate([record.y for record in data.train]).std(axis=0)
    assert data.score("test", data.tests["test"].y + deviation) == pytest.approx(100.0)


def test_score_takes_one_dimensional_prediction_of_one_output():
    """Predictions often come as (n_timesteps,)."""
    data = make_dataset()
    assert data.score("test", data.tests["test"].y.ravel()) == 0.0


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_score_is_infinite_when_prediction_diverged(value):
    """A diverged model must lose every comparison, silently."""
    data = make_dataset()
    y_pred = data.tests["test"].y.copy()
    y_pred[-1] = value
    assert data.score("test", y_pred) == np.inf


def test_score_says_what_to_do_when_shape_is_wrong():
    """Predicting only the scored part is the likely mistake."""
    data = make_dataset(init_window=5)
    with pytest.raises(ValueError, match=r"y_pred must have shape \(20, 1\).*got \(15, 1\)"):
        data.score("test", data.tests["test"].y[5:])


def test_score_lists_tests_when_name_is_unknown():
    """The message names the tests there are."""
    with pytest.raises(ValueError, match=r"test_name must be one of \['test'\]"):
        make_dataset().score("arrow", np.zeros((20, 1)))


def test_fitting_lists_hold_every_training_record():
    """`fit(data.X, data.y)` must see all records."""
    data = make_dataset()
    assert [len(u) for u in data.X] == [len(y) for y in data.y] == [30, 40]


@pytest.mark.parametrize(
    ("u", "y"),
    [
        (np.zeros(5), np.zeros((5, 1))),
        (np.zeros((0, 1)), np.zeros((0, 1))),
        (np.zeros((5, 1)), np.full((5, 1), np.nan)),
    ],
)
def test_record_refuses_arrays_that_are_not_finite_and_two_dimensional(u, y):
    """Every consumer relies on (n_timesteps, n_channels)."""
    with pytest.raises(ValueError, match="must be a finite array of shape"):
        Record(u, y, "bad")


def test_record_refuses_unequal_lengths():
    """Inputs and outputs share their clock."""
    with pytest.raises(ValueError, match="must have the same length; got 5 and 4 steps"):
        Record(np.zeros((5, 1)), np.zeros((4, 1)), "bad")


def test_dataset_refuses_window_that_leaves_nothing_to_score():
    """A score over no samples has no value."""
    with pytest.raises(ValueError, match="init_window=20, and test 'test' has 20 steps"):
        make_dataset(init_window=20)


def test_dataset_refuses_unknown_metric():
    """A misspelt metric must not be scored as another one."""
    with pytest.raises(ValueError, match="metric of dataset 'made' must be one of"):
        make_dataset(metric="rsme")
