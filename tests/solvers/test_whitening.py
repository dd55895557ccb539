"""Networks whose errors are alike from step to step are fitted to what is new in them."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm._core import simulate
from fastlstm.metrics import rmse
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import innovations, whitening
from fastlstm.solvers.problem import Clock, Problem
from fastlstm.solvers.tracker import Tracker
from fastlstm.solvers.whitening import Whitening
from problems import teacher_params

PLANT = Network(1, 1, (3, 2), (3,))
SPLIT, POLE, NOISE = 6000, 0.95, 0.2
GIVEN = {"hidden_sizes": (4, 4), "head_sizes": (4,), "max_iter": 1000}

pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def data():
    """Give inputs and noise-free outputs."""
    u = np.random.default_rng(7).normal(size=(2 * SPLIT, 1))
    y, _ = simulate(PLANT, teacher_params(PLANT, 3), u, np.array([0, len(u)]), float32=False)
    return u, (y - y.mean()) / y.std()


def slow_noise(seed, n=SPLIT):
    white = np.random.default_rng(seed).normal(size=(n + 500, 1))
    noise = lfilter([1.0], [1.0, -POLE], white, axis=0)[500:]
    return NOISE * noise / noise.std()


def error(model, data):
    u, y = data
    return float(rmse(y[SPLIT:], model.predict(u[SPLIT:]), washout=100)[0])


def fitted(data, noise, seed=0, **settings):
    u, y = data
    return LSTMRegressor(random_state=seed, **settings).fit(u[:SPLIT], y[:SPLIT] + noise)


def test_slow_noise_is_not_followed(data, monkeypatch):
    """The error on noise-free outputs is a half at most of what errors lead to."""
    models = [fitted(data, slow_noise(seed), seed, **GIVEN) for seed in range(2)]
    assert all(model.start_.endswith(", whitened") for model in models)
    monkeypatch.setattr(innovations, "WORTH", np.inf)
    plain = [fitted(data, slow_noise(seed), seed, **GIVEN) for seed in range(2)]
    assert not any("whitened" in model.start_ for model in plain)
    ratios = [error(a, data) / error(b, data) for a, b in zip(models, plain, strict=True)]
    assert max(ratios) < 0.9
    assert np.sqrt(np.prod(ratios)) < 0.5


@pytest.mark.parametrize(
    ("level", "pole", "held", "is_wanted"),
    [
        (0.2, POLE, True, True),
        (0.01, POLE, True, False),
        (0.2, 0.0, True, False),
        (0.2, POLE, False, False),
    ],
    ids=["slow noise", "hardly any", "white", "nothing is held out"],
)
def test_when_it_is_wanted(data, level, pole, held, is_wanted):
    """Judged by the errors of the best network so far, here the plant itself."""
    white = np.random.default_rng(5).normal(size=(4000, 1))
    noise = lfilter([1.0], [1.0, -pole], white, axis=0)
    u, params = data[0][:4000], teacher_params(PLANT, 3)
    y, _ = simulate(PLANT, params, u, np.array([0, 4000]), float32=False)
    records = Records(u, y + level * noise / noise.std(), np.array([0, 4000]))
    train, validation = records.take([(0, 0, 3000)]), records.take([(0, 3000, 4000)])
    problem = Problem(PLANT, train, validation if held else None, washout=50)
    tracker = Tracker(problem, Clock())
    tracker.consider(params, "the plant")
    assert Whitening(problem, tracker).is_wanted == is_wanted


def test_white_noise_changes_nothing(data, monkeypatch):
    """Nor does a record without noise: the same bits as if nothing was looked for."""
    for noise in (NOISE * np.random.default_rng(1).normal(size=(SPLIT, 1)), np.zeros((SPLIT, 1))):
        model = fitted(data, noise, **GIVEN)
        with monkeypatch.context() as patch:
            patch.setattr(innovations, "WORTH", np.inf)
            plain = fitted(data, noise, **GIVEN)
        assert model.start_ == plain.start_
        np.testing.assert_array_equal(model.params_, plain.params_)


def test_average_of_a_record_of_medium_length(data, monkeypatch):
    """Every member is whitened; validation errors are from before held-out rows counted."""
    u, y = data
    y = y[:4000] + slow_noise(3, 4000)
    model = LSTMRegressor(random_state=0, time_limit=4.0).fit(u[:4000], y)
    assert "whitened" in model.start_
    late = [row for row in model.history_ if row.phase.startswith("whitened")]
    assert np.isnan([row.rmse_validation for row in late]).all()
    assert np.isfinite([model.rmse_train_, model.rmse_validation_]).all()
    monkeypatch.setattr(innovations, "WORTH", np.inf)
    plain = LSTMRegressor(random_state=0, time_limit=4.0).fit(u[:4000], y)
    assert error(model, data) < error(plain, data)


def test_outputs_may_be_missing(data):
    """Rows after a gap do not count; with every third output missing there are too few."""
    u, y = data
    y = y[:SPLIT] + slow_noise(4)
    y[1000:1400] = np.nan
    settings = {**GIVEN, "missing_target": "mask", "random_state": 0}
    model = LSTMRegressor(**settings).fit(u[:SPLIT], y)
    assert model.start_.endswith(", whitened")
    assert error(model, data) < 0.12
    y[::3] = np.nan
    assert "whitened" not in LSTMRegressor(**settings).fit(u[:SPLIT], y).start_


def test_same_bits_with_two_threads(data):
    """Whatever the thread count."""
    noise = slow_noise(0)
    one, two = (fitted(data, noise, n_jobs=n, **GIVEN) for n in (1, 2))
    assert one.start_.endswith(", whitened")
    np.testing.assert_array_equal(one.params_, two.params_)


@pytest.mark.parametrize("what", ["errors grow", "wild states are remembered"])
def test_what_is_worse_is_left_out(data, monkeypatch, what):
    """Then the answer is what errors led to."""
    noise = slow_noise(0)
    if what == "errors grow":
        monkeypatch.setattr(whitening, "WORSE", 0.0)
    else:
        factors = iter([1.5, 1.0])  # of the network that was fitted, and of the one before
        monkeypatch.setattr(whitening, "risk", lambda *_: next(factors))
    model = fitted(data, noise, **GIVEN)
    assert any(row.phase.startswith("whitened") for row in model.history_)
    monkeypatch.setattr(innovations, "WORTH", np.inf)
    np.testing.assert_array_equal(model.params_, fitted(data, noise, **GIVEN).params_)
