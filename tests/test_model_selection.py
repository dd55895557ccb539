"""Splitters, and what the searches of scikit-learn make of them."""

import pickle
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastlstm.exceptions import DataWarning
from fastlstm.model_selection import RecordKFold, TimeBlockedSplit
from plants import make_record, make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
VERSION = tuple(map(int, sklearn.__version__.split(".")[:2]))
LENGTHS = [60, 90, 70, 50, 80]
GRID = {"alpha": [1e-4, 1.0]}


@pytest.fixture
def records():
    """Five records as lists, and as rows with labels."""
    X, y = make_records(LENGTHS)
    return X, y, np.concatenate(X), np.concatenate(y), np.repeat(list("edcba"), LENGTHS)


@pytest.fixture
def routing():
    """Metadata routing of scikit-learn, for one test."""
    with config_context(enable_metadata_routing=True):
        yield


def scores_by_hand(splitter, X, y, model):
    """Fit on some records and score on the others, which is what a search must find."""
    scores = []
    for train, test in splitter.split(X):
        fitted = clone(model).fit([X[k] for k in train], [y[k] for k in train])
        scores.append(fitted.score([X[k] for k in test], [y[k] for k in test]))
    return scores


@pytest.mark.parametrize("shuffle", [False, True])
def test_record_folds_part_the_records(records, shuffle):
    """Every record is tested once, and never in the training of its own fold."""
    X, *_ = records
    splits = list(RecordKFold(3, shuffle=shuffle, random_state=0).split(X))
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(5))
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(5)) and len(test) > 0


@pytest.mark.parametrize("shuffle", [False, True])
def test_record_folds_of_rows_are_those_of_the_list(records, shuffle):
    """Labels in alphabetical order, so that both count the records alike."""
    X, _, rows, _, _ = records
    groups = np.repeat(list("abcde"), LENGTHS)
    splitter = RecordKFold(2, shuffle=shuffle, random_state=1)
    for by_list, by_rows in zip(
        splitter.split(X), splitter.split(rows, groups=groups), strict=True
    ):
        for part, indices in zip(by_list, by_rows, strict=True):
            assert set(groups[indices]) == {"abcde"[k] for k in part}
            assert len(indices) == sum(LENGTHS[k] for k in part)


def test_record_folds_hold_about_equally_many_rows():
    """One long record beside many short ones gets a fold of its own."""
    X = [np.zeros((length, 1)) for length in (10, 10, 60, 10, 10, 20)]
    rows = [sum(len(X[k]) for k in test) for _, test in RecordKFold(2).split(X)]
    assert rows == [60, 60]


def test_shuffled_record_folds_follow_their_seed():
    """Same seed, same folds; another seed, others."""
    X = [np.zeros((10, 1))] * 12
    folds = [
        [test.tolist() for _, test in RecordKFold(3, shuffle=True, random_state=s).split(X)]
        for s in (0, 0, 1)
    ]
    assert folds[0] == folds[1] != folds[2]


def test_records_of_one_label_stay_in_one_fold():
    """Two experiments on one machine: the model must be tested on another machine."""
    X = np.zeros((6, 20, 1))
    for train, test in RecordKFold(3).split(X, groups=list("abcabc")):
        assert len(test) == 2 and test[1] - test[0] == 3
        assert not set(test) & set(train)


@pytest.mark.parametrize(
    ("n_splits", "X", "groups", "message"),
    [
        (3, np.zeros((20, 1)), None, "groups must name the record of each row"),
        (3, np.zeros((20, 1)), [0] * 10 + [1] * 10, "n_splits=3, and X holds 2"),
        (2, np.zeros((4, 1)), [0, 1, 0, 1], "together; got label 0 again at row 2"),
        (2, np.zeros((4, 1)), [0, 1, 0], "one label per row"),
        (1, [np.zeros((4, 1))] * 3, None, "n_splits must be >= 2"),
    ],
)
def test_record_folds_refuse_what_they_cannot_part(n_splits, X, groups, message):
    """Rows of a record that others part would be joined wherever these are left out."""
    with pytest.raises(ValueError, match=message):
        RecordKFold(n_splits).split(X, groups=groups)


@pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("gap", [0, 3])
def test_time_blocks_part_one_record(n_splits, gap):
    """Blocks follow each other; the rest is for training, but for the gap on either side."""
    X = np.zeros((83, 1))
    splitter = TimeBlockedSplit(n_splits, gap=gap)
    splits = list(splitter.split(X, groups=splitter.groups(X)))
    np.testing.assert_array_equal(np.concatenate([test for _, test in splits]), np.arange(83))
    for train, test in splits:
        near = np.arange(max(test[0] - gap, 0), min(test[-1] + gap + 1, 83))
        np.testing.assert_array_equal(train, np.setdiff1d(np.arange(83), near))
        assert 83 // n_splits <= len(test) <= 83 // n_splits + 1


@pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 8])
def test_labels_of_time_blocks_part_before_and_after_with_few_cuts(n_splits):
    """No record of the model reaches across a test block, and none of its parts is cut."""
    X = np.zeros((80, 1))
    splitter = TimeBlockedSplit(n_splits)
    groups = splitter.groups(X)
    assert len(set(groups)) == -(-n_splits // 2)
    for train, test in splitter.split(X, groups=groups):
        assert len(set(groups[test])) == 1
        for a, b in pairwise(train):
            assert b == a + 1 or groups[a] != groups[b]


@pytest.mark.parametrize(
    ("splitter", "X", "groups", "message"),
    [
        (TimeBlockedSplit(3), np.zeros((9, 1)), None, "rows before and after .*2 and 6; got None"),
        (TimeBlockedSplit(3), np.zeros((9, 1)), [7] * 9, "label 7 on both sides"),
        (TimeBlockedSplit(3), np.zeros((5, 1)), None, "n_splits=3, and X has 5 rows"),
        (TimeBlockedSplit(2), [np.zeros((9, 1))] * 2, None, "one record.*RecordKFold"),
        (TimeBlockedSplit(2, gap=9), np.zeros((9, 1)), None, "gap=9, and beyond it nothing"),
        (TimeBlockedSplit(2, gap=-1), np.zeros((9, 1)), None, "gap must be >= 0"),
    ],
)
def test_time_blocks_refuse_what_would_be_joined(splitter, X, groups, message):
    """Rows before and after a block are no record: there is a hole between them."""
    with pytest.raises(ValueError, match=message):
        splitter.split(X, groups=groups)


def test_splitters_print_clone_and_pickle():
    """They are arguments of searches, which show, copy and send them."""
    for splitter in (RecordKFold(3, shuffle=True), TimeBlockedSplit(4, gap=2)):
        assert repr(pickle.loads(pickle.dumps(splitter))) == repr(splitter)
        assert splitter.get_n_splits() == splitter.n_splits


def test_grid_search_over_rows_gives_the_scores_of_the_records(records, routing):
    """The plain search: nothing but groups is passed, nothing is requested by hand."""
    X, y, rows, outputs, _ = records
    groups = np.repeat(list("abcde"), LENGTHS)
    splitter = RecordKFold(3)
    by_rows = GridSearchCV(small_model(), GRID, cv=splitter).fit(rows, outputs, groups=groups)
    by_list = GridSearchCV(small_model(), GRID, cv=splitter).fit(X, y)
    for fold in range(3):
        expected = [scores_by_hand(splitter, X, y, small_model(alpha=a))[fold] for a in (1e-4, 1.0)]
        for search in (by_rows, by_list):
            np.testing.assert_allclose(search.cv_results_[f"split{fold}_test_score"], expected)
    np.testing.assert_array_equal(by_rows.best_estimator_.params_, by_list.best_estimator_.params_)
    score = by_rows.best_estimator_.score(X, y)
    assert by_rows.score(rows, outputs, groups=groups) == pytest.approx(score)


def test_requests_can_be_set_by_hand(records, routing):
    """They are there by default; to switch them off is the user's right."""
    _, _, rows, outputs, groups = records
    model = small_model().set_fit_request(groups=True).set_score_request(groups=True)
    scores = cross_val_score(model, rows, outputs, params={"groups": groups}, cv=RecordKFold(3))
    default = small_model()
    np.testing.assert_array_equal(
        scores,
        cross_val_score(default, rows, outputs, params={"groups": groups}, cv=RecordKFold(3)),
    )
    off = small_model().set_fit_request(groups=False).set_score_request(groups=False)
    joined = cross_val_score(off, rows, outputs, params={"groups": groups}, cv=RecordKFold(3))
    assert not np.any(joined == scores)


def test_pipeline_hands_groups_to_the_model(records, routing):
    """A scaler in front works on rows and changes nothing but rounding."""
    X, y, rows, outputs, groups = records
    plain = small_model().fit(X, y)
    piped = make_pipeline(StandardScaler(), small_model()).fit(rows, outputs, groups=groups)
    simulated = piped.predict(rows, groups=groups)
    np.testing.assert_allclose(simulated, np.concatenate(plain.predict(X)), atol=1e-5)
    assert piped.score(rows, outputs, groups=groups) == pytest.approx(plain.score(X, y), abs=1e-6)


@pytest.mark.skipif(
    (1, 5) <= VERSION < (1, 8), reason="these versions drop the score metadata of a pipeline"
)
def test_search_over_a_pipeline_hands_groups_on(records, routing):
    """Same scores as without the scaler, fold by fold."""
    _, _, rows, outputs, groups = records
    grid = {f"lstmregressor__{name}": values for name, values in GRID.items()}
    pipeline = make_pipeline(StandardScaler(), small_model())
    piped = GridSearchCV(pipeline, grid, cv=RecordKFold(3)).fit(rows, outputs, groups=groups)
    plain = GridSearchCV(small_model(), GRID, cv=RecordKFold(3)).fit(rows, outputs, groups=groups)
    name = "mean_test_score"
    np.testing.assert_allclose(piped.cv_results_[name], plain.cv_results_[name], atol=1e-6)


def test_cross_val_predict_simulates_record_by_record(records, routing):
    """Each row is predicted by the model that has not seen its record."""
    X, y, rows, outputs, groups = records
    kept = {"params": {"groups": groups}, "cv": RecordKFold(5)}
    predicted = cross_val_predict(small_model(), rows, outputs, **kept)
    others = small_model().fit(X[1:], y[1:])
    np.testing.assert_allclose(predicted[:60], others.predict(X[0]), atol=1e-9)


def test_time_blocks_serve_cross_validation(routing):
    """Each score is that of a model trained on what lies before and after as two records."""
    u, y = make_record(300)
    splitter = TimeBlockedSplit(3, gap=10)
    scores = cross_val_score(
        small_model(), u, y, params={"groups": splitter.groups(u)}, cv=splitter
    )
    model = small_model().fit([u[:90], u[210:]], [y[:90], y[210:]])
    assert scores[1] == pytest.approx(model.score(u[100:200], y[100:200]))


def test_lists_go_through_cross_validation_without_routing(records):
    """The everyday form needs no setting."""
    X, y, *_ = records
    scores = cross_val_score(small_model(), X, y, cv=RecordKFold(3))
    np.testing.assert_allclose(scores, scores_by_hand(RecordKFold(3), X, y, small_model()))
    np.testing.assert_allclose(cross_val_score(small_model(), X, y, cv=KFold(5)).size, 5)


@pytest.mark.parametrize("run", ["search", "cross_validate"])
def test_groups_hidden_from_the_model_are_reported(records, run):
    """Without routing the splitter alone would see them: a plausible score of joined records."""
    _, _, rows, outputs, groups = records
    with pytest.warns(DataWarning, match="groups reach the splitter but not the model"):
        if run == "search":
            GridSearchCV(small_model(), GRID, cv=RecordKFold(3)).fit(rows, outputs, groups=groups)
        else:
            cross_validate(small_model(), rows, outputs, groups=groups, cv=RecordKFold(3))


def test_a_loop_over_split_is_not_warned(records):
    """Who calls `split` can pass the groups on."""
    _, _, rows, outputs, groups = records
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for train, test in RecordKFold(3).split(rows, outputs, groups):
            model = small_model().fit(rows[train], outputs[train], groups=groups[train])
            assert model.score(rows[test], outputs[test], groups=groups[test]) > 0.5


def test_other_estimators_and_tables_are_served_too(records, routing):
    """The splitters know nothing of the model; a static model has no use for groups."""
    _, _, rows, outputs, groups = records
    table, labels = pd.DataFrame(rows, columns=["u"]), pd.Series(groups)
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=RecordKFold(3))
    assert np.isfinite(search.fit(table, outputs, groups=labels).best_score_)


def test_set_params_and_nested_names_reach_the_model():
    """As every search does it."""
    pipeline = make_pipeline(StandardScaler(), small_model())
    pipeline.set_params(lstmregressor__hidden_sizes=(3, 2), lstmregressor__solver="ridge")
    assert pipeline[-1].get_params()["hidden_sizes"] == (3, 2)
    with pytest.raises(ValueError, match="Invalid parameter"):
        small_model().set_params(widths=(3,))
