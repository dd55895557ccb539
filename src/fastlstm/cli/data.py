"""Which columns of the data files a command uses, and the records made of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fastlstm.cli.options import split_names
from fastlstm.exceptions import DataFileError
from fastlstm.sampling import is_time_name

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.tables import Frame, NamedRecords
    from fastlstm.tables.base import FloatArray


def records_for_fit(
    paths: list[Path],
    inputs: list[str] | None,
    outputs: list[str] | None,
    record: str | None,
    time: str = "auto",
    missing_outputs: bool = False,
) -> NamedRecords:
    """Read the records to learn from; the columns u and y are found without being named.

    A file with the struct of an `iddata` knows which channels are inputs and outputs. Outputs may
    be NaN if `missing_outputs`.
    """
    from fastlstm.tables import open_table, read_iddata, read_records
    from fastlstm.tables.base import describe_names
    from fastlstm.tables.iddata import iddata_structs

    u_names, y_names = split_names(inputs), split_names(outputs)
    if not u_names and not y_names:
        file = open_table(paths[0])
        if len(iddata_structs(file)) == 1:
            first = read_iddata(paths[0])
            return read_records(
                paths, first.input_names, first.output_names, record, None, missing_outputs
            )
        names = [name for name in file.names if not is_time_name(name)]
        if sorted(set(names) - {record, time}) != ["u", "y"]:
            raise DataFileError(
                f"--input and --output must name columns, unless the file has just u and y; "
                f"{paths[0]} has {describe_names(names)}. Pass e.g. --input u1,u2 --output y."
            )
        u_names, y_names = ["u"], ["y"]
    if not u_names or not y_names:
        missing = "--input" if not u_names else "--output"
        raise DataFileError(
            f"{missing} must name at least one column; got none. Pass both --input and --output."
        )
    return read_records(paths, u_names, y_names, record, time_column(time), missing_outputs)


def time_column(time: str) -> str | None:
    """Value of the option --time as `read_records` takes it."""
    return None if time == "none" else time


def records_for_model(
    model: LSTMRegressor,
    paths: list[Path],
    inputs: list[str] | None,
    outputs: list[str] | None,
    record: str | None,
    time: str = "auto",
) -> NamedRecords:
    """Read records for a model: the columns named, else those it was fitted with.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    paths : list of Path
    inputs, outputs : list of str or None
        Values of the options; `outputs` is an empty list where no output is needed.
    record : str or None
        Column that tells records apart.
    time : str
        Column of time stamps, "auto" or "none".
    """
    from fastlstm.tables import read_records

    u_names = split_names(inputs) or list(getattr(model, "feature_names_in_", ["u"]))
    y_names = [] if outputs == [] else split_names(outputs) or output_names(model)
    guessed = {
        "--input": [] if inputs or hasattr(model, "feature_names_in_") else u_names,
        "--output": [] if outputs or hasattr(model, "output_names_") else y_names,
    }
    _check_guessed(guessed, paths[0])
    masks = model.missing_target == "mask"
    records = read_records(paths, u_names, y_names, record, time_column(time), masks)
    for kind, found, expected in (
        ("--input", records.input_names, model.n_features_in_),
        ("--output", records.output_names, model.n_outputs_),
    ):
        if len(found) != expected and (kind == "--input" or y_names):
            raise DataFileError(
                f"{kind} must name the {expected} channels that the model was fitted with; got "
                f"{', '.join(found)}. Pass them in the order used in fit."
            )
    return records


def _check_guessed(guessed: dict[str, list[str]], path: Path) -> None:
    """Names that neither the user nor the model gave must be in the first file.

    Raises
    ------
    DataFileError
        If they are not, as for a model that was fitted to plain arrays.
    """
    from fastlstm.tables import open_table
    from fastlstm.tables.base import describe_names, match_columns
    from fastlstm.tables.iddata import iddata_structs

    if not any(guessed.values()):
        return
    file = open_table(path)
    if iddata_structs(file):  # has channels, not columns
        return
    names = file.names
    options = [
        option
        for option, wanted in guessed.items()
        if not all(match_columns(name, names) for name in wanted)
    ]
    if options:
        raise DataFileError(
            f"{' and '.join(options)} must name columns: the model was fitted to arrays without "
            f"names, and {path} has {describe_names(names)}. Pass the columns in the order of fit."
        )


def output_names(model: LSTMRegressor) -> list[str]:
    """Names of the outputs of a model: those of the columns it was fitted to, if it knows them."""
    names = getattr(model, "output_names_", None)
    if names is not None:
        return [str(name) for name in names]
    return ["y"] if model.n_outputs_ == 1 else [f"y_{k}" for k in range(model.n_outputs_)]


def as_model_inputs(model: LSTMRegressor, records: NamedRecords) -> list[Frame]:
    """Give the inputs of all records the names that the model knows them by, if it knows any."""
    from fastlstm.tables import Frame

    names = getattr(model, "feature_names_in_", None)
    return [Frame(u.values, names, u.units, u.sampling_time) for u in records.inputs]


def run_model(model: LSTMRegressor, records: NamedRecords, n_init: int) -> list[FloatArray]:
    """Simulate all records; every result has shape (n_timesteps, n_outputs).

    With `n_init` > 0 the first measured outputs set the initial state of every record.
    """
    X = as_model_inputs(model, records)
    if n_init > 0 and records.y is not None:
        y_sim = model.simulate(X, [y[:n_init] for y in records.y])
    else:
        y_sim = model.predict(X)
    return [part.reshape(len(part), -1) for part in y_sim]


def make_folder(path: Path) -> None:
    """Make a folder for results, and those above it.

    Raises
    ------
    DataFileError
        If it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataFileError(
            f"--out must be a folder, or one that can be made; {path} cannot: {error}. "
            "Choose another."
        ) from error


def check_writable(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that could not be written at the end of a long run.

    Raises
    ------
    DataFileError
        If the extension is not one of `suffixes`, or the folder is not there or not writable.
    """
    if path.suffix.lower() not in suffixes:
        raise DataFileError(
            f"output file must end in {' or '.join(suffixes)}; got {path}. Choose another name."
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK) or path.is_dir():
        raise DataFileError(
            f"{path} must be a file in a folder that exists and can be written; it is not. "
            "Make the folder first, or choose another."
        )
