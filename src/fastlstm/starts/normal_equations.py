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

from fastlstm._linalg import loaded, promised, solve_positive
from fastlstm.starts.initial_states import InitialStates, beginnings
from fastlstm.starts.modal import FreeRun, Modes, Signals
from fastlstm.starts.realization import stable_poles
from fastlstm.starts.turns import Turn, joined, parts_of

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

SMALLEST_ANGLE = 1e-9  # imaginary part that a complex pole keeps


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
        _, n_modes, n_inputs, n_total = now.driven.shape
        driven = np.zeros((n_inputs, 2 * n_modes, 2 * n_modes))
        if n_inputs > 1:
            for k in range(n_inputs):
                signals = now.driven[:, :, k].reshape(2 * n_modes, n_total)
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
        self.mixes = [Turn.of(weights) for weights in modes.output_weights]
        self.turns = self._turns() if self.move_inputs else self.mixes
        kappa = np.where(modes.poles.imag == 0, 1.0, 2.0)
        self.signs = np.concatenate([kappa, -kappa, np.ones(self.n_inputs + 1)])
        counts = run.weights
        if counts is None:
            picked, error = run.picked(basis), run.picked(now.error)
            self._assemble([picked @ picked.T] * self.n_outputs, picked @ error.T)
        else:
            grams = [(basis * weights) @ basis.T for weights in counts]
            self._assemble(grams, basis @ (counts * now.error).T)
        self._add_prior()
        self.begun = self._initial_states(run, now, basis)

    def _basis(self, run: FreeRun, now: Signals) -> FloatArray:
        n_total = run.u.shape[1]
        filtered = run.pole_derivatives(self.modes, now.modes)
        parts = [*filtered, *now.modes, run.u, np.ones((1, n_total))]
        if self.move_inputs:
            parts.insert(0, now.driven.reshape(-1, n_total))
        return np.concatenate(parts)

    def _turns(self) -> list[Turn]:
        """Per output: from the shared signals to derivatives."""
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
        for o in range(self.n_outputs):
            stop = self._own(o).stop - 1
            direct = np.arange(stop - self.n_inputs, stop)
            self.hessian[direct, direct] += weight
            self.gradient[direct] -= weight * self.modes.direct[o]
            if self.move_inputs:
                self._add_path_prior(weight, self.mixes[o])

    def _add_path_prior(self, weight: float, turn: Turn) -> None:
        """Prior of the paths to one output, as a quadratic form of the input gains."""
        for k, power in enumerate(self.prior.driven):
            gains = np.arange(k, 2 * self.n_modes * self.n_inputs, self.n_inputs)
            block = weight * turn.both(power)
            self.hessian[np.ix_(gains, gains)] += block
            self.gradient[gains] -= block @ parts_of(self.modes.gains_in[:, k])

    def _initial_states(self, run: FreeRun, now: Signals, basis: FloatArray) -> InitialStates:
        """System of the initial states, those of records of equal length together."""
        begun = InitialStates.of(self.prior.weight, self.modes.initial, len(self.gradient))
        n_steps = np.minimum(run.records.lengths, now.free.shape[1])
        for n in np.unique(n_steps):
            self._add_responses(run, now, basis, begun, np.flatnonzero(n_steps == n), int(n))
        return begun

    def _add_responses(
        self,
        run: FreeRun,
        now: Signals,
        basis: FloatArray,
        begun: InitialStates,
        records: NDArray[np.int64],
        n_steps: int,
    ) -> None:
        """Add what the first steps of some records tell; time is the last axis, records before."""
        starts, k = run.records.offsets[records], self.n_shared
        responses = parts_of(now.free[:, :n_steps])
        signals = beginnings(basis, starts, n_steps).swapaxes(0, 1)
        errors = beginnings(now.error, starts, n_steps).swapaxes(0, 1)
        shared = run.weights is None  # all outputs have the same rows
        every = run.rows[None] if run.weights is None else run.weights
        counts = beginnings(every, starts, n_steps)
        for o, (turn, mix) in enumerate(zip(self.turns, self.mixes, strict=True)):
            if o == 0 or not shared:
                free = responses * counts[o][:, None]
                power = free @ (free if shared else responses).swapaxes(-1, -2)
                cross, moment = (part @ free.swapaxes(1, 2) for part in (signals, errors))
            begun.hessian[records] += mix.columns(mix.columns(power.swapaxes(1, 2)).swapaxes(1, 2))
            begun.gradient[records] += mix.columns(moment[:, o])
            mixed = mix.columns(cross)
            begun.coupling[records, :k] += turn.columns(mixed[:, :k].swapaxes(1, 2)).swapaxes(1, 2)
            begun.coupling[records, self._own(o)] = self.signs[:, None] * mixed[:, k:]

    def step(self, damping: float) -> tuple[Modes, float]:
        """Modes after a damped step with projected poles, and the decrease the system promises."""
        hessian, gradient = loaded(self.hessian, damping), self.gradient.copy()
        try:
            solved = self.begun.eliminated(hessian, gradient, damping)
            change = solve_positive(hessian, gradient)
        except linalg.LinAlgError:
            return self.modes, 0.0
        initial = np.array([part[:, -1] - part[:, :-1] @ change for part in solved])
        decrease = promised(self.hessian, self.gradient, change, damping)
        for own, slope, states in zip(
            self.begun.hessian, self.begun.gradient, initial, strict=True
        ):
            decrease += promised(own, slope, states, damping)
        return self._moved(change, joined(initial.T).T), decrease

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
