"""The estimator: shapes in and out, scikit-learn conventions, progress, limits."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastlstm import LSTMRegressor
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.metrics import fit_percent, r2, rmse
from fastlstm.network import Network
from fastlstm.solvers import SOLVERS, Status
from plants import make_record, make_records, simulate_plant, small_model
from readout_solver import N_DRAWS, ReadoutSolver

pytestmark = pytest.mark.usefixtures("readout_solver")


def test_constructor_defaults_are_the_documented_ones():
    """They are part of the public surface."""
    parameters = LSTMRegressor().get_params()
    assert parameters["hidden_sizes"] == "auto"
    assert parameters["head_sizes"] == "auto"
    assert (parameters["solver"], parameters["n_jobs"]) == ("auto", 1)
    assert parameters["time_limit"] is parameters["random_state"] is None


def test_fit_learns_what_it_promises(model, record):
    """Names ending in "_" tell what happened; `fit` returns the estimator."""
    u, y = record
    assert model.fit(u, y) is model
    assert (model.n_features_in_, model.n_outputs_, model.washout_) == (1, 1, 30)
    assert model.network_ == Network(1, 1, (12,), ())
    assert model.params_.shape == (model.network_.n_params,)
    assert (model.solver_, model.status_, model.start_) == ("readout", "done", "draw")
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_) == N_DRAWS
    assert model.fit_time_ > 0.0 and model.cpu_time_ > 0.0
    assert not hasattr(model, "feature_names_in_")


def test_predict_is_the_free_run_of_the_network(model, record):
    """The reference recurrence in the units of u and y, begun as the first input tells."""
    from fastlstm._core import reference

    u, _ = record
    scaled = model.scaling_.scale_inputs(u)
    begun = model.initial_state_.before(scaled[:1])
    y, _ = reference.simulate(model.network_, model.params_, scaled, np.array([0, len(u)]), begun)
    np.testing.assert_allclose(model.predict(u), model.scaling_.unscale_outputs(y)[:, 0], atol=1e-9)


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
@pytest.mark.parametrize("form", ["array", "frame", "list", "tuple", "stack"])
def test_predictions_come_back_in_the_form_of_x(form, n_outputs):
    """Array in, array out; list in, list out; 1-D outputs stay 1-D."""
    u, y = make_record(80, n_inputs=2)
    y = y if n_outputs is None else np.outer(y, np.arange(1.0, n_outputs + 1.0))
    wrap = {
        "array": lambda a: a,
        "frame": lambda a: a,
        "list": lambda a: [a, a[:60]],
        "tuple": lambda a: (a, a[:60]),
        "stack": lambda a: np.stack([a, a]),
    }[form]
    X, outputs = (pd.DataFrame(u, columns=["a", "b"]), y) if form == "frame" else (wrap(u), wrap(y))
    model = small_model().fit(X, outputs)
    measured = outputs if isinstance(outputs, tuple) else wrap(y)
    predictions = (
        model.predict(X),
        model.simulate(X, [part[:10] for part in measured] if wrap(y) is not y else y[:10]),
        model.predict_ahead(X, outputs, 2),
    )
    for y_pred in predictions:
        assert isinstance(y_pred, list if form in ("list", "tuple") else np.ndarray)
        shapes = [np.shape(part) for part in y_pred] if form != "array" else [y_pred.shape]
        expected = [np.shape(part) for part in measured] if form != "array" else [y.shape]
        assert shapes == expected


def test_stack_equals_list_of_the_same_records():
    """Three forms, one meaning."""
    X, y = make_records([60, 60, 60])
    as_list = small_model().fit(X, y)
    as_stack = small_model().fit(np.stack(X), np.stack(y))
    np.testing.assert_array_equal(np.stack(as_list.predict(X)), as_stack.predict(np.stack(X)))


def test_records_do_not_touch_each_other():
    """The state starts anew in every record, so a neighbour cannot change a prediction."""
    X, y = make_records([100, 70, 50])
    model = small_model().fit(X, y)
    alone = model.predict(X[1])
    np.testing.assert_allclose(model.predict([X[2], X[1]])[1], alone, atol=1e-12)


def test_fit_ignores_targets_inside_washout():
    """What happens before the washout ends depends on an unknown state."""
    u, y = make_record(200)
    changed = y.copy()
    changed[1:20] = changed[1:20][::-1]  # same mean and spread
    models = [
        small_model(washout=20, validation_fraction=0.0).fit(u, part) for part in (y, changed)
    ]
    np.testing.assert_allclose(models[0].params_, models[1].params_, atol=1e-9)


def test_many_inputs_and_outputs_are_fitted_in_their_own_units():
    """A millivolt beside a megapascal: standardised inside, each channel has a good fit."""
    u, _ = make_record(400, n_inputs=3)
    y = np.column_stack([1e-3 * simulate_plant(u), 1e6 + 1e6 * simulate_plant(-u[:, :1])])
    model = small_model().fit(u * [1e-6, 1.0, 1e6], y)
    assert np.all(fit_percent(y, model.predict(u * [1e-6, 1.0, 1e6]), washout=40) > 40.0)


def test_n_jobs_does_not_change_a_bit():
    """Threads split the work, never the sums."""
    X, y = make_records([90, 60, 40])
    one, two = (small_model(n_jobs=n).fit(X, y) for n in (1, 2))
    np.testing.assert_array_equal(one.params_, two.params_)
    np.testing.assert_array_equal(one.predict(X)[2], two.predict(X)[2])


def test_simulate_starts_from_the_estimated_state():
    """A record cut in the middle: its first measured outputs restore the state at the cut."""
    u, _ = make_record(400)
    network = Network(1, 1, (3,), ())
    weights = network.unpack(0.4 * np.random.default_rng(3).normal(size=network.n_params))
    weights["lstm.0.bias"][3:6] = 3.0
    weights["readout.hidden"][:] = 2.0
    model = small_model(hidden_sizes=(3,)).fit(u, simulate_plant(u))
    model.params_, model.rmse_train_ = network.pack(weights), 0.0
    y = model.predict(u)
    tail = slice(200, None)
    errors = {
        "rest": rmse(y[tail], model.predict(u[tail])),
        "estimated": rmse(y[tail], model.simulate(u[tail], y[200:240])),
    }
    assert errors["estimated"] < 1e-3 * errors["rest"]


def test_simulate_without_measured_outputs_is_predict(model, record):
    """Both start from rest then."""
    u, _ = record
    np.testing.assert_array_equal(model.simulate(u), model.predict(u))


def test_predict_ahead_beats_free_run_when_errors_are_coloured():
    """A slow disturbance on y is unknown to the free run and plain in its past errors."""
    u, y = make_record(800)
    drift, noise = np.zeros(800), np.random.default_rng(1).normal(size=800)
    for t in range(1, 800):
        drift[t] = 0.98 * drift[t - 1] + 0.01 * noise[t]
    model = small_model().fit(u[:500], (y + drift)[:500])
    u_test, y_test = u[500:], (y + drift)[500:]
    errors = [rmse(y_test, model.predict_ahead(u_test, y_test, k), washout=50) for k in (1, 5, 50)]
    free = rmse(y_test, model.predict(u_test), washout=50)
    assert errors[0] < errors[1] < errors[2]
    assert errors[0] < 0.5 * free
    assert errors[2] < 1.1 * free


def test_predict_ahead_tends_to_the_free_run(model, record):
    """With no recent measurement nothing is known but the input."""
    u, y = record
    np.testing.assert_array_equal(model.predict_ahead(u, y, 10**9), model.predict(u))
    np.testing.assert_array_equal(model.predict_ahead(u, y, 4)[:4], model.predict(u)[:4])


def test_predict_ahead_uses_no_future_output(model, record):
    """Changing y from step 100 on must not change the prediction up to step 100 + steps - 1."""
    u, y = record
    changed = y.copy()
    changed[100:] += 5.0
    before, after = (model.predict_ahead(u, part, 3) for part in (y, changed))
    np.testing.assert_array_equal(before[:103], after[:103])
    assert before[103] != after[103]


def test_score_is_r2_after_the_washout(model, record):
    """One number for scikit-learn's searches; the transient does not count."""
    u, y = record
    assert model.score(u, y) == pytest.approx(r2(y, model.predict(u), washout=30))
    assert np.isfinite(model.score(u[:20], y[:20]))


def test_score_weighs_as_r2_of_scikit_learn_does(model, record):
    """Weights enter the squared errors and the mean and squares of y alike."""
    u, y = record
    weights = np.random.default_rng(1).uniform(size=len(y))
    first = model.washout_
    expected = r2_score(y[first:], model.predict(u)[first:], sample_weight=weights[first:])
    assert model.score(u, y, sample_weight=weights) == pytest.approx(expected, abs=1e-12)


def test_callback_sees_progress_and_can_take_the_model(record):
    """What a progress bar, a checkpoint and Ctrl-C need."""
    u, y = record
    events = []
    model = small_model().fit(u, y, callback=events.append)
    last = events[-1]
    assert [event.iteration for event in events] == list(range(1, N_DRAWS + 1))
    assert last.cost == pytest.approx(model.loss_curve_[-1])
    assert last.rmse_validation == pytest.approx(model.rmse_validation_)
    np.testing.assert_array_equal(last.model().predict(u), model.predict(u))
    held_out = fit_percent(y[240:], model.predict(u)[240:])
    assert last.fit_percent == pytest.approx(held_out, abs=1.0)
    assert last.fraction == 1.0


def test_snapshot_does_not_follow_the_running_fit(record, tmp_path):
    """A checkpoint taken early is a model of its own, and can be saved."""
    snapshots = []
    small_model(random_state=4).fit(*record, callback=lambda p: snapshots.append(p.model()))
    snapshots[0].save(tmp_path / "first")
    assert snapshots[0].n_iter_ == 1
    assert "iteration 1" in snapshots[0].message_
    assert snapshots[0].get_params() == small_model(random_state=4).get_params()


def test_time_inside_callbacks_does_not_count(record):
    """A slow plot must not use up the time limit."""
    import time

    model = small_model(time_limit=0.2)
    model.fit(*record, callback=lambda progress: time.sleep(0.1))
    assert model.status_ == "done"
    assert model.fit_time_ < 0.2


def test_interrupted_fit_keeps_the_best_model(record):
    """Ctrl-C in the middle: a warning and a usable model."""

    def interrupt(progress):
        if progress.iteration == 2:
            raise KeyboardInterrupt

    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model = small_model().fit(*record, callback=interrupt)
    assert model.status_ == "interrupted"
    assert np.isfinite(model.predict(record[0])).all()


def test_fit_returns_the_linear_model_when_the_solver_diverges(record, monkeypatch):
    """NaN weights never become a model; the user hears of it and has something that works."""

    class Diverging(ReadoutSolver):
        def run(self, problem, start, rng, tracker):
            for iterate in super().run(problem, start, rng, tracker):
                yield replace(iterate, params=np.full_like(iterate.params, np.nan))
            return Status.DONE

    monkeypatch.setitem(SOLVERS, "readout", Diverging)
    u, y = record
    with pytest.warns(ConvergenceWarning, match="fell back to the linear start"):
        model = small_model().fit(u, y)
    assert model.start_ == "linear"
    assert model.score(u, y) > 0.5


def test_model_does_not_rely_on_errors_the_solver_did_not_measure(record, monkeypatch):
    """An iterate may come without a training error; the state estimate needs one all the same."""

    class Silent(ReadoutSolver):
        def run(self, problem, start, rng, tracker):
            for iterate in super().run(problem, start, rng, tracker):
                yield replace(iterate, rmse_train=np.nan)
            return Status.DONE

    monkeypatch.setitem(SOLVERS, "readout", Silent)
    u, y = record
    model = small_model().fit(u, y)
    assert 0.0 < model.rmse_train_ < 1.0
    assert np.isfinite(model.simulate(u, y[:30])).all()


def test_default_solver_identifies_the_plant():
    """Noise-free data of a plant that a small network can hold; the start-up does not count."""
    u, y = make_record(1000)
    model = LSTMRegressor((4,), (4,), random_state=0, time_limit=5.0).fit(u[:700], y[:700])
    assert model.solver_ == "lm"
    assert fit_percent(y[700:], model.predict(u[700:]), washout=50) > 98.0


def test_verbose_prints_plain_lines(record, capsys):
    """They must be readable in a log file."""
    small_model(verbose=2).fit(*record)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == N_DRAWS
    assert "iteration    1  cost" in lines[0] and "fit" in lines[0]


def test_refit_forgets_the_names_of_the_frame_before(record):
    """Learned names belong to the last `fit` only."""
    u, y = record
    model = small_model().fit(pd.DataFrame(u, columns=["a"]), y).fit(u, y)
    assert not hasattr(model, "feature_names_in_")
    model.predict(u)


def test_clone_and_pickle_keep_what_they_should(model, record):
    """`clone` drops what was learned, pickle keeps it (for worker processes)."""
    u, _ = record
    assert not hasattr(clone(model), "params_")
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(u), model.predict(u))


def test_grid_search_works_on_one_record_and_on_a_list(record):
    """Contiguous folds of one record; whole records of a list."""
    grid = {"hidden_sizes": [(3,), (5,)], "alpha": [1e-4, 1.0]}
    search = GridSearchCV(small_model(), grid, cv=KFold(3)).fit(*record)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    search = GridSearchCV(small_model(), grid, cv=KFold(3)).fit(*make_records([60, 90, 70]))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_pipeline_passes_data_and_score_through(record):
    """The estimator standardises by itself, so a scaler in front changes nothing but rounding."""
    u, y = record
    pipeline = make_pipeline(StandardScaler(), small_model()).fit(u, y)
    np.testing.assert_allclose(pipeline.predict(u), small_model().fit(u, y).predict(u), atol=1e-6)
    assert pipeline.score(u, y) == pytest.approx(small_model().fit(u, y).score(u, y), abs=1e-6)
