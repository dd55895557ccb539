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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.starts.recursion import linear_recursion

FloatArray = NDArray[np.float64]

WEIGHTS = ("N4SID", "MOESP", "CVA")
HORIZONS = (4, 6, 8, 12, 16, 24, 32)
MAX_ORDER = 12
COLUMNS_PER_ROW = 1.2  # least width of the Hankel matrices relative to their height
FIRST_STEPS = 50  # outputs that set the state of a training record
EXACT = 1e-4  # smallest standard deviation of an error that is believed


@dataclass(frozen=True)
class Choice:
    """How a model is identified."""

    weights: str
    horizon: int
    order: int
    refit: bool
    source: str = ""

    @property
    def label(self) -> str:
        """In words."""
        words = f"{self.weights}, horizon {self.horizon}, order {self.order}"
        words += f", {self.source}" if self.source else ""
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
        for _ in range(min(n_steps, int(records.lengths.min()))):
            response.append(weights[:, None] * row)
            row = row @ self.A
        design = np.concatenate(response)
        gram = design.T @ design + prior
        state0 = np.zeros((records.n_records, len(self.A)))
        for r, rows in enumerate(records.slices()):
            target = (weights * error[rows][: len(response)]).ravel()
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


def sources(records: Records) -> dict[str, Records]:
    """List what SIPPY is given, as it takes one record: all joined end to end, or one of them."""
    if records.n_records == 1:
        return {"": records}
    lengths = records.lengths.tolist()
    alone = {f"record {r + 1}": records.take([(r, 0, n)]) for r, n in enumerate(lengths)}
    return {"joined": records, **alone}


def models(
    records: Records, source: str, horizon: int, weights: str
) -> Iterator[tuple[Choice, StateSpace]]:
    """Stable models of every order from one source; their statistics are those of all records."""
    for order, parts in matrices(sources(records)[source], horizon, weights):
        for refit in (False, True):
            try:
                model = finish(records, parts, refit)
            except np.linalg.LinAlgError:  # states too large for float64 on the way to zero
                continue
            yield Choice(weights, horizon, order, refit, source), model


def matrices(
    record: Records, horizon: int, weights: str
) -> Iterator[tuple[int, tuple[FloatArray, ...]]]:
    """Order and A, B, C, D with A stable, as SIPPY finds them; none where its algebra fails."""
    from sippy_unipi import OLSims_methods as sippy  # pyright: ignore[reportMissingImports]

    assert record.y is not None
    u, y = record.u.T.copy(), record.y.T.copy()
    (m, length), n_outputs = u.shape, len(y)
    width = length - 2 * horizon + 1
    try:
        decomposition = sippy.SVD_weighted(y, u, horizon, n_outputs, weights)
        for order in range(1, min(MAX_ORDER, horizon) + 1):
            given = (y, u, n_outputs, m, horizon, width, *decomposition, 0.0, order, True)
            observability, x, found, n, _ = sippy.algorithm_1(*given)
            # Changes an unstable A only.
            sippy.forcing_A_stability(found, n, observability, n_outputs, x, width, u, horizon)
            parts = tuple(np.real(part).copy() for part in sippy.extracting_matrices(found, n))
            if spectral_radius(parts[0]) < 1.0 and np.isfinite(found).all():
                yield order, parts
    except np.linalg.LinAlgError:
        return


def spectral_radius(A: FloatArray) -> float:
    """Largest absolute eigenvalue."""
    return float(np.max(np.abs(np.linalg.eigvals(A))))


def finish(records: Records, parts: Sequence[FloatArray], refit: bool) -> StateSpace:
    """Model of stable A with its statistics on the training records."""
    assert records.y is not None
    A, B, C, D = parts
    bias, state0 = np.zeros(len(C)), None
    if refit:
        B, D, bias, state0 = refit_inputs(records, A, C)
    x = states(A, records.u @ B.T, records, state0)
    model = StateSpace(A, B, C, D, bias, x.T @ x / len(x), error_std=np.zeros(len(C)))
    if state0 is None:
        state0 = model.initial_states(records, FIRST_STEPS)
    error = records.y - model.simulate(records, state0)
    return replace(model, error_std=np.sqrt(np.mean(error**2, axis=0)))


def refit_inputs(
    records: Records, A: FloatArray, C: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
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

    Where that one cannot be found, the chosen one stays.
    """
    best: tuple[float, Choice, StateSpace] | None = None
    with quiet():
        for source, seen in sources(train).items():
            for horizon, weights in product(horizons(seen), WEIGHTS):
                for choice, model in models(train, source, horizon, weights):
                    error = model.error(held, window)
                    if best is None or error < best[0]:
                        best = error, choice, model
        assert best is not None
        _, chosen, model = best
        every = models(whole, chosen.source, chosen.horizon, chosen.weights)
        return chosen, dict(every).get(chosen, model)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """SIPPY prints, and its arithmetic warns where a model is unstable."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
