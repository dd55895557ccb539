"""One BPTT training step against torch, and what the split saves.

Forward, loss, backward and Adam, one thread, float32, the same weights and data on both sides,
measured in turn in one process.

python -m benchmarks.training_step
python -m benchmarks.training_step --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine, report
from benchmarks.kernels import label, random_params
from benchmarks.timing import Stopwatch, blas_threads
from fastlstm import _core
from fastlstm.network import Network
from fastlstm.solvers.adam import Adam

FloatArray = NDArray[np.float64]

HIDDEN, BATCH, STEPS = (16, 32), (16, 64), (100, 1000)
NETWORKS = (((5, 5), (8,)), ((6, 6), (8,)), ((16,), ()), ((32,), ()))
PATHS = ("full", "cell", "none")
N_RECORDS, RECORD_STEPS = 64, 250
LEARNING_RATE = 1e-3
WINDOW, BURN_IN = 200, 50  # of the windows that exact back-propagation is trained on


class Ours:
    """Training steps on our kernel."""

    def __init__(self, network: Network, params: FloatArray, u: FloatArray, y: FloatArray) -> None:
        n_steps, batch, _ = u.shape
        self.network, self.params, self.adam = network, params, Adam(network.n_params)
        self.u, self.y = (x.transpose(1, 0, 2).reshape(n_steps * batch, -1) for x in (u, y))
        self.offsets = np.arange(batch + 1) * n_steps
        self.space = _core.Workspace()

    def gradient(self) -> FloatArray:
        """Gradient of the mean squared error."""
        found = _core.gradient(
            self.network, self.params, self.u, self.y, self.offsets, workspace=self.space
        )
        return found.gradient * (2.0 / found.n_scored)

    def step(self) -> None:
        """Forward, loss, backward, update."""
        self.params = self.params + self.adam.step(self.gradient(), LEARNING_RATE)


class Torch:
    """Training steps of ``nn.LSTM`` and a linear readout, time before batch."""

    def __init__(self, network: Network, params: FloatArray, u: FloatArray, y: FloatArray) -> None:
        import torch

        weights = network.unpack(params)
        hidden = network.hidden_sizes[0]
        self.lstm = torch.nn.LSTM(network.n_inputs, hidden)
        self.readout = torch.nn.Linear(hidden, network.n_outputs)
        self.names = {
            "lstm.0.weight_ih": self.lstm.weight_ih_l0,
            "lstm.0.weight_hh": self.lstm.weight_hh_l0,
            "lstm.0.bias": self.lstm.bias_ih_l0,
            "readout.hidden": self.readout.weight,
            "readout.bias": self.readout.bias,
        }
        with torch.no_grad():
            self.lstm.bias_hh_l0.zero_()
            for name, parameter in self.names.items():
                parameter.copy_(torch.from_numpy(weights[name]))
        leaves = [*self.lstm.parameters(), *self.readout.parameters()]
        self.optimizer = torch.optim.Adam(leaves, lr=LEARNING_RATE, fused=True)
        self.u, self.y = (torch.from_numpy(x.astype(np.float32)) for x in (u, y))

    def backward(self) -> None:
        """Leave the gradient of the mean squared error on the parameters."""
        self.optimizer.zero_grad(set_to_none=True)
        (self.readout(self.lstm(self.u)[0]) - self.y).square().mean().backward()

    def step(self) -> None:
        """Forward, loss, backward, update."""
        self.backward()
        self.optimizer.step()


def cpu_seconds(call: Callable[[], Any], times: int) -> float:
    """CPU seconds of one of several calls."""
    with Stopwatch() as clock:
        for _ in range(times):
            call()
    return clock.cpu / times


def in_turn(calls: Sequence[Callable[[], Any]], repeats: int, least: float) -> list[list[float]]:
    """CPU seconds of every call, `repeats` rounds in turn, each round at least `least` seconds."""
    once = []
    for call in calls:
        cpu_seconds(call, 2)
        once.append(cpu_seconds(call, 1))
    times = [max(1, round(least / max(t, 1e-6))) for t in once]
    rounds = [
        [cpu_seconds(c, n) for c, n in zip(calls, times, strict=True)] for _ in range(repeats)
    ]
    return [list(column) for column in zip(*rounds, strict=True)]


def measure_step(hidden: int, batch: int, n_steps: int, repeats: int) -> dict[str, Any]:
    """Our training step and torch's, after a look that both have the same gradient."""
    network = Network(1, 1, (hidden,))
    rng = np.random.default_rng(3)
    params = random_params(network, rng)
    network.unpack(params)["readout.input"][:] = 0.0
    u, y = rng.standard_normal((2, n_steps, batch, 1))
    ours, theirs = Ours(network, params, u, y), Torch(network, params, u, y)
    theirs.backward()
    found = network.unpack(ours.gradient())
    difference = max(
        float(np.abs(found[name] - parameter.grad.numpy()).max() / np.abs(found[name]).max())
        for name, parameter in theirs.names.items()
        if parameter.grad is not None
    )
    torch_s, ours_s = in_turn([theirs.step, ours.step], repeats, least=0.1)
    ratios = [a / b for a, b in zip(torch_s, ours_s, strict=True)]
    return {
        "hidden": hidden,
        "batch": batch,
        "n_steps": n_steps,
        "torch_ms": 1e3 * median(torch_s),
        "ours_ms": 1e3 * median(ours_s),
        "ratio": median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "gradient_difference": difference,
    }


def measure_paths(network: Network, repeats: int) -> dict[str, Any]:
    """Cost of one pass over the records along every path, in turn."""
    rng = np.random.default_rng(4)
    params = random_params(network, rng)
    u, y = rng.standard_normal((2, N_RECORDS * RECORD_STEPS, 1))
    offsets, space = np.arange(N_RECORDS + 1) * RECORD_STEPS, _core.Workspace()
    calls = [
        partial(_core.gradient, network, params, u, y, offsets, path=path, workspace=space)
        for path in PATHS
    ]
    seconds = in_turn(calls, repeats, least=0.05)
    windows = WINDOW / (WINDOW - BURN_IN)
    return {
        "network": label(network),
        "n_params": network.n_params,
        **{f"{path}_ms": 1e3 * median(s) for path, s in zip(PATHS, seconds, strict=True)},
        **{
            f"{path}_per_full": median(a / b for a, b in zip(s, seconds[0], strict=True))
            for path, s in zip(PATHS, seconds, strict=True)
        },
        "cell_per_windows": median(
            a / (windows * b) for a, b in zip(seconds[1], seconds[0], strict=True)
        ),
    }


def print_steps(rows: list[dict[str, Any]]) -> None:
    """Table of training steps."""
    report.table(
        "One training step, float32, one thread: CPU ms",
        ["hidden", "batch", "steps", "torch", "ours", "torch / ours", "range", "difference"],
        [
            [
                str(row["hidden"]),
                str(row["batch"]),
                str(row["n_steps"]),
                f"{row['torch_ms']:.2f}",
                f"{row['ours_ms']:.2f}",
                f"{row['ratio']:.2f}",
                "{:.2f} to {:.2f}".format(*row["ratio_range"]),
                f"{row['gradient_difference']:.0e}",
            ]
            for row in rows
        ],
    )


def print_paths(rows: list[dict[str, Any]]) -> None:
    """Table of paths."""
    report.table(
        f"One pass over {N_RECORDS} records of {RECORD_STEPS} steps, float32, one thread: CPU ms; "
        f"windows of {WINDOW} with a burn-in of {BURN_IN} for full",
        ["network", "weights", *PATHS, "cell / full", "none / full", "cell / full in windows"],
        [
            [
                row["network"],
                str(row["n_params"]),
                *(f"{row[f'{path}_ms']:.2f}" for path in PATHS),
                f"{row['cell_per_full']:.2f}",
                f"{row['none_per_full']:.2f}",
                f"{row['cell_per_windows']:.2f}",
            ]
            for row in rows
        ],
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_step", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats; saves nothing")
    parser.add_argument("--skip-torch", action="store_true", help="the paths alone; saves nothing")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    repeats = 3 if options.quick else 11
    result: dict[str, Any] = {}
    with blas_threads(1):
        networks = [Network(1, 1, hidden, head) for hidden, head in NETWORKS]
        result["paths"] = [measure_paths(network, repeats) for network in networks]
        if not options.skip_torch:
            result["steps"] = measure_against_torch(repeats)
    result["machine"] = machine.describe()
    report.console.print(machine.one_line(result["machine"]))
    print_steps(result.get("steps", []))
    print_paths(result["paths"])
    partial_run = options.quick or options.skip_torch
    output = options.output or (None if partial_run else report.RESULTS / "training_step.json")
    if output is not None:
        report.save_json(output, result)
    return 0


def measure_against_torch(repeats: int) -> list[dict[str, Any]]:
    """All sizes, torch on one thread and with its memory kept."""
    import torch

    from benchmarks.torch_lstm import keep_memory

    keep_memory()
    torch.set_num_threads(1)
    return [
        measure_step(hidden, batch, n_steps, repeats)
        for hidden in HIDDEN
        for batch in BATCH
        for n_steps in STEPS
    ]


if __name__ == "__main__":
    sys.exit(main())
