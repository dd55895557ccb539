"""Kernels alone: Jacobian rows against the SGEMM peak, and a long free run against torch.

python -m benchmarks.kernels
python -m benchmarks.kernels --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine, report
from benchmarks.timing import Stopwatch, blas_threads
from fastlstm import _core
from fastlstm.network import Network

FloatArray = NDArray[np.float64]

NETWORKS = (((5, 5), (8,)), ((6, 6), (8,)), ((12,), ()), ((16,), ()), ((32,), ()))
MEMORY, STRIDE = 64, 8
FREE_RUN_STEPS, FREE_RUN_UNITS = 188_000, 32


def label(network: Network) -> str:
    """For example 2x5+8."""
    sizes = network.hidden_sizes
    return f"{len(sizes)}x{sizes[0]}" + "".join(f"+{width}" for width in network.head_sizes)


def random_params(network: Network, rng: np.random.Generator) -> FloatArray:
    """Uniform weights of a stable network."""
    bound = 1.0 / np.sqrt(max(network.hidden_sizes))
    return rng.uniform(-bound, bound, network.n_params)


def seconds(call: Callable[[], Any], repeats: int) -> dict[str, float]:
    """Median and smallest CPU time and median wall time of one call, after one to warm up."""
    call()
    cpu, wall = [], []
    for _ in range(repeats):
        with Stopwatch() as clock:
            call()
        cpu.append(clock.cpu)
        wall.append(clock.wall)
    return {"cpu": median(cpu), "cpu_min": min(cpu), "wall": median(wall)}


def sgemm_peak(repeats: int, n: int = 1024) -> float:
    """GFLOP/s of a float32 matrix product of n x n matrices, best of several."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((n, n), dtype=np.float32) for _ in range(2))
    out = np.empty_like(a)
    return 2e-9 * n**3 / seconds(lambda: np.matmul(a, b, out=out), repeats)["cpu_min"]


def row_flops(network: Network, memory: int) -> int:
    """Count the useful operations of one Jacobian row; a multiply-add counts two.

    Per step and layer: the outer product dz (x) [x, h, 1], weight_hh' dz, weight_ih' dz for all
    but the first layer, and 7 per unit to form dz and dc. The head counts once and is left out.
    """
    total, below = 0, network.n_inputs
    for layer, width in enumerate(network.hidden_sizes):
        gates = 4 * width
        total += 2 * gates * (below + width + 1) + 2 * gates * width + 7 * width
        total += 2 * gates * below if layer else 0
        below = width
    return total * memory


def measure_rows(network: Network, n_steps: int, repeats: int, peak: float) -> dict[str, Any]:
    """Time of one row, with and without its share of the forward pass over the record."""
    rng = np.random.default_rng(1)
    params, u = random_params(network, rng), rng.standard_normal((n_steps, network.n_inputs))
    offsets = np.array([0, n_steps])
    plan = _core.plan_rows(offsets, stride=STRIDE)
    no_rows = _core.RowPlan(plan.step[:0], plan.record[:0])
    workspace = _core.Workspace()

    def run(rows: _core.RowPlan) -> None:
        _core.jacobian(network, params, u, offsets, rows, memory=MEMORY, workspace=workspace)

    whole, forward = seconds(lambda: run(plan), repeats), seconds(lambda: run(no_rows), repeats)
    row = (whole["cpu"] - forward["cpu"]) / plan.n_rows
    gflops = 1e-9 * row_flops(network, MEMORY) / row
    return {
        "network": label(network),
        "n_params": network.n_params,
        "n_rows": plan.n_rows,
        "us_per_row": 1e6 * row,
        "us_per_row_with_forward": 1e6 * whole["cpu"] / plan.n_rows,
        "us_per_forward_step": 1e6 * forward["cpu"] / n_steps,
        "gflops": gflops,
        "percent_of_sgemm": 100.0 * gflops / peak,
    }


def measure_free_run(n_steps: int, repeats: int) -> dict[str, Any]:
    """One record through one layer of 32 units, ours and torch with the same weights."""
    import torch

    network = Network(1, 1, (FREE_RUN_UNITS,))
    rng = np.random.default_rng(2)
    params, u = random_params(network, rng), rng.standard_normal((n_steps, 1))
    weights, offsets = network.unpack(params), np.array([0, n_steps])
    weights["readout.input"][:] = 0.0
    ours: list[FloatArray] = []

    def run_ours() -> None:
        ours[:] = [_core.simulate(network, params, u, offsets, float32=True, n_threads=1)[0]]

    time_ours = seconds(run_ours, repeats)
    torch.set_num_threads(1)
    lstm = torch.nn.LSTM(1, FREE_RUN_UNITS)
    pairs = {
        "weight_ih_l0": weights["lstm.0.weight_ih"],
        "weight_hh_l0": weights["lstm.0.weight_hh"],
        "bias_ih_l0": weights["lstm.0.bias"],
        "bias_hh_l0": np.zeros(4 * FREE_RUN_UNITS),
    }
    readout, bias = (
        torch.from_numpy(weights[name].astype(np.float32))
        for name in ("readout.hidden", "readout.bias")
    )
    u_torch = torch.from_numpy(u.astype(np.float32))
    theirs: list[FloatArray] = []
    with torch.no_grad():
        for name, value in pairs.items():
            lstm.get_parameter(name).copy_(torch.from_numpy(value))

        def run_torch() -> None:
            theirs[:] = [torch.addmm(bias, lstm(u_torch)[0], readout.T).numpy()]

        time_torch = seconds(run_torch, repeats)
    return {
        "n_steps": n_steps,
        "units": FREE_RUN_UNITS,
        "ours": time_ours,
        "torch": time_torch,
        "ratio": time_torch["cpu"] / time_ours["cpu"],
        "largest_difference": float(np.abs(ours[0] - theirs[0]).max()),
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats; saves nothing")
    parser.add_argument("--skip-torch", action="store_true", help="leave the free run out")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    repeats, n_steps = (3, 4096) if options.quick else (21, 16_384)
    with blas_threads(1):
        peak = sgemm_peak(repeats)
        networks = [Network(1, 1, hidden, head) for hidden, head in NETWORKS]
        rows = [measure_rows(network, n_steps, repeats, peak) for network in networks]
    result = {"machine": machine.describe(), "sgemm_gflops": peak, "rows": rows}
    report.console.print(machine.one_line(result["machine"]))
    print_rows(rows, peak)
    if not options.skip_torch:
        result["free_run"] = measure_free_run(FREE_RUN_STEPS, min(repeats, 5))
        print_free_run(result["free_run"])
    output = options.output or (None if options.quick else report.RESULTS / "kernels.json")
    if output is not None:
        report.save_json(output, result)
    return 0


def print_rows(rows: list[dict[str, Any]], peak: float) -> None:
    """Table of Jacobian rows."""
    report.table(
        f"Jacobian rows, float32, one thread, memory {MEMORY}, stride {STRIDE}; SGEMM peak "
        f"{peak:.1f} GFLOP/s",
        [
            "network",
            "weights",
            "us per row",
            "with forward",
            "us per forward step",
            "GFLOP/s",
            "% of SGEMM",
        ],
        [
            [
                row["network"],
                str(row["n_params"]),
                f"{row['us_per_row']:.2f}",
                f"{row['us_per_row_with_forward']:.2f}",
                f"{row['us_per_forward_step']:.3f}",
                f"{row['gflops']:.1f}",
                f"{row['percent_of_sgemm']:.0f}",
            ]
            for row in rows
        ],
    )


def print_free_run(found: dict[str, Any]) -> None:
    """Table of the long free run."""
    report.table(
        f"Free run of {found['n_steps']} steps, {found['units']} units, one thread; largest "
        f"difference {found['largest_difference']:.1e}, torch / ours {found['ratio']:.2f}",
        ["", "CPU ms", "wall ms"],
        [
            [name, f"{1e3 * found[name]['cpu']:.1f}", f"{1e3 * found[name]['wall']:.1f}"]
            for name in ("ours", "torch")
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
