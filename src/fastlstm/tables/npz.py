"""NPZ: a zip archive of arrays. Sizes are checked against the directory before anything is read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fastlstm.exceptions import DataFileError
from fastlstm.tables.arrays import ArrayFile
from fastlstm.tables.base import FloatArray

# What zipfile and the NPY reader raise on damaged content, encrypted members included.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    RuntimeError,
    NotImplementedError,
)
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NpzFile(ArrayFile):
    """A file written by ``numpy.savez``; object arrays are refused, nothing is unpickled."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    if member.filename.endswith(".npy"):
                        self._scan(archive, member)
        except DataFileError:
            raise
        except _DAMAGE as error:
            raise self.unreadable("NPZ", error) from error

    def _scan(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        """Read the header of one array and compare it with the zip directory."""
        name = member.filename.removesuffix(".npy")
        with archive.open(member) as stream:
            version = npy.read_magic(stream)
            if version not in _HEADER_READERS:
                self.refused[name] = f"is in NPY format {version}"
                return
            shape, _, dtype = _HEADER_READERS[version](stream)
            n_bytes = member.file_size - stream.tell()
        refusal = None if dtype.kind in "biuf" else f"holds {dtype}, not real numbers"
        if refusal is None and prod(shape) * dtype.itemsize != n_bytes:
            raise DataFileError(
                f"array {name!r} of {self.path} must have the size its header states, "
                f"{prod(shape) * dtype.itemsize} bytes; the archive holds {n_bytes}. Write the "
                "file again."
            )
        self.add_array(name, shape, refusal)

    def load(self, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """Arrays by name."""
        arrays = {}
        try:
            with zipfile.ZipFile(self.path) as archive:
                for name in names:
                    with archive.open(f"{name}.npy") as stream:
                        arrays[name] = npy.read_array(stream, allow_pickle=False)
        except _DAMAGE as error:
            raise self.unreadable("NPZ", error) from error
        return arrays


def write_npz(path: Path, columns: Mapping[str, FloatArray]) -> None:
    """Write columns as arrays of an NPZ file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                npy.write_array(stream, column, allow_pickle=False)
