"""Inputs and outputs of one or many records, taken from the columns of data files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.sampling import same_sampling_time, show_seconds
from fastlstm.tables.base import FloatArray, Table, match_columns
from fastlstm.tables.files import open_table
from fastlstm.tables.iddata import iddata_structs, read_iddata
from fastlstm.tables.named import NamedRecords
from fastlstm.tables.stamps import read_with_times, step_of


def read_records(
    paths: Sequence[str | os.PathLike[str]],
    inputs: Sequence[str],
    outputs: Sequence[str] = (),
    record_column: str | None = None,
    time_column: str | None = "auto",
    missing_outputs: bool = False,
) -> NamedRecords:
    """Read records from data files; every file is at least one record.

    Parameters
    ----------
    paths : sequence of paths
        CSV, NPZ, MAT or Parquet files that all have the columns asked for, or MAT files with the
        struct of an `iddata`, see `read_iddata`.
    inputs, outputs : sequence of str
        Columns of u and y. ``u`` also stands for ``u_0, u_1, ...`` and for the columns of a matrix.
    record_column : str, optional
        Rows of one file with the same cell in this column form one record, in file order.
    time_column : str, optional
        Column of time stamps: seconds, numbers in the unit behind the name as in ``time [ms]``, or
        ISO 8601 dates. "auto" takes a column called ``time``, with or without a unit, where there
        is just one; None takes none.
    missing_outputs : bool
        Whether outputs may be NaN, where nothing was measured.

    Returns
    -------
    records : NamedRecords

    Raises
    ------
    DataFileError
        If a file cannot be read, lacks a column, has columns of unequal length, holds NaN or
        infinite values in a column asked for, or has time stamps that are not in equal steps.
    """
    if not inputs:
        raise DataFileError("inputs must name at least one column; got none. Pass e.g. ['u'].")
    parts = [
        _read_file(path, inputs, outputs, record_column, time_column, missing_outputs)
        for path in map(Path, paths)
    ]
    if not parts:
        raise DataFileError("paths must name at least one data file; got none. Pass a file.")
    return _joined(parts, [Path(path) for path in paths], bool(outputs))


def _shown(name: str) -> str:
    """Name of a file as text that every page and picture can hold; its bytes may be any."""
    return os.fsencode(name).decode("utf-8", "replace")


def _read_file(
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    record_column: str | None,
    time_column: str | None,
    missing_outputs: bool,
) -> NamedRecords:
    """Read the records of one file."""
    file = open_table(path)
    missing = [name for name in (*inputs, *outputs) if not match_columns(name, file.names)]
    if missing and len(iddata_structs(file)) == 1:
        return read_iddata(path).select(inputs, outputs)
    columns = file.resolve([*inputs, *outputs])
    values, times = read_with_times(file, columns, time_column)
    labels = None if record_column is None else file.read_text(file.resolve_label(record_column))
    table = Table(values, labels)
    names = table.expand(inputs), table.expand(outputs)
    _check_apart(path, names)
    u, y = (
        _matrix(path, table, columns, nan)
        for columns, nan in zip(names, (False, missing_outputs), strict=True)
    )
    groups = _row_groups(table, len(u))
    found = tuple(f"{_shown(path.name)}{label}" for label, _ in groups)
    step = None
    for label, (_, rows) in zip(found, groups, strict=True):
        step = step_of(times, rows, label, step)
    return NamedRecords(
        [u[rows] for _, rows in groups],
        [y[rows] for _, rows in groups],
        *names,
        found,
        sampling_time=step,
    )


def _joined(
    parts: Sequence[NamedRecords], paths: Sequence[Path], has_outputs: bool
) -> NamedRecords:
    """Put the records of all files together."""
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if (part.input_names, part.output_names) != (first.input_names, first.output_names):
            raise DataFileError(
                f"{path} must have the columns of the first file, "
                f"{first.input_names + first.output_names}; it has "
                f"{part.input_names + part.output_names}. Name the columns one by one."
            )
        one, two = first.sampling_time, part.sampling_time
        if one is not None and two is not None and not same_sampling_time(one, two):
            raise DataFileError(
                f"{path} must have the sampling time of the first file, {show_seconds(one)}; it "
                f"has {show_seconds(two)}. Resample it, or pass the files of one sampling time."
            )
    return replace(
        first,
        u=[u for part in parts for u in part.u],
        y=[y for part in parts for y in part.y or []] if has_outputs else None,
        labels=tuple(label for part in parts for label in part.labels),
    )


def _check_apart(path: Path, names: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    both = set(names[0]) & set(names[1])
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
