"""`records_of`: one long table cut into records."""

import numpy as np
import pytest

import fastlstm
from fastlstm import records_of
from plants import make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
xr = pytest.importorskip("xarray")

LENGTHS = [120, 90, 150]
U, Y = make_records(LENGTHS, n_inputs=2)
RUNS = np.repeat(["b", "a", "c"], LENGTHS)
TIMES = np.concatenate([0.5 * np.arange(n) for n in LENGTHS])
COLUMNS = {
    "run": RUNS,
    "clock": TIMES,
    "valve [%]": np.concatenate(U)[:, 0],
    "pump": np.concatenate(U)[:, 1],
    "level": np.concatenate(Y),
}
INPUTS = ["valve [%]", "pump"]
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("kind", KINDS)
def test_table_is_cut_by_its_experiment_column(kind):
    """The model is that of the list of records, with names, units and sampling time."""
    table = KINDS[kind](COLUMNS)
    records = records_of(table, INPUTS, "level", experiment="run", time="clock")
    assert records.labels == ("b", "a", "c")
    for part, u in zip(records.u, U, strict=True):
        np.testing.assert_array_equal(part, u)
    model = small_model().fit(records)
    plain = small_model().fit(U, [y[:, None] for y in Y])
    np.testing.assert_array_equal(model.params_, plain.params_)
    assert list(model.feature_names_in_) == INPUTS and list(model.output_names_) == ["level"]
    assert list(model.input_units_) == ["%", ""]
    assert model.sampling_time_ == 0.5
    X, y = records
    assert small_model().fit(X, y).score(records) == model.score(records)


def test_rows_of_experiments_may_be_mixed():
    """Loggers that poll several plants write them in turn."""
    order = np.argsort(np.concatenate([np.arange(n) for n in LENGTHS]), kind="stable")
    mixed = pd.DataFrame(COLUMNS).iloc[order]
    X, y = records_of(mixed, INPUTS, ["level"], experiment="run", time="clock")
    np.testing.assert_array_equal(X[1].values, U[1])
    np.testing.assert_array_equal(y[2].values[:, 0], Y[2])


def test_table_without_experiment_column_is_one_record():
    """And without outputs there is nothing measured."""
    records = records_of(pl.DataFrame(COLUMNS), "pump", sampling_time=0.1, units={"pump": "V"})
    X, y = records
    assert (len(X), y, records.sampling_time, X[0].units) == (1, None, 0.1, ("V",))


def test_times_may_be_dates_or_the_index():
    """Polars has columns, pandas an index."""
    dates = pd.Timestamp("2026-01-01") + pd.to_timedelta(60 * np.arange(120), unit="s")
    columns = {"pump": U[0][:, 1], "when": dates}
    for table in (pl.DataFrame(columns), pd.DataFrame(columns), pa.table(columns)):
        assert records_of(table, "pump", time="when").sampling_time == pytest.approx(60.0)
    day = pl.date_range(pl.date(2026, 2, 27), pl.date(2026, 3, 2), eager=True)
    days = pl.DataFrame({"pump": [1.0, 2.0, 3.0, 4.0], "day": day})
    assert records_of(days, "pump", time="day").sampling_time == pytest.approx(86400.0)
    span = pl.DataFrame({"pump": [1.0, 2.0, 3.0], "span": day[:3] - day[0]})
    assert records_of(span, "pump", time="span").sampling_time == pytest.approx(86400.0)
    indexed = pd.DataFrame({"pump": U[0][:, 1]}, index=dates)
    assert records_of(indexed, "pump").sampling_time == pytest.approx(60.0)


def test_gap_within_an_experiment_is_refused_and_between_them_is_not():
    """A new experiment may begin whenever it likes."""
    table = pd.DataFrame(COLUMNS)
    table.loc[RUNS == "a", "clock"] += 1000.0
    records_of(table, "pump", experiment="run", time="clock")
    table.loc[200:, "clock"] += 0.25
    with pytest.raises(ValueError, match=r"equal steps; step 79 to 80 of experiment 'a'"):
        records_of(table, "pump", experiment="run", time="clock")
    table = pd.DataFrame(COLUMNS)
    table.loc[RUNS == "c", "clock"] *= 2.0
    with pytest.raises(ValueError, match=r"got 0.5 s and 1 s of experiment 'c'"):
        records_of(table, "pump", experiment="run", time="clock")


@pytest.mark.parametrize("coordinate", [True, False])
def test_dataset_is_cut_along_a_dimension_of_experiments(coordinate):
    """In xarray NaN fills shorter experiments up; what nobody measured is left out."""
    longest = max(LENGTHS)
    filled = [np.pad(u, ((0, longest - len(u)), (0, 0)), constant_values=np.nan) for u in U]
    y = [np.pad(y, (0, longest - len(y)), constant_values=np.nan) for y in Y]
    data = xr.Dataset(
        {
            "valve": (("run", "time"), np.stack(filled)[:, :, 0], {"units": "%"}),
            "pump": (("time", "run"), np.stack(filled)[:, :, 1].T),
            "level": (("run", "time"), np.stack(y)),
        },
        coords={"time": 0.5 * np.arange(longest)}
        | ({"run": ["b", "a", "c"]} if coordinate else {}),
    )
    records = records_of(data, ["valve", "pump"], "level", experiment="run")
    assert records.labels == (("b", "a", "c") if coordinate else ("0", "1", "2"))
    for part, u in zip(records.u, U, strict=True):
        np.testing.assert_array_equal(part, u)
    assert records.sampling_time == pytest.approx(0.5)
    assert records.input_units == ("%", "")
    small_model().fit(records)


def test_dataset_is_cut_by_a_coordinate_along_time():
    """The same as an experiment column."""
    data = xr.Dataset(
        {name: ("row", COLUMNS[name]) for name in ("pump", "level")},
        coords={"run": ("row", RUNS)},
    )
    records = records_of(data, "pump", "level", experiment="run")
    assert [len(u) for u in records.u] == LENGTHS


TABLE = pd.DataFrame(COLUMNS)
BAD = {
    "missing column": (
        lambda: records_of(TABLE, ["fan"]),
        r"column 'fan'; it has run, clock, valve \[%\], pump, level",
    ),
    "twice": (lambda: records_of(TABLE, ["pump"], ["pump"]), r"\['pump'\] are named twice"),
    "no input": (lambda: records_of(TABLE, []), "inputs must name columns"),
    "numbers for names": (lambda: records_of(TABLE, [0]), "inputs must name columns"),
    "text for time": (lambda: records_of(TABLE, "pump", time="run"), "'run' must hold dates"),
    "text for input": (lambda: records_of(TABLE, "run"), "column 'run' must hold numbers"),
    "no name": (
        lambda: records_of(
            pd.DataFrame({"u": [1.0, 2.0], "run": ["a", None]}), "u", experiment="run"
        ),
        "must have a value in every row; row 1",
    ),
    "polars null": (
        lambda: records_of(
            pl.DataFrame({"u": [1.0, 2.0], "run": [None, 1]}), "u", experiment="run"
        ),
        "must have a value in every row; row 0",
    ),
    "sampling time": (lambda: records_of(TABLE, "pump", sampling_time=-1.0), "positive seconds"),
    "two dimensions": (
        lambda: records_of(xr.Dataset({"u": (("run", "time"), np.zeros((2, 3)))}), "u"),
        "'u' must have the dimensions",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_table_is_refused_with_the_reason(case):
    """The user has to find the column."""
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()


def test_arrays_are_told_that_they_need_no_cutting():
    """The helper is for tables."""
    with pytest.raises(TypeError, match="data must be a DataFrame or an xarray Dataset; got nd"):
        records_of(np.zeros((3, 2)), ["u"])


def test_missing_samples_are_left_to_fit():
    """Which decides what a gap means."""
    table = TABLE.copy()
    table.loc[5, "pump"] = np.nan
    records = records_of(table, "pump", "level", experiment="run")
    with pytest.raises(ValueError, match="X must be finite; got NaN in record 0, first at step 5"):
        small_model().fit(records)


def test_public_names_are_where_users_look():
    """And come without importing a package of tables."""
    assert fastlstm.records_of is records_of
    assert {"records_of", "Signals"} <= set(fastlstm.__all__)
