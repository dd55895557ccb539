"""The common checks of scikit-learn, for every training method."""

import pytest
from sklearn.utils import estimator_checks

from fastlstm import LSTMRegressor
from fastlstm.exceptions import FastLSTMWarning
from fastlstm.solvers import SOLVERS

pytest.importorskip("sklearn", minversion="1.6", reason="expected failures have a reason from 1.6")
pytestmark = pytest.mark.filterwarnings(f"ignore::{FastLSTMWarning.__module__}.FastLSTMWarning")

# Rows of X are consecutive samples of one record, so three premises do not hold.
EXPECTED = {
    "check_methods_sample_order_invariance": "permuted rows are another input signal",
    "check_methods_subset_invariance": "a sample depends on those before it",
    "check_sample_weight_equivalence_on_dense_data": "a repeated row is another input signal",
}
SMALL = {"hidden_sizes": (2,), "head_sizes": (), "random_state": 0}
ITERATIONS = {"lm": 5, "ridge": 4, "greedy": 4, "split": 20, "bptt": 150}
ESTIMATORS = [
    *(LSTMRegressor(solver=name, max_iter=n, **SMALL) for name, n in ITERATIONS.items()),
    LSTMRegressor(max_iter=2, random_state=0),
]


@estimator_checks.parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED
)
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    """A pipeline, a search or a meta-estimator relies on each of them."""
    check(estimator)


@pytest.mark.parametrize("name", EXPECTED)
def test_expected_failures_are_failures(name):
    """An exception that is no longer needed must go."""
    with pytest.raises(AssertionError, match=r"is not (invariant|equivalent)"):
        getattr(estimator_checks, name)(name, ESTIMATORS[0])


def test_every_method_is_checked():
    """A new solver must get its line above."""
    assert set(ITERATIONS) == set(SOLVERS)
