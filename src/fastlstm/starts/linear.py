"""Linear state-space models that are good in free run: start and yardstick of the network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.starts.begun_modes import rescued
from fastlstm.starts.modal import FreeRun, Modes
from fastlstm.starts.output_error import polish
from fastlstm.starts.realization import input_gramian, unit_coordinates
from fastlstm.starts.recursion import linear_recursion
from fastlstm.starts.selection import choose_order, excerpt, fit_order

FloatArray = NDArray[np.float64]

MAX_ORDER = 12
FIT_ROWS = 16000  # rows of the last fit
EXACT = 1e-4  # smallest standard deviation of an error that is believed
LAST_STEPS = 6  # Gauss-Newton steps of the last fit of a long record


@dataclass(frozen=True)
class LinearModel:
    r"""Stable linear state-space model without delay between input, state and output.

    .. math:: x_t = A x_{t-1} + B u_t, \qquad y_t = C x_t + D u_t + d

    Parameters
    ----------
    A : array of shape (order, order)
    B : array of shape (order, n_inputs)
    C : array of shape (n_outputs, order)
    D : array of shape (n_outputs, n_inputs)
    bias : array of shape (n_outputs,)
        d.
    singular_values : array
        Of the Hankel matrix of the estimated impulse response, decreasing; empty if unknown.
    state_covariance : array of shape (order, order), optional
        Of the states on the training records; that of white inputs of unit variance when None.
    error_std : array of shape (n_outputs,), optional
        Root mean squared free-run error on the training records; taken as zero when None.
    """

    A: FloatArray
    B: FloatArray
    C: FloatArray
    D: FloatArray
    bias: FloatArray
    singular_values: FloatArray = field(default_factory=lambda: np.zeros(0))
    state_covariance: FloatArray | None = None
    error_std: FloatArray | None = None

    @property
    def order(self) -> int:
        """Number of states."""
        return len(self.A)

    @property
    def poles(self) -> NDArray[np.complex128]:
        """Eigenvalues of A, slowest first."""
        poles = np.linalg.eigvals(self.A).astype(complex)
        return poles[np.argsort(-np.abs(poles), kind="stable")]

    @property
    def covariance(self) -> FloatArray:
        """State covariance on the training records, or for white inputs; shape (order, order)."""
        if self.state_covariance is None:
            return input_gramian(self.A, self.B)
        return self.state_covariance

    def states(self, records: Records, state0: FloatArray | None = None) -> FloatArray:
        """States after every input sample, shape (n_total, order); see `simulate`."""
        return linear_recursion(self.A, records.u @ self.B.T, records.offsets, state0)

    def simulate(self, records: Records, state0: FloatArray | None = None) -> FloatArray:
        """Free run of all records.

        Parameters
        ----------
        records : Records
            Only u and offsets are used.
        state0 : array of shape (n_records, order), optional
            State before the first sample of every record; zero when None.

        Returns
        -------
        y : array of shape (n_total, n_outputs)
        """
        return self.states(records, state0) @ self.C.T + records.u @ self.D.T + self.bias

    def initial_states(self, records: Records, init_window: int | None = None) -> FloatArray:
        r"""State before the first sample of every record, from its first measured outputs.

        Weighted least squares with the training covariance of the states as prior.

        Parameters
        ----------
        records : Records
            With outputs.
        init_window : int, optional
            Steps of every record that are used; all when None.

        Returns
        -------
        state0 : array of shape (n_records, order)
        """
        if records.y is None:
            raise ValueError("records must hold measured outputs; got y=None. Pass y as well.")
        error = records.y - self.simulate(records)
        longest = int(records.lengths.max())
        n_steps = min(longest, init_window or longest, self.memory(1e-6, cap=longest))
        response = self._free_responses(n_steps)
        prior = np.linalg.pinv(self.covariance, rcond=1e-10, hermitian=True)
        deviation = np.full(len(self.bias), EXACT) if self.error_std is None else self.error_std
        weights = 1.0 / np.maximum(deviation, EXACT)
        states = np.zeros((records.n_records, self.order))
        for r, rows in enumerate(records.slices()):
            part = slice(rows.start, min(rows.stop, rows.start + n_steps))
            scale: FloatArray = weights
            if records.weights is not None:
                scale = weights * np.sqrt(records.weights[part])
            design = scale[..., None] * response[: rows.stop - rows.start]
            design = design.reshape(-1, self.order)
            target = (scale * error[part]).ravel()
            gram = design.T @ design + prior
            states[r] = np.linalg.lstsq(gram, design.T @ target, rcond=1e-14)[0]
        return states

    def memory(self, tol: float = 1e-3, cap: int = 4096) -> int:
        """Count the steps until a typical state no longer shows in the outputs.

        The free response from states of the training covariance has to fall below `tol` of its
        first value, so a mode that contributes nothing does not count, however slow.

        Parameters
        ----------
        tol : float
        cap : int
            Largest answer.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        spread = vectors * np.sqrt(np.maximum(values, 0.0))
        size = np.linalg.norm(self.C @ spread)
        if size == 0.0:
            return 1
        block = min(cap, 64)
        power = np.linalg.matrix_power(self.A, block)
        rows, last = self._free_responses(block), 0
        for start in range(0, cap, block):
            sizes = np.linalg.norm(rows @ spread, axis=(1, 2))
            above = np.flatnonzero(sizes > tol * size)
            if len(above):
                last = start + int(above[-1]) + 1
            elif start > last + 4 * block:
                break
            rows = rows @ power
        return min(cap, last + 1)

    def _free_responses(self, n_steps: int) -> FloatArray:
        """C A^(t+1), shape (n_steps, n_outputs, order)."""
        response, row = np.empty((n_steps, *self.C.shape)), self.C
        for t in range(n_steps):
            row = row @ self.A
            response[t] = row
        return response


def identify(
    records: Records,
    order: int | None = None,
    max_order: int = MAX_ORDER,
    washout: int = 0,
    rows: NDArray[np.bool_] | None = None,
) -> LinearModel:
    """Linear model with the smallest free-run error on given records.

    High-order ARX models with ridge give impulse responses, their Hankel matrices give balanced
    models of every order, and damped Gauss-Newton on the free-run error, initial states included,
    polishes poles and gains. Unstable poles are projected into the unit circle at every step.

    Parameters
    ----------
    records : Records
        With outputs; inputs and outputs of about zero mean and unit variance.
    order : int, optional
        Number of states, or the numerical rank of the Hankel matrix if that is smaller. When None,
        the smallest order that free-runs blocks of held-out rows about as well as any.
    max_order : int
        Largest order that is tried when `order` is None.
    washout : int
        First steps of every record that do not count.
    rows : bool array of shape (n_total,), optional
        Rows that count; all but the washout when None. The free run passes through the others.

    Returns
    -------
    model : LinearModel
        In coordinates in which the states of the training records are uncorrelated with unit
        variance and A is in real Schur form, slow poles first.

    Notes
    -----
    Long records are represented by pieces spread over them (16,000 rows in all), so the cost does
    not grow with their length.

    References
    ----------
    B. L. Ho, R. E. Kalman, 1966, and S. Y. Kung, 1978, as in `hankel_realization`; L. Ljung,
    "System Identification: Theory for the User", 1999, chapters 7 and 10 (output error).

    Examples
    --------
    >>> u = np.random.default_rng(0).standard_normal((200, 1))
    >>> plant = LinearModel(np.array([[0.8]]), np.ones((1, 1)), np.array([[0.6]]),
    ...                     np.zeros((1, 1)), np.zeros(1))
    >>> y = plant.simulate(Records.from_lists([u]))
    >>> identify(Records.from_lists([u], [y])).poles.real.round(6)
    array([0.8])
    """
    if records.y is None:
        raise ValueError("records must hold measured outputs; got y=None. Pass y as well.")
    if max_order < 1 or (order is not None and order < 1):
        raise ValueError(
            f"order and max_order must be at least 1; got {order} and {max_order}. "
            "Pass order=None to have it chosen."
        )
    counts = records.scored(washout) if rows is None else rows
    run = excerpt(records, counts)
    long = run.records.n_total < records.n_total
    if order is None:
        order, modes, values = choose_order(run, max_order)
        if not long:
            modes, values = fit_order(run, order)
    else:
        modes, values = fit_order(run, order)
    if long:
        run = excerpt(records, counts, FIT_ROWS)
        rest = modes.at_rest(run.records.n_records)
        modes, _ = polish(run, rest, LAST_STEPS, tol=1e-3)
        modes = rescued(run, modes, [rest])
    return _model(run, modes, values)


def _model(run: FreeRun, modes: Modes, singular_values: FloatArray) -> LinearModel:
    A, B, C = modes.state_space()
    now = run.simulate(modes)
    states = []
    for pole, re, im in zip(modes.poles, *now.modes, strict=True):
        states += [re] if pole.imag == 0 else [re, im]
    covariance = np.array(states) @ np.array(states).T / run.records.n_total
    error_std = _error_std(run, now.error) if run.rows.any() else None
    A, B, C, covariance = unit_coordinates(A, B, C, covariance)
    direct, bias = modes.direct, modes.bias
    return LinearModel(A, B, C, direct, bias, singular_values, covariance, error_std)


def _error_std(run: FreeRun, error: FloatArray) -> FloatArray:
    """Root mean squared error of every output over the rows that count."""
    if run.weights is None:
        return np.sqrt(np.mean(error[:, run.rows] ** 2, axis=1))
    total = np.maximum(run.weights.sum(axis=1), np.finfo(float).tiny)
    return np.sqrt(np.sum(run.weights * error**2, axis=1) / total)
