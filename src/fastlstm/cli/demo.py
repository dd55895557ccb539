"""``fastlstm demo``: identify the embedded plant and compare with a linear model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.errors import INTERRUPTED, say

if TYPE_CHECKING:
    from fastlstm.datasets import Dataset
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.tables import NamedRecords
    from fastlstm.tables.base import FloatArray


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for picture and model.")] = Path(
        "."
    ),
    hidden: options.Hidden = "6,6",
    head: options.Head = "8",
    time_limit: options.TimeLimit = 10.0,
    seed: options.Seed = 0,
    jobs: options.Jobs = 1,
    quiet: options.Quiet = False,
) -> None:
    """Identify a simulated Wiener-Hammerstein circuit and compare with a linear model.

    Writes demo.png and demo.safetensors. Ctrl-C stops the training and keeps the best model.
    """
    sizes = options.parse_sizes(hidden), options.parse_sizes(head)
    out.mkdir(parents=True, exist_ok=True)

    from fastlstm.cli.fit import train, was_interrupted
    from fastlstm.cli.progress import make_progress
    from fastlstm.datasets import default_plant
    from fastlstm.regressor import LSTMRegressor

    plant = default_plant()
    describe(plant)
    linear, linear_times = run_linear(plant)
    model = LSTMRegressor(*sizes, time_limit=time_limit, random_state=seed, n_jobs=jobs)
    model = train(model, training_records(plant), make_progress(quiet))
    simulated = run_network(model, plant)
    print_table(plant, linear, linear_times, simulated, (model.cpu_time_, model.fit_time_))
    model.save(out / "demo.safetensors")
    typer.echo(f"Model: {out / 'demo.safetensors'}")
    draw(plant, simulated, out / "demo.png")
    if was_interrupted(model):
        say("Interrupted: these are the results of the best model so far.")
        raise typer.Exit(INTERRUPTED)


def describe(plant: Dataset) -> None:
    """Say what is identified."""
    steps = sum(map(len, plant.train))
    typer.echo(f"Plant: {plant.name}, {steps} training steps, free-run test without noise")


def training_records(plant: Dataset) -> NamedRecords:
    """Training records of a dataset under the names of its channels."""
    from fastlstm.tables import NamedRecords

    labels = tuple(record.name for record in plant.train)
    return NamedRecords(plant.X, plant.y, plant.input_names, plant.output_names, labels)


def run_linear(plant: Dataset) -> tuple[dict[str, FloatArray], tuple[float, float]]:
    """Test outputs of a linear model of the training records, and its CPU and wall seconds."""
    from fastlstm.records import Records
    from fastlstm.scaling import Scaling
    from fastlstm.starts.linear import identify

    cpu, wall = time.process_time(), time.perf_counter()
    train = Records.from_lists(plant.X, plant.y)
    scaling = Scaling.of(train)
    linear = identify(scaling.scale(train))
    times = time.process_time() - cpu, time.perf_counter() - wall
    simulated = {}
    for name, record in plant.tests.items():
        test = scaling.scale(Records.from_lists([record.u], [record.y]))
        state = linear.initial_states(test, plant.init_window) if plant.init_window else None
        simulated[name] = scaling.unscale_outputs(linear.simulate(test, state))
    return simulated, times


def run_network(model: LSTMRegressor, plant: Dataset) -> dict[str, FloatArray]:
    """Test outputs of the network, its initial state set by the first measured outputs."""
    from fastlstm.tables import Frame

    simulated = {}
    for name, record in plant.tests.items():
        y_init = [record.y[: plant.init_window]] if plant.init_window else None
        y_sim = model.simulate([Frame(record.u, plant.input_names)], y_init)[0]
        simulated[name] = y_sim.reshape(len(record), -1)
    return simulated


def print_table(
    plant: Dataset,
    linear: dict[str, FloatArray],
    linear_times: tuple[float, float],
    network: dict[str, FloatArray],
    network_times: tuple[float, float],
) -> None:
    """Error and fit of both models on every test, beside what they cost to train."""
    from fastlstm.cli.report import format_table
    from fastlstm.metrics import fit_percent

    rows = []
    for test, record in plant.tests.items():
        for label, simulated, times in (
            ("linear", linear, linear_times),
            ("LSTM", network, network_times),
        ):
            fit = fit_percent(record.y, simulated[test], washout=plant.init_window).mean()
            score = plant.score(test, simulated[test])
            row = [label, test, f"{score:.4g}", f"{fit:.2f}", *(f"{t:.2f}" for t in times)]
            rows.append(row)
    header = ["model", "record", f"RMSE {plant.unit}", "fit %", "CPU s", "wall s"]
    typer.echo(format_table(header, rows))


def draw(plant: Dataset, simulated: dict[str, FloatArray], path: Path) -> None:
    """Picture of the first test record; without matplotlib a line says so."""
    from fastlstm.plots import plot_fit

    name, record = next(iter(plant.tests.items()))
    try:
        plot_fit(
            record.y,
            simulated[name],
            plant.sampling_time,
            plant.output_names,
            path,
            title=f"{plant.name}, {name} record, free run",
            first_scored=plant.init_window,
        )
    except ImportError as error:
        say(f"No picture: {error}")
        return
    typer.echo(f"Picture: {path}")
