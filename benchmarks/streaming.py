"""One sample at a time: microseconds per step, called from Python and inside a record.

python -m benchmarks.streaming
python -m benchmarks.streaming --quick
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from timeit import repeat
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.kernels import label, random_params
from fastlstm import LSTMRegressor
from fastlstm._core.online import PATHS, OnlineNetwork
from fastlstm._core.online import Path as GradientPath
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.stream import Stream

HIDDEN_SIZES = ((8,), (16,), (32,), (32, 32))
ETA = 0.5


def model_of(network: Network) -> LSTMRegressor:
    """Estimator as if fitted, with random weights of a stable network."""
    model = LSTMRegressor(network.hidden_sizes, network.head_sizes)
    model.network_ = network
    model.params_ = random_params(network, np.random.default_rng(0))
    n_inputs, n_outputs = network.n_inputs, network.n_outputs
    model.frame_ = Frame.plain(n_outputs)
    model.initial_state_ = InitialState.rest(model.network_)
    model.scaling_ = Scaling(
        np.zeros(n_inputs), np.ones(n_inputs), np.zeros(n_outputs), np.ones(n_outputs)
    )
    return model


def microseconds(
    call: Callable[[], Any], n_steps: int, number: int, repeats: int
) -> dict[str, float]:
    """CPU time per step: median and smallest of the repeats, each of `number` calls."""
    times = repeat(call, number=number, repeat=repeats + 1, timer=time.process_time)[1:]
    per_step = [1e6 * seconds / (number * n_steps) for seconds in times]
    return {"median": median(per_step), "min": min(per_step)}


def measure(hidden_sizes: tuple[int, ...], path: GradientPath, repeats: int) -> dict[str, Any]:
    """One network with one input and one output, and its twin with two of each."""
    number, n_steps = 2000, 2000
    one = Network(1, 1, hidden_sizes)
    stream = Stream(model_of(one), ETA, path)
    pair = Stream(model_of(Network(2, 2, hidden_sizes)), ETA, path)
    record = OnlineNetwork(one, stream.params, path)
    rng = np.random.default_rng(1)
    u, y = rng.normal(size=(2, n_steps, 1))
    two_u, two_y = rng.normal(size=(2, 2))
    calls: dict[str, tuple[Callable[[], Any], int, int]] = {
        "step": (lambda: stream.step(0.3), 1, number),
        "step_learn": (lambda: stream.step(0.3, 0.2), 1, number),
        "step_two_channels": (lambda: pair.step(two_u), 1, number),
        "step_learn_two_channels": (lambda: pair.step(two_u, two_y), 1, number),
        "record": (lambda: record.run(u), n_steps, 1),
        "record_learn": (lambda: record.learn_record(u, y, ETA), n_steps, 1),
    }
    times = {name: microseconds(call, n, k, repeats) for name, (call, n, k) in calls.items()}
    return {"network": label(one), "n_params": one.n_params, "path": path, **times}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats; saves nothing")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    repeats = 7 if options.quick else 101
    rows = [measure(sizes, path, repeats) for sizes in HIDDEN_SIZES for path in PATHS]
    result = {"machine": machine.describe(), "eta": ETA, "repeats": repeats, "rows": rows}
    report.console.print(machine.one_line(result["machine"]))
    print_rows(rows)
    output = options.output or (None if options.quick else report.RESULTS / "streaming.json")
    if output is not None:
        report.save_json(output, result)
    return 0


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Table of all networks and paths."""
    columns = {
        "step": "step(u)",
        "step_learn": "step(u, y)",
        "step_two_channels": "2 + 2 channels: step(u)",
        "step_learn_two_channels": "step(u, y)",
        "record": "in a record",
        "record_learn": "learning",
    }
    report.table(
        "Microseconds of CPU time per step, float64, one thread: median (smallest)",
        ["network", "path", "weights", *columns.values()],
        [
            [
                row["network"],
                row["path"],
                str(row["n_params"]),
                *(f"{row[name]['median']:.2f} ({row[name]['min']:.2f})" for name in columns),
            ]
            for row in rows
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
