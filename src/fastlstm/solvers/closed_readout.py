"""The linear readout of a network in closed form, its penalty chosen from one factorisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm._linalg import RidgePath
from fastlstm.loss import SQUARED
from fastlstm.records import Records
from fastlstm.solvers.hidden_states import readout_features, with_readout
from fastlstm.solvers.problem import Problem

FloatArray = NDArray[np.float64]

MAX_ROWS = 200_000  # beyond, only every k-th step becomes a row
_N_PENALTIES = 25
_SMALLEST_PENALTY = 1e-12  # of the largest squared singular value


def fit_readout(
    problem: Problem, params: FloatArray, records: Records, selection: str = "loo"
) -> tuple[FloatArray, float]:
    """Solve readout and bypasses by ridge, every output with the penalty that suits it.

    Parameters
    ----------
    problem : Problem
        `alpha` is the smallest penalty that is tried; `washout` steps of every record are left out.
    params : array of shape (n_params,)
        The LSTM layers and the head stay as they are.
    records : Records
        With y; all of the training records, or stretches of them.
    selection : {"loo", "gcv"}
        Exact leave-one-out error or generalised cross-validation. The intercept is not penalised.

    Returns
    -------
    params : array of shape (n_params,)
    rmse : float
        Of the rows, all outputs together.

    Notes
    -----
    One free run and O(n_rows * n_features^2); at most `MAX_ROWS` rows, evenly spread.
    """
    assert records.y is not None
    network = problem.network
    features = readout_features(
        network, params, records, float32=problem.float32, n_threads=problem.n_threads
    )
    rows = np.flatnonzero(records.scored(problem.washout))
    rows = rows[:: -(-len(rows) // MAX_ROWS)]
    design, target, counts = features[rows], records.y[rows], records.weights_of(rows)
    if counts is None:
        weights, intercept = _solve(problem, design, target, selection)
    else:
        weights = np.zeros((design.shape[1], target.shape[1]))
        intercept = np.zeros(target.shape[1])
        for k in np.flatnonzero(np.any(counts > 0.0, axis=0)):
            used = counts[:, k] > 0.0
            given = counts[used, k] / np.mean(counts[used, k])
            column = slice(k, k + 1)
            weights[:, column], intercept[column] = _solve(
                problem, design[used], target[used, column], selection, given
            )
    square = SQUARED.mean_square(target - design @ weights - intercept, counts)
    return with_readout(network, params, weights, intercept), float(np.sqrt(square))


def _solve(
    problem: Problem,
    design: FloatArray,
    target: FloatArray,
    selection: str,
    counts: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Weights (n_features, n_targets) and intercepts, every target with its own penalty."""
    path = RidgePath.of(design, target, counts)
    alphas = np.maximum(path.penalties(_N_PENALTIES, _SMALLEST_PENALTY), problem.alpha)
    if selection == "gcv":
        scores = path.gcv(alphas)
    else:
        scores = path.leave_one_out(alphas, design, target, counts)
    solved = [path.solve(alpha) for alpha in alphas[np.argmin(scores, axis=0)]]
    weights = np.column_stack([columns[:, k] for k, (columns, _) in enumerate(solved)])
    return weights, np.array([values[k] for k, (_, values) in enumerate(solved)])
