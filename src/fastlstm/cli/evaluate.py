"""``fastlstm evaluate``: a saved model against measured records, in numbers and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastlstm.cli import options
from fastlstm.cli.outcome import Failure, Outcome, failure_of
from fastlstm.cli.output import say

if TYPE_CHECKING:
    from fastlstm.tables import NamedRecords
    from fastlstm.tables.base import FloatArray


def evaluate(
    model_path: options.Model,
    data: options.Data,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    time: options.Time = "auto",
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Picture to write; default: the first data file's name.png."),
    ] = None,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Write no picture.")] = False,
    init: options.InitWindow = 0,
    washout: options.Washout = None,
    sampling_time: options.SamplingTime = None,
) -> Outcome:
    """Compare a saved model in free run with measured outputs.

    Prints RMSE, NRMSE and fit of every output, and writes a picture of measured against simulated
    output with the residual. Steps used for the initial state (--init) are not scored; without it,
    the washout of the model is not. NaN in outputs is left out where the model was fitted
    with --missing-target mask.
    """
    from fastlstm.cli.data import check_writable, records_for_model, run_model
    from fastlstm.cli.report import count, first_scored, score_outputs, score_table
    from fastlstm.loading import load

    picture = None if no_plot else plot or Path(f"{data[0].stem}.png")
    if picture is not None:
        check_writable(picture, (".png", ".pdf", ".svg"))
    model = load(model_path)
    records = records_for_model(model, data, inputs, outputs, record, time)
    assert records.y is not None
    y_sim = run_model(model, records, init)
    automatic = 0 if init > 0 else first_scored(records.y, model.washout_)
    skipped = max(init, automatic if washout is None else washout)
    scores = score_outputs(records.output_names, records.y, y_sim, skipped)
    title = f"Free run on {count(len(y_sim), 'record')}, without the first {skipped} steps:"
    lines, failure = [title, score_table(scores)], None
    if picture is not None:
        step = sampling_time or records.sampling_time or model.sampling_time_
        failure = try_to_draw(picture, records, y_sim, step, skipped)
        if failure is None:
            lines.append(f"Picture: {picture}")
        elif plot is None:  # a picture that nobody asked for may be missing
            say(f"No picture: {failure.message}")
            picture = failure = None
    result = {
        "records": list(records.labels),
        "n_steps": sum(map(len, y_sim)),
        "n_init": init,
        "washout": skipped,
        "outputs": scores,
        "picture": None if failure else picture,
    }
    return Outcome("\n".join(lines), result, failure)


def try_to_draw(path: Path, *what: Any) -> Failure | None:
    """Draw; the numbers are worth printing even where there is nothing to draw with."""
    try:
        draw(path, *what)
    except ImportError as error:
        failure = failure_of(error)
        if failure is None:
            raise
        return failure
    return None


def draw(
    path: Path,
    records: NamedRecords,
    y_sim: list[FloatArray],
    sampling_time: float | None,
    first_scored: int,
) -> None:
    """Picture of all records, one after the other."""
    import numpy as np

    from fastlstm.plots import plot_fit

    assert records.y is not None
    plot_fit(
        np.concatenate(records.y),
        np.concatenate(y_sim),
        sampling_time,
        records.output_names,
        path,
        title=", ".join(records.labels[:4]),
        record_starts=np.cumsum([0, *map(len, y_sim)])[:-1].tolist(),
        first_scored=first_scored,
    )
