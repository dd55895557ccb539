"""MATLAB files up to version 7. Sizes are checked before anything is allocated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import DataFileError
from fastlstm.tables.arrays import ArrayFile
from fastlstm.tables.base import FloatArray
from fastlstm.tables.mat5 import DamagedFileError, Variable, load_variable, scan_variables
from fastlstm.tables.mat5_struct import read_struct


class MatFile(ArrayFile):
    """A file written by MATLAB's ``save`` with ``-v4``, ``-v6`` or ``-v7``, or by SciPy."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._variables: dict[str, Variable] = {}
        with path.open("rb") as file:
            header = file.read(128)
        version = 4 if 0 in header[:4] else max(header[124:126], default=0)
        if version == 2:
            raise DataFileError(
                f"{path} must be a MAT file up to version 7; it is version 7.3 (HDF5). Save it in "
                "MATLAB with save(..., '-v7')."
            )
        if version == 4:
            self._scan_version_4()
        else:
            self._scan_version_5()

    def _scan_version_5(self) -> None:
        try:
            variables = scan_variables(self.path)
        except DamagedFileError as error:
            raise self.unreadable("MAT", error) from error
        self._variables = {variable.name: variable for variable in variables if variable.name}
        for name, variable in self._variables.items():
            self.add_array(name, variable.shape, variable.refusal)

    def _scan_version_4(self) -> None:
        from scipy.io import whosmat

        try:
            listing = whosmat(str(self.path), appendmat=False)
        # SciPy raises errors of many types on damaged files; all of them mean the same here.
        except Exception as error:
            raise self.unreadable("MAT", error) from error
        for name, shape, kind in listing:
            self.add_array(name, shape, None if kind == "double" else f"holds {kind}, not numbers")

    def structs(self) -> dict[str, Any]:
        """Every struct of the file, as `read_struct` gives it."""
        try:
            return {
                name: read_struct(self.path, variable)
                for name, variable in self._variables.items()
                if variable.is_struct
            }
        except DamagedFileError as error:
            raise self.unreadable("MAT", error) from error

    def load(self, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """Arrays by name."""
        if not self._variables:
            return self._load_version_4(names)
        try:
            return {name: load_variable(self.path, self._variables[name]) for name in names}
        except DamagedFileError as error:
            raise self.unreadable("MAT", error) from error

    def _load_version_4(self, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        from scipy.io import loadmat

        try:
            content = loadmat(str(self.path), appendmat=False, variable_names=list(names))
            return {name: np.asarray(content[name]) for name in names}
        except Exception as error:
            raise self.unreadable("MAT", error) from error


def write_mat(path: Path, columns: Mapping[str, FloatArray]) -> None:
    """Write columns as column vectors of a version 5 file, under names that MATLAB accepts."""
    from scipy.io import savemat

    variables = {matlab_name(name): column for name, column in columns.items()}
    savemat(str(path), variables, appendmat=False, oned_as="column", do_compression=True)


def matlab_name(name: str) -> str:
    """MATLAB identifier nearest to a column name.

    Examples
    --------
    >>> matlab_name("flow (l/s)"), matlab_name("0")
    ('flow__l_s_', 'x0')
    """
    word = re.sub(r"[^0-9A-Za-z_]", "_", name)
    return word if word[:1].isalpha() else f"x{word}"
