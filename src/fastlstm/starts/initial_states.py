"""Initial states of records in the fit of a linear model: few unknowns for each, eliminated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm._core.modal import pair
from fastlstm._linalg import loaded, solve_positive

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class InitialStates:
    """Blocks of the system that belong to one record each.

    Parameters
    ----------
    hessian : array of shape (n_records, 2 n_modes, 2 n_modes)
    coupling : array of shape (n_records, n_coefficients, 2 n_modes)
        To the coefficients that the records share.
    gradient : array of shape (n_records, 2 n_modes)
    """

    hessian: FloatArray
    coupling: FloatArray
    gradient: FloatArray

    @classmethod
    def of(cls, prior: float, initial: ComplexArray, n_coefficients: int) -> InitialStates:
        """With the prior alone, of a given strength, at initial states (n_records, n_modes)."""
        states = np.concatenate(pair(initial), axis=1)
        n_records, size = states.shape
        return cls(
            np.tile(prior * np.eye(size), (n_records, 1, 1)),
            np.zeros((n_records, n_coefficients, size)),
            -prior * states,
        )

    def eliminated(
        self, hessian: FloatArray, gradient: FloatArray, damping: float
    ) -> list[FloatArray]:
        """Take the states out of the shared system, in place.

        Returns
        -------
        list of arrays of shape (2 n_modes, n_coefficients + 1)
            The states of every record are the last column less the others times the change of the
            coefficients.

        Raises
        ------
        LinAlgError
            If a block is not positive definite.
        """
        columns = np.concatenate([self.coupling, self.gradient[:, None]], axis=1).swapaxes(1, 2)
        solved = []
        for own, right, coupling in zip(
            loaded(self.hessian, damping), columns, self.coupling, strict=True
        ):
            solution = solve_positive(own, right)
            hessian -= coupling @ solution[:, :-1]
            gradient -= coupling @ solution[:, -1]
            solved.append(solution)
        return solved


def beginnings(signals: NDArray, starts: NDArray[np.int64], n_steps: int) -> NDArray:
    """First steps of some records, shape (n_signals, n_records, n_steps); a view where it can be.

    Parameters
    ----------
    signals : array of shape (n_signals, n_total)
    starts : array of shape (n_records,)
    n_steps : int
    """
    gap = int(starts[1] - starts[0]) if len(starts) > 1 else n_steps
    cut = signals[:, int(starts[0]) : int(starts[0]) + gap * len(starts)]
    if cut.shape[1] == gap * len(starts) and np.all(np.diff(starts) == gap):
        return cut.reshape(len(signals), len(starts), gap)[..., :n_steps]
    return signals.take(starts[:, None] + np.arange(n_steps), axis=1)
