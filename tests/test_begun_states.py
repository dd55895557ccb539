"""Initial states of many records from their first outputs."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor, slowness
from fastlstm._core import simulate
from fastlstm.begun_states import begun_states
from fastlstm.frame import Frame
from fastlstm.metrics import nrmse
from fastlstm.network import Network
from fastlstm.posing import pose
from fastlstm.records import Records

NETWORK = Network(1, 2, (3,), ())


def run(rng, n_records=30):
    """Simulate records with a known network from random states."""
    params = 0.6 * rng.normal(size=NETWORK.n_params)
    lengths = rng.integers(20, 60, n_records)
    u = rng.normal(size=(int(lengths.sum()), 1))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    states = rng.uniform(-0.8, 0.8, size=(n_records, 2, 3))
    y, _ = simulate(NETWORK, params, u, offsets, states, float32=False)
    return params, Records(u, y, offsets)


def error(params, records, states):
    y, _ = simulate(NETWORK, params, records.u, records.offsets, states, float32=False)
    return np.sqrt(np.average((y - records.y) ** 2, weights=records.weights))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_runs_from_the_states_found_are_those_measured(rng, missing):
    """Without noise; missing outputs say nothing."""
    params, records = run(rng)
    weights = (rng.uniform(size=records.y.shape) >= missing).astype(float)
    y = np.where(weights > 0.0, records.y, 1e3)
    given = Records(records.u, y, records.offsets, weights=weights) if missing else records
    rest = NETWORK.zero_state(records.n_records)
    found = begun_states(NETWORK, params, given, 1e-8)
    assert error(params, given, found) < 0.02 * error(params, given, rest)


def test_strong_ridge_keeps_records_at_rest(rng):
    """What noise could explain is not explained by states."""
    params, records = run(rng)
    assert np.max(np.abs(begun_states(NETWORK, params, records, 1e8))) < 1e-6


def cooling(n_records, seed, pole=0.995, noise=0.0):
    """Bodies that are heated a little and cool from any temperature; (X, y)."""
    rng, X, y = np.random.default_rng(seed), [], []
    for _ in range(n_records):
        n = int(rng.integers(80, 140))
        u = np.repeat(rng.uniform(0.0, 1.0, n // 20 + 1), 20)[:n]
        temperature, measured = rng.uniform(20.0, 90.0), np.empty(n)
        for t in range(n):
            temperature += (1.0 - pole) * (20.0 - temperature) + 60.0 * (1.0 - pole) * u[t] ** 2
            measured[t] = temperature
        X.append(u[:, None])
        y.append(measured + noise * rng.standard_normal(n))
    return X, y


def posed(pole):
    X, y = cooling(100, 0, pole)
    y = [(part[:, None] - 50.0) / 20.0 for part in y]
    records = Records.from_lists([part - 0.5 for part in X], y)
    return pose(records, Network(1, 1, (6, 6), (8,)), 0, Frame.plain(1))


def test_plant_that_outlasts_its_records_is_posed_with_initial_states():
    """A washout would leave nothing of them."""
    assert posed(0.995).is_slow
    assert posed(0.6) is None


def test_plant_of_few_memories_in_all_is_slow_even_if_it_does_not_outlast_records(monkeypatch):
    """Nothing is left of an output after more than a record, so its memory tells."""
    monkeypatch.setattr(slowness, "OUTLAST", np.inf)
    assert posed(0.999).is_slow


@pytest.mark.parametrize("n_records", [12, 100])
def test_records_that_begin_anywhere_are_learnt_with_their_beginnings(n_records):
    """Each is simulated from its first outputs; nothing warns that the model fails on them."""
    model = LSTMRegressor(random_state=0, max_iter=150).fit(*cooling(n_records, 1, noise=0.5))
    assert model.rmse_validation_ < 0.08
    X, y = cooling(100, 2)  # the mean of fewer is off by as much as the guess may be
    runs = model.simulate(X, [part[:20] for part in y])
    every, guessed = np.concatenate(y), np.concatenate(model.predict(X))
    assert nrmse(every, np.concatenate(runs)) < 0.05
    assert nrmse(every, guessed) < 1.05
