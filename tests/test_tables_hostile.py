"""Damaged and hostile data files: refused in time, with one kind of error, and never unfolded."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from fastlstm.exceptions import DataFileError
from fastlstm.tables import base, read_records, read_table, write_table

RNG = np.random.default_rng(0)
COLUMNS = {"u": RNG.standard_normal(50), "y": RNG.standard_normal(50)}


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".parquet"])
def test_file_is_refused_when_truncated_anywhere(tmp_path, suffix):
    """A copy that broke off is damaged wherever it broke off: no partial record may come out."""
    path = tmp_path / f"plant{suffix}"
    write_table(path, COLUMNS)
    content = path.read_bytes()
    for length in np.linspace(1, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(DataFileError):
            read_records([path], ["u"], ["y"])


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".parquet"])
def test_reader_raises_nothing_else_when_bytes_are_changed(tmp_path, suffix):
    """Damage that goes unnoticed may change values; whatever is noticed is one kind of error."""
    path = tmp_path / f"plant{suffix}"
    write_table(path, COLUMNS)
    content, rng = path.read_bytes(), np.random.default_rng(1)
    for _ in range(150):
        damaged = bytearray(content)
        for place in rng.integers(len(content), size=rng.integers(1, 6)):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_table(path)
        except DataFileError:
            pass


def npz_bytes(header: str, data: bytes = b"") -> bytes:
    """One array ``u.npy`` whose header says what it likes."""
    text = header.encode().ljust(117) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("u.npy", npy)
    return buffer.getvalue()


def mat_bytes(element: bytes) -> bytes:
    """Build a version 5 file with one compressed element."""
    packed = zlib.compress(element, 9)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    return header + struct.pack("<II", 15, len(packed)) + packed


def mat_matrix(n_rows: int, data: bytes, claimed: int | None = None) -> bytes:
    """Build a double matrix u of shape (n_rows, 1) whose data element claims a size."""
    body = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, n_rows, 1)
    body += struct.pack("<HH4s", 1, 1, b"u") + struct.pack("<II", 9, claimed or len(data)) + data
    return struct.pack("<II", 14, len(body)) + body


def test_npz_is_refused_when_header_claims_more_than_the_archive_holds(tmp_path):
    """numpy.load would allocate 8 TB for this file of 200 bytes."""
    path = tmp_path / "plant.npz"
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    path.write_bytes(npz_bytes(header))
    with pytest.raises(DataFileError, match="size its header states"):
        read_table(path)


def test_npz_is_refused_when_it_holds_objects(tmp_path):
    """Object arrays are pickles: loading one runs code that the file brings along."""
    path = tmp_path / "plant.npz"
    np.savez(path, u=np.array([1.0, "text", None], dtype=object), y=COLUMNS["y"])
    assert list(read_table(path, ["y"]).columns) == ["y"]
    with pytest.raises(DataFileError, match="not real numbers"):
        read_table(path, ["u"])


def test_bombs_are_refused_before_they_unfold(tmp_path, monkeypatch):
    """A few kilobytes that inflate to gigabytes must cost neither memory nor minutes."""
    monkeypatch.setattr(base, "MAX_BYTES", 1 << 20)
    header = "{'descr': '|i1', 'fortran_order': False, 'shape': (16777216,), }"
    bombs = {
        "honest.npz": npz_bytes(header, bytes(1 << 24)),
        "honest.mat": mat_bytes(mat_matrix(1 << 21, bytes(1 << 24))),
        "lying.mat": mat_bytes(mat_matrix(10, bytes(1 << 24))),
    }
    for name, content in bombs.items():
        path = tmp_path / name
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(DataFileError, match=r"at most 1 MiB|size of its shape"):
            read_records([path], ["u"])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20, name


def test_mat_is_refused_when_shape_claims_more_than_the_file_holds(tmp_path):
    """The shape stands in front of the numbers, so it can be judged before they are allocated."""
    path = tmp_path / "plant.mat"
    path.write_bytes(mat_bytes(mat_matrix(2_000_000_000, b"")))
    with pytest.raises(DataFileError, match="at most 1024 MiB"):
        read_table(path)
    path.write_bytes(mat_bytes(mat_matrix(100, bytes(80), claimed=800)))
    with pytest.raises(DataFileError, match="complete MAT file"):
        read_table(path)


@pytest.mark.parametrize("compress", [False, True])
def test_mat_damage_never_reaches_the_process(tmp_path, compress):
    """Type codes and sizes inside the file are indices and lengths: none may be trusted."""
    path = tmp_path / "plant.mat"
    savemat(path, COLUMNS, do_compression=compress)
    content, rng = path.read_bytes(), np.random.default_rng(2)
    for place in range(128, 200):
        for value in (0, 1, 127, 255, *rng.integers(256, size=4)):
            path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
            try:
                table = read_table(path)
            except DataFileError:
                continue
            assert all(len(column) == 50 for column in table.columns.values())


def test_parquet_is_refused_when_it_claims_too_many_rows(tmp_path, monkeypatch):
    """Run-length encoding packs millions of equal rows into a few bytes."""
    monkeypatch.setattr(base, "MAX_BYTES", 1 << 20)
    path = tmp_path / "plant.parquet"
    write_table(path, {"u": np.zeros(1_000_000)})
    assert path.stat().st_size < 50_000
    with pytest.raises(DataFileError, match="at most 1 MiB"):
        read_table(path)


def test_mat_is_refused_with_advice_when_version_is_7_3(tmp_path):
    """MATLAB's default for large variables is HDF5, which SciPy does not read."""
    path = tmp_path / "plant.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x0200) + b"IM"
    path.write_bytes(header.ljust(512, b"\x00") + b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataFileError, match=r"version 7\.3 .*-v7"):
        read_table(path)
