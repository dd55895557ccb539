"""The Gauss-Newton system of a modal linear model in free run.

Every derivative is a linear combination of few signals: the modes driven by each input, the modes
filtered once more, the modes, the inputs, a constant. One Gram matrix of these signals gives the
normal equations of all outputs together. A real pole has zero derivatives in the imaginary
direction and so stays real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastlstm.starts.modal import FreeRun, Modes, Signals
from fastlstm.starts.realization import stable_poles

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

FLOOR = 1e-12  # relative diagonal loading that settles scale-free directions
SMALLEST_ANGLE = 1e-9  # imaginary part that a complex pole keeps


def parts_of(array: ComplexArray) -> FloatArray:
    """Real parts above imaginary parts along the first axis."""
    return np.concatenate([array.real, array.imag])


def joined(parts: FloatArray) -> ComplexArray:
    """Undo `parts_of`."""
    half = len(parts) // 2
    return parts[:half] + 1j * parts[half:]


@dataclass(frozen=True)
class Turn:
    """Symmetric matrix from (Re s, Im s) to the derivatives of Re(w s d) by (Re d, Im d).

    Row i is ``same[i]`` times row i plus ``other[i]`` times row ``partner[i]`` of what it is
    applied to.
    """

    same: FloatArray
    other: FloatArray
    partner: NDArray[np.int64]

    @classmethod
    def of(cls, *groups: ComplexArray) -> Turn:
        """For several groups of signals with weights w, one below the other."""
        same, other, partner, start = [], [], [], 0
        for weights in groups:
            n = len(weights)
            same.append(np.concatenate([weights.real, -weights.real]))
            other.append(np.concatenate([-weights.imag, -weights.imag]))
            partner.append(start + np.roll(np.arange(2 * n), n))
            start += 2 * n
        return cls(np.concatenate(same), np.concatenate(other), np.concatenate(partner))

    def rows(self, array: FloatArray) -> FloatArray:
        """Apply to the first axis."""
        return (self.same * array.T + self.other * array[self.partner].T).T

    def both(self, array: FloatArray) -> FloatArray:
        """Apply to both axes of a matrix."""
        return self.rows(self.rows(array).T).T


@dataclass(frozen=True)
class Prior:
    r"""Gaussian prior: the path from any input to any output has about the power of an output.

    .. math:: \alpha \sum_{o,k} \left( \mathrm{mean}_t\, p_{ok}(t)^2 + D_{ok}^2 \right)
        + \alpha \sum_{r,j} |z_{rj}(0)|^2, \qquad
        p_{ok} = \sum_j \kappa_j \mathrm{Re}(c_{oj} b_{jk} z_{jk})

    with :math:`\alpha` the mean squared error times `ridge` and :math:`z_{jk}` mode j driven by
    input k alone. It forbids large paths that cancel, which collinear inputs invite, and does not
    depend on the coordinates of the states. The powers of :math:`z_{jk}` are those at the point
    where the prior was made.
    """

    weight: float  # alpha
    driven: FloatArray  # (n_inputs, 2 n_modes, 2 n_modes): mean products of the driven modes

    @classmethod
    def of(cls, run: FreeRun, now: Signals, ridge: float) -> Prior:
        """From the errors and the signals of one simulation."""
        weight = ridge * min(run.mean_square(now.error), 1.0)
        n_modes, n_inputs, n_total = now.driven.shape
        driven = np.zeros((n_inputs, 2 * n_modes, 2 * n_modes))
        if n_inputs > 1:
            for k in range(n_inputs):
                signals = parts_of(now.driven[:, k])
                driven[k] = signals @ signals.T / n_total
        return cls(weight, driven)

    def penalty(self, modes: Modes) -> float:
        """Value of the prior at a model."""
        rest = float(np.sum(modes.direct**2) + np.sum(np.abs(modes.initial) ** 2))
        if len(self.driven) == 1:  # a single input: no other path to cancel
            return self.weight * rest
        paths = parts_of((modes.output_weights[:, :, None] * modes.gains_in).conj().swapaxes(0, 1))
        power = np.einsum("iok,kij,jok->", paths, self.driven, paths, optimize=True)
        return self.weight * (float(power) + rest)


class NormalEquations:
    """Gauss-Newton system at one point: shared coefficients, then those of every output.

    Shared are the input gains (fixed for a single input, where the output gains say it all) and the
    poles; initial states are eliminated record by record.
    """

    def __init__(self, run: FreeRun, modes: Modes, now: Signals, prior: Prior) -> None:
        self.modes, self.prior = modes, prior
        self.n_outputs, self.n_inputs = modes.direct.shape
        self.n_modes = len(modes.poles)
        self.move_inputs = self.n_inputs > 1
        basis = self._basis(run, now)
        self.n_own = 2 * self.n_modes + self.n_inputs + 1
        self.n_shared = len(basis) - self.n_own
        self.turns = self._turns()
        kappa = np.where(modes.poles.imag == 0, 1.0, 2.0)
        self.signs = np.concatenate([kappa, -kappa, np.ones(self.n_inputs + 1)])
        if run.weights is None:
            every = run.rows.all()
            picked = basis if every else basis[:, run.rows]
            error = now.error if every else now.error[:, run.rows]
            self._assemble([picked @ picked.T] * self.n_outputs, picked @ error.T)
            counts = np.broadcast_to(run.rows, now.error.shape)
        else:
            grams = [(basis * weights) @ basis.T for weights in run.weights]
            self._assemble(grams, basis @ (run.weights * now.error).T)
            counts = run.weights
        self._add_prior()
        self.initial = [
            self._initial_block(
                basis[:, rows], now, rows, start, counts[:, rows], shared=run.weights is None
            )
            for rows, start in zip(run.records.slices(), modes.initial, strict=True)
        ]

    def _basis(self, run: FreeRun, now: Signals) -> FloatArray:
        filtered = run.pole_derivatives(self.modes, now.modes)
        parts = [parts_of(filtered), parts_of(now.modes), run.u, np.ones((1, run.u.shape[1]))]
        if self.move_inputs:
            parts.insert(0, parts_of(now.driven.reshape(-1, run.u.shape[1])))
        return np.concatenate(parts)

    def _turns(self) -> list[Turn]:
        """Per output: from the shared signals to derivatives."""
        if not self.move_inputs:
            return [Turn.of(weights) for weights in self.modes.output_weights]
        return [
            Turn.of(np.repeat(weights, self.n_inputs), weights)
            for weights in self.modes.output_weights
        ]

    def _own(self, output: int) -> slice:
        return slice(self.n_shared + output * self.n_own, self.n_shared + (output + 1) * self.n_own)

    def _assemble(self, grams: Sequence[FloatArray], moment: FloatArray) -> None:
        """From the products of the signals with each other, per output, and with the errors."""
        k, size = self.n_shared, self.n_shared + self.n_outputs * self.n_own
        self.hessian, self.gradient = np.zeros((size, size)), np.zeros(size)
        signs = self.signs
        for o, (turn, gram) in enumerate(zip(self.turns, grams, strict=True)):
            own = self._own(o)
            self.hessian[:k, :k] += turn.both(gram[:k, :k])
            self.hessian[:k, own] = turn.rows(gram[:k, k:]) * signs
            self.hessian[own, :k] = self.hessian[:k, own].T
            self.hessian[own, own] = signs[:, None] * gram[k:, k:] * signs
            self.gradient[:k] += turn.rows(moment[:k, o])
            self.gradient[own] = signs * moment[k:, o]

    def _add_prior(self) -> None:
        weight = self.prior.weight
        for o, weights in enumerate(self.modes.output_weights):
            stop = self._own(o).stop - 1
            direct = np.arange(stop - self.n_inputs, stop)
            self.hessian[direct, direct] += weight
            self.gradient[direct] -= weight * self.modes.direct[o]
            if self.move_inputs:
                self._add_path_prior(weight, Turn.of(weights))

    def _add_path_prior(self, weight: float, turn: Turn) -> None:
        """Prior of the paths to one output, as a quadratic form of the input gains."""
        for k, power in enumerate(self.prior.driven):
            gains = np.arange(k, 2 * self.n_modes * self.n_inputs, self.n_inputs)
            block = weight * turn.both(power)
            self.hessian[np.ix_(gains, gains)] += block
            self.gradient[gains] -= block @ parts_of(self.modes.gains_in[:, k])

    def _initial_block(
        self,
        basis: FloatArray,
        now: Signals,
        rows: slice,
        start: ComplexArray,
        counts: NDArray,
        shared: bool,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Hessian, coupling to the other coefficients and gradient of one initial state.

        `counts` (n_outputs, n_steps) weigh the outputs; `shared` says that all have the same mask.
        """
        n_steps = min(now.free.shape[1], basis.shape[1])
        responses = parts_of(now.free[:, :n_steps])
        error = now.error[:, rows.start : rows.start + n_steps]
        hessian = self.prior.weight * np.eye(2 * self.n_modes)
        gradient = -self.prior.weight * parts_of(start)
        coupling = np.zeros((len(self.gradient), 2 * self.n_modes))
        k = self.n_shared
        for o, turn in enumerate(self.turns):
            if o == 0 or not shared:
                free = responses * counts[o, :n_steps]
                power = free @ (free if shared else responses).T
                cross = basis[:, :n_steps] @ free.T
                moment = error @ free.T
            mix = Turn.of(self.modes.output_weights[o])
            hessian += mix.both(power)
            gradient += mix.rows(moment[o])
            mixed = mix.rows(cross.T).T
            coupling[:k] += turn.rows(mixed[:k])
            coupling[self._own(o)] = self.signs[:, None] * mixed[k:]
        return hessian, coupling, gradient

    def step(self, damping: float) -> tuple[Modes, float]:
        """Modes after a damped step with projected poles, and the decrease the system promises."""
        hessian, gradient = _loaded(self.hessian, damping), self.gradient.copy()
        solved = []
        try:
            for block, coupling, initial_gradient in self.initial:
                columns = np.column_stack([coupling.T, initial_gradient])
                solution = linalg.cho_solve(linalg.cho_factor(_loaded(block, damping)), columns)
                hessian -= coupling @ solution[:, :-1]
                gradient -= coupling @ solution[:, -1]
                solved.append(solution)
            change = linalg.cho_solve(linalg.cho_factor(hessian), gradient)
        except linalg.LinAlgError:
            return self.modes, 0.0
        promised = _promised(self.hessian, self.gradient, change, damping)
        initial = [solution[:, -1] - solution[:, :-1] @ change for solution in solved]
        for (block, _, initial_gradient), start in zip(self.initial, initial, strict=True):
            promised += _promised(block, initial_gradient, start, damping)
        return self._moved(change, joined(np.array(initial).T).T), promised

    def _moved(self, change: FloatArray, initial: ComplexArray) -> Modes:
        modes, m = self.modes, self.n_modes
        gains_in, at = modes.gains_in, 0
        if self.move_inputs:
            at = 2 * m * self.n_inputs
            gains_in = gains_in + joined(change[:at]).reshape(m, self.n_inputs)
        real = modes.poles.imag == 0
        poles = modes.poles + joined(change[at : at + 2 * m])
        poles = stable_poles(np.where(real, poles.real, poles))
        lost = (modes.poles.imag > 0) & (poles.imag < SMALLEST_ANGLE)
        poles = np.where(lost, poles.real + 1j * SMALLEST_ANGLE, poles)
        own = change[self.n_shared :].reshape(self.n_outputs, self.n_own)
        return replace(
            modes,
            poles=poles,
            gains_in=gains_in,
            gains_out=modes.gains_out + joined(own[:, : 2 * m].T).T,
            direct=modes.direct + own[:, 2 * m : -1],
            bias=modes.bias + own[:, -1],
            initial=modes.initial + initial,
        )


def _loaded(matrix: FloatArray, damping: float) -> FloatArray:
    diagonal = np.diag(matrix)
    loaded = matrix.copy()
    loaded[np.diag_indices_from(loaded)] += damping * diagonal + FLOOR * max(diagonal.max(), 1e-30)
    return loaded


def _promised(
    hessian: FloatArray, gradient: FloatArray, change: FloatArray, damping: float
) -> float:
    return float(gradient @ change + damping * np.diag(hessian) @ change**2)
