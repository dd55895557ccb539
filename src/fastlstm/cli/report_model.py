"""``fastlstm report``: one HTML page about a saved model on measured records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.outcome import Outcome


def report(
    model_path: options.Model,
    data: options.Data,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML file to write; default: the model's name.html."),
    ] = None,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    init: options.InitWindow = 0,
    washout: options.Washout = None,
) -> Outcome:
    """Write one HTML page about a saved model on measured records.

    Measured against simulated output, residuals with their bounds and distribution, errors,
    training, structure, scaling and stability. The page is one file and fetches nothing.
    """
    from fastlstm.cli.data import as_model_inputs, check_writable, records_for_model
    from fastlstm.loading import load
    from fastlstm.report import write_model_report
    from fastlstm.tables import Frame

    path = out or Path(f"{model_path.stem}.html")
    check_writable(path, (".html", ".htm"))
    model = load(model_path)
    records = records_for_model(model, data, inputs, outputs, record)
    assert records.y is not None
    fit = write_model_report(
        model,
        as_model_inputs(model, records),
        [Frame(y, records.output_names) for y in records.y],
        path,
        n_init=init,
        washout=washout,
        labels=records.labels,
    )
    text = f"{path}: fit {fit:.2f} % in free run"
    return Outcome(text, {"file": path, "fit_percent": fit, "records": list(records.labels)})
