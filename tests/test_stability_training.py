"""Training under a stability constraint: what comes out is certified and still simulates."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.solvers import BPTT, SOLVERS
from plants import make_record, small_model

pytestmark = [
    pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning"),
]


@pytest.fixture(scope="module")
def record():
    return make_record(1200)


def constrained(solver, record, kind="incremental", max_iter=120):
    model = LSTMRegressor(
        (4, 4), (4,), solver=solver, stability=kind, random_state=0, max_iter=max_iter
    )
    return model.fit(*record)


@pytest.mark.parametrize(("solver", "max_iter", "score"), [("lm", 300, 0.999), ("split", 200, 0.9)])
def test_trained_model_is_certified_and_useful(record, solver, max_iter, score):
    """A first-order plant leaves room for a certificate; the fit must survive it."""
    model = constrained(solver, record, max_iter=max_iter)
    assert model.stability_report().certified
    assert model.score(*make_record(600, seed=9)) > score


def test_training_without_constraint_is_not_certified(record):
    """The option does something: the same fit without it fails the certificate."""
    model = constrained("lm", record, kind=None)
    assert not model.stability_report().certified


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_every_solver_returns_a_certified_model(solver):
    """Methods without a constraint of their own are scaled until the certificate holds."""
    model = LSTMRegressor(
        (3,), (), solver=solver, stability="incremental", random_state=0, max_iter=5
    ).fit(*make_record(400))
    assert model.stability_report().certified


def test_weaker_constraint_is_enough_for_input_to_state_stability(record):
    """The kind called iss promises less."""
    assert constrained("lm", record, kind="iss").stability_report().certified_iss


def test_certificate_survives_a_model_file(record, tmp_path):
    """The range of the inputs is part of the promise and of the file."""
    model = constrained("split", record)
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.input_range_, model.input_range_)
    assert str(again.stability_report()) == str(model.stability_report())
    assert again.stability == "incremental"


def test_input_range_is_what_training_saw(readout_solver, record):
    """Smallest and largest input in the unit of X, widened by later records."""
    u, y = record
    model = small_model().fit(3.0 * u + 1.0, y)
    np.testing.assert_array_equal(model.input_range_, [3 * u.min(0) + 1, 3 * u.max(0) + 1])
    model.partial_fit(np.full((300, 1), 50.0) + u[:300], y[:300])
    assert model.input_range_[0, 0] == 3 * u.min() + 1
    assert model.input_range_[1, 0] == 50.0 + u[:300].max()


def test_constraint_that_bptt_does_not_know_is_met_by_scaling(record):
    """The best iterate is judged as what it becomes, so the score is that of the model returned."""
    model = LSTMRegressor(
        (4,), (), solver=BPTT(max_iter=10), stability="incremental", random_state=0
    )
    model.fit(*record)
    assert model.stability_report().certified
    best = min(row.rmse_validation for row in model.history_)
    assert model.rmse_validation_ == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("kind", ["certified", True, 0])
def test_unknown_stability_is_refused(readout_solver, kind):
    """A misspelt option must not train an uncertified model silently."""
    with pytest.raises(ValueError, match="stability must be None"):
        small_model(stability=kind).fit(*make_record(60))
