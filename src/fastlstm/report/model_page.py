"""The page of one model on data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.contestants import describe_sizes
from fastlstm.exceptions import DataWarning
from fastlstm.metrics import fit_percent, mae, nrmse, r2, rmse
from fastlstm.model_run import ModelRun
from fastlstm.report.document import document
from fastlstm.report.markup import number, section, table, tile_row
from fastlstm.report.model_facts import channels, stability, structure
from fastlstm.report.model_training import training
from fastlstm.report.residuals import residuals
from fastlstm.report.traces import traces
from fastlstm.report.view import View
from fastlstm.text import count

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
METRICS = {"RMSE": rmse, "MAE": mae, "NRMSE": nrmse, "Fit %": fit_percent, "R²": r2}
MAX_LABELS = 6


def render_model(
    model: LSTMRegressor, run: ModelRun, n_init: int = 0, labels: Sequence[str] = ()
) -> str:
    """HTML text of the report; the same model and data give the same text.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    run : ModelRun
        Of this model.
    n_init : int
        First measured outputs of every record that set its initial state.
    labels : sequence of str
        Where the records come from.
    """
    scores = _scores(run)
    title = f"Model: {', '.join(run.input_names)} → {', '.join(run.output_names)}"
    start = f"a state set by the first {count(n_init, 'measured step')}" if n_init else "rest"
    note = (
        f"Free run from {start}, from inputs alone. The shaded stretch is the one around the "
        "largest residual, shown in detail beside it."
    )
    view = View.of_model(run)
    body = [
        f'<header><h1>{escape(title)}</h1><p class="sub">{escape(_subtitle(model, run, labels))}'
        f'</p><p class="lead">{escape(_lead(run, scores, start))}</p>{_tiles(model, scores)}'
        "</header>",
        _table(run, scores),
        traces(view, note),
        residuals(view),
        training(model),
        structure(model),
        channels(model, run),
        stability(model),
    ]
    return document(title, body)


def mean_fit(run: ModelRun) -> float:
    """Fit in percent, mean over the outputs that vary; NaN if none does."""
    return _mean(_scores(run)["Fit %"])


def _scores(run: ModelRun) -> dict[str, FloatArray]:
    """Every metric per output on the scored steps; NaN where an output does not vary."""
    assert run.records.y is not None
    y, y_sim = run.records.split(run.records.y), run.records.split(run.y_sim)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a dash in the table says it
        return {
            name: np.atleast_1d(metric(y, y_sim, washout=run.washout))
            for name, metric in METRICS.items()
        }


def _mean(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.mean(finite)) if len(finite) else math.nan


def _subtitle(model: LSTMRegressor, run: ModelRun, labels: Sequence[str]) -> str:
    network = model.network_
    named = ", ".join(labels[:MAX_LABELS]) + (", …" if len(labels) > MAX_LABELS else "")
    return (
        f"{describe_sizes(network.hidden_sizes, network.head_sizes)}, "
        f"{count(network.n_params, 'weight')}, judged on {count(run.records.n_total, 'step')} in "
        f"{count(run.records.n_records, 'record')}{f' ({named})' if named else ''}."
    )


def _lead(run: ModelRun, scores: dict[str, FloatArray], start: str) -> str:
    fit = _mean(scores["Fit %"])
    if not math.isfinite(fit):
        return "No output varies on these records, so there is no fit to state."
    several = len(run.output_names) > 1
    error = "" if several else f" RMSE {number(float(scores['RMSE'][0]))},"
    mean = ", mean over the outputs" if several else ""
    return f"In free run from {start}:{error} fit {fit:.2f} %{mean}."


def _tiles(model: LSTMRegressor, scores: dict[str, FloatArray]) -> str:
    entries = [(f"{number(_mean(scores['Fit %']), 4)} %", "fit on these records")]
    if len(scores["RMSE"]) == 1:
        entries.append((number(float(scores["RMSE"][0])), "RMSE in the unit of the output"))
    entries.append((str(model.network_.n_params), "weights"))
    if math.isfinite(model.cpu_time_):
        entries.append((f"{number(model.cpu_time_)} s", "CPU time of the training"))
    return tile_row(entries)


def _table(run: ModelRun, scores: dict[str, FloatArray]) -> str:
    rows = [
        ("", [escape(name), *(number(float(values[k]), 4) for values in scores.values())])
        for k, name in enumerate(run.output_names)
    ]
    skipped = count(run.washout, "step")
    note = (
        f"Without the first {skipped} of every record. RMSE and MAE are in the unit of the output; "
        "NRMSE is RMSE by standard deviation. Fit is 100 % for a perfect model and 0 % for one "
        "that is no better than the mean."
    )
    return section(
        "Errors", table(["Output", *scores], rows), f'<p class="note">{escape(note)}</p>'
    )
