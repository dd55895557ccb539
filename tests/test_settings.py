"""Constructor arguments are checked by `fit`, each with its own message."""

import numpy as np
import pytest

from fastlstm.settings import check_n_jobs
from plants import make_record, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")


@pytest.mark.parametrize(
    ("argument", "value", "error", "message"),
    [
        ("hidden_sizes", (), ValueError, 'hidden_sizes must be "auto" or a tuple of widths'),
        ("hidden_sizes", (0,), ValueError, "hidden_sizes must be >= 1; got 0"),
        ("hidden_sizes", (2.5,), TypeError, "hidden_sizes must be an integer"),
        ("hidden_sizes", "6", ValueError, 'hidden_sizes must be "auto" or a tuple'),
        ("head_sizes", (-1,), ValueError, "head_sizes must be >= 1"),
        ("head_sizes", None, ValueError, 'head_sizes must be "auto" or a tuple'),
        ("solver", "adam", ValueError, r'solver must be "auto" or one of \['),
        ("solver", None, ValueError, "solver must be"),
        ("alpha", -1.0, ValueError, "alpha must be >= 0; got -1.0"),
        ("alpha", np.nan, ValueError, "alpha must be >= 0"),
        ("alpha", "small", TypeError, "alpha must be >= 0"),
        ("max_iter", 0, ValueError, "max_iter must be >= 1"),
        ("tol", -1e-3, ValueError, "tol must be >= 0"),
        ("washout", -1, ValueError, "washout must be >= 0"),
        ("washout", "none", ValueError, 'washout must be "auto" or'),
        ("washout", 0.1, TypeError, "washout must be an integer"),
        ("validation_fraction", 1.0, ValueError, r"validation_fraction must be in \[0, 1\)"),
        ("time_limit", 0.0, ValueError, "time_limit must be positive seconds"),
        ("time_limit", "1s", TypeError, "time_limit must be"),
        ("input_lags", "some", ValueError, 'input_lags must be "auto", a number >= 0'),
        ("input_lags", -1, ValueError, "input_lags must be >= 0; got -1"),
        ("input_lags", (1.5,), TypeError, "input_lags must be an integer"),
        ("samples_per_step", "few", ValueError, 'samples_per_step must be "auto" or an integer'),
        ("samples_per_step", 2.0, ValueError, 'samples_per_step must be "auto" or an integer'),
        ("samples_per_step", 0, ValueError, "samples_per_step must be >= 1; got 0"),
        ("n_jobs", 0, ValueError, "n_jobs must be a non-zero integer"),
        ("n_jobs", 1.5, ValueError, "n_jobs must be"),
        ("random_state", -1, ValueError, "random_state must be"),
        ("random_state", "a", ValueError, "random_state must be"),
        ("verbose", -1, ValueError, "verbose must be >= 0"),
    ],
)
def test_fit_raises_when_argument_is_out_of_range(argument, value, error, message):
    """The constructor stores anything, so that clone works; `fit` is where it is said."""
    model = small_model(**{argument: value})
    with pytest.raises(error, match=message):
        model.fit(*make_record(60))


@pytest.mark.parametrize("sizes", [4, (4,), [4], np.array([4])])
def test_sizes_may_be_any_sequence_or_one_width(sizes):
    """Grids and configuration files give lists."""
    model = small_model(hidden_sizes=sizes).fit(*make_record(60))
    assert model.network_.hidden_sizes == (4,)


def test_random_state_decides_the_result(record):
    """Same seed, same bits; an instance is drawn from, as in scikit-learn."""
    u, y = record
    first, again, other = (
        small_model(random_state=seed).fit(u, y).predict(u)
        for seed in (1, np.int64(1), np.random.RandomState(5))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_n_jobs_never_asks_for_more_threads_than_cores():
    """Thousands of threads would only cost memory."""
    assert check_n_jobs(None) == check_n_jobs(1) == 1
    assert 1 <= check_n_jobs(10**9) == check_n_jobs(-1)
    assert check_n_jobs(-(10**9)) == 1
