"""Rows with labels: the same records as a list of arrays."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from fastlstm.grouping import cut, cut_weights, first_rows
from fastlstm.tables.named import NamedRecords
from plants import make_record, make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
LENGTHS = [60, 90, 70, 50]


@pytest.fixture
def rows():
    """Four records in one array each of inputs, outputs and labels; and as lists."""
    X, y = make_records(LENGTHS)
    groups = np.repeat(["b", "a", "d", "c"], LENGTHS)
    return np.concatenate(X), np.concatenate(y), groups, X, y


def test_fit_with_groups_is_fit_on_a_list(rows):
    """Two forms, one meaning: every learned number is the same."""
    X, y, groups, X_list, y_list = rows
    cut_model, list_model = (
        small_model().fit(X, y, groups=groups),
        small_model().fit(X_list, y_list),
    )
    np.testing.assert_array_equal(cut_model.params_, list_model.params_)
    assert 5 <= cut_model.washout_ == list_model.washout_ <= 50 // 3
    assert cut_model.predict(X).ndim == 1


def test_partial_fit_with_groups_is_partial_fit_on_a_list(rows):
    """The first call and those that go on."""
    X, y, groups, X_list, y_list = rows
    by_rows, by_list = small_model(), small_model()
    for _ in range(2):
        by_rows.partial_fit(X, y, groups=groups)
        by_list.partial_fit(X_list, y_list)
    np.testing.assert_array_equal(by_rows.params_, by_list.params_)


def test_predict_with_groups_starts_every_record_from_rest(rows):
    """Rows come back in one array, in the order of X."""
    X, _, groups, X_list, y_list = rows
    model = small_model().fit(X_list, y_list)
    alone = np.concatenate([model.predict(u) for u in X_list])
    np.testing.assert_allclose(model.predict(X, groups=groups), alone, atol=1e-12)
    assert np.abs(model.predict(X) - alone)[LENGTHS[0]] > 1e-3


def test_score_with_groups_leaves_out_every_washout(rows):
    """What is wrong in the first steps of each record only, must not count."""
    X, y, groups, X_list, y_list = rows
    model = small_model(washout=10).fit(X_list, y_list)
    spoiled = y.copy()
    for first in first_rows(groups):
        spoiled[first : first + 10] += 100.0
    assert model.score(X, spoiled, groups=groups) == model.score(X_list, y_list)
    assert model.score(X, spoiled) < 0.0


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_outputs_keep_their_dimensions(rows, n_outputs):
    """A 2-D y stays 2-D."""
    X, y, groups, *_ = rows
    outputs = np.outer(y, np.arange(1.0, n_outputs + 1.0))
    model = small_model().fit(X, outputs, groups=groups)
    assert model.predict(X, groups=groups).shape == outputs.shape


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_tables_are_cut_with_their_names(rows, library):
    """Column names must reach the model through the cut."""
    X, y, groups, X_list, _ = rows
    columns, target = {"valve": X[:, 0]}, {"level": y}
    module = pytest.importorskip(library)
    table = module.table if library == "pyarrow" else module.DataFrame
    parts, outputs = cut(groups, table(columns), table(target))
    assert [len(part) for part in parts] == [len(part) for part in outputs] == LENGTHS
    assert all(type(part) is type(table(columns)) for part in parts)
    np.testing.assert_array_equal(np.asarray(parts[2])[:, 0], X_list[2][:, 0])
    if library == "pandas":
        model = small_model().fit(table(columns), table(target), groups=pd.Series(groups))
        assert model.feature_names_in_.tolist() == ["valve"]
        assert model.output_names_.tolist() == ["level"]


def test_a_label_that_comes_back_is_another_record():
    """Between two stretches of one label lies time that nobody measured."""
    u, y = make_record(120)
    groups = np.repeat([0, 1, 0], 40)
    parts, outputs = cut(groups, u, y)
    assert [len(part) for part in parts] == [40, 40, 40]
    np.testing.assert_array_equal(np.concatenate(outputs), y)


def test_plain_lists_of_rows_are_cut_too():
    """Array-likes as scikit-learn takes them."""
    parts, outputs = cut([1, 1, 2], [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])
    assert [part.shape for part in parts] == [(2, 1), (1, 1)]
    assert [part.shape for part in outputs] == [(2,), (1,)]


@pytest.mark.parametrize("stack", [False, True])
def test_records_stay_as_they_are_when_they_have_a_label_each(stack):
    """A search over lists hands one label per record to the model; every array is a record."""
    X, y = make_records([60, 60, 60])
    X, y = (np.stack(X), np.stack(y)) if stack else (X, y)
    given = cut(["a", "b", "a"], X, y)
    assert given[0] is X and given[1] is y


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.zeros(59), r"one label per row of X.*\(59,\), and X has 60 rows"),
        (np.zeros((60, 1)), r"1-D array; got shape \(60, 1\)"),
        ("record", r"got shape \(\)"),
        ([np.nan] * 60, "no missing labels; got .*nan.*, first at row 0"),
        (["a"] * 59 + [None], "got None, first at row 59"),
        ([datetime(2026, 1, 1)] * 59 + [pd.NaT], "got NaT, first at row 59"),
    ],
)
def test_groups_must_name_the_record_of_every_row(groups, message):
    """The message says how many there must be, and what to do."""
    u, y = make_record(60)
    with pytest.raises(ValueError, match=message):
        small_model().fit(u, y, groups=groups)


def test_groups_of_records_are_counted_too():
    """One label per record, not per row."""
    X, y = make_records([60, 90])
    with pytest.raises(ValueError, match=r"one label per record of X.*and X has 2 records"):
        small_model().fit(X, y, groups=np.zeros(150))


def test_y_must_be_as_long_as_x():
    """Cutting must not hide that they differ."""
    u, y = make_record(60)
    with pytest.raises(ValueError, match="as many steps as X; got 59, and X has 60"):
        small_model().fit(u, y[:59], groups=np.zeros(60))


def test_wrong_x_is_still_told_what_is_wrong():
    """Whatever the groups, the checks of X have the word."""
    with pytest.raises(ValueError, match="0 sample"):
        small_model().fit(np.zeros((0, 1)), np.zeros(0), groups=[])
    with pytest.raises(ValueError, match="record 1"):
        small_model().fit(np.array([[0.0], [1.0], [np.nan]]), np.zeros(3), groups=[0, 0, 1])


def test_weights_of_rows_are_cut_with_them(rows):
    """One weight per row, whatever form the records have: arrays, lists, or named records."""
    X, y, groups, X_list, y_list = rows
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    weights[70:100] = 0.0
    parts = np.split(weights, np.cumsum(LENGTHS)[:-1])
    named = NamedRecords(
        X_list, [part[:, None] for part in y_list], ("valve",), ("level",), tuple("abcd")
    )
    by_rows = small_model().fit(X, y, groups=groups, sample_weight=weights)
    by_list = small_model().fit(X_list, y_list, sample_weight=parts)
    by_name = small_model().fit(named, sample_weight=parts)
    plain = small_model().fit(X, y, groups=groups)
    assert np.any(by_rows.params_ != plain.params_)
    for model in (by_list, by_name):
        np.testing.assert_array_equal(model.params_, by_rows.params_)
    score = by_rows.score(X, y, weights, groups=groups)
    assert score == pytest.approx(by_list.score(X_list, y_list, parts), abs=1e-12)
    assert score == pytest.approx(by_name.score(named, sample_weight=parts), abs=1e-12)
    assert score != pytest.approx(by_rows.score(X, y, groups=groups), abs=1e-9)


def test_table_with_groups_and_weights_keeps_its_names(rows):
    """A table is cut as arrays are; one number for all rows stays one number."""
    X, y, groups, _, _ = rows
    table, level = pd.DataFrame({"valve [%]": X[:, 0]}), pd.Series(y, name="level")
    weights = pd.Series(np.linspace(1.0, 2.0, len(X)))
    model = small_model().partial_fit(table, level, groups=groups, sample_weight=weights)
    expected = small_model().fit(X, y, groups=groups, sample_weight=weights.to_numpy())
    np.testing.assert_array_equal(model.params_, expected.params_)
    assert list(model.feature_names_in_) == ["valve [%]"] and list(model.input_units_) == ["%"]
    assert cut_weights(groups, X, 2.0) == 2.0
    with pytest.raises(ValueError, match="sample_weight must have as many steps as X; got 5"):
        model.fit(table, level, groups=groups, sample_weight=np.ones(5))
