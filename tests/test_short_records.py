"""What the defaults do on a few hundred noisy steps."""

import warnings

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.metrics import nrmse
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.solvers import committee, joined
from fastlstm.starts.linear import identify
from plants import make_record


def tank(n_timesteps, seed, noise=0.02, level=0.2, n_inputs=1):
    """Tank with a square-root outflow that overflows at 1; begins at `level`, not at rest."""
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.uniform(0.0, 1.0, (n_timesteps // 15 + 1, n_inputs)), 15, axis=0)
    u, y = u[:n_timesteps], np.empty(n_timesteps)
    for t, flow in enumerate(u.mean(axis=1)):
        level = min(level + 0.08 * (flow - 0.8 * np.sqrt(max(level, 0.0))), 1.0)
        y[t] = level
    return u, y + noise * y.std() * rng.standard_normal(n_timesteps)


@pytest.fixture(scope="module")
def data():
    """Training record and a noise-free test record that begins elsewhere."""
    return tank(400, seed=1, level=0.9), tank(600, seed=2, noise=0.0, level=0.5)


@pytest.fixture(scope="module")
def model(data):
    """Defaults on the training record."""
    return LSTMRegressor(random_state=0).fit(*data[0])


def linear_error(data):
    """Test NRMSE of the linear model, its state from the first 30 outputs."""
    (u, y), (u_test, y_test) = data
    records = Records.from_lists([u], [y[:, None]])
    scaling = Scaling.of(records)
    linear = identify(scaling.scale(records))
    test = scaling.scale(Records.from_lists([u_test], [y_test[:, None]]))
    y_pred = linear.simulate(test, linear.initial_states(test, 30))
    return nrmse(y_test[30:], scaling.unscale_outputs(y_pred)[30:, 0])


def test_defaults_beat_the_linear_model_on_400_noisy_steps(data, model):
    """A visibly nonlinear plant; the network has to earn its place on data it has not seen."""
    u_test, y_test = data[1]
    y_pred = model.simulate(u_test, y_init=y_test[:30])
    assert nrmse(y_test[30:], y_pred[30:]) < 0.5 * linear_error(data)


def test_widened_network_is_saved_and_loaded(model, data, tmp_path):
    """The average is one deep LSTM like any other."""
    model.save(tmp_path / "tank.safetensors")
    loaded = load(tmp_path / "tank.safetensors")
    assert loaded.hidden_sizes == "auto"
    assert loaded.network_ == model.network_
    np.testing.assert_array_equal(loaded.predict(data[1][0]), model.predict(data[1][0]))


def test_partial_fit_goes_on_with_the_widened_network(data):
    """The structure stays as the first call found it."""
    (u, y), _ = data
    model = LSTMRegressor(random_state=0, time_limit=1.0, max_iter=60).fit(u[:200], y[:200])
    network = model.network_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(max_iter=3).partial_fit(u[200:], y[200:])
    assert model.network_ == network


def test_sizes_that_are_given_are_kept(data):
    """Only "auto" may widen."""
    model = LSTMRegressor((3,), (2,), random_state=0).fit(*data[0])
    assert model.network_.hidden_sizes == (3,)
    assert model.network_.head_sizes == (2,)
    u_test, y_test = data[1]
    y_pred = model.simulate(u_test, y_init=y_test[:30])
    assert nrmse(y_test[30:], y_pred[30:]) < linear_error(data)


def test_linear_plant_under_noise_gets_the_linear_model(rng):
    """Whatever a network gains on held-out blocks of such a plant comes by chance."""
    u = rng.normal(size=(300, 1))
    y = np.convolve(u[:, 0], 0.7 ** np.arange(1, 40))[:300]
    y += 0.3 * y.std() * rng.standard_normal(300)
    with pytest.warns(ConvergenceWarning, match="linear model"):
        model = LSTMRegressor(random_state=0).fit(u, y)
    records = Records.from_lists([u], [y[:, None]])
    scaling = Scaling.of(records)
    linear = identify(scaling.scale(records))
    y_lin = scaling.unscale_outputs(linear.simulate(scaling.scale(records)))
    # the first steps differ: the linear model begins at rest
    np.testing.assert_allclose(model.predict(u)[10:], y_lin[10:, 0], atol=5e-3 * y.std())


def test_number_of_threads_changes_no_bit(data):
    """Rows and records are summed in a fixed order."""
    (u, y), _ = data
    fits = [LSTMRegressor(random_state=0, max_iter=40, n_jobs=n) for n in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one, two = (model.fit(u, y) for model in fits)
    np.testing.assert_array_equal(one.params_, two.params_)


def test_several_outputs_and_records_of_unequal_length():
    """Two inputs, two outputs, four records; the second output is twice as slow to read."""
    lists = [tank(n, seed=n, n_inputs=2) for n in (150, 90, 120, 200)]
    X = [u for u, _ in lists]
    Y = [np.stack([y, 5.0 + 2.0 * np.concatenate([y[:1], y[:-1]])], axis=1) for _, y in lists]
    model = LSTMRegressor(random_state=0, time_limit=4.0).fit(X, Y)
    u_test, y_test = tank(300, seed=7, noise=0.0, n_inputs=2)
    y_test = np.stack([y_test, 5.0 + 2.0 * np.concatenate([y_test[:1], y_test[:-1]])], axis=1)
    y_pred = model.simulate(u_test, y_init=y_test[:30])
    assert np.all(nrmse(y_test[30:], y_pred[30:]) < 0.3)


def test_model_in_hand_is_usable_at_every_moment(data):
    """A callback can take a fitted estimator whatever the network behind it."""
    taken = []

    def keep(progress):
        if progress.iteration in (1, 30):
            taken.append(progress.model())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        LSTMRegressor(random_state=0, max_iter=40).fit(*data[0], callback=keep)
    assert [model.predict(data[1][0]).shape for model in taken] == [(600,), (600,)]


def test_interrupt_keeps_the_average_found_so_far():
    """Ctrl-C in the search: the choice is made from what there is, whoever keeps the exception."""
    raised = []

    def interrupt(progress):
        if progress.iteration == 25:
            raised.append(KeyboardInterrupt())
            raise raised[0]

    u, y = make_record(300, noise=0.05)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model = LSTMRegressor(random_state=0).fit(u, y, callback=interrupt)
    assert model.status_ == "interrupted"
    kinds = {"bent linear", "linear", "random", "livelier linear", "linear model"}
    assert set(model.start_.split(", ")) <= kinds
    assert model.score(*make_record(300, seed=4)) > 0.9


def furnace(n_timesteps, seed, tau=1200.0):
    """Slow body that loses heat faster the hotter it is; its heater changes every 80 steps."""
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.uniform(-1.0, 1.0, n_timesteps // 80 + 1), 80)[:n_timesteps]
    heat, y = 0.3, np.empty(n_timesteps)
    for t, power in enumerate(1.5 * u + 0.5 * u**2):
        heat += (power - heat - 0.5 * heat * abs(heat)) / tau
        y[t] = heat
    return u[:, None], y + 1e-3 * rng.standard_normal(n_timesteps)


def test_slow_plant_is_learned_from_a_record_of_five_time_constants():
    """6,000 steps, yet only as much to learn from as in a short record."""
    model = LSTMRegressor(random_state=0, max_iter=150).fit(*furnace(6000, 1))
    u, y = furnace(6000, 2)
    y_sim = model.simulate(u, y_init=y[:600])
    assert nrmse(y[600:], y_sim[600:]) < 0.08


def test_rounds_of_the_search_are_averaged_into_one_network(data, model, monkeypatch):
    """The search of one round is only the first part of what the default does."""
    monkeypatch.setattr(committee, "ROUNDS", 1)
    once = LSTMRegressor(random_state=0).fit(*data[0])
    assert once.status_ == model.status_ == "done"
    assert once.n_iter_ < 0.7 * model.n_iter_
    assert once.network_.hidden_sizes[0] < model.network_.hidden_sizes[0]
    same = [(a.phase, a.rmse_train) for a in model.history_[: once.n_iter_]]
    assert [(a.phase, a.rmse_train) for a in once.history_] == same


def test_networks_of_an_average_count_by_agreement(data, model, monkeypatch):
    """The same networks as with equal weights; only what the readout adds up differs."""
    monkeypatch.setattr(joined, "FEW", 10**6)
    equal = LSTMRegressor(random_state=0).fit(*data[0])
    assert equal.network_ == model.network_
    parts, others = (m.network_.unpack(m.params_) for m in (equal, model))
    moved = {name for name, values in parts.items() if not np.array_equal(values, others[name])}
    assert "readout.hidden" in moved
    assert all(name.startswith("readout") for name in moved)
