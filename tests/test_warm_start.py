"""A fitted model as the start of another fit, solvers in a row, and training that goes on."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.solvers import LevenbergMarquardt, Split
from fastlstm.warm_start import rescaled
from plants import make_record, simulate_plant, small_model
from problems import teacher_params

pytestmark = [
    pytest.mark.usefixtures("readout_solver"),
    pytest.mark.filterwarnings("ignore:.*max_iter:fastlstm.exceptions.ConvergenceWarning"),
]


def test_rescaled_weights_give_the_same_outputs_in_physical_units(rng):
    """Only the scale moves: the function from u to y stays, to rounding."""
    network = Network(2, 2, (3, 2), (4,))
    params = teacher_params(network, 0)
    records = [
        Records.from_lists([a * rng.normal(size=(60, 2)) + b], [c * rng.normal(size=(60, 2)) + d])
        for a, b, c, d in [(1.0, 0.0, 2.0, -1.0), (3.0, 5.0, 0.5, 7.0)]
    ]
    old, new = (Scaling.of(part) for part in records)
    u = rng.normal(size=(80, 2)) + 2.0
    outputs = [
        scaling.unscale_outputs(
            simulate(network, weights, scaling.scale_inputs(u), np.array([0, 80]), float32=False)[0]
        )
        for weights, scaling in [(params, old), (rescaled(network, params, old, new), new)]
    ]
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-10, atol=1e-10)


def test_rescaled_weights_ignore_what_the_old_model_could_not_see(rng):
    """An input that was constant in the first fit had no effect, and has none now."""
    network = Network(2, 1, (3,))
    old = Scaling(np.zeros(2), np.array([1.0, 0.0]), np.zeros(1), np.ones(1))
    new = Scaling(np.zeros(2), np.ones(2), np.zeros(1), np.ones(1))
    params = rescaled(network, teacher_params(network, 1), old, new)
    u = rng.normal(size=(50, 2))
    runs = [
        simulate(network, params, u * [1.0, k], np.array([0, 50]), float32=False)[0] for k in (0, 1)
    ]
    np.testing.assert_array_equal(*runs)


def test_start_is_never_lost(record):
    """One iteration from a good model on another scale is at least as good on validation."""
    u, y = record
    good = LSTMRegressor((3,), (), random_state=0, max_iter=40).fit(u, y)
    weak = small_model(hidden_sizes=(3,), max_iter=1)
    moved = weak.fit(0.5 * u, simulate_plant(0.5 * u), start=good)
    # beyond the first steps: where a record begins was learned anew, from smaller inputs
    y_pred, expected = moved.predict(u)[100:], good.predict(u)[100:]
    np.testing.assert_allclose(y_pred, expected, rtol=1e-6, atol=1e-6)
    assert moved.start_ == "start"


def test_levenberg_marquardt_goes_on_from_a_start(record):
    """Ten iterations from ten are better than the ten."""
    u, y = record
    first = LSTMRegressor((3,), (3,), random_state=0, max_iter=10).fit(u, y)
    second = LSTMRegressor((3,), (3,), random_state=0, max_iter=10).fit(u, y, start=first)
    assert second.rmse_validation_ < first.rmse_validation_


@pytest.mark.parametrize(
    ("start", "error"),
    [(LSTMRegressor(), TypeError), ("plant.safetensors", TypeError), (None, None)],
)
def test_start_must_be_a_fitted_model(record, start, error):
    """A path or an unfitted model is a mistake that has to be named."""
    if error is None:
        small_model().fit(*record, start=None)
        return
    with pytest.raises(error, match="start must be a fitted LSTMRegressor"):
        small_model().fit(*record, start=start)


def test_start_of_another_structure_is_refused(record):
    """Weights of another network cannot be continued."""
    other = small_model(hidden_sizes=(3,)).fit(*record)
    with pytest.raises(ValueError, match="start must have the structure"):
        small_model(hidden_sizes=(4,)).fit(*record, start=other)


def test_solvers_in_a_row_improve_on_the_first(record):
    """The second begins where the first ended, and its name says so."""
    u, y = record
    alone = small_model(hidden_sizes=(4,)).fit(u, y)
    chain = small_model(hidden_sizes=(4,), solver=["readout", "lm"], max_iter=30).fit(u, y)
    assert chain.solver_ == "readout, lm"
    assert chain.rmse_validation_ < 0.5 * alone.rmse_validation_
    phases = [row.phase for row in chain.history_]
    assert phases[0] == "draw" and phases[-1].startswith("start")


def test_solver_instances_keep_their_settings_in_a_model_file(record, tmp_path):
    """What was chosen is still known after load."""
    model = small_model(solver=LevenbergMarquardt(max_iter=3, patience=7)).fit(*record)
    model.save(tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors").solver == LevenbergMarquardt(3, patience=7)
    assert model.n_iter_ == 3


def test_partial_fit_follows_a_plant_that_changes(record):
    """On new records the gain doubled; scale and structure stay those of the first call."""
    u, y = record
    model = LSTMRegressor((3,), (), random_state=0, max_iter=40).partial_fit(u, y)
    scaling = model.scaling_
    u_new, _ = make_record(seed=5)
    y_new = 2.0 * simulate_plant(u_new)
    before = model.score(u_new, y_new)
    model.partial_fit(u_new, y_new)
    assert model.score(u_new, y_new) > max(before, 0.99)
    assert model.scaling_ is scaling


@pytest.mark.parametrize("solver", ["split", Split(mode="sample", max_iter=60)])
def test_split_method_goes_on_with_new_records(record, solver):
    """The founding method used record by record: the plant has changed, the model follows."""
    settings = {"head_sizes": (3,), "max_iter": 60, "random_state": 0}
    model = LSTMRegressor((4,), solver=solver, **settings).partial_fit(*record)
    u = np.random.default_rng(5).normal(size=(1200, 1))
    y = 1.5 * simulate_plant(u)
    before = model.score(u, y)
    assert model.partial_fit(u, y).score(u, y) > max(0.9, before + 0.02)


def test_stream_of_a_model_is_its_free_run(record):
    """Sample by sample and all at once are the same model, and the model is not changed."""
    u, _ = record
    model = small_model().fit(*record)
    stream = model.stream()
    y_sim = [stream.step(sample) for sample in u[:, 0]]
    np.testing.assert_allclose(y_sim, model.predict(u), rtol=1e-9, atol=1e-9)


def test_partial_fit_refuses_other_channels(record):
    """The network in hand has one input."""
    model = small_model().fit(*record)
    u, y = make_record(n_inputs=2)
    with pytest.raises(ValueError, match="X has 2 features"):
        model.partial_fit(u, y)
