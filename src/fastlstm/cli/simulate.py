"""``fastlstm simulate``: outputs of a saved model for measured or planned inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.outcome import Outcome

if TYPE_CHECKING:
    from fastlstm.tables.base import FloatArray


def simulate(
    model_path: options.Model,
    data: options.Data,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="CSV, NPZ, MAT or Parquet file to write.")
    ] = Path("y_sim.csv"),
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    time: options.Time = "auto",
    init: options.InitWindow = 0,
) -> Outcome:
    """Simulate a saved model in free run and write its outputs.

    Rows are in the order of the data. Several records are told apart by a column `record`, which
    counts from 0.
    """
    from fastlstm.cli.data import check_writable, output_names, records_for_model, run_model
    from fastlstm.cli.report import count
    from fastlstm.loading import load
    from fastlstm.tables import write_table
    from fastlstm.tables.files import WRITERS

    check_writable(out, tuple(WRITERS))
    model = load(model_path)
    records = records_for_model(model, data, inputs, outputs if init > 0 else [], record, time)
    y_sim = run_model(model, records, init)
    names = records.output_names or tuple(options.split_names(outputs) or output_names(model))
    write_table(out, as_columns(names, y_sim))
    steps = sum(map(len, y_sim))
    result = {"file": out, "n_steps": steps, "n_records": len(y_sim), "outputs": list(names)}
    return Outcome(f"{out}: {count(steps, 'step')} of {count(len(y_sim), 'record')}", result)


def as_columns(names: tuple[str, ...], y_sim: list[FloatArray]) -> dict[str, FloatArray]:
    """One column per output; a column `record` in front if there are several records."""
    import numpy as np

    columns = {}
    if len(y_sim) > 1:
        columns["record"] = np.repeat(np.arange(len(y_sim)), list(map(len, y_sim))).astype(float)
    stacked = np.concatenate(y_sim)
    return columns | {name: stacked[:, k] for k, name in enumerate(names)}
