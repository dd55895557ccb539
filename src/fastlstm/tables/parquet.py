"""Parquet through pyarrow, where it is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.tables.base import FloatArray, TableFile


class ParquetFile(TableFile):
    """A Parquet file with one row per step; missing values are read as NaN."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        pyarrow, parquet = _import_pyarrow(path)
        try:
            with parquet.ParquetFile(path) as file:
                self._n_rows = file.metadata.num_rows
                fields = list(file.schema_arrow)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise self.unreadable("Parquet", error) from error
        is_number = (
            pyarrow.types.is_floating,
            pyarrow.types.is_integer,
            pyarrow.types.is_boolean,
            pyarrow.types.is_decimal,
        )
        self._all_names = [field.name for field in fields]
        for field in fields:
            if any(check(field.type) for check in is_number):
                self.names.append(field.name)
            else:
                self.refused[field.name] = f"holds {field.type}, not numbers"

    def read(self, names: Sequence[str]) -> dict[str, FloatArray]:
        """Columns by name; all names are in `self.names`."""
        self.check_size(self._n_rows * len(names))
        pyarrow, _ = _import_pyarrow(self.path)
        table = self._load(names)
        return {
            name: np.array(table.column(name).cast(pyarrow.float64(), safe=False).to_numpy())
            for name in names
        }

    def read_text(self, name: str) -> list[str]:
        """Cells of one column as text."""
        self.check_size(self._n_rows)
        return [str(value) for value in self._load([name]).column(name).to_pylist()]

    def resolve_label(self, name: str) -> str:
        """Name of the one column meant by `name`, whose cells may be text."""
        return name if self._all_names.count(name) == 1 else super().resolve_label(name)

    def _load(self, names: Sequence[str]) -> Any:
        pyarrow, parquet = _import_pyarrow(self.path)
        try:
            with parquet.ParquetFile(self.path) as file:
                return file.read(columns=list(names))
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise self.unreadable("Parquet", error) from error


def write_parquet(path: Path, columns: Mapping[str, FloatArray]) -> None:
    """Write columns of equal length as a Parquet file."""
    pyarrow, parquet = _import_pyarrow("the output")
    parquet.write_table(pyarrow.table(dict(columns)), path)


def _import_pyarrow(what: Path | str) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataFileError(
            f"{what} is a Parquet file, which needs pyarrow; it is not installed. Run "
            "pip install 'fastlstm[parquet]', or convert the file to CSV."
        ) from error
    return pyarrow, pyarrow.parquet
