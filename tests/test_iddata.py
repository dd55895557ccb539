"""MAT files with the struct of an iddata: what is read, and what is refused with a recipe."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat
from typer.testing import CliRunner

import fastlstm
from fastlstm.exceptions import DataFileError
from fastlstm.tables import open_table, read_iddata, read_records
from plants import make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")

LENGTHS = [120, 90]
U, Y = make_records(LENGTHS, n_inputs=2)


def cells(*values):
    """Cell array of one row."""
    array = np.empty((1, len(values)), dtype=object)
    array[0, :] = values
    return array


ONE = {
    "y": Y[0][:, None],
    "u": U[0],
    "Ts": 0.5,
    "TimeUnit": "minutes",
    "InputName": cells("valve", "pump").T,
    "OutputName": cells("level"),
    "InputUnit": cells("%", "V"),
    "OutputUnit": cells("µm"),
    "ExperimentName": cells("monday"),
}
TWO = ONE | {
    "y": cells(*(y[:, None] for y in Y)),
    "u": cells(*U),
    "Ts": cells(0.5, 0.5),
    "ExperimentName": cells("monday", "tuesday"),
}


def write(folder, content, compress=False, name="z"):
    path = folder / "plant.mat"
    savemat(path, {name: content}, do_compression=compress)
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_experiments_come_with_all_that_iddata_knows(tmp_path, compress):
    """Cells with one matrix per experiment; names, units and sampling time of all."""
    records = read_iddata(write(tmp_path, TWO, compress))
    for part, u in zip(records.u, U, strict=True):
        np.testing.assert_array_equal(part, u)
    for part, y in zip(records.y, Y, strict=True):
        np.testing.assert_array_equal(part[:, 0], y)
    assert (records.input_names, records.output_names) == (("valve", "pump"), ("level",))
    assert (records.input_units, records.output_units) == (("%", "V"), ("µm",))
    assert records.labels == ("plant.mat[monday]", "plant.mat[tuesday]")
    assert records.sampling_time == 30.0
    model = small_model().fit(records)
    np.testing.assert_array_equal(
        model.params_, small_model().fit(U, [y[:, None] for y in Y]).params_
    )
    assert list(model.output_units_) == ["µm"] and model.sampling_time_ == 30.0


def test_one_experiment_needs_no_cells(tmp_path):
    """Matrices, as MATLAB gives them for one experiment."""
    records = read_iddata(write(tmp_path, ONE))
    np.testing.assert_array_equal(records.u[0], U[0])
    assert len(records.y) == 1


@pytest.mark.parametrize(
    ("change", "sampling_time"),
    [
        ({"TimeUnit": "seconds"}, 0.5),
        ({"TimeUnit": ""}, 0.5),
        ({"TimeUnit": "years"}, None),
        ({"Ts": cells(0.5, 0.5)}, 30.0),
        ({"Ts": -1.0}, None),
        ({"Ts": np.empty((0, 0))}, None),
        ({"Ts": np.empty((0, 0)), "SamplingInstants": 0.25 * np.arange(120)[:, None]}, 15.0),
    ],
)
def test_sampling_time_is_what_the_properties_say(tmp_path, change, sampling_time):
    """Unknown is unknown, never a guess."""
    content = TWO if "SamplingInstants" not in change else ONE
    assert read_iddata(write(tmp_path, content | change)).sampling_time == sampling_time


def test_struct_with_data_alone_is_enough(tmp_path):
    """Long names of the properties, rows instead of columns, and the names that MATLAB gives."""
    records = read_iddata(write(tmp_path, {"OutputData": Y[0][None, :], "InputData": U[0]}))
    np.testing.assert_array_equal(records.y[0][:, 0], Y[0])
    assert (records.input_names, records.output_names) == (("u1", "u2"), ("y1",))
    assert records.input_units is None and records.sampling_time is None


def test_read_records_chooses_channels_of_an_iddata(tmp_path):
    """In the order asked for; files of both kinds go together."""
    path = write(tmp_path, ONE)
    records = read_records([path], ["pump"], ["level"])
    np.testing.assert_array_equal(records.u[0], U[0][:, 1:])
    assert records.input_units == ("V",)
    csv = tmp_path / "b.csv"
    csv.write_text("pump,level,time [min]\n" + "1,2,0\n1,2,0.5\n")
    assert [len(u) for u in read_records([path, csv], ["pump"], ["level"]).u] == [120, 2]
    with pytest.raises(DataFileError, match="must have a channel 'fan'; it has valve, pump, level"):
        read_records([path], ["fan"])


def test_command_line_reads_iddata_without_being_told_its_channels(tmp_path, monkeypatch):
    """The struct says which are inputs and which are outputs."""
    from fastlstm.cli import app

    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, TWO)
    options = ["--solver", "readout", "--hidden", "12", "--head", "none", "--quiet"]
    result = CliRunner().invoke(app, ["fit", str(path), *options])
    assert result.exit_code == 0, result.output
    model = fastlstm.load("model.safetensors")
    assert list(model.feature_names_in_) == ["valve", "pump"]
    assert list(model.input_units_) == ["%", "V"] and model.sampling_time_ == 30.0
    for command in (["simulate", "--out", "y.csv"], ["evaluate", "--no-plot"]):
        name, *rest = command
        result = CliRunner().invoke(app, [name, "model.safetensors", str(path), *rest])
        assert result.exit_code == 0, result.output


BAD = {
    "no input": (ONE | {"u": np.empty((120, 0))}, "'u' of 'z' of .* must be a matrix"),
    "function": (ONE | {"y": "text"}, "it is str"),
    "steps": (ONE | {"u": U[1]}, r"as many steps as y in every experiment; they have \[90\]"),
    "channels": (TWO | {"u": cells(U[0], U[1][:, :1])}, r"same channels in every experiment"),
    "names": (ONE | {"InputName": cells("a", "b", "c")}, "'inputname' of 'z' of .* 2 entries"),
    "NaN": (ONE | {"u": U[0] * np.nan}, "must be finite; it has NaN"),
    "domain": (ONE | {"Domain": "Frequency"}, "must be Time; it is Frequency"),
    "rates": (TWO | {"Ts": cells(0.5, 1.0)}, "'ts' of 'z' of .* the same in every experiment"),
    "instants": (
        ONE | {"Ts": np.empty((0, 0)), "SamplingInstants": np.arange(120.0)[:, None] ** 2},
        "'z' of .*: records must be sampled in equal steps",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_struct_that_contradicts_itself_is_refused(tmp_path, case):
    """Field, rule, and what it was."""
    content, message = BAD[case]
    with pytest.raises(DataFileError, match=message):
        read_iddata(write(tmp_path, content))


def test_file_without_the_struct_gets_the_recipe(tmp_path):
    """The one line that makes the struct, to be pasted into MATLAB."""
    path = write(tmp_path, {"a": 1.0})
    with pytest.raises(DataFileError, match=r"it has none.*s = struct\('y',\{z.y\},'u',\{z.u\}"):
        read_iddata(path)
    savemat(path, {"one": ONE, "two": ONE})
    with pytest.raises(DataFileError, match=r"just one struct .*; it has one, two"):
        read_iddata(path)
    assert len(read_iddata(path, "two").u) == 1
    with pytest.raises(DataFileError, match="must have a struct 'three'"):
        read_iddata(path, "three")


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def opaque_file(folder, compress):
    """Write what MATLAB does: class 17, name, object system, class of object, a reference."""
    reference = element(6, struct.pack("<II", 13, 0))  # of the numbers that stand for the object
    reference += element(5, struct.pack("<ii", 6, 1)) + element(1, b"")
    reference += element(6, struct.pack("<6I", 0xDD000000, 2, 1, 1, 1, 1))
    content = element(6, struct.pack("<II", 17, 0)) + element(1, b"z") + element(1, b"MCOS")
    content += element(1, b"iddata") + element(14, reference)
    matrix = element(14, content)
    if compress:
        packed = zlib.compress(matrix)
        matrix = struct.pack("<II", 15, len(packed)) + packed
    subsystem = element(6, struct.pack("<II", 9, 0)) + element(5, struct.pack("<ii", 1, 8))
    subsystem += element(1, b"") + element(2, bytes(8))
    path = folder / "object.mat"
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    path.write_bytes(header + matrix + element(14, subsystem))
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_iddata_object_is_met_with_the_recipe(tmp_path, compress):
    """It is opaque outside MATLAB, and the user must not be left with that."""
    path = opaque_file(tmp_path, compress)
    for call in (
        lambda: read_iddata(path),
        lambda: read_records([path], ["z"]),
        lambda: fastlstm.tables.read_table(path),
    ):
        with pytest.raises(DataFileError, match=r"MATLAB object .* save\('z.mat','s','-v7'\)"):
            call()


def test_damaged_structs_are_refused_and_never_anything_worse(tmp_path):
    """Every size inside a struct is checked against the bytes there are."""
    rng = np.random.default_rng(0)
    whole = write(tmp_path, TWO).read_bytes()
    data = np.frombuffer(whole, np.uint8)
    path = tmp_path / "damaged.mat"
    n_refused = 0
    for trial in range(600):
        damaged = data.copy()
        where = rng.integers(128, len(data), 1 + trial % 4)
        if trial % 2:  # the heads: types, sizes and names, not samples
            where = 128 + rng.integers(0, 700, 3)
        damaged[where] = rng.integers(0, 256, len(where))
        path.write_bytes(damaged.tobytes()[: None if trial % 5 else rng.integers(200, len(data))])
        try:
            read_iddata(path)
        except DataFileError:
            n_refused += 1
    assert n_refused > 150


def test_struct_nested_without_end_is_refused(tmp_path):
    """A file of a few kilobytes must not exhaust the stack."""
    content = {"u": 1.0}
    for _ in range(30):
        content = {"u": content}
    with pytest.raises(DataFileError, match="nested more than 8 deep"):
        read_iddata(write(tmp_path, content))


def test_struct_that_claims_more_than_memory_is_refused(tmp_path):
    """Before anything of that size is made."""
    path = write(tmp_path, {"y": np.zeros((3, 1)), "u": np.zeros((3, 1))})
    data = path.read_bytes()
    shape = struct.pack("<ii", 3, 1)
    assert data.count(shape) == 2
    path.write_bytes(data.replace(shape, struct.pack("<ii", 2**30, 1)))
    with pytest.raises(DataFileError, match=r"a part of a struct has shape \(1073741824, 1\)"):
        read_iddata(path)


def test_other_content_of_a_struct_does_not_matter(tmp_path):
    """Nested structs, text of several rows, complex numbers, empty cells, struct arrays."""
    more = {
        "Notes": cells(np.empty((0, 0)), "a"),
        "UserData": {"deep": {"er": np.array([1 + 2j])}},
        "lines": np.array(["one", "three"]),
        "array": np.array([(1.0,), (2.0,)], dtype=[("a", "f8")]),
        "flag": True,
    }
    assert len(read_iddata(write(tmp_path, ONE | more)).u) == 1
    assert open_table(tmp_path / "plant.mat").refused["z"] == "holds a struct, not numbers"
