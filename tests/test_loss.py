"""What an error costs: robust mean squares, their scale and their weights."""

import numpy as np
import pytest

from fastlstm.loss import LOSSES

ROBUST = ["huber", "soft_l1"]


@pytest.mark.parametrize("name", list(LOSSES))
def test_mean_square_of_normal_errors_is_their_variance(name, rng):
    """All losses have the unit of the squared one and agree where there are no outliers."""
    error = 0.3 * rng.normal(size=(40000, 1))
    assert LOSSES[name].mean_square(error) == pytest.approx(0.09, rel=0.03)


@pytest.mark.parametrize("name", list(LOSSES))
def test_mean_square_scales_with_the_square_of_the_error(name, rng):
    """The scale is found from the errors, so no unit is special, however small or large."""
    loss, error, weights = LOSSES[name], rng.standard_cauchy((50, 2)), rng.uniform(size=(50, 2))
    for factor in (1e-9, 7.0, 1e9):
        expected = factor**2 * loss.mean_square(error, weights)
        assert loss.mean_square(factor * error, weights) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", list(LOSSES))
def test_row_weights_are_those_of_the_gradient(name, weighted, rng):
    """Sum of weights times mean square: central differences against 2 w e."""
    loss, error = LOSSES[name], rng.standard_cauchy((30, 2))
    weights = rng.uniform(size=error.shape) if weighted else None
    total = error.size if weights is None else weights.sum()
    step, numeric = 1e-5, np.zeros_like(error)
    for at in np.ndindex(error.shape):
        moved = np.zeros_like(error)
        moved[at] = step
        up, down = (loss.mean_square(error + sign * moved, weights) for sign in (1.0, -1.0))
        numeric[at] = total * (up - down) / (2 * step)
    found = 2.0 * loss.row_weights(error, weights) * error
    np.testing.assert_allclose(found, numeric, atol=1e-5 * np.abs(numeric).max())


@pytest.mark.parametrize("name", ROBUST)
def test_outliers_are_weighed_down_and_each_output_has_its_own_scale(name, rng):
    """An error of 1 is an outlier for one output and nothing special for the other."""
    error = rng.normal(size=(1000, 2)) * np.array([0.01, 1.0])
    error[0] = 1.0
    weights = LOSSES[name].row_weights(error)
    relative = weights / weights.max(axis=0)
    assert relative[0, 0] < 0.05 and relative[0, 1] > 0.6


@pytest.mark.parametrize("name", ROBUST)
def test_outliers_raise_the_robust_mean_square_little(name, rng):
    """3 % of errors twenty deviations wide: thirteen times the variance, or four times."""
    error = rng.normal(size=(20000, 1))
    error[::33] = 20.0
    assert LOSSES["squared"].mean_square(error) > 12.0
    assert LOSSES[name].mean_square(error) < 4.1


@pytest.mark.parametrize("name", list(LOSSES))
def test_weight_zero_hides_an_error_and_weight_two_doubles_it(name, rng):
    """The convention of weighted squares, whatever the loss."""
    loss, error = LOSSES[name], rng.normal(size=(20, 1))
    weights = np.ones_like(error)
    weights[3], weights[5] = 0.0, 2.0
    spoiled = error.copy()
    spoiled[3] = 1e6
    repeated = np.concatenate([np.delete(error, 3, axis=0), error[5:6]])
    expected = loss.mean_square(repeated)
    assert loss.mean_square(spoiled, weights) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ROBUST)
def test_degenerate_errors_have_a_finite_mean_square(name):
    """No error, one error, mostly no error, an infinite one."""
    loss = LOSSES[name]
    assert loss.mean_square(np.zeros((5, 1))) == 0.0
    assert loss.row_weights(np.zeros((5, 1))).max() > 0.0
    assert 0.0 < loss.mean_square(np.array([[3.0]])) < np.inf
    sparse = np.zeros((100, 1))
    sparse[7] = 1.0
    assert 0.0 < loss.mean_square(sparse) < 1e-2
    assert np.isfinite(loss.row_weights(sparse)).all()
    assert loss.mean_square(np.array([[np.inf], [1.0]])) == np.inf
