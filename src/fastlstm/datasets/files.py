"""Find the files of a benchmark, verify them, and read numbers from them.

A file is hostile until its size and SHA-256 are those of the published one. It is read once; the
bytes that were verified are the bytes that are parsed.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import DataFileError

FloatArray = NDArray[np.float64]

ENVIRONMENT_VARIABLE = "FASTLSTM_DATA"


@dataclass(frozen=True)
class DataFile:
    """A published file: its name, its length in bytes and its SHA-256."""

    name: str
    n_bytes: int
    sha256: str


def find_folder(
    folder: str | os.PathLike[str] | None, subfolder: str, files: Sequence[DataFile], home: str
) -> Path:
    """Folder that holds all files of a dataset.

    Looked for, in this order: `folder`, `folder`/`subfolder`; without `folder` the same below the
    environment variable FASTLSTM_DATA.

    Parameters
    ----------
    folder : path or None
        What the user passed.
    subfolder : str
        Name of the folder of this dataset inside a collection.
    files : sequence of DataFile
        All of them must be there.
    home : str
        Where the files are published.

    Returns
    -------
    folder : Path

    Raises
    ------
    FileNotFoundError
        If no such folder holds every file.
    """
    root = folder if folder is not None else os.environ.get(ENVIRONMENT_VARIABLE)
    names = [file.name for file in files]
    if root:
        base = Path(root).expanduser()
        for candidate in (base, base / subfolder):
            if all((candidate / name).is_file() for name in names):
                return candidate
    if folder is not None:
        was = f"folder={os.fspath(folder)!r}"
    else:
        was = f"folder=None and {ENVIRONMENT_VARIABLE}={root!r}"
    raise FileNotFoundError(
        f"folder must hold {', '.join(names)}, itself or in its subfolder {subfolder}; got {was}. "
        f"Get the files from {home}, then pass folder=... or set {ENVIRONMENT_VARIABLE}."
    )


def read_verified(folder: Path, file: DataFile) -> bytes:
    """Bytes of a file whose length and SHA-256 are those of the published one.

    Raises
    ------
    DataFileError
        If length or checksum differ.
    """
    path = folder / file.name
    # The length comes first, so that a file of any size is refused without being read.
    n_bytes = path.stat().st_size
    if n_bytes != file.n_bytes:
        raise DataFileError(
            f"{path} must have {file.n_bytes} bytes; got {n_bytes}. Replace it by the published "
            "file, unchanged."
        )
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise DataFileError(
            f"{path} must have SHA-256 {file.sha256}; got {digest}. Replace it by the published "
            "file, unchanged."
        )
    return content


def as_column(values: object, name: str, n_timesteps: int) -> FloatArray:
    """Numbers of one channel as a finite float64 array of shape (n_timesteps, 1).

    Raises
    ------
    DataFileError
        If they are not numbers, not finite, or another number of them.
    """
    array = np.asarray(values)
    is_vector = array.size == n_timesteps == max(array.shape, default=0)
    if array.dtype.kind not in "fiu" or not is_vector:
        raise DataFileError(
            f"signal {name} must be a row or column of {n_timesteps} numbers; got shape "
            f"{array.shape} of type {array.dtype}. Replace the file by the published one."
        )
    column = np.array(array, dtype=np.float64).reshape(-1, 1)
    if not np.isfinite(column).all():
        raise DataFileError(
            f"signal {name} must be finite; got {np.count_nonzero(~np.isfinite(column))} values "
            "that are not. Replace the file by the published one."
        )
    return column


def read_mat(folder: Path, file: DataFile, names: dict[str, int]) -> dict[str, FloatArray]:
    """Signals of a verified MATLAB file.

    Parameters
    ----------
    folder : Path
        From `find_folder`.
    file : DataFile
        The MATLAB file.
    names : dict of str to int
        Variables to read, and the number of samples each must have.

    Returns
    -------
    signals : dict of str to array of shape (n_timesteps, 1)
    """
    from scipy.io import loadmat

    content = io.BytesIO(read_verified(folder, file))
    variables = loadmat(content, variable_names=list(names))
    missing = [name for name in names if name not in variables]
    if missing:
        raise DataFileError(
            f"{folder / file.name} must hold the variables {list(names)}; {missing} are missing. "
            "Replace it by the published file."
        )
    return {name: as_column(variables[name], name, length) for name, length in names.items()}


def read_matrix(folder: Path, file: DataFile, name: str, shape: tuple[int, int]) -> FloatArray:
    """One variable of a verified MATLAB file as a finite array of the given shape.

    Raises
    ------
    DataFileError
        If the file is not the published one, or does not hold such a variable.
    """
    from scipy.io import loadmat

    content = io.BytesIO(read_verified(folder, file))
    table = np.asarray(loadmat(content, variable_names=[name]).get(name))
    if table.dtype.kind not in "fiu" or table.shape != shape or not np.isfinite(table).all():
        raise DataFileError(
            f"{folder / file.name} must hold {shape[0]} x {shape[1]} finite numbers as {name}; got "
            f"shape {table.shape} of type {table.dtype}. Replace it by the published file."
        )
    return table.astype(np.float64)


def read_csv(
    folder: Path, file: DataFile, shape: tuple[int, int], skip_rows: int = 0
) -> FloatArray:
    """Numbers of a verified comma-separated file as a finite array of the given shape."""
    text = io.StringIO(read_verified(folder, file).decode("utf-8"))
    table = np.loadtxt(text, delimiter=",", skiprows=skip_rows, ndmin=2, dtype=np.float64)
    if table.shape != shape or not np.isfinite(table).all():
        raise DataFileError(
            f"{folder / file.name} must hold {shape[0]} x {shape[1]} finite numbers; got shape "
            f"{table.shape}. Replace it by the published file."
        )
    return table
