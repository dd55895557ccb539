"""Records that begin alike: batches, tests from rest."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm.metrics import nrmse
from fastlstm.records import Records, auto_washout
from fastlstm.starting_point import begin_alike, washout_of


def batches(n_batches, seed, noise=0.0):
    """Growth on a substrate that is fed: every batch begins with the same amounts."""
    rng, X, y = np.random.default_rng(seed), [], []
    for _ in range(n_batches):
        n = int(rng.integers(60, 120))
        feed = np.repeat(rng.uniform(0.0, 1.0, n // 20 + 1), 20)[:n]
        cells, substrate, measured = 0.1, 1.0, np.empty(n)
        for t in range(n):
            growth = 0.12 * cells * substrate / (0.2 + substrate)
            cells += growth
            substrate = max(substrate + 0.05 * feed[t] - 0.5 * growth, 0.0)
            measured[t] = cells
        X.append(feed[:, None])
        y.append(measured + noise * rng.standard_normal(n))
    return X, y


def as_records(y):
    inputs = [np.full((len(part), 1), float(k)) for k, part in enumerate(y)]
    return Records.from_lists(inputs, [part[:, None] for part in y])


def test_batches_begin_alike():
    """So every step of them counts."""
    records = as_records(batches(5, 0, noise=0.05)[1])
    assert begin_alike(records) and washout_of(records) == 0


def test_pieces_of_one_record_do_not_begin_alike(rng):
    """They come from wherever the plant was."""
    y = np.cumsum(rng.standard_normal(600)) * 0.1
    records = as_records(np.split(y, 6))
    assert not begin_alike(records)
    assert washout_of(records) == auto_washout(records.lengths) == 10


def test_two_records_do_not_tell():
    """They may begin alike by chance."""
    assert not begin_alike(as_records(batches(2, 0)[1]))


def test_one_experiment_repeated_does_not_tell(rng):
    """Its beginning is the same whatever it is."""
    y = batches(1, 0)[1][0]
    u, n = rng.standard_normal((len(y), 1)), len(y)
    inputs = [u + 0.1 * rng.standard_normal((n, 1)) for _ in range(6)]
    outputs = [(y + 0.01 * rng.standard_normal(n))[:, None] for _ in range(6)]
    assert not begin_alike(Records.from_lists(inputs, outputs))


def test_every_output_has_to_begin_alike(rng):
    """One that begins anywhere belongs to a state that is not known."""
    y = batches(6, 0)[1]
    lists = [np.column_stack([part, rng.standard_normal() + 0.0 * part]) for part in y]
    assert not begin_alike(Records.from_lists([part[:, :1] for part in lists], lists))


def test_missing_first_outputs_are_passed_over():
    """The others tell, as long as there are three."""
    records = as_records(batches(6, 0)[1])
    weights = np.ones_like(records.y)
    weights[records.offsets[:3]] = 0.0
    y = np.where(weights > 0.0, records.y, 99.0)
    assert begin_alike(Records(records.u, y, records.offsets, weights=weights))
    weights[records.offsets[3]] = 0.0
    assert not begin_alike(Records(records.u, y, records.offsets, weights=weights))


@pytest.mark.parametrize("n_batches", [6, 40])
def test_free_runs_of_batches_begin_where_all_batches_do(n_batches):
    """Short records and long ones: a guess of the first state would spoil the whole batch."""
    model = LSTMRegressor(random_state=0, max_iter=400).fit(*batches(n_batches, 1, noise=0.01))
    assert model.washout_ == 0 and model.initial_state_.is_rest
    X, y = batches(20, 2)
    errors = [nrmse(part, run) for part, run in zip(y, model.predict(X), strict=True)]
    assert np.median(errors) < 0.06


def test_no_initial_states_are_fitted_where_rest_is_asked_for():
    """Else the model would know beginnings that `predict` does not."""
    X, y = batches(6, 1, noise=0.01)
    shared = LSTMRegressor(random_state=0, max_iter=400).fit(X, y)
    asked = LSTMRegressor(random_state=0, max_iter=400, washout=0).fit(X, y)
    np.testing.assert_array_equal(asked.params_, shared.params_)


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("washout", [0, 3, "auto"])
def test_held_out_tails_are_judged_after_their_lead_in(rng, washout):
    """They begin at rest in mid-record, even where every step of whole records counts."""
    u = rng.standard_normal((1500, 1))
    y = lfilter([0.1], [1.0, -0.9], np.tanh(u[:, 0]))
    model = LSTMRegressor((3,), (), random_state=0, max_iter=60, washout=washout).fit(u, y)
    judged = [row.rmse_validation for row in model.history_]
    assert np.nanmin(judged) == pytest.approx(model.rmse_validation_, rel=1e-3)


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
def test_washout_can_still_be_asked_for():
    """The user knows better, and is warned where the model then hardly follows from rest."""
    X, y = batches(6, 1)
    model = LSTMRegressor((3,), (2,), random_state=0, max_iter=60, washout=7).fit(X, y)
    assert model.washout_ == 7
