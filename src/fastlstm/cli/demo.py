"""``fastlstm demo``: identify the embedded plant and compare with a linear model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastlstm.cli import options
from fastlstm.cli.outcome import Outcome, interrupted
from fastlstm.cli.output import say

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
) -> Outcome:
    """Identify a simulated Wiener-Hammerstein circuit and compare with a linear model.

    Writes demo.png and demo.safetensors. Ctrl-C stops the training and keeps the best model.
    """
    sizes = options.parse_sizes(hidden), options.parse_sizes(head)
    from fastlstm.cli.data import make_folder
    from fastlstm.cli.fit import facts, train, was_interrupted
    from fastlstm.cli.progress import make_progress
    from fastlstm.datasets import default_plant
    from fastlstm.regressor import LSTMRegressor

    make_folder(out)
    plant = default_plant()
    steps = sum(map(len, plant.train))
    say(f"Plant: {plant.name}, {steps} training steps, free-run test without noise")
    linear, linear_times = run_linear(plant)
    model = LSTMRegressor(*sizes, time_limit=time_limit, random_state=seed, n_jobs=jobs)
    model = train(model, training_records(plant), make_progress(quiet))
    simulated = run_network(model, plant)
    rows = [
        *scores_of("linear", plant, linear, linear_times),
        *scores_of("LSTM", plant, simulated, (model.cpu_time_, model.fit_time_)),
    ]
    path = out / "demo.safetensors"
    model.save(path)
    picture = draw(plant, simulated, out / "demo.png")
    lines = [table(rows, plant.unit), f"Model: {path}"]
    if picture is not None:
        lines.append(f"Picture: {picture}")
    stopped = interrupted("Interrupted: these are the results of the best model so far.")
    return Outcome(
        "\n".join(lines),
        {"plant": plant.name, "unit": plant.unit, "rows": rows, "training": facts(model),
         "model": path, "picture": picture},
        stopped if was_interrupted(model) else None,
    )  # fmt: skip


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


def scores_of(
    label: str, plant: Dataset, simulated: dict[str, FloatArray], times: tuple[float, float]
) -> list[dict[str, Any]]:
    """Error and fit of a model on every test, beside what it cost to train."""
    from fastlstm.metrics import fit_percent

    return [
        {
            "model": label,
            "record": test,
            "rmse": plant.score(test, simulated[test]),
            "fit_percent": float(
                fit_percent(record.y, simulated[test], washout=plant.init_window).mean()
            ),
            "cpu_time": times[0],
            "wall_time": times[1],
        }
        for test, record in plant.tests.items()
    ]


def table(rows: list[dict[str, Any]], unit: str) -> str:
    """Text for the results of `scores_of`."""
    from fastlstm.cli.report import format_table

    formats = {"rmse": ".4g", "fit_percent": ".2f", "cpu_time": ".2f", "wall_time": ".2f"}
    cells = [
        [row["model"], row["record"], *(format(row[key], form) for key, form in formats.items())]
        for row in rows
    ]
    return format_table(["model", "record", f"RMSE {unit}", "fit %", "CPU s", "wall s"], cells)


def draw(plant: Dataset, simulated: dict[str, FloatArray], path: Path) -> Path | None:
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
        return None
    return path
