"""Callbacks of scikit-learn: they see a fit from beginning to end, and change nothing."""

import importlib
import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from fastlstm import LSTMRegressor, sklearn_callbacks
from fastlstm.exceptions import ConvergenceWarning
from plants import make_record, small_model
from readout_solver import N_DRAWS

pytestmark = pytest.mark.usefixtures("readout_solver")
has_callbacks = pytest.mark.skipif(
    not hasattr(LSTMRegressor, "set_callbacks"), reason="callbacks came with scikit-learn 1.9"
)


class Recorder:
    """Callback that writes down what it is told."""

    def __init__(self, stop_after=None):
        self.events, self.seen, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(("end", context.task_name, context.task_id))
        self.seen.append((X, y, metadata, fitted_estimator))
        return self.stop_after is not None and len(self.seen) >= self.stop_after


@has_callbacks
def test_callbacks_see_the_fit_from_beginning_to_end(record):
    """One task per hundredth of the work, in order, inside one for the whole fit."""
    recorder = Recorder()
    small_model().set_callbacks(recorder).fit(*record)
    steps = [(kind, "hundredth", k) for k in range(100) for kind in ("begin", "end")]
    whole = [(kind, "fit", 0) for kind in ("begin", "end")]
    assert recorder.events == ["setup", whole[0], *steps, whole[1], "teardown"]


@has_callbacks
def test_callbacks_get_data_and_the_model_so_far(record):
    """Data as `fit` got them; a model once per iteration, of its own, that can predict."""
    u, y = record
    groups = np.repeat([0, 1], 150)
    recorder = Recorder()
    model = small_model().set_callbacks(recorder).fit(u, y, groups=groups)
    models = [fitted for *_, fitted in recorder.seen if fitted is not None]
    assert len(models) == N_DRAWS + 1
    X_seen, y_seen, metadata, last = recorder.seen[-1]
    assert X_seen is u and y_seen is y and metadata["groups"] is groups
    np.testing.assert_array_equal(last.predict(u), model.predict(u))
    np.testing.assert_array_equal(models[-2].params_, model.params_)
    assert models[0].n_iter_ == 1 and models[0] is not model


@has_callbacks
def test_callbacks_change_nothing(record):
    """Watching a fit must not change a bit, nor what the callback of `fit` sees."""
    events = []
    watched = small_model().set_callbacks(Recorder()).fit(*record, callback=events.append)
    np.testing.assert_array_equal(watched.params_, small_model().fit(*record).params_)
    assert len(events) == N_DRAWS


@has_callbacks
def test_callback_can_stop_the_fit(record):
    """As after Ctrl-C the best model so far is kept, and the user is told."""
    with pytest.warns(ConvergenceWarning, match="interrupted") as caught:
        model = small_model().set_callbacks(Recorder(stop_after=30)).fit(*record)
    assert model.status_ == "interrupted" and model.n_iter_ == 2
    assert np.isfinite(model.predict(record[0])).all()
    assert caught[0].filename == __file__


@has_callbacks
def test_callbacks_are_torn_down_after_an_error(record):
    """A progress bar that stays open spoils the terminal."""
    recorder = Recorder()

    def fail(progress):
        raise RuntimeError("no more")

    model = small_model().set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(*record, callback=fail)
    assert recorder.events[-1] == "teardown"
    model.set_callbacks().fit(*record)
    assert not any(name.startswith("_callback") for name in vars(model))


@has_callbacks
def test_score_can_be_monitored():
    """scikit-learn's own monitor, on the method that has many iterations."""
    from sklearn.callback import ScoringMonitor

    u, y = make_record(400)
    monitor = ScoringMonitor(scoring="r2")
    model = LSTMRegressor((2,), (), max_iter=30, tol=0.0, random_state=0).set_callbacks(monitor)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model.fit(u, y)
    scores = [row["r2"] for row in monitor.get_logs().data]
    assert len(scores) == 31
    assert scores[-1] > 0.99 and scores[-1] >= scores[0]


@has_callbacks
def test_progress_bar_reaches_into_a_search(record, capsys):
    """A bar for the search, and one for the fit of each fold."""
    from sklearn.callback import ProgressBar

    search = GridSearchCV(small_model(), {"alpha": [1e-4, 1.0]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*record)
    shown = capsys.readouterr().out
    assert shown.count("LSTMRegressor - fit") >= 5 and "100%" in shown


def test_old_scikit_learn_has_no_callbacks(monkeypatch):
    """Without the interface the mixin is empty, and a fit runs as it is."""
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    old = importlib.util.module_from_spec(sklearn_callbacks.__spec__)
    sklearn_callbacks.__spec__.loader.exec_module(old)
    assert not hasattr(old.CallbackMixin, "set_callbacks")
    given = []
    told = old.CallbackMixin()._watched(lambda tell: given.append(tell) or 7, print, 1, 2, None)
    assert (told, given) == (7, [print])
