"""Every container gives the model that plain arrays give, and keeps what it knows of them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastlstm import LSTMRegressor, Signals
from fastlstm.datasets.base import Record
from fastlstm.tables.named import NamedRecords
from plants import make_record, make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
xr = pytest.importorskip("xarray")

U, Y = make_record(300, n_inputs=2)
NAMES = ["valve", "pump"]


def xarray_of(values, names):
    return xr.DataArray(values, dims=("time", "channel"), coords={"channel": names})


TABLES = {
    "pandas": lambda values, names: pd.DataFrame(values, columns=names),
    "polars": lambda values, names: pl.DataFrame(values, schema=names),
    "pyarrow": lambda values, names: pa.table(dict(zip(names, values.T, strict=True))),
    "record batch": lambda values, names: pa.record_batch(dict(zip(names, values.T, strict=True))),
    "DataArray": xarray_of,
    "Dataset": lambda values, names: xr.Dataset(
        {name: ("time", column) for name, column in zip(names, values.T, strict=True)}
    ),
    "Signals": Signals,
}


@pytest.fixture
def expected():
    """Model of the plain arrays."""
    return small_model().fit(U, Y[:, None])


@pytest.mark.parametrize("kind", TABLES)
def test_table_gives_the_model_of_its_values_with_names(kind, expected):
    """Nothing may be transposed, cast or reordered on the way in."""
    table = TABLES[kind]
    model = small_model().fit(table(U, NAMES), table(Y[:, None], ["level"]))
    np.testing.assert_array_equal(model.params_, expected.params_)
    assert list(model.feature_names_in_) == NAMES
    assert list(model.output_names_) == ["level"]
    y_pred = model.predict(table(U, NAMES))
    assert isinstance(y_pred, np.ndarray)
    np.testing.assert_array_equal(y_pred, expected.predict(U))
    assert model.score(table(U, NAMES), table(Y[:, None], ["level"])) == expected.score(U, Y)
    y_init = table(Y[:20, None], ["level"])
    np.testing.assert_array_equal(
        model.simulate(table(U, NAMES), y_init), expected.simulate(U, Y[:20])
    )


@pytest.mark.parametrize("kind", TABLES)
def test_list_of_tables_is_a_list_of_records(kind):
    """One table per experiment, of unequal length."""
    u_list, y_list = make_records([120, 90, 200], n_inputs=2)
    table = TABLES[kind]
    model = small_model().fit([table(u, NAMES) for u in u_list], y_list)
    plain = small_model().fit(u_list, y_list)
    np.testing.assert_array_equal(model.params_, plain.params_)
    for one, other in zip(
        model.predict([table(u, NAMES) for u in u_list]), plain.predict(u_list), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("names", [NAMES[::-1], ["valve", "fan"]])
def test_other_names_or_another_order_are_refused(kind, names, expected):
    """In the words of scikit-learn, whatever the table is."""
    table = TABLES[kind]
    model = small_model().fit(table(U, NAMES), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table(U, names))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(U)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        expected.predict(table(U, NAMES))


@pytest.mark.parametrize(
    "column",
    [
        lambda y: pd.Series(y, name="level"),
        lambda y: pl.Series("level", y),
        lambda y: xr.DataArray(y, dims="time", name="level"),
    ],
    ids=["pandas", "polars", "xarray"],
)
def test_column_is_one_output_with_its_name(column):
    """`frame["level"]` is how a column is passed everywhere else."""
    model = small_model().fit(U, column(Y))
    assert list(model.output_names_) == ["level"]
    assert model.predict(U).shape == (300,)


def test_other_output_names_are_refused():
    """A column too far to the left would be scored against the wrong output."""
    table = TABLES["pandas"]
    model = small_model().fit(table(U, NAMES), table(Y[:, None], ["level"]))
    with pytest.raises(ValueError, match=r"y must have the output names of fit; got \('flow',\)"):
        model.score(table(U, NAMES), table(Y[:, None], ["flow"]))
    assert model.score(table(U, NAMES), Y) > 0.5


def test_missing_values_of_a_table_are_named():
    """Nulls of every package become NaN, and NaN is refused with its place."""
    for table in (
        pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")}),
        pl.DataFrame({"a": [1, None, 3]}),
        pa.table({"a": [1, None, 3]}),
    ):
        with pytest.raises(ValueError, match="got NaN, first at step 1 of channel 0"):
            small_model().fit(table, np.arange(3.0))


def test_tables_that_hold_no_numbers_are_refused():
    """Text, dates, and tables that have not been computed yet."""
    for table in (pl.DataFrame({"a": ["x", "y"]}), pd.DataFrame({"a": ["x", "y"]})):
        with pytest.raises(ValueError, match="hold numbers"):
            small_model().fit(table, np.arange(2.0))
    with pytest.raises(TypeError, match=r"got a lazy LazyFrame. Pass its collect\(\)"):
        small_model().fit(pl.LazyFrame({"a": [1.0, 2.0]}), np.arange(2.0))
    with pytest.raises(ValueError, match="unique"):
        small_model().fit(pd.DataFrame(U, columns=["a", "a"]), Y)


def test_numbered_columns_are_no_names(expected):
    """As in scikit-learn: only strings are names."""
    model = small_model().fit(pd.DataFrame(U), Y)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.params_, expected.params_)


def test_time_may_be_any_dimension_of_a_data_array(expected):
    """Users of xarray do not think in axes."""
    turned = xarray_of(U, NAMES).transpose("channel", "time")
    np.testing.assert_array_equal(small_model().fit(turned, Y).params_, expected.params_)
    dates = pd.date_range("2026", periods=300, freq="s")
    dated = xr.DataArray(U.T, dims=("channel", "when"), coords={"when": dates})
    model = small_model().fit(dated, Y)
    np.testing.assert_array_equal(model.params_, expected.params_)
    assert model.sampling_time_ == pytest.approx(1.0)


def test_data_array_of_three_dimensions_is_a_stack_of_records():
    """Record, time, channel; anything else is said, not guessed."""
    u_list, y_list = make_records([100, 100, 100], n_inputs=2)
    dims = ("record", "time", "channel")
    X = xr.DataArray(np.stack(u_list), dims=dims, coords={"channel": NAMES})
    model = small_model().fit(X, np.stack(y_list))
    np.testing.assert_array_equal(model.params_, small_model().fit(u_list, y_list).params_)
    assert list(model.feature_names_in_) == NAMES
    assert model.predict(X).shape == (3, 100)
    with pytest.raises(ValueError, match="in the order record, time, channel"):
        model.predict(X.transpose("time", "record", "channel"))


def test_data_set_of_more_than_time_is_refused():
    """A dimension of experiments needs a name."""
    data = xr.Dataset({"u": (("run", "time"), np.zeros((2, 5)))})
    with pytest.raises(ValueError, match="records_of with experiment="):
        small_model().fit(data, np.zeros(5))


def test_tensor_is_taken_from_its_device_without_gradient(expected):
    """What the library needs of torch is these four methods."""

    class Tensor:
        """On an accelerator, with a gradient: NumPy cannot see it."""

        def __init__(self, array, ready=()):
            self.array, self.ready, self.ndim = array, ready, array.ndim

        def __array__(self, dtype=None, copy=None):
            raise TypeError("call detach and cpu first")

        def is_floating_point(self):
            return True

        def detach(self):
            return Tensor(self.array, (*self.ready, "detach"))

        def cpu(self):
            return Tensor(self.array, (*self.ready, "cpu"))

        def double(self):
            return Tensor(self.array.astype(np.float64), self.ready)

        def numpy(self):
            assert {"detach", "cpu"} <= set(self.ready)
            return self.array

    model = small_model().fit(Tensor(U), Tensor(Y))
    np.testing.assert_array_equal(model.params_, expected.params_)
    np.testing.assert_array_equal(model.predict(Tensor(U)), expected.predict(U)[:, 0])
    np.testing.assert_array_equal(model.predict([Tensor(U)])[0], expected.predict(U)[:, 0])


@pytest.mark.torch
def test_torch_tensor_gives_the_model_of_its_values(expected):
    """Gradient and half precision included."""
    torch = pytest.importorskip("torch")
    u = torch.tensor(U, requires_grad=True)
    model = small_model().fit(u, torch.tensor(Y))
    np.testing.assert_array_equal(model.params_, expected.params_)
    assert model.predict(torch.tensor(U, dtype=torch.bfloat16)).shape == (300,)


def test_xarray_is_not_imported_for_the_question():
    """It takes a second, and most people do not have it."""
    import subprocess

    code = (
        "import numpy as np, sys, fastlstm.checks as c; c.check_inputs(np.zeros((3, 1)))\n"
        "sys.exit(any(m in sys.modules for m in ('xarray', 'pandas', 'polars', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


PAIRS = {
    "object": lambda u, y: SimpleNamespace(u=u, y=y, sampling_time=0.1),
    "record": lambda u, y: Record(u, y[:, None], "a", sampling_time=0.1),
    "named": lambda u, y: NamedRecords(
        [u], [y[:, None]], ("a", "b"), ("c",), ("r",), None, None, 0.1
    ),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_object_with_u_and_y_is_enough(kind, expected):
    """`fit(train)`, `predict(test)`, `score(test)`: what is together stays together."""
    pair = PAIRS[kind](U, Y)
    model = small_model().fit(pair)
    np.testing.assert_array_equal(model.params_, expected.params_)
    assert model.sampling_time_ == 0.1
    assert model.score(pair) == expected.score(U, Y)
    np.testing.assert_array_equal(np.ravel(model.predict(pair)), np.ravel(expected.predict(U)))
    ahead = model.predict_ahead(pair, steps=2)
    np.testing.assert_array_equal(np.ravel(ahead), expected.predict_ahead(U, Y[:, None], 2).ravel())
    model.partial_fit(pair)


def test_benchmark_objects_are_records():
    """One, or a tuple of them; their sampling time is kept."""
    benchmarks = pytest.importorskip("nonlinear_benchmarks")
    u_list, y_list = make_records([150, 100])
    train = tuple(
        benchmarks.Input_output_data(u=u[:, 0], y=y, sampling_time=0.5)
        for u, y in zip(u_list, y_list, strict=True)
    )
    model = small_model().fit(train)
    np.testing.assert_array_equal(model.params_, small_model().fit(u_list, y_list).params_)
    assert model.sampling_time_ == 0.5
    assert model.predict(train[0]).shape == (150,)
    assert model.score(train[1]) > 0.5


def test_table_with_columns_u_and_y_is_no_pair():
    """In pandas columns are attributes, and u beside y would be an input."""
    table = pd.DataFrame({"u": U[:, 0], "y": Y})
    assert small_model().fit(table, Y).n_features_in_ == 2
    with pytest.raises(ValueError, match="requires y to be passed"):
        small_model().fit(table)


def test_names_of_an_earlier_fit_are_forgotten_but_not_those_of_a_partial_fit():
    """`fit` begins anew, `partial_fit` goes on."""
    table = TABLES["pandas"]
    model = small_model().fit(table(U, NAMES), table(Y[:, None], ["level"]))
    with pytest.warns(UserWarning, match="valid feature names"):
        model.partial_fit(U, Y[:, None])
    assert list(model.feature_names_in_) == NAMES and list(model.output_names_) == ["level"]
    model.fit(U, Y)
    assert not hasattr(model, "feature_names_in_") and not hasattr(model, "output_names_")


def test_records_of_a_list_must_agree():
    """Names, and the number of channels, of every record."""
    table = TABLES["polars"]
    with pytest.raises(ValueError, match=r"same column names in every record.* in record 1"):
        small_model().fit([table(U, NAMES), table(U, NAMES[::-1])], [Y, Y])


def test_signals_check_themselves():
    """One name and one unit per channel, a positive sampling time, rows only."""
    with pytest.raises(ValueError, match="columns must have one entry per channel; got 1"):
        Signals(U, ["valve"])
    with pytest.raises(ValueError, match="units must have one entry per channel"):
        Signals(U, NAMES, ["V"])
    for bad in (0.0, -1.0, np.nan, "fast"):
        with pytest.raises(ValueError, match="sampling_time must be positive seconds"):
            Signals(U, sampling_time=bad)
    with pytest.raises(TypeError, match="must be a slice"):
        Signals(U, NAMES)[0]


def test_default_estimator_takes_a_table():
    """Not only the solver of these tests."""
    frame = pl.DataFrame({"u": U[:, 0], "level": Y})
    model = LSTMRegressor((2,), (), random_state=0, time_limit=1.0, max_iter=5)
    with pytest.warns(UserWarning):  # five iterations
        model.fit(frame[["u"]], frame["level"])
    assert list(model.output_names_) == ["level"]
