"""Data of MATLAB's System Identification Toolbox: an `iddata` whose properties lie in a struct."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.sampling import same_sampling_time, sampling_time_of, seconds_per
from fastlstm.tables.base import FloatArray, describe_names
from fastlstm.tables.files import open_table
from fastlstm.tables.mat import MatFile
from fastlstm.tables.mat5 import RECIPE
from fastlstm.tables.named import NamedRecords

# Properties under the names that iddata itself takes, in lower case
U, Y = ("u", "inputdata"), ("y", "outputdata")


def read_iddata(path: str | os.PathLike[str], variable: str | None = None) -> NamedRecords:
    """Read a struct with the properties of an `iddata`, one or many experiments.

    An `iddata` object itself cannot be read outside MATLAB; the error message of this function has
    the line that makes a struct of it.

    Parameters
    ----------
    path : path
        MAT file up to version 7.
    variable : str, optional
        Name of the struct, where the file has several.

    Returns
    -------
    records : NamedRecords
        From the fields ``y`` and ``u`` (matrices, or cells with one matrix per experiment), and
        where they exist ``Ts`` or ``SamplingInstants``, ``TimeUnit``, ``InputName``,
        ``OutputName``, ``InputUnit``, ``OutputUnit`` and ``ExperimentName``.

    Raises
    ------
    DataFileError
        If there is no such struct, or its fields contradict each other.
    """
    file = open_table(path)
    found = iddata_structs(file)
    if variable is None and len(found) == 1:
        variable = next(iter(found))
    if variable not in found:
        raise _not_found(file, found, variable)
    return _Reader(Path(path), variable, found[variable]).records()


def iddata_structs(file: Any) -> dict[str, dict[str, Any]]:
    """Structs of a file that have the data of an `iddata`, with field names in lower case."""
    if not isinstance(file, MatFile):
        return {}
    structs = {
        name: {field.lower(): value for field, value in content.items()}
        for name, content in file.structs().items()
        if isinstance(content, dict)
    }
    return {name: s for name, s in structs.items() if _property(s, U) and _property(s, Y)}


def _property(fields: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in fields), None)


def _not_found(file: Any, found: Mapping[str, Any], variable: str | None) -> DataFileError:
    objects = [name for name, why in file.refused.items() if "MATLAB object" in why]
    if objects and not found:
        return DataFileError(
            f"{file.path} must hold the iddata as a struct; {objects[0]!r} "
            f"{file.refused[objects[0]]}"
        )
    asked = "just one struct" if variable is None else f"a struct {variable!r}"
    return DataFileError(
        f"{file.path} must have {asked} with the fields u and y of an iddata; it has "
        f"{describe_names(list(found)) if found else 'none'}. Name one of them, or make one in "
        f"MATLAB of an iddata z: {RECIPE}"
    )


class _Reader:
    """Takes checked values out of the struct."""

    def __init__(self, path: Path, variable: str, fields: Mapping[str, Any]) -> None:
        self._where = f"{variable!r} of {path}"
        self._file = path.name
        self._fields = fields

    def records(self) -> NamedRecords:
        """All experiments."""
        if str(self._fields.get("domain", "")).lower().startswith("freq"):
            raise self._error("domain", "be Time", "it is Frequency", "Convert it with ifft")
        u, y = self._matrices(U), self._matrices(Y)
        if [len(part) for part in u] != [len(part) for part in y]:
            raise self._error(
                "u",
                "have as many steps as y in every experiment",
                f"they have {[len(part) for part in u]} and {[len(part) for part in y]}",
                "Cut them to the steps they share",
            )
        n_inputs, n_outputs = u[0].shape[1], y[0].shape[1]
        labels = self._texts("experimentname", len(u)) or [f"Exp{k + 1}" for k in range(len(u))]
        return NamedRecords(
            u,
            y,
            tuple(self._texts("inputname", n_inputs) or [f"u{k + 1}" for k in range(n_inputs)]),
            tuple(self._texts("outputname", n_outputs) or [f"y{k + 1}" for k in range(n_outputs)]),
            tuple(f"{self._file}[{label}]" for label in labels),
            self._units("inputunit", n_inputs),
            self._units("outputunit", n_outputs),
            self._sampling_time(len(u)),
        )

    def _matrices(self, names: tuple[str, ...]) -> list[FloatArray]:
        """One matrix per experiment, time along the rows."""
        name = _property(self._fields, names) or names[0]
        value = self._fields[name]
        parts = value if isinstance(value, list) else [value]
        matrices = [self._matrix(part, name) for part in parts]
        if not matrices or any(m.shape[1] != matrices[0].shape[1] for m in matrices):
            raise self._error(
                name,
                "have the same channels in every experiment",
                f"it has {[m.shape[1] for m in matrices]}",
                "Use getexp to choose",
            )
        return matrices

    def _matrix(self, part: Any, name: str) -> FloatArray:
        if not isinstance(part, np.ndarray) or part.ndim != 2 or part.size == 0:
            raise self._error(
                name,
                "be a matrix of real numbers, or a cell with one per experiment",
                f"it is {_describe(part)}",
                "A model needs measured inputs and outputs",
            )
        column = part.reshape(-1, 1) if part.shape[0] == 1 else part
        if name in U and not np.isfinite(column).all():
            raise self._error(name, "be finite", "it has NaN or Inf", "Fill the gaps, see misdata")
        return np.ascontiguousarray(column)

    def _texts(self, name: str, count: int) -> list[str] | None:
        """One text for each, or None."""
        value = self._fields.get(name)
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not any(texts):
            return None
        if len(texts) != count or not all(isinstance(text, str) for text in texts):
            raise self._error(name, f"have {count} entries", f"it has {len(texts)}", "Correct it")
        return texts

    def _units(self, name: str, count: int) -> tuple[str, ...] | None:
        units = self._texts(name, count)
        return None if units is None else tuple(units)

    def _sampling_time(self, n_records: int) -> float | None:
        unit = seconds_per(str(self._fields.get("timeunit") or "seconds"))
        steps = self._steps(n_records)
        if unit is None or not steps:
            return None
        if not all(same_sampling_time(steps[0], step) for step in steps):
            raise self._error("ts", "be the same in every experiment", f"it is {steps}", "Resample")
        return steps[0] * unit

    def _steps(self, n_records: int) -> list[float]:
        """List the sampling times of the experiments in the unit of time; empty if unspecified."""
        value = self._fields.get("ts")
        parts = value if isinstance(value, list) else [value]
        arrays = [p for p in parts if isinstance(p, np.ndarray) and p.size == 1]
        steps = [float(array.item()) for array in arrays]
        if len(steps) in (1, n_records) and steps and all(0.0 < s < np.inf for s in steps):
            return steps
        instants = self._fields.get("samplinginstants")
        listed = instants if isinstance(instants, list) else [instants]
        times = [p.ravel() for p in listed if isinstance(p, np.ndarray) and p.size > 1]
        try:
            return [sampling_time_of(t, f" of experiment {k}") for k, t in enumerate(times)]
        except ValueError as error:
            raise DataFileError(f"{self._where}: {error}") from error

    def _error(self, name: str, rule: str, was: str, advice: str) -> DataFileError:
        return DataFileError(f"field {name!r} of {self._where} must {rule}; {was}. {advice}.")


def _describe(part: Any) -> str:
    return f"of shape {part.shape}" if isinstance(part, np.ndarray) else type(part).__name__
