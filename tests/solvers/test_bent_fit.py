"""Long records behind bends that do not move: few curves first, then all of them."""

from itertools import groupby

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.solvers import bent_fit
from fastlstm.solvers.long_records import LongRecords
from fastlstm.starts.bends import OPEN, SHUT

LONG, ITERATIONS = 6000, 420

pytestmark = [
    pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning"),
]


def valves(n_timesteps, seed):
    """Two coupled tanks behind two valves: one opens in waves, one has a dead zone."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(-1.0, 1.0, n_timesteps)
    second = np.repeat(rng.uniform(-1.0, 1.0, n_timesteps // 4 + 1), 4)[:n_timesteps]
    waves = np.sin(3.0 * np.pi * first)
    opening = np.sign(second) * np.maximum(2.0 * np.abs(second) - 1.0, 0.0)
    upper = lfilter([0.15], [1.0, -0.85], waves)
    lower = lfilter([1.0], [1.0, -0.9], 0.3 * opening + 0.05 * waves)
    return np.stack([first, second], axis=1), np.stack([upper, lower + 0.2 * upper], axis=1)


def waves(n_timesteps, seed):
    """One pole behind three periods of a sine."""
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, (n_timesteps, 1))
    return u, lfilter([0.3], [1.0, -0.7], np.sin(3.0 * np.pi * u), axis=0)


def fitted(plant=waves, **settings):
    settings = {"max_iter": ITERATIONS, "random_state": 0, **settings}
    return LSTMRegressor(**settings).fit(*plant(LONG, 1))


@pytest.fixture(scope="module")
def model():
    """As it is."""
    return fitted()


def error(model, plant=waves):
    u, y = plant(3000, 2)
    return float(np.mean((model.simulate(u) - y)[50:].std(axis=0) / y.std(axis=0)))


def turns(model):
    return [phase for phase, _ in groupby(row.phase for row in model.history_)]


@pytest.mark.parametrize(("plant", "max_iter"), [(valves, 190), (waves, ITERATIONS)])
def test_sharp_curves_are_followed(plant, max_iter):
    """Where networks that see the inputs as they are do not follow at all."""
    model = fitted(plant, max_iter=max_iter)
    assert model.start_.startswith("behind bends: ")
    assert error(model, plant) < 0.03
    outside = [row.rmse_validation for row in model.history_ if "behind" not in row.phase]
    assert min(outside) > 0.6


def test_few_curves_come_first(model):
    """The network that sees all bent inputs begins as the best behind few curves."""
    names = turns(model)
    first = next(number for number, name in enumerate(names) if "behind" in name)
    assert names[first] == "behind bends: random 1"
    last = next(number for number, name in enumerate(names) if "behind bends: start" in name)
    assert all("behind bends: " in name for name in names[first:])
    rows = [row for row in model.history_ if "behind" in row.phase]
    few = [row.rmse_validation for row in rows if "start" not in row.phase]
    every = [row.rmse_validation for row in rows if "start" in row.phase]
    assert last > first
    assert every[0] < 1.02 * np.nanmin(few)
    assert np.nanmin(every) < bent_fit.WORTH * np.nanmin(few)


def test_bends_do_not_move(model):
    """Their gates are those they began with."""
    weights = model.network_.unpack(model.params_)
    gates = weights["lstm.0.bias"].reshape(4, -1)
    assert np.unique(gates[[0, 3]]) == OPEN
    assert np.unique(gates[1]) == SHUT
    assert not weights["lstm.0.weight_hh"].any()
    assert not weights["readout.input"].any()


def test_iterations_are_counted_once(model):
    """Those behind bends are part of `max_iter`."""
    assert model.n_iter_ == len(model.history_) <= ITERATIONS
    assert [row.iteration for row in model.history_] == list(range(1, model.n_iter_ + 1))
    short = fitted(max_iter=200)
    assert "behind" in short.history_[-1].phase
    assert short.n_iter_ == 200 == len(short.history_)


def test_the_same_bits_again(model):
    """Whatever the threads."""
    np.testing.assert_array_equal(fitted(n_jobs=2).params_, model.params_)


def test_few_curves_go_on_where_all_gain_little():
    """Under noise that hides what they lack; the cheaper network is widened and averaged."""
    u, y = waves(LONG, 1)
    y += 0.3 * y.std() * np.random.default_rng(3).normal(size=y.shape)
    names = turns(LSTMRegressor(random_state=0, max_iter=500).fit(u, y))
    after = max(number for number, name in enumerate(names) if "behind bends: start" in name)
    assert len(names) > after + 1


def test_the_fit_goes_on_without_bends_where_these_are_no_better(monkeypatch):
    """What was tried is part of the history."""
    monkeypatch.setattr(bent_fit, "BETTER", 0.0)
    names = turns(fitted())
    tried = [number for number, name in enumerate(names) if "behind bends: " in name]
    assert tried
    assert tried[-1] < len(names) - 1


def test_the_linear_model_stands_where_no_network_was_found(monkeypatch):
    """A race whose starts all fail."""
    monkeypatch.setattr(LongRecords, "begin", begin_without_race(LongRecords.begin))
    model = fitted()
    assert model.start_ == "behind bends: linear model"
    assert error(model) < 0.05


def begin_without_race(begin):
    """Return nothing behind bends, and what was there otherwise."""
    return lambda fit, *rest: begin(fit, *rest) if fit.may_bend else (row for row in ())


@pytest.mark.parametrize(
    ("phase", "found"), [("behind bends: random 1", "linear model"), ("behind bends: start", "")]
)
def test_interrupt_keeps_the_best_so_far(phase, found):
    """Ctrl-C before a network is better than the linear model behind the bends, and later."""

    def interrupt(progress):
        if progress.phase.startswith(phase):
            raise KeyboardInterrupt

    u, y = waves(LONG, 1)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model = LSTMRegressor(random_state=0).fit(u, y, callback=interrupt)
    assert model.status_ == "interrupted"
    assert model.start_.startswith(f"behind bends: {found}")
    assert error(model) < 0.05
