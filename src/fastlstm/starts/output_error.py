"""Free-run (output-error) least squares of a modal linear model by damped Gauss-Newton."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm._linalg import solve_semidefinite
from fastlstm.starts.modal import FreeRun, Modes, Signals
from fastlstm.starts.normal_equations import NormalEquations, Prior
from fastlstm.starts.turns import joined

FloatArray = NDArray[np.float64]

MAX_TRIALS = 8  # damping increases within one step
FIRST_DAMPING = 1e-4
PSEUDO_RANK = 1e-10  # relative eigenvalue below which a combination of signals is not used


def polish(
    run: FreeRun,
    modes: Modes,
    max_iter: int,
    *,
    tol: float = 1e-4,
    ridge: float = 1.0,
) -> tuple[Modes, FloatArray]:
    """Damped Gauss-Newton from a start; the regularised loss never grows.

    Parameters
    ----------
    run : FreeRun
    modes : Modes
        Start.
    max_iter : int
    tol : float
        Relative decrease of the loss below which the iteration stops.
    ridge : float
        Strength of the prior.

    Returns
    -------
    modes : Modes
    error : array of shape (n_outputs, n_total)
        Measured minus simulated output.
    """
    now = run.simulate(modes)
    power = np.maximum(np.sqrt(np.mean(_sizes(now.modes) ** 2, axis=1)), 1e-12)
    modes, now = modes.scaled(power), replace(now, modes=now.modes * (1.0 / power[:, None]))
    damping = FIRST_DAMPING
    for _ in range(max_iter):
        prior = Prior.of(run, now, ridge)
        loss = _loss(run, modes, now, prior)
        equations = NormalEquations(run, modes, now, prior)
        for _ in range(MAX_TRIALS):
            trial, promised = equations.step(damping)
            signals = run.simulate(trial)
            new = _loss(run, trial, signals, prior)
            if new < loss:
                break
            damping = 8.0 * max(damping, 1e-9)
        else:
            break
        gain = (loss - new) / max(promised, 1e-300)
        damping *= 0.1 if gain > 0.75 else 1.0 if gain > 0.25 else 4.0
        decrease = 1.0 - new / loss
        modes, now = trial, signals
        if decrease < tol:
            break
    return modes, now.error


def with_best_outputs(run: FreeRun, modes: Modes) -> tuple[Modes, float]:
    """Output gains, direct part and bias by least squares, everything else kept.

    The direct part has the prior of `Prior`, for collinear inputs.

    Returns
    -------
    modes : Modes
    mean_square : float
        Of the rows that count.
    """
    z = run.simulate(modes).modes
    m, kappa = len(modes.poles), np.where(modes.poles.imag == 0, 1.0, 2.0)
    signals = np.concatenate([*z, run.u, np.ones((1, run.u.shape[1]))])
    signals, target = (np.asfortranarray(run.picked(part)) for part in (signals, run.y))
    signals[: 2 * m] *= np.concatenate([kappa, -kappa])[:, None]
    if run.weights is None:
        weights, error = _regressed(signals, target, slice(2 * m, -1))
    else:
        columns = []
        for goal, weight in zip(target, run.weights[:, run.rows], strict=True):
            root = np.sqrt(weight)
            columns.append(_regressed(signals * root, (goal * root)[None], slice(2 * m, -1))[0])
        weights = np.concatenate(columns, axis=1)
        error = run.mean_square(run.y - _spread(weights.T @ signals, run.rows))
    gains_out = np.where(kappa == 1.0, weights[:m].T, joined(weights[: 2 * m]).T)
    best = replace(modes, gains_out=gains_out, direct=weights[2 * m : -1].T, bias=weights[-1])
    return best, error


def _regressed(signals: FloatArray, target: FloatArray, direct: slice) -> tuple[FloatArray, float]:
    """Weights of the signals, (n_signals, n_targets), and the mean squared error."""
    gram, moment = signals @ signals.T, signals @ target.T
    damped = np.arange(len(gram))[direct]
    for _ in range(2):
        weights = _solved(gram, moment)
        residual = np.sum(target**2) + np.sum(weights * (gram @ weights - 2.0 * moment))
        error = max(0.0, float(residual)) / max(1, target.size)
        gram[damped, damped] += error
    return weights, error


def _sizes(pair: FloatArray) -> FloatArray:
    return np.abs(pair[0] + 1j * pair[1])


def _spread(picked: FloatArray, rows: NDArray[np.bool_]) -> FloatArray:
    """Put columns back to where `rows` took them from, zero elsewhere."""
    every = np.zeros((len(picked), len(rows)))
    every[:, rows] = picked
    return every


def _solved(gram: FloatArray, moment: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diag(gram))
    scale[scale == 0.0] = 1.0
    scaled = gram / scale[:, None] / scale
    return solve_semidefinite(scaled, moment / scale[:, None], PSEUDO_RANK) / scale[:, None]


def _loss(run: FreeRun, modes: Modes, now: Signals, prior: Prior) -> float:
    if run.weights is None:
        squares = float(np.sum(run.picked(now.error) ** 2))
    else:
        squares = float(np.sum(run.weights * now.error**2))
    loss = squares + prior.penalty(modes)
    return loss if np.isfinite(loss) else np.inf
