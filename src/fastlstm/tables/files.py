"""One reader and one writer per file format, chosen by the extension."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fastlstm.exceptions import DataFileError
from fastlstm.replacing import replace_by
from fastlstm.tables.base import FloatArray, Table, TableFile
from fastlstm.tables.delimited import DelimitedFile, write_delimited
from fastlstm.tables.mat import MatFile, write_mat
from fastlstm.tables.npz import NpzFile, write_npz
from fastlstm.tables.parquet import ParquetFile, write_parquet

READERS: dict[str, type[TableFile]] = {
    ".csv": DelimitedFile,
    ".tsv": DelimitedFile,
    ".txt": DelimitedFile,
    ".npz": NpzFile,
    ".mat": MatFile,
    ".parquet": ParquetFile,
}
WRITERS: dict[str, Callable[[Path, Mapping[str, FloatArray]], None]] = {
    ".csv": write_delimited,
    ".npz": write_npz,
    ".mat": write_mat,
    ".parquet": write_parquet,
}


def open_table(path: str | os.PathLike[str]) -> TableFile:
    """Open a data file far enough to know its columns.

    Raises
    ------
    DataFileError
        If there is no such file, its extension is unknown, or it is damaged.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataFileError(
            f"data files must end in {', '.join(READERS)}; got {path}. Convert the file."
        )
    if not path.is_file():
        raise DataFileError(
            f"{path} must be an existing file; it is "
            f"{'not a file' if path.exists() else 'not there'}. Check the path."
        )
    try:
        return reader(path)
    except OSError as error:
        raise DataFileError(
            f"{path} must be readable; opening it failed with {error}. Check its permissions."
        ) from error


def read_table(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    label_column: str | None = None,
) -> Table:
    """Read columns of a CSV, NPZ, MAT or Parquet file as float64.

    Parameters
    ----------
    path : path
        The extension names the format.
    columns : sequence of str, optional
        Columns to read; ``u`` also stands for ``u_0, u_1, ...``. All columns if omitted.
    label_column : str, optional
        Column to read as text into ``Table.labels``.

    Returns
    -------
    table : Table
        Values may be NaN or infinite where the file has them.

    Raises
    ------
    DataFileError
        If the file cannot be read, lacks a column, or has cells that are not numbers.
    """
    file = open_table(path)
    names = file.names if columns is None else columns
    if not names:
        reasons = "; ".join(f"{name} {reason}" for name, reason in [*file.refused.items()][:5])
        raise DataFileError(
            f"{path} must have a column of numbers; it has none{reasons and f': {reasons}'}. "
            "Pass a file of signals."
        )
    values = file.read(file.resolve(names))
    labels = None if label_column is None else file.read_text(file.resolve_label(label_column))
    return Table(values, labels)


def write_table(path: str | os.PathLike[str], columns: Mapping[str, FloatArray]) -> None:
    """Write columns of equal length to a CSV, NPZ, MAT or Parquet file, whole or not at all.

    Raises
    ------
    DataFileError
        If the extension is unknown or the file cannot be written.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DataFileError(
            f"output files must end in {', '.join(WRITERS)}; got {path}. Choose one of these."
        )
    try:
        replace_by(path, lambda temporary: writer(temporary, columns))
    except OSError as error:
        raise DataFileError(
            f"{path} must be writable; writing failed with {error}. Choose another folder."
        ) from error
