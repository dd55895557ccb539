"""Data files: what is read, and what is refused with a message that helps."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from fastlstm.exceptions import DataFileError
from fastlstm.tables import read_records, read_table, write_table

DATA = os.environ.get("FASTLSTM_DATA")
RNG = np.random.default_rng(0)
COLUMNS = {"u": RNG.standard_normal(50), "y": RNG.standard_normal(50)}


def write_text(folder: Path, text: str, name: str = "plant.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".mat", ".parquet"])
def test_table_survives_round_trip(tmp_path, suffix):
    """A file that this library wrote must give back the same bits."""
    path = tmp_path / f"plant{suffix}"
    write_table(path, COLUMNS)
    table = read_table(path)
    assert list(table.columns) == ["u", "y"]
    for name, column in COLUMNS.items():
        assert table.columns[name].dtype == np.float64
        np.testing.assert_array_equal(table.columns[name], column)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".mat", ".parquet"])
def test_records_are_the_columns_asked_for(tmp_path, suffix):
    """Order of channels is the caller's, not the file's; other columns do not matter."""
    path = tmp_path / f"plant{suffix}"
    write_table(path, {"t": np.arange(50.0), **COLUMNS, "u2": -COLUMNS["u"]})
    records = read_records([path], ["u2", "u"], ["y"])
    np.testing.assert_array_equal(records.u[0], np.stack([-COLUMNS["u"], COLUMNS["u"]], axis=1))
    assert records.y is not None
    np.testing.assert_array_equal(records.y[0], COLUMNS["y"][:, None])
    assert records.input_names == ("u2", "u") and records.output_names == ("y",)


@pytest.mark.parametrize(
    "text",
    ["u,y\n1.5,2\n3,4\n", "\ufeffu,y\r\n1.5,2\r\n3,4", "u;y\n1,5;2\n3;4\n", "u\ty\n1.5\t2\n\n3\t4"],
    ids=["comma", "byte-order-mark", "decimal-comma", "tabs-and-blank-line"],
)
def test_csv_is_read_when_written_by_other_programs(tmp_path, text):
    """Spreadsheets differ in separator, decimal sign, line ends and byte order mark."""
    table = read_table(write_text(tmp_path, text))
    np.testing.assert_array_equal(table.columns["u"], [1.5, 3.0])
    np.testing.assert_array_equal(table.columns["y"], [2.0, 4.0])


def test_csv_columns_are_numbered_when_there_is_no_header(tmp_path):
    """A first row of numbers is data: taking it for names would lose a sample."""
    table = read_table(write_text(tmp_path, "1,2\n3,4\n"))
    assert list(table.columns) == ["0", "1"]
    np.testing.assert_array_equal(table.columns["1"], [2.0, 4.0])


def test_csv_text_column_is_ignored_when_not_asked_for(tmp_path):
    """Time stamps beside the signals are common and harmless."""
    path = write_text(tmp_path, 'date,u,y\n"2024-01-01, noon",1,2\nlater,3,4\n')
    records = read_records([path], ["u"], ["y"])
    np.testing.assert_array_equal(records.u[0], [[1.0], [3.0]])


def test_csv_of_200000_rows_is_read_in_order(tmp_path):
    """Rows are read block by block: none may be lost or moved where two blocks meet."""
    rows = "".join(f"{index},{-index}\n" for index in range(200_000))
    table = read_table(write_text(tmp_path, "u,y\n" + rows))
    np.testing.assert_array_equal(table.columns["u"], np.arange(200_000.0))
    np.testing.assert_array_equal(table.columns["y"], -np.arange(200_000.0))


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_matrix_gives_one_column_per_channel(tmp_path, suffix):
    """`u`, `u_1` and `u[1]` are three ways to name channels of one array."""
    path, matrix = tmp_path / f"plant{suffix}", RNG.standard_normal((30, 2))
    content = {"u": matrix, "y": matrix[:1].repeat(15).reshape(1, 30), "fs": 50.0}
    np.savez(path, **content) if suffix == ".npz" else savemat(path, content)
    assert list(read_table(path).columns) == ["u_0", "u_1", "y"]
    np.testing.assert_array_equal(read_records([path], ["u"], ["y"]).u[0], matrix)
    np.testing.assert_array_equal(read_records([path], ["u[1]"]).u[0], matrix[:, 1:])
    np.testing.assert_array_equal(read_records([path], ["u_1", "u"]).u[0], matrix[:, ::-1])


def test_record_column_splits_rows_and_keeps_their_order(tmp_path):
    """Interleaved experiments must come apart; a text cell may name them."""
    path = write_text(tmp_path, "run,u,y\nb,1,10\na,2,20\nb,3,30\n")
    records = read_records([path], ["u"], ["y"], record_column="run")
    assert records.labels == ("plant.csv[b]", "plant.csv[a]")
    assert [part.tolist() for part in records.u] == [[[1.0], [3.0]], [[2.0]]]
    assert records.y is not None
    assert [part.tolist() for part in records.y] == [[[10.0], [30.0]], [[20.0]]]


def test_text_record_column_is_read_from_parquet(tmp_path):
    """Data frames name experiments by text as well."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "plant.parquet"
    parquet.write_table(pyarrow.table({"run": ["a", "b"], "u": [1, 2], "y": [3.0, 4.0]}), path)
    assert read_records([path], ["u"], ["y"], "run").labels == (
        "plant.parquet[a]",
        "plant.parquet[b]",
    )


def test_several_files_give_several_records(tmp_path):
    """Experiments of unequal length live in files of their own."""
    first = write_text(tmp_path, "u,y\n1,2\n", "a.csv")
    second = write_text(tmp_path, "y,u\n4,3\n6,5\n", "b.csv")
    records = read_records([first, second], ["u"], ["y"])
    assert [part.ravel().tolist() for part in records.u] == [[1.0], [3.0, 5.0]]
    assert records.labels == ("a.csv", "b.csv")


BAD_TEXT = {
    "empty": ("", "it is empty"),
    "blank lines": ("\n\n", "it is empty"),
    "header only": ("u,y\n", "rows below its header"),
    "missing column": ("u,z\n1,2\n", r"must have a column 'y'; it has u, z"),
    "twice the same name": ("u,y,y\n1,2,3\n", "must be unique"),
    "extra cell": ("u,y\n1,2\n3,4,5\n", "line 3 has 3"),
    "missing cell": ("u,y\n1,2\n3\n", "line 3 has 1"),
    "text": ("u,y\n1,2\n3,fault\n", r"column 'y' .* line 3 has 'fault'"),
    "empty cell": ("u,y\n1,\n", r"line 2 has an empty cell"),
    "NaN": ("u,y\n1,2\n3,NaN\n", r"column 'y' .* row 2 is nan"),
    "infinite": ("u,y\n-inf,2\n", r"column 'u' .* row 1 is -inf"),
    "NUL": ("u,y\n1,\x00\n", "UTF-8 text|has '"),
    "open quote": ('u,y\n1,"2\n', "UTF-8 text"),
    "endless line": ("u,y\n" + "1" * (1 << 20) + ",2\n", "must be shorter"),
    "endless header": ("u," * (1 << 19) + "y\n1,2\n", "must be shorter"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_csv_is_refused_with_its_place_when_damaged(tmp_path, case):
    """The user has to find the cell: column and line belong into the message."""
    text, message = BAD_TEXT[case]
    path = write_text(tmp_path, text)
    with pytest.raises(DataFileError, match=message):
        read_records([path], ["u"], ["y"])


@pytest.mark.parametrize("name", ["plant.xlsx", "plant", "plant.csv.gz"])
def test_file_is_refused_when_extension_is_unknown(tmp_path, name):
    """The extension chooses the reader; there is no guess by content."""
    with pytest.raises(DataFileError, match=r"must end in \.csv"):
        read_table(write_text(tmp_path, "u,y\n1,2\n", name))
    with pytest.raises(DataFileError, match=r"must end in \.csv"):
        write_table(tmp_path / "plant.xlsx", COLUMNS)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".mat", ".parquet"])
def test_file_is_refused_when_absent_or_a_folder(tmp_path, suffix):
    """A wrong path is the most common mistake of all."""
    with pytest.raises(DataFileError, match="it is not there"):
        read_table(tmp_path / f"plant{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(DataFileError, match="it is not a file"):
        read_table(tmp_path / f"folder{suffix}")
    with pytest.raises(DataFileError, match="must be writable"):
        write_table(tmp_path / "absent" / f"plant{suffix}", COLUMNS)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".mat", ".parquet"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\xff" * 40], ids=["empty", "png"])
def test_file_is_refused_when_content_is_of_another_kind(tmp_path, suffix, content):
    """A renamed file must not reach the user as a traceback from inside a parser."""
    path = tmp_path / f"plant{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=r"must be a|must have|MAT"):
        read_table(path)


def test_big_endian_and_version_4_mat_files_are_read(tmp_path):
    """Old recordings were written on other machines and by other versions."""
    path = tmp_path / "plant.mat"
    savemat(path, COLUMNS, format="4")
    np.testing.assert_array_equal(read_table(path).columns["y"], COLUMNS["y"])
    data = np.array([1.0, -2.0]).astype(">f8").tobytes()
    body = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 2, 1)
    body += struct.pack(">HH4s", 1, 1, b"u") + struct.pack(">II", 9, len(data)) + data
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    path.write_bytes(header + struct.pack(">II", 14, len(body)) + body)
    np.testing.assert_array_equal(read_table(path).columns["u"], [1.0, -2.0])


def test_mat_variable_is_refused_when_it_is_no_signal(tmp_path):
    """Structures, text, complex numbers and wide matrices cannot be columns."""
    path = tmp_path / "plant.mat"
    savemat(
        path,
        {
            "s": {"a": 1.0},
            "text": "hello",
            "z": np.ones(9) * 1j,
            "w": np.ones((2, 9)),
            "fs": 3.0,
            "u": np.ones(9),
        },
    )
    assert list(read_table(path, ["u"]).columns) == ["u"]
    for name, message in [
        ("s", "struct"),
        ("text", "holds text"),
        ("z", "real numbers"),
        ("w", "transpose"),
        ("fs", "single number"),
    ]:
        with pytest.raises(DataFileError, match=message):
            read_table(path, [name])


def test_records_are_refused_when_columns_have_unequal_length(tmp_path):
    """Arrays of one NPZ file need not belong to the same experiment."""
    path = tmp_path / "plant.npz"
    np.savez(path, u=np.ones(9), y=np.ones(8))
    with pytest.raises(DataFileError, match=r"same length; got \{'u': 9, 'y': 8\}"):
        read_records([path], ["u"], ["y"])


def test_records_are_refused_when_a_column_is_input_and_output(tmp_path):
    """A model that copies its input is not what anybody wanted."""
    path = write_text(tmp_path, "u,y\n1,2\n")
    with pytest.raises(DataFileError, match=r"\['y'\] .* are both"):
        read_records([path], ["u", "y"], ["y"])


def test_misspelt_column_gets_a_suggestion(tmp_path):
    """The nearest name is most often the one meant."""
    with pytest.raises(DataFileError, match="Did you mean 'valve_position'"):
        read_table(write_text(tmp_path, "valve_position,y\n1,2\n"), ["valve_positon"])


def test_parquet_says_how_to_install_pyarrow_when_it_is_missing(tmp_path, monkeypatch):
    """Its absence is for the user to mend, and one line mends it."""
    path = tmp_path / "plant.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataFileError, match=r"pip install 'fastlstm\[parquet\]'"):
        read_table(path)


@pytest.mark.skipif(DATA is None, reason="FASTLSTM_DATA does not name the benchmark data")
def test_published_files_are_read_as_they_come():
    """Row vectors, trailing separators, several variables: what real files look like."""
    folder = Path(DATA or "")
    tanks = read_records([folder / "cascaded_tanks" / "dataBenchmark.csv"], ["uEst"], ["yEst"])
    again = read_records([folder / "cascaded_tanks" / "dataBenchmark.mat"], ["uEst"], ["yEst"])
    np.testing.assert_allclose(tanks.u[0], again.u[0], rtol=1e-4)
    for path in sorted(folder.rglob("*.[mM][aA][tT]")):
        assert all(len(column) > 1 for column in read_table(path).columns.values()), path
