"""Other fits of noisy records, their average, and the last iterations on all rows."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm._core import simulate
from fastlstm.metrics import rmse
from fastlstm.network import Network
from fastlstm.solvers import repeats
from problems import teacher_params

PLANT = Network(1, 1, (3, 2), (3,))
NOISE = 0.15  # of the output's standard deviation
SPLIT = 3000  # steps to train on; others tell the truth

pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def data():
    """Give inputs and noise-free outputs."""
    u = np.random.default_rng(7).normal(size=(2 * SPLIT, 1))
    params = teacher_params(PLANT, 3)
    y, _ = simulate(PLANT, params, u, np.array([0, len(u)]), float32=False)
    return u, (y - y.mean()) / y.std()


@pytest.fixture(scope="module")
def record(data):
    """Noisy outputs of the first half."""
    u, y = data
    noise = NOISE * np.random.default_rng(8).normal(size=(SPLIT, 1))
    return u[:SPLIT], y[:SPLIT] + noise


@pytest.fixture(scope="module")
def fitted(record):
    """With sizes that are free, as long as it takes."""
    return LSTMRegressor(random_state=0).fit(*record)


def error(model, data):
    u, y = data
    return float(rmse(y[SPLIT:], model.predict(u[SPLIT:]), washout=100)[0])


def phases(model):
    return list(dict.fromkeys(row.phase for row in model.history_))


def test_noisy_record_gets_an_average_near_the_plant(fitted, record, data, monkeypatch):
    """Nearer than one network with the smallest validation error; two draws, in the mean."""
    averages = [fitted, LSTMRegressor(random_state=1).fit(*record)]
    assert all(model.start_.startswith("average of ") for model in averages)
    monkeypatch.setattr(repeats.Repeats, "run", lambda _: iter(()))
    singles = [LSTMRegressor(random_state=seed).fit(*record) for seed in range(2)]
    ratios = [error(a, data) / error(b, data) for a, b in zip(averages, singles, strict=True)]
    assert np.sqrt(np.prod(ratios)) < 0.7


def test_fits_are_judged_for_themselves(fitted):
    """One has the other structure; the curve of the validation error does not jump with each."""
    late = [row for row in fitted.history_ if row.phase.startswith(("fit ", "all rows"))]
    assert np.isnan([row.rmse_validation for row in late]).all()
    widths = {name.split(" units")[0].split(", ")[1] for name in phases(fitted) if "units" in name}
    assert {"6x6"} < widths


def test_validation_error_is_from_before_held_out_rows_were_seen(fitted):
    """It has the noise in it, and more than the rows that were fitted."""
    assert fitted.rmse_validation_ > fitted.rmse_train_
    assert fitted.rmse_validation_ > 0.97 * NOISE / np.sqrt(1.0 + NOISE**2)


def test_members_see_all_rows_in_the_end(fitted, record):
    """The last iterations have the rows of the whole record behind the washout."""
    rows = [row.n_rows for row in fitted.history_ if row.phase.startswith("all rows: ")]
    n_members = int(fitted.start_.split()[2])
    assert rows == [SPLIT - 200] * (repeats.ALL_ROWS * n_members)


def test_same_bits_with_two_threads(record, fitted):
    """Random starts, weights of the average and last iterations included."""
    again = LSTMRegressor(random_state=0, n_jobs=2).fit(*record)
    np.testing.assert_array_equal(again.params_, fitted.params_)


@pytest.mark.parametrize("when", ["fit 3", "all rows"])
def test_interrupted_fit_keeps_the_average_so_far(record, when):
    """What was found until then is in it."""

    def interrupt(progress):
        if progress.phase.startswith(when):
            raise KeyboardInterrupt

    model = LSTMRegressor(random_state=0).fit(*record, callback=interrupt)
    assert model.status_ == "interrupted"
    assert model.start_.startswith("average of ")
    assert np.isfinite(model.predict(record[0])).all()


def test_given_sizes_stay(record):
    """There is nothing to average then."""
    model = LSTMRegressor((4,), (), random_state=0, max_iter=250).fit(*record)
    assert model.network_.hidden_sizes == (4,)
    assert not any(name.startswith("fit ") for name in phases(model))


def test_linear_plant_keeps_its_linear_model(data):
    """An average that is no better on held-out rows is not the answer."""
    u = data[0][:SPLIT]
    y = np.convolve(u[:, 0], 0.5 ** np.arange(20))[:SPLIT, None]
    noisy = y + 2.0 * y.std() * np.random.default_rng(2).normal(size=y.shape)
    model = LSTMRegressor(random_state=0, time_limit=2.0).fit(u, noisy)
    truth = float(np.sqrt(np.mean((model.predict(u) - y)[100:] ** 2)))
    assert truth < 0.25 * y.std()
