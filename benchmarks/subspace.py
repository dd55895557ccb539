r"""Linear subspace models (N4SID, MOESP, CVA) of SIPPY, at their best in free run.

.. math:: x_{t+1} = A x_t + B u_t, \qquad y_t = C x_t + D u_t + d

Weighting, horizon and order are those with the smallest free-run error on the last fifth of the
training records; then the model is identified again from all of them. Two things are tried that
plain subspace software leaves out, since both help in free run: B, D, d and the initial states by
least squares on the simulated output once A and C are known, and stable poles where A is unstable.

References: P. Van Overschee, B. De Moor, "Subspace Identification for Linear Systems", 1996;
M. Verhaegen, V. Verdult, "Filtering and System Identification", 2007, section 9.2 (B and D).
SIPPY is the package sippy_unipi, which this module needs.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.starts.recursion import linear_recursion

FloatArray = NDArray[np.float64]

WEIGHTS = ("N4SID", "MOESP", "CVA")
HORIZONS = (4, 6, 8, 12, 16, 24, 32)
MAX_ORDER = 12
COLUMNS_PER_ROW = 1.2  # least width of the Hankel matrices relative to their height
EXACT = 1e-4  # smallest standard deviation of an error that is believed


@dataclass(frozen=True)
class Choice:
    """How a model is identified."""

    weights: str
    horizon: int
    order: int
    refit: bool

    @property
    def label(self) -> str:
        """In words."""
        words = f"{self.weights}, horizon {self.horizon}, order {self.order}"
        return f"{words}, B and D by free run" if self.refit else words


@dataclass(frozen=True)
class StateSpace:
    """The model of this module; arrays as in its formula.

    Parameters
    ----------
    covariance : array of shape (order, order)
        Mean of x x' over the training records.
    error_std : array of shape (n_outputs,)
        Root mean squared free-run error on the training records.
    """

    A: FloatArray
    B: FloatArray
    C: FloatArray
    D: FloatArray
    bias: FloatArray
    covariance: FloatArray
    error_std: FloatArray

    def simulate(self, records: Records, state0: FloatArray | None = None) -> FloatArray:
        """Free run, shape (n_total, n_outputs), from states of shape (n_records, order)."""
        x = states(self.A, records.u @ self.B.T, records, state0)
        return x @ self.C.T + records.u @ self.D.T + self.bias

    def initial_states(self, records: Records, n_steps: int) -> FloatArray:
        """First states from the first outputs, with the training covariance as prior."""
        assert records.y is not None
        error = records.y - self.simulate(records)
        weights = 1.0 / np.maximum(self.error_std, EXACT)
        prior = np.linalg.pinv(self.covariance, rcond=1e-10, hermitian=True)
        response, row = [], self.C
        for _ in range(n_steps):
            response.append(weights[:, None] * row)
            row = row @ self.A
        design = np.concatenate(response)
        gram = design.T @ design + prior
        state0 = np.zeros((records.n_records, len(self.A)))
        for r, rows in enumerate(records.slices()):
            target = (weights * error[rows][:n_steps]).ravel()
            state0[r] = np.linalg.lstsq(gram, design.T @ target, rcond=1e-14)[0]
        return state0

    def error(self, records: Records, n_steps: int) -> float:
        """Root mean square of a free run behind the window; infinite if it diverges."""
        assert records.y is not None
        with np.errstate(all="ignore"):
            try:
                y = self.simulate(records, self.initial_states(records, n_steps))
            except (np.linalg.LinAlgError, ValueError):
                return math.inf
            value = float(np.sqrt(np.mean((y - records.y)[records.scored(n_steps)] ** 2)))
        return value if math.isfinite(value) else math.inf


def states(
    A: FloatArray, drive: FloatArray, records: Records, state0: FloatArray | None
) -> FloatArray:
    """States x_t with x_{t+1} = A x_t + drive_t, shape (n_total, order)."""
    after = linear_recursion(A, drive, records.offsets, state0)
    first = records.offsets[:-1]
    x = np.concatenate([np.zeros((1, len(A))), after[:-1]])
    x[first] = 0.0 if state0 is None else state0
    return x


def models(records: Records, horizon: int, weights: str) -> Iterator[tuple[Choice, StateSpace]]:
    """Models of every order; records are joined end to end, as SIPPY takes one."""
    from sippy_unipi import OLSims_methods as sippy  # pyright: ignore[reportMissingImports]

    assert records.y is not None
    u, y = records.u.T.copy(), records.y.T.copy()
    (m, length), n_outputs = u.shape, len(y)
    width = length - 2 * horizon + 1
    try:
        decomposition = sippy.SVD_weighted(y, u, horizon, n_outputs, weights)
    except np.linalg.LinAlgError:
        return
    for order in range(1, min(MAX_ORDER, horizon) + 1):
        given = (y, u, n_outputs, m, horizon, width, *decomposition, 0.0, order, True)
        observability, x, matrix, n, _ = sippy.algorithm_1(*given)
        # Leaves a stable A as it is.
        sippy.forcing_A_stability(matrix, n, observability, n_outputs, x, width, u, horizon)
        parts = tuple(np.real(part).copy() for part in sippy.extracting_matrices(matrix, n))
        if spectral_radius(parts[0]) >= 1.0:
            continue
        for refit in (False, True):
            yield Choice(weights, horizon, n, refit), finish(records, parts, refit)


def spectral_radius(A: FloatArray) -> float:
    """Largest absolute eigenvalue."""
    return float(np.max(np.abs(np.linalg.eigvals(A))))


def finish(records: Records, parts: Any, refit: bool) -> StateSpace | None:
    """Model with its statistics on the training records; None if it leaves the numbers there."""
    assert records.y is not None
    A, B, C, D = parts
    with np.errstate(all="ignore"):
        if refit:
            found = refit_inputs(records, A, C)
            if found is None:
                return None
            B, D, bias, state0 = found
        else:
            bias, state0 = np.zeros(len(C)), None
        x = states(A, records.u @ B.T, records, state0)
        error = records.y - (x @ C.T + records.u @ D.T + bias)
        error_std = np.sqrt(np.mean(error**2, axis=0))
        covariance = x.T @ x / len(x)
    if not (np.isfinite(error_std).all() and np.isfinite(covariance).all()):
        return None
    return StateSpace(A, B, C, D, bias, covariance, error_std)


def refit_inputs(
    records: Records, A: FloatArray, C: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None:
    """B, D, d and initial states with the smallest free-run error for given A and C."""
    assert records.y is not None
    n, n_outputs, m = len(A), len(C), records.u.shape[1]
    columns = []
    for state in range(n):
        for channel in range(m):
            drive = np.zeros((records.n_total, n))
            drive[:, state] = records.u[:, channel]
            columns.append(states(A, drive, records, None) @ C.T)
    for output in range(n_outputs):
        for signal in [*records.u.T, np.ones(records.n_total)]:
            direct = np.zeros((records.n_total, n_outputs))
            direct[:, output] = signal
            columns.append(direct)
    for record in range(records.n_records):
        for state in range(n):
            state0 = np.zeros((records.n_records, n))
            state0[record, state] = 1.0
            columns.append(states(A, np.zeros((records.n_total, n)), records, state0) @ C.T)
    design = np.stack([column.ravel() for column in columns], axis=1)
    if not np.isfinite(design).all():
        return None
    solution = np.linalg.lstsq(design, records.y.ravel(), rcond=1e-10)[0]
    B, rest = solution[: n * m].reshape(n, m), solution[n * m :]
    direct = rest[: n_outputs * (m + 1)].reshape(n_outputs, m + 1)
    state0 = rest[n_outputs * (m + 1) :].reshape(records.n_records, n)
    return B, direct[:, :m], direct[:, m], state0


def horizons(records: Records) -> list[int]:
    """Those for which the data fill the Hankel matrices."""
    assert records.y is not None
    height = 2 * records.u.shape[1] + records.y.shape[1]
    fits = [f for f in HORIZONS if records.n_total - 2 * f >= COLUMNS_PER_ROW * height * f]
    return fits or [HORIZONS[0]]


def identify(
    train: Records, held: Records, whole: Records, window: int
) -> tuple[Choice, StateSpace]:
    """Choose on `held` among the models of `train`; the model of `whole` for the same choice.

    Where that one is unstable and the chosen one is not, the chosen one stays.
    """
    best: tuple[float, Choice, StateSpace] | None = None
    with quiet():
        for horizon in horizons(train):
            for weights in WEIGHTS:
                for choice, model in models(train, horizon, weights):
                    error = model.error(held, window)
                    if best is None or error < best[0]:
                        best = error, choice, model
        assert best is not None
        _, chosen, model = best
        again = dict(models(whole, chosen.horizon, chosen.weights)).get(chosen, model)
    if spectral_radius(again.A) >= 1.0 > spectral_radius(model.A):
        return chosen, model
    return chosen, again


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """SIPPY prints, and its arithmetic warns where a model is unstable."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
