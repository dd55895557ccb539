"""A small training method for tests: random LSTM layers, readout by ridge, best of some draws."""

from __future__ import annotations

import numpy as np

from fastlstm._core import simulate
from fastlstm.solvers import AbstractSolver, Iterate, Problem, Status
from fastlstm.solvers.hidden_states import hidden_states

N_DRAWS = 4


class ReadoutSolver(AbstractSolver):
    """Draw LSTM weights `N_DRAWS` times, fit the readout, keep the best on validation."""

    def run(self, problem, start, rng, tracker):
        for draw in range(1, N_DRAWS + 1):
            params = _draw(problem, rng)
            rmse = _rmse(problem, params, problem.train)
            yield Iterate(params, rmse, "draw", fraction=draw / N_DRAWS)
        return Status.DONE


def _draw(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    network = problem.network
    weights = {name: 0.4 * rng.normal(size=shape) for name, shape in network.shapes.items()}
    for name in weights:
        if name.startswith("readout."):
            weights[name] = np.zeros_like(weights[name])
    train = problem.train
    h = hidden_states(network, network.pack(weights), train, float32=False)
    design = np.hstack([h, train.u, np.ones((train.n_total, 1))])
    kept = train.scored(problem.washout)
    gram = design[kept].T @ design[kept]
    gram[np.diag_indices_from(gram)] += max(problem.alpha, 1e-8)
    readout = np.linalg.solve(gram, design[kept].T @ train.y[kept]).T
    top = network.hidden_sizes[-1]
    weights["readout.hidden"], weights["readout.bias"] = readout[:, :top], readout[:, -1]
    weights["readout.input"] = readout[:, top:-1]
    return network.pack(weights)


def _rmse(problem, params, records):
    y = simulate(problem.network, params, records.u, records.offsets, float32=False)[0]
    kept = records.scored(problem.washout)
    return float(np.sqrt(np.mean((y - records.y)[kept] ** 2)))
