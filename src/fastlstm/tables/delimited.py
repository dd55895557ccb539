"""CSV and other delimited text, read in blocks so that memory follows the numbers, not the text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.tables.base import FloatArray, TableFile

MAX_LINE = 1_000_000
BLOCK_ROWS = 8192

Block = tuple[list[int], list[list[str]]]  # line numbers, rows of cells


class DelimitedFile(TableFile):
    """Text with one row per step, separated by semicolons, tabs or commas.

    The separator is the first of these three that the first line contains. Where it is not a comma,
    numbers may be written with a decimal comma. The first row is a header unless all its cells are
    numbers; without a header the columns are named 0, 1, 2, ...
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            start = file.readline(MAX_LINE + 1)
        unquoted = "".join(start.split('"')[::2])
        self._delimiter = next((sign for sign in ";\t" if sign in unquoted), ",")
        first = next(self._rows(), None)
        if first is None:
            raise DataFileError(
                f"{path} must have at least one row of numbers; it is empty. Pass another file."
            )
        cells = [cell.strip() for cell in first[1]]
        self._header = not all(self._is_number(cell) for cell in cells)
        self._cells = cells if self._header else [str(index) for index in range(len(cells))]
        self.names = [name for name in self._cells if name]

    def read(self, names: Sequence[str]) -> dict[str, FloatArray]:
        """Columns by name; all names are in `self.names`."""
        places = [self._cells.index(name) for name in names]
        parts: list[list[FloatArray]] = [[] for _ in names]
        for lines, rows in self._blocks():
            columns = list(zip(*rows, strict=True))
            for part, place in zip(parts, places, strict=True):
                part.append(self._floats(columns[place], lines, self._cells[place]))
        if names and not parts[0]:
            raise DataFileError(
                f"{self.path} must have rows below its header; it has none. Pass another file."
            )
        return {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}

    def read_text(self, name: str) -> list[str]:
        """Cells of one column as text."""
        place = self._cells.index(name)
        return [row[place].strip() for _, rows in self._blocks() for row in rows]

    def _floats(self, cells: Sequence[str], lines: Sequence[int], name: str) -> FloatArray:
        try:
            return np.array(list(map(float, map(self._point, cells))))
        except ValueError:
            bad = next(index for index, cell in enumerate(cells) if not self._is_number(cell))
        cell = cells[bad].strip()
        raise DataFileError(
            f"column {name!r} of {self.path} must hold numbers; line {lines[bad]} has "
            f"{repr(cell[:40]) if cell else 'an empty cell'}. Correct the cell, or choose another "
            "column."
        )

    def _point(self, cell: str) -> str:
        return cell if self._delimiter == "," else cell.replace(",", ".")

    def _is_number(self, cell: str) -> bool:
        try:
            float(self._point(cell))
        except ValueError:
            return False
        return True

    def _blocks(self) -> Iterator[Block]:
        """Rows below the header, a few thousand at a time, all as wide as the first row."""
        lines: list[int] = []
        rows: list[list[str]] = []
        reader = self._rows()
        if self._header:
            next(reader)
        for line, row in reader:
            if len(row) != len(self._cells):
                raise DataFileError(
                    f"every row of {self.path} must have {len(self._cells)} cells like the first; "
                    f"line {line} has {len(row)}. Correct the line."
                )
            lines.append(line)
            rows.append(row)
            if len(rows) == BLOCK_ROWS:
                yield lines, rows
                lines, rows = [], []
        if rows:
            yield lines, rows

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of every row that is not blank."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(self._lines(file), delimiter=self._delimiter, strict=True)
                for row in reader:
                    if row:
                        yield reader.line_num, row
        except (UnicodeDecodeError, csv.Error) as error:
            raise self.unreadable("UTF-8 text", error) from error

    def _lines(self, file: TextIO) -> Iterator[str]:
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise DataFileError(
                    f"lines of {self.path} must be shorter than {MAX_LINE} characters; one is "
                    "longer. Write one row per time step."
                )
            yield line


def write_delimited(path: Path, columns: Mapping[str, FloatArray]) -> None:
    """Write columns of equal length as CSV, every number with all its digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
