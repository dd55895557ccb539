"""Records of medium length: tried as long ones, then as short ones under much noise."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor
from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.posing import pose
from fastlstm.solvers.problem import SHORT, VERY_SHORT
from problems import teacher_records

TEACHER = Network(1, 1, (3,))
SHAPE = (4,), ()
NETWORK = Network(1, 1, *SHAPE)

pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


def record(noise):
    """Six residuals per weight."""
    records = teacher_records(TEACHER, [6 * NETWORK.n_params], seed=3)
    e = np.random.default_rng(0).normal(size=records.y.shape)
    return records.u, records.y + noise * records.y.std() * e


def kinds(model):
    """Ways that were tried."""
    names = {row.phase.split(",")[0] for row in model.history_}
    found = {"long": {"linear first"} & names, "short": {"linear 1", "livelier linear 1"} & names}
    return {way for way, seen in found.items() if seen}


@pytest.mark.parametrize(
    ("per_weight", "is_medium"),
    [(0.9 * VERY_SHORT, False), (1.1 * VERY_SHORT, True), (0.9 * SHORT, True), (1.1 * SHORT, None)],
)
def test_length_is_judged_by_residuals_per_weight(per_weight, is_medium):
    """Beyond ten per weight there is only one way, up to two and a half another."""
    n_steps = round(per_weight * NETWORK.n_params)
    records = teacher_records(TEACHER, [n_steps], seed=0)
    whole = pose(records, NETWORK, 20, Frame.plain(1))
    assert (whole is None) if is_medium is None else (whole.is_medium == is_medium)


def test_clean_records_go_on_as_long_ones():
    """The error falls below a twentieth of the output: the network itself is what is missing."""
    model = LSTMRegressor(*SHAPE, random_state=0, max_iter=400).fit(*record(0.0))
    assert kinds(model) == {"long"}
    assert model.rmse_validation_ < 0.01


@pytest.mark.parametrize(("clearly", "wins"), [(0.0, "short"), (np.inf, "long")])
def test_noisy_records_are_short_ones_too(monkeypatch, clearly, wins):
    """Both ways are tried; the first has to be clearly better on held-out rows."""
    monkeypatch.setattr("fastlstm.solvers.committee.CLEARLY", clearly)
    monkeypatch.setattr("fastlstm.solvers.race.POOR", np.inf)
    model = LSTMRegressor(*SHAPE, random_state=0).fit(*record(0.3))
    assert kinds(model) == {"long", "short"}
    long_names = {"linear first", "linear spread", "random 1", "random 2"}
    assert (model.start_.split(",")[0] in long_names) == (wins == "long")


def test_few_iterations_are_for_one_way_only():
    """With less than two hundred the first way would leave none for the other."""
    model = LSTMRegressor(*SHAPE, random_state=0, max_iter=60).fit(*record(0.3))
    assert kinds(model) == {"short"}


@pytest.mark.parametrize("pole", [0.0, 0.95])
def test_free_sizes_go_on_as_long_ones(pole):
    """Other fits follow, to average with it; under slow noise these see what is new in errors."""
    n_steps = 6 * Network(1, 1, (6, 6), (8,)).n_params
    records = teacher_records(TEACHER, [n_steps], seed=3)
    e = np.random.default_rng(0).normal(size=records.y.shape)
    e = lfilter([1.0], [1.0, -pole], e, axis=0)
    noisy = records.y + 0.3 * records.y.std() * e / e.std()
    model = LSTMRegressor(random_state=0, max_iter=1000).fit(records.u, noisy)
    assert kinds(model) == {"long"}
    names = {row.phase.split(" ")[0] for row in model.history_}
    assert "fit" in names
    assert ("whitened:" in names) == (pole > 0.0)


@pytest.mark.parametrize("pole", [0.0, 0.95])
def test_given_sizes_are_whitened_in_the_end(pole):
    """Whichever way has led there; the validation error stays that of the search."""
    u, y = record(0.0)
    e = np.random.default_rng(0).normal(size=y.shape)
    e = lfilter([1.0], [1.0, -pole], e, axis=0)
    noisy = y + 0.3 * y.std() * e / e.std()
    model = LSTMRegressor(*SHAPE, random_state=0, max_iter=1000).fit(u, noisy)
    assert kinds(model) == {"long", "short"}
    assert model.start_.endswith(", whitened") == (pole > 0.0)
    assert model.rmse_validation_ > 0.1 * noisy.std()
