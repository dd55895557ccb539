"""Wider networks on long records."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.starts.growing import grow
from problems import PROBLEMS


def random_member(network, seed):
    return np.random.default_rng(seed).normal(size=network.n_params) * 0.4


def run(network, params, u):
    return simulate(network, params, u, np.array([0, len(u)]), float32=False)[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Network(1, 1, (2,)), Network(1, 1, (5,))),
        (Network(2, 2, (3, 2), (4,)), Network(2, 2, (3, 4), (6,))),
        (Network(1, 2, (2, 2, 2), (3, 3)), Network(1, 2, (4, 3, 5), (3, 5))),
    ],
)
def test_grown_network_begins_at_the_output_of_the_small_one(old, new):
    """Whatever the weights that the new units bring along."""
    u = np.random.default_rng(2).normal(size=(80, old.n_inputs))
    params = random_member(old, 0)
    grown = grow(old, params, new, random_member(new, 1))
    np.testing.assert_allclose(run(new, grown, u), run(old, params, u), atol=1e-12)


def test_new_units_are_not_dead():
    """The output depends on what the readout takes from them."""
    old, new = Network(1, 1, (2,)), Network(1, 1, (4,))
    u = np.random.default_rng(2).normal(size=(80, 1))
    grown = grow(old, random_member(old, 0), new, random_member(new, 1))
    weights = {name: value.copy() for name, value in new.unpack(grown).items()}
    weights["readout.hidden"][:, 2:] = 1.0
    assert np.ptp(run(new, new.pack(weights), u) - run(new, grown, u)) > 0.01


def test_network_of_another_kind_is_refused():
    """Narrower layers, other channels, other depth."""
    old = Network(1, 1, (3, 3), (4,))
    for other in (Network(1, 1, (3, 2), (4,)), Network(2, 1, (3, 3), (4,)), Network(1, 1, (6,))):
        with pytest.raises(ValueError, match="wider must have"):
            grow(old, np.zeros(old.n_params), other, np.zeros(other.n_params))


@pytest.fixture(scope="module")
def long_record():
    """Return input and output of a network of (8,) units, more than (1,) units can follow."""
    plant = Network(1, 1, (8,))
    u = np.random.default_rng(5).normal(size=(9000, 1))
    return u, run(plant, 2.0 * random_member(plant, 3), u)


def test_widths_that_are_free_grow_while_validation_gains(long_record, monkeypatch):
    """From a first network that is far too narrow to one that is wider and better."""
    import fastlstm.settings as settings
    import fastlstm.solvers.first_network as first_network

    monkeypatch.setattr(first_network, "FEW_STATES", -1)
    monkeypatch.setattr(settings, "USUAL_HIDDEN", (1,))
    monkeypatch.setattr(settings, "USUAL_HEAD", ())
    fixed = LSTMRegressor((1,), (), random_state=0).fit(*long_record)
    free = LSTMRegressor(random_state=0).fit(*long_record)
    assert free.network_.hidden_sizes[0] > 1
    assert free.rmse_validation_ < 0.8 * fixed.rmse_validation_


@pytest.mark.parametrize(
    ("overfit", "gains", "n_tried"), [(np.inf, 0, 1), (np.inf, 2, 3), (0.0, 2, 0)]
)
def test_rounds_end_when_one_gains_nothing(monkeypatch, overfit, gains, n_tried):
    """Where the validation error is far above the training error there is none at all."""
    import fastlstm.solvers.widening as widening

    tried, problem = [], PROBLEMS[0].problem
    known = {"best_network": None, "best_risk": 1.0, "judge_by": lambda _: None}
    tracker = SimpleNamespace(best=np.zeros(problem.network.n_params), best_rmse=1.0, **known)

    def grow_by_hand(_):
        tried.append("g")
        tracker.best_rmse *= 0.9 if len(tried) <= gains else 0.99
        return iter(())

    monkeypatch.setattr(widening, "OVERFIT", overfit)
    monkeypatch.setattr(widening.Widening, "_grow", grow_by_hand)
    rounds = widening.Widening(problem, 0.02, tracker, np.random.default_rng(0))
    assert list(rounds.run()) == []
    assert len(tried) == n_tried
