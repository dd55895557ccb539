"""Finding, verifying and parsing files; no benchmark data needed."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import scipy.io

from fastlstm.datasets import LOADERS, load_wh2009
from fastlstm.datasets.files import (
    ENVIRONMENT_VARIABLE,
    DataFile,
    as_column,
    find_folder,
    read_csv,
    read_mat,
    read_matrix,
    read_verified,
)
from fastlstm.exceptions import DataFileError


def described(path):
    content = path.read_bytes()
    return DataFile(path.name, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def mat_file(tmp_path):
    path = tmp_path / "signals.mat"
    signals = {"u": np.arange(6.0)[None, :], "word": "text", "bad": np.array([[1.0, np.nan]])}
    scipy.io.savemat(path, signals)
    return path


def test_file_is_refused_when_one_byte_differs(mat_file):
    """Nothing is parsed before the checksum matches."""
    file = described(mat_file)
    content = bytearray(mat_file.read_bytes())
    content[-1] ^= 1
    mat_file.write_bytes(bytes(content))
    with pytest.raises(DataFileError, match="must have SHA-256"):
        read_mat(mat_file.parent, file, {"u": 6})


def test_file_is_refused_unread_when_length_differs(mat_file):
    """The length is known, so a huge file need not be read."""
    file = described(mat_file)
    mat_file.write_bytes(mat_file.read_bytes() + b"x")
    with pytest.raises(DataFileError, match=f"must have {file.n_bytes} bytes"):
        read_verified(mat_file.parent, file)


def test_loader_refuses_another_file_of_the_right_name_and_length(tmp_path):
    """The published checksum stands in the loader."""
    (tmp_path / "WienerHammerBenchMark.mat").write_bytes(bytes(1707601))
    with pytest.raises(DataFileError, match="must have SHA-256 096e6128"):
        load_wh2009(tmp_path)


def test_mat_row_becomes_column(mat_file):
    """Benchmarks store rows and columns; records are columns."""
    u = read_mat(mat_file.parent, described(mat_file), {"u": 6})["u"]
    assert u.dtype == np.float64
    np.testing.assert_array_equal(u, np.arange(6.0)[:, None])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"u": 7}, "signal u must be a row or column of 7 numbers"),
        ({"word": 1}, "signal word must be a row or column of 1 numbers"),
        ({"bad": 2}, "signal bad must be finite"),
        ({"v": 6}, r"\['v'\] are missing"),
    ],
)
def test_mat_is_refused_when_content_is_not_as_described(mat_file, names, message):
    """A checksum says which file it is, not that we describe it correctly."""
    with pytest.raises(DataFileError, match=message):
        read_mat(mat_file.parent, described(mat_file), names)


def test_matrix_is_no_column():
    """A 2 x 3 matrix has six numbers but no order in time."""
    with pytest.raises(DataFileError, match=r"got shape \(2, 3\)"):
        as_column(np.zeros((2, 3)), "u", 6)


def test_matrix_is_refused_when_content_is_not_as_described(tmp_path):
    """Shape, name and finite numbers are checked, too: a checksum says only which file it is."""
    path = tmp_path / "plant.mat"
    scipy.io.savemat(path, {"plant": np.eye(2), "gap": [[1.0, np.nan]], "word": "text"})
    file = described(path)
    np.testing.assert_array_equal(read_matrix(tmp_path, file, "plant", (2, 2)), np.eye(2))
    for name, shape in (("plant", (2, 3)), ("gap", (1, 2)), ("word", (1, 1)), ("absent", (2, 2))):
        with pytest.raises(DataFileError, match=rf"{shape[0]} x {shape[1]} .* as {name}"):
            read_matrix(tmp_path, file, name, shape)


def test_csv_is_refused_when_shape_differs(tmp_path):
    """The table must be the one that was described."""
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    np.testing.assert_array_equal(
        read_csv(tmp_path, described(path), (2, 2), skip_rows=1), [[1.0, 2.0], [3.0, 4.0]]
    )
    with pytest.raises(DataFileError, match="must hold 3 x 2 finite numbers"):
        read_csv(tmp_path, described(path), (3, 2), skip_rows=1)


@pytest.mark.parametrize("name", LOADERS)
def test_loader_says_what_to_do_when_folder_is_missing(name, tmp_path):
    """Which argument, what it must be, what it was, what to do."""
    with pytest.raises(FileNotFoundError, match=r"folder must hold .*; got folder=.*Get the files"):
        LOADERS[name](tmp_path / "nowhere")


@pytest.mark.parametrize("name", LOADERS)
def test_loader_names_environment_variable_when_nothing_is_given(name, monkeypatch):
    """Without an argument the variable is the other way to say where the data are."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    with pytest.raises(FileNotFoundError, match="got folder=None and FASTLSTM_DATA=None"):
        LOADERS[name]()


@pytest.mark.parametrize("inside", ["", "set"])
def test_folder_is_found_itself_or_by_its_parent(inside, tmp_path, monkeypatch):
    """Both the folder of a set and a collection of sets are accepted, by either route."""
    where = tmp_path / inside
    where.mkdir(exist_ok=True)
    (where / "a.csv").write_text("1\n")
    files = [DataFile("a.csv", 2, "")]
    assert find_folder(tmp_path, "set", files, "the web") == where
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path))
    assert find_folder(None, "set", files, "the web") == where


def test_folder_argument_wins_over_environment(tmp_path, monkeypatch):
    """What is written in the call must not be replaced silently."""
    (tmp_path / "a.csv").write_text("1\n")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        find_folder(tmp_path / "elsewhere", "set", [DataFile("a.csv", 2, "")], "the web")


def test_import_is_light():
    """The command line imports this package; SciPy waits until a signal is made or read."""
    code = "import sys, fastlstm.datasets; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
