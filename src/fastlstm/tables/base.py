"""A table of named columns, and what every reader of a data file has in common."""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import DataFileError

FloatArray = NDArray[np.float64]

# Numbers are counted as float64, whatever the file stores, before any of them is read.
MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Table:
    """Columns of one data file.

    Parameters
    ----------
    columns : dict of str to array of shape (n_rows,)
        Float64 columns by name, in the order they were asked for. Arrays of different lengths can
        stand side by side in an NPZ or MAT file.
    labels : list of str or None
        The cells of the column that tells the records apart, if one was asked for.
    """

    columns: dict[str, FloatArray]
    labels: list[str] | None = None

    def expand(self, names: Iterable[str]) -> tuple[str, ...]:
        """Column names meant by `names`: ``u`` stands for ``u_0, u_1, ...`` as well."""
        available = list(self.columns)
        found = (column for name in names for column in match_columns(name, available))
        return tuple(dict.fromkeys(found))


class TableFile(ABC):
    """An opened data file whose names and sizes are known and whose numbers are not yet read.

    Parameters
    ----------
    path : Path
        An existing file.

    Attributes
    ----------
    names : list of str
        Columns that can be read.
    refused : dict of str to str
        Why the other named parts of the file are not columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.refused: dict[str, str] = {}

    @abstractmethod
    def read(self, names: Sequence[str]) -> dict[str, FloatArray]:
        """Columns by name; all names are in `self.names`."""

    @abstractmethod
    def read_text(self, name: str) -> list[str]:
        """Cells of one column as text."""

    def resolve(self, names: Sequence[str]) -> list[str]:
        """Column names meant by `names`, each once, or an error that lists what there is.

        Raises
        ------
        DataFileError
            If a name is missing, ambiguous, or names something that is not a column.
        """
        found = [column for name in names for column in self._resolve_one(name)]
        return list(dict.fromkeys(found))

    def resolve_label(self, name: str) -> str:
        """Name of the one column meant by `name`, whose cells may be text."""
        columns = self.resolve([name])
        if len(columns) > 1:
            raise DataFileError(
                f"the record column must be one column; {name!r} stands for "
                f"{describe_names(columns)} of {self.path}. Choose one of them."
            )
        return columns[0]

    def _resolve_one(self, name: str) -> list[str]:
        if name in self.refused:
            raise DataFileError(
                f"column {name!r} of {self.path} must be a signal; it {self.refused[name]}. "
                f"Choose from {describe_names(self.names)}."
            )
        columns = match_columns(name, self.names)
        if not columns:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise DataFileError(
                f"{self.path} must have a column {name!r}; it has {describe_names(self.names)}. "
                f"{hint}Pass the names as they stand in the file."
            )
        if self.names.count(columns[0]) > 1:
            raise DataFileError(
                f"column {name!r} of {self.path} must be unique; {self.names.count(columns[0])} "
                "columns have this name. Rename them."
            )
        return columns

    def check_size(self, n_values: int) -> None:
        """Refuse more numbers than MAX_BYTES holds, before they are read.

        Raises
        ------
        DataFileError
            If `n_values` float64 numbers need more than MAX_BYTES.
        """
        if n_values * 8 > MAX_BYTES:
            raise DataFileError(
                f"{self.path} must hold at most {MAX_BYTES >> 20} MiB of numbers; the columns "
                f"asked for claim {n_values * 8 / 2**20:.0f} MiB. Split the file, or ask for "
                "fewer columns."
            )

    def unreadable(self, kind: str, error: BaseException) -> DataFileError:
        """Error for a file whose content is not what its name promises."""
        reason = f"{type(error).__name__}: {error}".strip().rstrip(".")
        return DataFileError(
            f"{self.path} must be a complete {kind} file; reading it failed with {reason}. "
            "Write the file again, or give it the extension of its format."
        )


def match_columns(name: str, available: Sequence[str]) -> list[str]:
    """Columns that `name` stands for: itself, ``u[1]`` for ``u_1``, or all of ``u_0, u_1, ...``.

    Examples
    --------
    >>> match_columns("u", ["u_0", "u_1", "y"])
    ['u_0', 'u_1']
    >>> match_columns("u[1]", ["u_0", "u_1", "y"])
    ['u_1']
    """
    if name in available:
        return [name]
    indexed = re.fullmatch(r"(.+)\[(\d+)\]", name)
    if indexed:
        column = f"{indexed[1]}_{int(indexed[2])}"
        return [column] if column in available else []
    columns = []
    while f"{name}_{len(columns)}" in available:
        columns.append(f"{name}_{len(columns)}")
    return columns


def describe_names(names: Sequence[str], limit: int = 12) -> str:
    """Names for a message: the first few of them, and how many more there are.

    Examples
    --------
    >>> describe_names(["u", "y"])
    'u, y'
    >>> describe_names([])
    'no columns'
    """
    if not names:
        return "no columns"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(name[:40] for name in names[:limit]) + more
