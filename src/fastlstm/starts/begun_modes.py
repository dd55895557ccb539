"""Linear models of records that begin anywhere: outputs and initial states fitted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.starts.modal import ComplexArray, FreeRun, Modes
from fastlstm.starts.output_error import polish
from fastlstm.starts.turns import joined, parts_of

FloatArray = NDArray[np.float64]

RANK = 1e-8  # relative singular value of the free responses in a record, below which they are none
RIDGE = 1e-8  # relative, of the regression beside them
BETTER = 0.5  # part of the squared error below which another model is another minimum
STEPS = 16  # Gauss-Newton steps
LEAST = 1e-6  # gain of a mode, relative to the largest, below which no output tells its state


def rescued(run: FreeRun, modes: Modes, starts: Sequence[Modes]) -> Modes:
    """Exchange a model that was fitted from rest for a much better one, if there is any.

    Where the response to the inputs is small beside that to the initial states, gains that were
    fitted from rest explain nothing, and Gauss-Newton from there may not find back. Where it does,
    its model stays.

    Parameters
    ----------
    run : FreeRun
        Returned as it is unless it is of several records that begin anywhere.
    modes : Modes
        Fitted.
    starts : sequence of Modes
        Whose poles are tried with fitted initial states, see `with_begun_records`.
    """
    if not run.begun:
        return modes

    def square(modes: Modes) -> float:
        return run.mean_square(run.simulate(modes).error)

    begun = min((with_begun_records(run, start) for start in starts), key=square)
    if not square(begun) < square(modes):
        return modes
    begun, error = polish(run, begun, STEPS)
    return begun if run.mean_square(error) < BETTER * square(modes) else modes


def with_begun_records(run: FreeRun, modes: Modes) -> Modes:
    """Output gains, direct part, bias and initial states by least squares, poles and inputs kept.

    The free responses of every record are projected out of signals and outputs, so that there is
    one regression for what the records share, however many they are.

    Parameters
    ----------
    run : FreeRun
    modes : Modes
        Its outputs and initial states do not matter.
    """
    now = run.simulate(modes.at_rest(run.records.n_records))
    kappa = np.where(modes.poles.imag == 0, 1.0, 2.0)
    signs = np.concatenate([kappa, -kappa])
    signals = [signs[:, None] * np.concatenate(now.modes), run.u, np.ones((1, run.u.shape[1]))]
    shared, free = np.concatenate(signals).T, signs * parts_of(now.free).T
    weights, begun = [], []
    for output in range(len(run.y)):
        own, of_records = _regressed(run, output, shared, free)
        weights.append(own)
        begun.append(of_records)
    m, gains = len(kappa), np.array(weights)
    out = np.where(kappa == 1.0, gains[:, :m], joined(gains[:, : 2 * m].T).T)
    return replace(
        modes,
        gains_out=out,
        direct=gains[:, 2 * m : -1],
        bias=gains[:, -1],
        initial=_states(np.array(begun), out, kappa == 1.0),
    )


def _regressed(
    run: FreeRun, output: int, shared: FloatArray, free: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weights of the shared signals and of the free responses in every record."""
    y, records = run.y[output], run.records
    root = run.rows.astype(np.float64)
    if run.weights is not None:
        root = np.sqrt(run.weights[output])
    columns, target = root[:, None] * shared, root * y
    left = np.concatenate([columns, target[:, None]], axis=1)
    inverses = []
    for rows in records.slices():
        stop = min(rows.stop, rows.start + len(free))
        responses = root[rows.start : stop, None] * free[: stop - rows.start]
        u, sizes, vt = np.linalg.svd(responses, full_matrices=False)
        kept = sizes > RANK * max(sizes[0], np.finfo(float).tiny)
        u, inverse = u[:, kept], vt[kept].T / sizes[kept]
        inverses.append((rows.start, stop, inverse @ u.T))
        left[rows.start : stop] -= u @ (u.T @ left[rows.start : stop])
    solution = _least_squares(left[:, :-1], left[:, -1])
    error = target - columns @ solution
    return solution, np.array([inverse @ error[a:b] for a, b, inverse in inverses])


def _least_squares(design: FloatArray, target: FloatArray) -> FloatArray:
    scale = np.sqrt(np.sum(design**2, axis=0))
    scale[scale == 0.0] = 1.0
    stacked = np.concatenate([design / scale, np.sqrt(RIDGE) * np.eye(design.shape[1])])
    padded = np.concatenate([target, np.zeros(design.shape[1])])
    return np.linalg.lstsq(stacked, padded, rcond=1e-12)[0] / scale


def _states(begun: FloatArray, gains_out: ComplexArray, real: NDArray[np.bool_]) -> ComplexArray:
    """Find initial states (n_records, n_modes) that give about the free responses of all outputs.

    Parameters
    ----------
    begun : array of shape (n_outputs, n_records, 2 * n_modes)
        Gain times state, real parts before imaginary ones.
    gains_out : complex array of shape (n_outputs, n_modes)
    real : bool array of shape (n_modes,)
    """
    products = joined(np.moveaxis(begun, 2, 0))
    power = np.sum(np.abs(gains_out) ** 2, axis=0)
    power = np.maximum(power, max(LEAST**2 * power.max(), np.finfo(float).tiny))
    states = np.einsum("oj,jor->rj", gains_out.conj(), products) / power
    return np.where(real, states.real, states)
