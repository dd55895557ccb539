"""Arrays of one or two dimensions as columns; shared by the formats that store arrays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import DataFileError
from fastlstm.tables import base
from fastlstm.tables.base import FloatArray, TableFile


class ArrayFile(TableFile):
    """A file of named arrays. A matrix with k > 1 columns gives ``name_0`` to ``name_{k-1}``.

    Row vectors and column vectors both give one column, named like the array.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._place: dict[str, tuple[str, int]] = {}
        self._size: dict[str, int] = {}

    def add_array(self, name: str, shape: Sequence[int], refusal: str | None = None) -> None:
        """Register the columns of one array, or why it has none."""
        refusal = refusal or shape_refusal(tuple(shape))
        if refusal:
            self.refused[name] = refusal
            return
        if len(shape) == 1 or 1 in shape:
            columns = [name]
        else:
            columns = [f"{name}_{index}" for index in range(shape[1])]
        self._size[name] = prod(shape)
        self._place.update({column: (name, index) for index, column in enumerate(columns)})
        self.names.extend(columns)

    @abstractmethod
    def load(self, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """Arrays by name."""

    def read(self, names: Sequence[str]) -> dict[str, FloatArray]:
        """Columns by name; all names are in `self.names`."""
        arrays = self._load_checked(names)
        return {name: self._column(arrays, name).astype(np.float64) for name in names}

    def read_text(self, name: str) -> list[str]:
        """Cells of one column as text."""
        return [f"{value:g}" for value in self._column(self._load_checked([name]), name)]

    def _load_checked(self, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        sources = list(dict.fromkeys(self._place[name][0] for name in names))
        self.check_size(sum(self._size[source] for source in sources))
        return self.load(sources)

    def _column(self, arrays: dict[str, NDArray[np.generic]], name: str) -> NDArray[np.generic]:
        source, index = self._place[name]
        array = arrays[source]
        if array.dtype.kind not in "biuf":
            raise DataFileError(
                f"column {name!r} of {self.path} must hold real numbers; it holds {array.dtype}. "
                "Store the signal as float64."
            )
        if array.ndim == 1 or 1 in array.shape:
            return array.reshape(-1)
        return array[:, index]


def shape_refusal(shape: tuple[int, ...]) -> str | None:
    """Why an array of this shape is not a signal; None if it is one.

    Examples
    --------
    >>> shape_refusal((100, 2)) is None
    True
    >>> shape_refusal((2, 100))
    'has shape (2, 100), but time must run along the rows: store its transpose'
    """
    if prod(shape) * 8 > base.MAX_BYTES:
        return (
            f"claims {prod(shape) * 8 >> 20} MiB, but must have at most {base.MAX_BYTES >> 20} MiB"
        )
    if len(shape) == 0 or (len(shape) == 2 and shape == (1, 1)):
        return "is a single number"
    if len(shape) > 2:
        return f"has shape {shape}, but must be a vector or a matrix"
    if len(shape) == 2 and 1 < shape[0] < shape[1]:
        return f"has shape {shape}, but time must run along the rows: store its transpose"
    return None
