"""Which start wins for a deep network: NRMSE on fresh simulated data against iterations.

python -m benchmarks.starts
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks import machine, report
from benchmarks.timing import blas_threads
from fastlstm import _core
from fastlstm.datasets import Dataset, duffing, wiener_hammerstein
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.problem import Problem
from fastlstm.starts.candidates import LinearStart
from fastlstm.starts.embedding import embed
from fastlstm.starts.near_linear import near_linear_start, solve_readout
from fastlstm.starts.random import random_start

NETWORK = Network(1, 1, (5, 5), (8,))
SHALLOW = Network(1, 1, (5,), ())
MARKS = (15, 30, 60)
WASHOUT = 100


class Bench:
    """One plant: training rows of the race's size, fresh noise-free test data, linear model."""

    def __init__(self, dataset: Dataset) -> None:
        record = dataset.train[0]
        raw = Records.from_lists([record.u], [record.y])
        scaling = Scaling.of(raw)
        test = next(iter(dataset.tests.values()))
        self.name = dataset.name
        self.train = scaling.scale(raw)
        self.test = scaling.scale(Records.from_lists([test.u], [test.y]))
        self.linear = LinearStart(self.train, WASHOUT)

    def objective(self, network: Network) -> Objective:
        """Every eighth step of the training record."""
        problem = Problem(network, self.train, washout=WASHOUT)
        plan = _core.plan_rows(self.train.offsets, washout=WASHOUT, stride=8)
        return Objective(network, self.train, plan, 2 * self.linear.memory, problem.alpha)

    def nrmse(self, network: Network, params: np.ndarray) -> float:
        """Free-run error on the test data over the standard deviation of the output."""
        y, _ = _core.simulate(network, params, self.test.u, self.test.offsets)
        assert self.test.y is not None
        error = (y - self.test.y)[WASHOUT:]
        return float(np.sqrt(np.mean(error**2)) / self.test.y[WASHOUT:].std())

    def descend(self, network: Network, params: np.ndarray, marks: tuple[int, ...]) -> list[float]:
        """Test NRMSE after each of `marks` iterations; the last parameters stay in `self.last`."""
        objective = self.objective(network)
        state, errors = DescentState(params, objective.cost(params)), []
        for iteration in range(1, marks[-1] + 1):
            if not state.stalled:
                state = descend(objective, state)
            if iteration in marks:
                errors.append(self.nrmse(network, state.params))
        self.last = state.params
        return errors


def unit_random(bench: Bench, rng: np.random.Generator) -> np.ndarray:
    """Uniform weights of unit scale."""
    return random_start(NETWORK, rng)


def unit_random_ridge(bench: Bench, rng: np.random.Generator) -> np.ndarray:
    """Uniform weights of unit scale, readout solved in closed form."""
    return solve_readout(NETWORK, random_start(NETWORK, rng), bench.train)


def near_linear(bench: Bench, rng: np.random.Generator) -> np.ndarray:
    """Small weights, readout solved."""
    return near_linear_start(NETWORK, bench.train, rng)


def linear(placement: str, gate_spread: float) -> Callable[..., np.ndarray]:
    """Embedded linear model."""

    def start(bench: Bench, rng: np.random.Generator) -> np.ndarray:
        return embed(
            bench.linear.model,
            NETWORK,
            rng=rng,
            placement=placement,  # type: ignore[arg-type]
            gate_spread=gate_spread,
        )

    return start


def grown(bench: Bench, rng: np.random.Generator) -> np.ndarray:
    """First layer from a shallow network trained for 15 iterations, the rest near-linear."""
    bench.descend(SHALLOW, embed(bench.linear.model, SHALLOW, rng=rng), (15,))
    params = near_linear_start(NETWORK, bench.train, rng)
    n_layer = SHALLOW.layout["lstm.0.bias"][0].stop
    params[:n_layer] = bench.last[:n_layer]
    return solve_readout(NETWORK, params, bench.train)


STARTS: dict[str, Callable[..., np.ndarray]] = {
    "random, unit scale": unit_random,
    "random, unit scale, readout solved": unit_random_ridge,
    "random, near-linear, readout solved": near_linear,
    "linear, poles in layer 1": linear("first", 0.1),
    "linear, poles spread": linear("spread", 0.1),
    "linear, poles in layer 1, larger gates": linear("first", 0.5),
    "linear, poles spread, larger gates": linear("spread", 0.5),
    "grown from a trained layer": grown,
}


def main() -> None:
    """Print one line per start and plant, and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    plants = [
        wiener_hammerstein(n_train=8000, n_test=8000, noise=0.001, random_state=11),
        duffing(n_train=8000, n_test=8000, noise=0.001, random_state=11),
    ]
    rows = []
    with blas_threads(1):
        for bench in map(Bench, plants):
            for name, start in STARTS.items():
                runs = []
                for seed in range(options.seeds):
                    params = start(bench, np.random.default_rng(seed))
                    runs.append(bench.descend(NETWORK, params, MARKS))
                percent = 100 * np.array(runs)
                row = {
                    "plant": bench.name,
                    "start": name,
                    "iterations": MARKS,
                    "median": np.median(percent, axis=0).round(3).tolist(),
                    "worst": percent.max(axis=0).round(3).tolist(),
                }
                rows.append(row)
                print(f"| {row['plant']} | {name} | {row['median']} | {row['worst']} |", flush=True)
    report.save_json(
        report.RESULTS / "starts.json",
        {"machine": machine.describe(), "seeds": options.seeds, "unit": "NRMSE %", "rows": rows},
    )


if __name__ == "__main__":
    main()
