"""``fastlstm fit``: train a model on data files and save it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.errors import INTERRUPTED, say

if TYPE_CHECKING:
    from fastlstm.cli.progress import Quiet
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.tables import NamedRecords


def fit(
    data: options.Data,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    model_path: Annotated[
        Path, typer.Option("--model", "-m", help="Where to write the model.")
    ] = Path("model.safetensors"),
    hidden: options.Hidden = "auto",
    head: options.Head = "auto",
    solver: Annotated[str, typer.Option("--solver", help="Training method.")] = "auto",
    alpha: Annotated[float, typer.Option("--alpha", help="Ridge on the weights.")] = 1e-4,
    washout: Annotated[
        str, typer.Option("--washout", help="First steps of a record that are not scored, or auto.")
    ] = "auto",
    validation_fraction: Annotated[
        float, typer.Option("--validation-fraction", help="Part of the data that judges the model.")
    ] = 0.2,
    missing_target: Annotated[
        str, typer.Option("--missing-target", help="NaN in outputs: raise, or mask them.")
    ] = "raise",
    loss: Annotated[
        str, typer.Option("--loss", help="squared, or huber or soft_l1 for data with outliers.")
    ] = "squared",
    time_limit: options.TimeLimit = 10.0,
    seed: options.Seed = 0,
    jobs: options.Jobs = 1,
    quiet: options.Quiet = False,
) -> None:
    """Train a model on measured records and save it.

    Ctrl-C stops the training and saves the best model so far.
    """
    parameters = {
        "hidden_sizes": options.parse_sizes(hidden),
        "head_sizes": options.parse_sizes(head),
        "washout": options.parse_washout(washout),
    }
    from fastlstm.cli.data import check_writable, records_for_fit
    from fastlstm.cli.progress import make_progress

    check_writable(model_path, (".safetensors",))
    records = records_for_fit(data, inputs, outputs, record, missing_target == "mask")

    from fastlstm.regressor import LSTMRegressor

    model = LSTMRegressor(
        **parameters,
        solver=solver,
        alpha=alpha,
        validation_fraction=validation_fraction,
        missing_target=missing_target,
        loss=loss,
        time_limit=time_limit,
        random_state=seed,
        n_jobs=jobs,
    )
    model = train(model, records, make_progress(quiet))
    model.save(model_path)
    print_result(model, records, model_path)
    if was_interrupted(model):
        say(f"Interrupted: the best model so far is in {model_path}.")
        raise typer.Exit(INTERRUPTED)


def train(model: LSTMRegressor, records: NamedRecords, display: Quiet) -> LSTMRegressor:
    """Fit a model; after Ctrl-C, wherever it strikes, the best model so far."""
    from fastlstm.tables import Frame

    assert records.y is not None
    X = [Frame(u, records.input_names) for u in records.u]
    y = [Frame(part, records.output_names) for part in records.y]
    try:
        with display:
            return model.fit(X, y, callback=display)
    except KeyboardInterrupt:
        best = display.best_model()
        if best is None:
            raise
        return best


def was_interrupted(model: LSTMRegressor) -> bool:
    """Whether Ctrl-C ended the training."""
    from fastlstm.solvers.problem import Status

    return model.status_ == Status.INTERRUPTED.value


def print_result(model: LSTMRegressor, records: NamedRecords, path: Path) -> None:
    """How the training went, and how well the model reproduces its records."""
    from fastlstm.cli.data import run_model
    from fastlstm.cli.report import count, first_scored, score_table

    assert records.y is not None
    typer.echo(
        f"{path}: {model.network_.n_params} weights, {model.n_iter_} iterations, "
        f"{model.cpu_time_:.2f} s CPU, {model.fit_time_:.2f} s wall, {model.status_}"
    )
    washout = first_scored(records.y, model.washout_)
    number = count(len(records.u), "training record")
    typer.echo(f"Free run on {number}, without the first {washout} steps:")
    y_sim = run_model(model, records, n_init=0)
    typer.echo(score_table(records.output_names, records.y, y_sim, washout))
