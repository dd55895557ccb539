"""``fastlstm fit``: train a model on data files and save it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastlstm.cli import options
from fastlstm.cli.outcome import Outcome, interrupted

if TYPE_CHECKING:
    from fastlstm.cli.progress import Quiet
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.tables import NamedRecords


def fit(
    data: options.Data,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    time: options.Time = "auto",
    model_path: Annotated[
        Path, typer.Option("--model", "-m", help="Where to write the model.")
    ] = Path("model.safetensors"),
    hidden: options.Hidden = "auto",
    head: options.Head = "auto",
    solver: options.Solver = "auto",
    alpha: Annotated[
        str, typer.Option("--alpha", help="Ridge on the weights: a number, or auto.")
    ] = "auto",
    washout: Annotated[
        str, typer.Option("--washout", help="First steps of a record that are not scored, or auto.")
    ] = "auto",
    validation_fraction: Annotated[
        float, typer.Option("--validation-fraction", help="Part of the data that judges the model.")
    ] = 0.2,
    input_delays: options.Delays = "auto",
    input_lags: options.Lags = "0",
    samples_per_step: options.Samples = "auto",
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
) -> Outcome:
    """Train a model on measured records and save it.

    Ctrl-C stops the training and saves the best model so far.
    """
    parameters = {
        "hidden_sizes": options.parse_sizes(hidden),
        "head_sizes": options.parse_sizes(head),
        "alpha": options.parse_alpha(alpha),
        "washout": options.parse_washout(washout),
        "input_delays": options.parse_delays(input_delays),
        "input_lags": options.parse_steps(input_lags),
        "samples_per_step": options.parse_samples(samples_per_step),
    }
    from fastlstm.cli.data import check_writable, records_for_fit
    from fastlstm.cli.progress import make_progress

    check_writable(model_path, (".safetensors",))
    records = records_for_fit(data, inputs, outputs, record, time, missing_target == "mask")

    from fastlstm.regressor import LSTMRegressor

    model = LSTMRegressor(
        **parameters,
        solver=solver,
        validation_fraction=validation_fraction,
        missing_target=missing_target,
        loss=loss,
        time_limit=time_limit,
        random_state=seed,
        n_jobs=jobs,
    )
    model = train(model, records, make_progress(quiet))
    model.save(model_path)
    scores, skipped = scores_of(model, records)
    kept = f"Interrupted: the best model so far is in {model_path}."
    return Outcome(
        describe(model, scores, skipped, len(records.u), model_path),
        {"model": model_path, **facts(model), "washout": skipped, "outputs": scores},
        interrupted(kept) if was_interrupted(model) else None,
    )


def train(model: LSTMRegressor, records: NamedRecords, display: Quiet) -> LSTMRegressor:
    """Fit a model; after Ctrl-C, wherever it strikes, the best model so far."""
    try:
        with display:
            return model.fit(records.inputs, records.outputs, callback=display)
    except KeyboardInterrupt:
        best = display.best_model()
        if best is None:
            raise
        return best


def was_interrupted(model: LSTMRegressor) -> bool:
    """Whether Ctrl-C ended the training."""
    from fastlstm.solvers.problem import Status

    return model.status_ == Status.INTERRUPTED.value


def scores_of(model: LSTMRegressor, records: NamedRecords) -> tuple[list[dict[str, Any]], int]:
    """How well the model reproduces its records, and the steps that are not scored."""
    from fastlstm.cli.data import run_model
    from fastlstm.cli.report import first_scored, score_outputs

    assert records.y is not None
    washout = first_scored(records.y, model.washout_)
    y_sim = run_model(model, records, n_init=0)
    return score_outputs(records.output_names, records.y, y_sim, washout), washout


def facts(model: LSTMRegressor) -> dict[str, Any]:
    """How the training went, for programs."""
    network = model.network_
    return {
        "hidden_sizes": network.hidden_sizes,
        "head_sizes": network.head_sizes,
        "n_weights": network.n_params,
        "input_delays": model.frame_.delays or (0,) * model.n_features_in_,
        "input_lags": model.input_lags_,
        "samples_per_step": model.frame_.hold,
        "solver": model.solver_,
        "status": model.status_,
        "message": model.message_,
        "n_iter": model.n_iter_,
        "cpu_time": model.cpu_time_,
        "wall_time": model.fit_time_,
        "rmse_train": model.rmse_train_,
        "rmse_validation": model.rmse_validation_,
        "interrupted": was_interrupted(model),
    }


def describe(
    model: LSTMRegressor, scores: list[dict[str, Any]], washout: int, n_records: int, path: Path
) -> str:
    """How the training went, for people."""
    from fastlstm.cli.report import count, score_table

    return (
        f"{path}: {model.network_.n_params} weights, {model.n_iter_} iterations, "
        f"{model.cpu_time_:.2f} s CPU, {model.fit_time_:.2f} s wall, {model.status_}\n"
        f"Free run on {count(n_records, 'training record')}, without the first {washout} steps:\n"
        f"{score_table(scores)}"
    )
