"""Sampling time and units: learned where a container tells them, checked where it tells others."""

import numpy as np
import pytest

import fastlstm
from fastlstm import Signals
from plants import make_record, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray")

U, Y = make_record(200)


def dated(step="100ms", values=U, start="2026-03-29 01:59:50", tz=None):
    """Table with dates as its index, over the hour at which clocks go forward."""
    index = pd.date_range(start, periods=len(values), freq=step, tz=tz)
    return pd.DataFrame(values, columns=["u"], index=index)


@pytest.mark.parametrize(
    "X",
    [
        Signals(U, sampling_time=0.1),
        dated(),
        dated(start="2026-03-29 00:59:50", tz="Europe/Berlin"),
        pd.DataFrame(U, columns=["u"], index=pd.Index(0.1 * np.arange(200), name="time")),
        pd.DataFrame(U, columns=["u"], index=pd.to_timedelta(100 * np.arange(200), unit="ms")),
        pd.DataFrame(U, columns=["u"], index=pd.Index(100 * np.arange(200), name="time [ms]")),
        xr.DataArray(U, dims=("time", "c"), coords={"time": 0.1 * np.arange(200)}),
        xr.DataArray(
            U,
            dims=("time", "c"),
            coords={"time": ("time", 100.0 * np.arange(200), {"units": "ms"})},
        ),
        xr.Dataset({"u": ("time", U[:, 0])}, coords={"time": dated().index}),
    ],
    ids=[
        "Signals",
        "dates",
        "zone",
        "seconds",
        "durations",
        "ms",
        "xarray",
        "xarray ms",
        "Dataset",
    ],
)
def test_sampling_time_is_learned_from_what_knows_it(X):
    """Dates, durations and numbers, in whatever unit."""
    model = small_model().fit(X, Y)
    assert model.sampling_time_ == pytest.approx(0.1)
    model.predict(X)


def test_sampling_time_is_unknown_where_nothing_tells_it():
    """Row numbers are no times."""
    for X in (U, pd.DataFrame(U, columns=["u"]), xr.DataArray(U)):
        assert small_model().fit(X, Y).sampling_time_ is None


def test_records_with_another_sampling_time_are_refused():
    """Free run at another rate is another plant; one per cent is the clock."""
    model = small_model().fit(dated(), Y)
    with pytest.raises(ValueError, match=r"sampling time of fit, 0.1 s; got 0.2 s. Resample"):
        model.predict(dated("200ms"))
    with pytest.raises(ValueError, match=r"y must have the sampling time of fit"):
        model.score(dated(), Signals(Y, sampling_time=0.2))
    with pytest.raises(ValueError, match=r"sampling time of fit"):
        model.partial_fit(dated("200ms"), Y)
    model.predict(dated("100500us"))
    model.predict(dated()[:150])
    model.predict(Signals(U, ["u"]))  # unknown


def test_saved_model_checks_as_well(tmp_path):
    """The one who runs the model is seldom the one who fitted it."""
    X = Signals(U, ["valve"], ["%"], sampling_time=0.1)
    small_model().fit(X, Signals(Y, ["level"], ["m"])).save(tmp_path / "m")
    model = fastlstm.load(tmp_path / "m")
    assert (model.sampling_time_, list(model.input_units_)) == (0.1, ["%"])
    assert list(model.output_units_) == ["m"]
    with pytest.raises(ValueError, match="sampling time of fit"):
        model.predict(Signals(U, ["valve"], sampling_time=0.01))
    with pytest.raises(ValueError, match=r"channel 0 is in 'V', and the model was fitted in '%'"):
        model.predict(Signals(U, ["valve"], ["V"]))
    with pytest.raises(ValueError, match=r"y must have the units of fit; channel 0 is in 'mm'"):
        model.score(X, Signals(Y, ["level"], ["mm"]))


def test_unit_may_stand_in_the_name_and_in_attributes():
    """Where people write it."""
    model = small_model().fit(pd.DataFrame(U, columns=["valve [%]"]), Y)
    assert list(model.input_units_) == ["%"]
    data = xr.Dataset({"valve": ("time", U[:, 0], {"units": "%"})})
    assert list(small_model().fit(data, Y).input_units_) == ["%"]
    assert not hasattr(small_model().fit(pd.DataFrame(U, columns=["u(t)"]), Y), "input_units_")


def test_irregular_records_are_refused():
    """A recurrent network counts steps; a hole in the record is a jump of the plant."""
    hole = dated().drop(index=dated().index[100])
    with pytest.raises(ValueError, match=r"equal steps; step 99 to 100 lasts 0.2 s"):
        small_model().fit(hole, Y[:-1])
    with pytest.raises(ValueError, match=r"equal steps; step 99 to 100 of record 1 lasts"):
        small_model().fit([dated(), hole], [Y, Y[:-1]])
    cut = [hole[:100], hole[100:]]
    assert small_model().fit(cut, [Y[:100], Y[101:]]).sampling_time_ == pytest.approx(0.1)


def test_records_and_outputs_must_agree_in_sampling_time():
    """Within one fit as well."""
    with pytest.raises(ValueError, match=r"same sampling time in every record; got 0.1 s"):
        small_model().fit([dated(), dated("200ms")], [Y, Y])
    with pytest.raises(ValueError, match=r"X and y must have the same sampling time; got 0.1 s"):
        small_model().fit(dated(), Signals(Y, sampling_time=1.0))


def test_sampling_time_of_the_outputs_counts_too():
    """Whichever of the two tells it."""
    assert small_model().fit(U, Signals(Y, sampling_time=0.1)).sampling_time_ == 0.1
