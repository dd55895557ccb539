"""A small training method for tests: random LSTM layers, readout by ridge, best of some draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.solvers.base import (
    AbstractSolver,
    Clock,
    HistoryRow,
    Problem,
    Progress,
    Solution,
    Status,
)

N_DRAWS = 4


class ReadoutSolver(AbstractSolver):
    """Draw LSTM weights `N_DRAWS` times, fit the readout, keep the best on validation."""

    def __init__(self, max_iter: int = 1000, tol: float = 1e-6) -> None:
        self.n_draws = min(max_iter, N_DRAWS)

    def solve(self, problem, *, rng, clock=None, callback=None):
        clock = Clock() if clock is None else clock
        best, history, status = None, [], Status.CONVERGED
        try:
            for iteration in range(1, self.n_draws + 1):
                candidate = self._draw(problem, rng)
                if best is None or candidate.rmse_validation < best.rmse_validation:
                    best = candidate
                history.append(_row(iteration, best, clock))
                clock.call(callback, _progress(iteration, self.n_draws, best, clock))
                if clock.expired:
                    status = Status.TIME_LIMIT
                    break
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        return replace(best, status=status, n_iter=len(history), history=tuple(history))

    def _draw(self, problem: Problem, rng: np.random.Generator) -> Solution:
        network = problem.network
        weights = {name: 0.4 * rng.normal(size=shape) for name, shape in network.shapes.items()}
        for name in weights:
            if name.startswith("readout."):
                weights[name] = np.zeros_like(weights[name])
        train = problem.train
        design = np.hstack([_hidden(network, weights, train), train.u, np.ones((train.n_total, 1))])
        kept = train.scored(problem.washout)
        gram = design[kept].T @ design[kept]
        gram[np.diag_indices_from(gram)] += max(problem.alpha, 1e-8)
        readout = np.linalg.solve(gram, design[kept].T @ train.y[kept]).T
        top = network.hidden_sizes[-1]
        weights["readout.hidden"], weights["readout.bias"] = readout[:, :top], readout[:, -1]
        weights["readout.input"] = readout[:, top:-1]
        params = network.pack(weights)
        judged = problem.validation or train
        errors = [_rmse(problem, params, records) for records in (train, judged)]
        return Solution(params, Status.CONVERGED, "all draws done.", 0, *errors, start="random")


def _hidden(network, weights, records):
    """State h of the top layer, shape (n_total, hidden_size), read out by an identity."""
    top = network.hidden_sizes[-1]
    observer = Network(network.n_inputs, top, network.hidden_sizes)
    blank = {name: np.zeros(shape) for name, shape in observer.shapes.items()}
    lstm = {name: value for name, value in weights.items() if name.startswith("lstm.")}
    params = observer.pack({**blank, **lstm, "readout.hidden": np.eye(top)})
    return simulate(observer, params, records.u, records.offsets, float32=False)[0]


def _rmse(problem, params, records):
    y = simulate(problem.network, params, records.u, records.offsets, float32=False)[0]
    kept = records.scored(problem.washout)
    return float(np.sqrt(np.mean((y - records.y)[kept] ** 2)))


def _row(iteration, best, clock):
    errors = best.rmse_train, best.rmse_validation
    return HistoryRow(iteration, *errors, clock.cpu, clock.wall, 0.0, 0, "draw")


def _progress(iteration, n_draws, best, clock):
    errors = best.rmse_train, best.rmse_validation
    return Progress(
        iteration, *errors, clock.cpu, clock.wall, "draw", iteration / n_draws, best.params
    )
