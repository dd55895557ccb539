"""Inputs and outputs of one or many records, taken from the columns of data files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.tables.base import FloatArray, Table
from fastlstm.tables.files import read_table


@dataclass(frozen=True)
class NamedRecords:
    """Measured records and the names of their channels.

    Parameters
    ----------
    u : list of arrays of shape (n_timesteps, n_inputs)
        Inputs, one array per record, finite.
    y : list of arrays of shape (n_timesteps, n_outputs), or None
        Outputs, if asked for.
    input_names, output_names : tuple of str
        Columns the channels come from.
    labels : tuple of str
        File name of each record, with the value of the record column if there is one.
    """

    u: list[FloatArray]
    y: list[FloatArray] | None
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    labels: tuple[str, ...]


def read_records(
    paths: Sequence[str | os.PathLike[str]],
    inputs: Sequence[str],
    outputs: Sequence[str] = (),
    record_column: str | None = None,
    missing_outputs: bool = False,
) -> NamedRecords:
    """Read records from data files; every file is at least one record.

    Parameters
    ----------
    paths : sequence of paths
        CSV, NPZ, MAT or Parquet files that all have the columns asked for.
    inputs, outputs : sequence of str
        Columns of u and y. ``u`` also stands for ``u_0, u_1, ...`` and for the columns of a matrix.
    record_column : str, optional
        Rows of one file with the same cell in this column form one record, in file order.
    missing_outputs : bool
        Whether outputs may be NaN, where nothing was measured.

    Returns
    -------
    records : NamedRecords

    Raises
    ------
    DataFileError
        If a file cannot be read, lacks a column, has columns of unequal length, or holds NaN or
        infinite values in a column asked for.
    """
    if not inputs:
        raise DataFileError("inputs must name at least one column; got none. Pass e.g. ['u'].")
    u: list[FloatArray] = []
    y: list[FloatArray] = []
    labels: list[str] = []
    names: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    for path in map(Path, paths):
        table = read_table(path, [*inputs, *outputs], record_column)
        found = table.expand(inputs), table.expand(outputs)
        names = names or found
        _check_names(path, names, found)
        u_file, y_file = (
            _matrix(path, table, columns, nan)
            for columns, nan in zip(found, (False, missing_outputs), strict=True)
        )
        for label, rows in _row_groups(table, len(u_file)):
            u.append(u_file[rows])
            y.append(y_file[rows])
            labels.append(f"{path.name}{label}")
    if names is None:
        raise DataFileError("paths must name at least one data file; got none. Pass a file.")
    return NamedRecords(u, y if outputs else None, *names, tuple(labels))


def _check_names(
    path: Path,
    first: tuple[tuple[str, ...], tuple[str, ...]],
    found: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    if found != first:
        raise DataFileError(
            f"{path} must have the columns of the first file, {first[0] + first[1]}; it has "
            f"{found[0] + found[1]}. Name the columns one by one."
        )
    both = set(found[0]) & set(found[1])
    if both:
        raise DataFileError(
            f"a column must be an input or an output; {sorted(both)} of {path} are both. "
            "Name each column once."
        )


def _matrix(path: Path, table: Table, names: tuple[str, ...], nan: bool) -> FloatArray:
    """Columns side by side, shape (n_rows, len(names)), checked to be equally long and finite.

    NaN may stay if `nan`.
    """
    lengths = {name: len(column) for name, column in table.columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataFileError(
            f"columns of {path} must have the same length; got {lengths}. Cut them to the steps "
            "they share, or put records of different length into files of their own."
        )
    if min(lengths.values()) == 0:
        raise DataFileError(f"{path} must have at least one row; it has none. Pass another file.")
    for name in names:
        column = table.columns[name]
        bad = np.flatnonzero(np.isinf(column) if nan else ~np.isfinite(column))
        if len(bad):
            raise DataFileError(
                f"column {name!r} of {path} must be finite; row {bad[0] + 1} is "
                f"{table.columns[name][bad[0]]}, and {len(bad)} rows in all are not. Fill the "
                "gaps, or cut the record there and use a record column."
            )
    if not names:
        return np.empty((min(lengths.values()), 0))
    return np.ascontiguousarray(np.column_stack([table.columns[name] for name in names]))


def _row_groups(table: Table, n_rows: int) -> list[tuple[str, np.ndarray | slice]]:
    """Rows of each record of one file, with the text that tells it apart."""
    if table.labels is None:
        return [("", slice(None))]
    if len(table.labels) != n_rows:
        raise DataFileError(
            f"the record column must have one cell per row; it has {len(table.labels)} for "
            f"{n_rows} rows. Choose another record column."
        )
    rows: dict[str, list[int]] = {}
    for index, label in enumerate(table.labels):
        rows.setdefault(label, []).append(index)
    return [(f"[{label}]", np.array(indices)) for label, indices in rows.items()]
