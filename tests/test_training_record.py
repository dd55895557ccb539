"""What a model knows of its training, in memory and in its file."""

import json
import struct
from datetime import UTC, datetime

import numpy as np
import pytest

import fastlstm
from fastlstm import LSTMRegressor, Signals
from fastlstm.exceptions import ModelFileError
from fastlstm.initial_state import InitialState
from fastlstm.metrics import fit_percent, rmse
from fastlstm.training_record import data_hash
from plants import make_record, make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")


def test_hash_depends_on_the_samples_alone():
    """Not on the order of the records or their container; on every bit of every sample."""
    X, y = make_records([50, 60, 50], n_inputs=2)
    expected = data_hash(X, y)
    assert data_hash(X[::-1], y[::-1]) == expected
    assert data_hash([Signals(u, ["a", "b"]) for u in X], [part[:, None] for part in y]) == expected
    assert data_hash([np.asfortranarray(u) for u in X], y) == expected
    changed = [part.copy() for part in y]
    changed[1][7] = np.nextafter(changed[1][7], 1.0)
    assert (
        len(
            {
                expected,
                data_hash(X, changed),
                data_hash(X[:2], y[:2]),
                data_hash(y[0][:, None], X[0]),
            }
        )
        == 4
    )


def test_hash_tells_where_a_record_ends():
    """The same samples, cut elsewhere, are other data."""
    u, y = make_record(100)
    assert data_hash([u[:40], u[40:]], [y[:40], y[40:]]) != data_hash(u, y)
    assert data_hash([u[:40], u[40:]], [y[:40], y[40:]]) != data_hash(
        [u[:60], u[60:]], [y[:60], y[60:]]
    )


def test_record_says_what_was_trained_on_what():
    """Data, seed, settings and versions."""
    X, y = make_records([200, 100])
    model = small_model(random_state=7).fit(X, y)
    record = model.training_record_
    assert record["data"] == {"sha256": data_hash(X, y), "n_records": 2, "n_steps": 300}
    assert record["seed"] == 7
    assert record["settings"]["hidden_sizes"] == [12] and record["settings"]["alpha"] == "auto"
    assert record["versions"]["fastlstm"] == fastlstm.__version__
    assert set(record["versions"]) == {"fastlstm", "numpy", "scipy", "scikit-learn", "python"}
    age = datetime.now(UTC) - datetime.fromisoformat(record["date"])
    assert -1.0 <= age.total_seconds() < 60.0


def test_seed_drawn_from_a_generator_is_kept():
    """Without it the fit could not be repeated."""
    u, y = make_record()
    first = small_model(random_state=np.random.RandomState(3)).fit(u, y)
    again = small_model(random_state=first.training_record_["seed"]).fit(u, y)
    np.testing.assert_array_equal(first.params_, again.params_)


def test_metrics_are_those_of_the_records_trained_on_and_held_out():
    """In the units of the data, per output, from rest, steps of the washout left out."""
    X, y = make_records([300, 300], noise=0.1)
    y = [np.stack([part, 5.0 - 10.0 * part], axis=1) for part in y]
    model = small_model(washout=20, validation_fraction=0.25).fit(X, y)
    metrics = model.training_record_["metrics"]
    model.initial_state_ = InitialState.rest(model.network_)
    y_sim = model.predict([u[:225] for u in X])
    np.testing.assert_allclose(
        metrics["training"]["rmse"], rmse([part[:225] for part in y], y_sim, washout=20)
    )
    tails = [slice(225 - 30, 300)] * 2  # a lead-in of a tenth of the record
    y_tail = [part[rows] for part, rows in zip(y, tails, strict=True)]
    y_sim = model.predict([u[rows] for u, rows in zip(X, tails, strict=True)])
    np.testing.assert_allclose(metrics["validation"]["rmse"], rmse(y_tail, y_sim, washout=30))
    np.testing.assert_allclose(
        metrics["validation"]["fit_percent"], fit_percent(y_tail, y_sim, washout=30)
    )


def test_metrics_are_none_where_there_is_nothing_to_tell():
    """No validation records; an output that does not vary."""
    u, y = make_record(100)
    model = small_model(validation_fraction=0.0).fit(u, y)
    assert model.training_record_["metrics"]["validation"] is None
    with pytest.warns(UserWarning, match="constant"):
        model.fit(u, np.ones(100))
    assert model.training_record_["metrics"]["training"] == {
        "rmse": [0.0],
        "fit_percent": [None],
    }


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
def test_short_record_has_metrics_of_its_blocks():
    """Held out one after the other, they make up the whole record."""
    u, y = make_record(120, noise=0.05)
    model = LSTMRegressor(max_iter=5, random_state=0).fit(u, y)
    metrics = model.training_record_["metrics"]
    expected = model.rmse_validation_ * np.std(y)
    assert metrics["validation"]["rmse"][0] == pytest.approx(expected)
    y_sim = model.predict(u)
    assert metrics["training"]["rmse"] == pytest.approx([rmse(y, y_sim, washout=12)])


def parts_of(path):
    """Read description and arrays of a model file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return json.loads(header.pop("__metadata__")["fastlstm"]), header, data[8 + length :]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_same_fit_gives_the_same_file_but_for_the_clock(tmp_path, n_jobs):
    """Everything that depends on when and how fast lies in one place."""
    X, y = make_records([200, 150], noise=0.1)
    settings = {"hidden_sizes": (2,), "head_sizes": (), "random_state": 1, "max_iter": 5}
    for name in "ab":
        model = LSTMRegressor(**settings, n_jobs=n_jobs)
        with pytest.warns(UserWarning):  # five iterations
            model.fit(X, y)
        model.save(tmp_path / name)
    (one, *rest), (other, *others) = parts_of(tmp_path / "a"), parts_of(tmp_path / "b")
    assert set(one.pop("clock")) == set(other.pop("clock")) == {"date", "fit_time_", "cpu_time_"}
    assert (one, *rest) == (other, *others)


def test_record_survives_the_file(model, tmp_path):
    """And a second save, by whoever loaded it."""
    model.save(tmp_path / "a")
    loaded = fastlstm.load(tmp_path / "a")
    assert loaded.training_record_ == model.training_record_
    loaded.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_imported_weights_have_no_record(model, tmp_path):
    """Nobody knows what they were trained on; the file says so."""
    from fastlstm.export.imported import from_weights

    imported = from_weights(model.network_, model.network_.unpack(model.params_))
    imported.save(tmp_path / "m")
    loaded = fastlstm.load(tmp_path / "m")
    assert loaded.training_record_ is None and loaded.sampling_time_ is None


def rewritten(path, change):
    """Model file with another description."""
    description, header, data = parts_of(path)
    change(description)
    header["__metadata__"] = {"fastlstm": json.dumps(description)}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def record(**change):
    return lambda d: d["training_record"].update(**change)


HOSTILE = {
    "hash that is code": lambda d: d["training_record"]["data"].update(sha256="__import__('os')"),
    "hash too long": lambda d: d["training_record"]["data"].update(sha256="0" * 65),
    "negative steps": lambda d: d["training_record"]["data"].update(n_steps=-1),
    "steps as text": lambda d: d["training_record"]["data"].update(n_steps="3"),
    "steps beyond int64": lambda d: d["training_record"]["data"].update(n_steps=10**30),
    "records true": lambda d: d["training_record"]["data"].update(n_records=True),
    "more in data": lambda d: d["training_record"]["data"].update(more=1),
    "no data": record(data=None),
    "seed": record(seed=1.5),
    "settings": record(settings=[1]),
    "version": lambda d: d["training_record"]["versions"].update(numpy=2),
    "long version": lambda d: d["training_record"]["versions"].update(numpy="9" * 201),
    "unknown package": lambda d: d["training_record"]["versions"].update(evil="1"),
    "metrics": record(metrics={}),
    "metrics of two outputs": record(
        metrics={"training": {"rmse": [1.0, 1.0], "fit_percent": [1.0, 1.0]}, "validation": None}
    ),
    "metric infinite": record(
        metrics={"training": {"rmse": [1e999], "fit_percent": [1.0]}, "validation": None}
    ),
    "metric as text": record(
        metrics={"training": {"rmse": ["1"], "fit_percent": [1.0]}, "validation": None}
    ),
    "record is a list": lambda d: d.update(training_record=[]),
    "record without date": lambda d: d["clock"].update(date=None),
    "date without record": lambda d: d.update(training_record=None),
    "date": lambda d: d["clock"].update(date="tomorrow"),
    "date as number": lambda d: d["clock"].update(date=0),
    "no clock": lambda d: d.pop("clock"),
    "time infinite": lambda d: d["clock"].update(fit_time_=float("inf")),
    "time as text": lambda d: d["clock"].update(cpu_time_="1"),
    "sampling time zero": lambda d: d.update(sampling_time=0.0),
    "sampling time negative": lambda d: d.update(sampling_time=-0.1),
    "sampling time NaN": lambda d: d.update(sampling_time=float("nan")),
    "sampling time as text": lambda d: d.update(sampling_time="0.1"),
    "units of another number of channels": lambda d: d.update(input_units=["V", "V"]),
    "unit as number": lambda d: d.update(output_units=[1]),
    "names as text": lambda d: d.update(feature_names="u"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_load_refuses_hostile_description(model, tmp_path, case):
    """Every value that comes out of a file has the form that `save` gives it."""
    path = tmp_path / "m"
    model.save(path)
    rewritten(path, HOSTILE[case])
    with pytest.raises(ModelFileError):
        fastlstm.load(path)


def test_whole_description_loads_as_a_control_for_the_hostile_ones(model, tmp_path):
    """The cases above fail for what they change, not for how they are written."""
    path = tmp_path / "m"
    model.save(path)
    rewritten(path, lambda d: d.update(sampling_time=0.1, input_units=["V"]))
    assert fastlstm.load(path).sampling_time_ == 0.1
