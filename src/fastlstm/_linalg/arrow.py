"""Normal equations of shared unknowns and of others that belong to one group of rows each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm._linalg.damped import NormalEquations, Step, damped_step

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass
class ArrowEquations:
    r"""Statistics ``J'J`` and ``J'r`` in the form of an arrow.

    Of the unknowns, the first P are shared; q more belong to every one of G groups and enter the
    rows of that group only. Eliminating them leaves a system of P unknowns,

    .. math:: (A - \sum_g C_g D_g^{-1} C_g')\,s = -(a - \sum_g C_g D_g^{-1} b_g)

    Parameters
    ----------
    shared : NormalEquations
        A and a.
    cross : array of shape (n_groups, n_shared, n_own)
        C.
    own : array of shape (n_groups, n_own, n_own)
        D.
    own_gradient : array of shape (n_groups, n_own)
        b.
    """

    shared: NormalEquations
    cross: FloatArray
    own: FloatArray
    own_gradient: FloatArray

    @classmethod
    def zeros(cls, n_shared: int, n_groups: int, n_own: int) -> ArrowEquations:
        """Start of a sum."""
        return cls(
            NormalEquations.zeros(n_shared),
            np.zeros((n_groups, n_shared, n_own)),
            np.zeros((n_groups, n_own, n_own)),
            np.zeros((n_groups, n_own)),
        )

    @property
    def gradient(self) -> FloatArray:
        """``J'r`` of all unknowns, those of the groups behind the shared ones."""
        return np.concatenate([self.shared.gradient, self.own_gradient.ravel()])

    @property
    def diagonal(self) -> FloatArray:
        """Diagonal of ``J'J`` in the same order."""
        own = np.diagonal(self.own, axis1=1, axis2=2)
        return np.concatenate([self.shared.diagonal, own.ravel()])

    def add(self, rows: FloatArray, own: FloatArray, group: IntArray, residual: FloatArray) -> None:
        """Add rows of shape (n_rows, n_shared) and (n_rows, n_own), sorted by their group."""
        self.shared.add(rows, residual)
        groups, begins = np.unique(group, return_index=True)
        for g, begin, end in zip(groups, begins, [*begins[1:], len(group)], strict=True):
            part = slice(begin, end)
            self.cross[g] += rows[part].T @ own[part]
            self.own[g] += own[part].T @ own[part]
            self.own_gradient[g] += own[part].T @ residual[part]

    def add_ridge(self, alpha: FloatArray, offset: FloatArray) -> None:
        """Add the rows ``sqrt(alpha) * I`` with residual ``sqrt(alpha) * offset``."""
        n_shared = len(self.shared.gradient)
        self.shared.add_ridge(alpha[:n_shared], offset[:n_shared])
        diagonal = np.arange(self.own.shape[1])
        self.own[:, diagonal, diagonal] += alpha[n_shared:].reshape(self.own_gradient.shape)
        self.own_gradient += (alpha * offset)[n_shared:].reshape(self.own_gradient.shape)

    def damped(self, damping: float, scale: FloatArray) -> Step | None:
        """Step of Levenberg and Marquardt, see `damped_step`.

        Notes
        -----
        One factorisation of the shared unknowns and one per group; O(G q P (q + P)) to eliminate.
        """
        n_shared, n_own = self.cross.shape[1:]
        own, diagonal = self.own.copy(), np.arange(n_own)
        own[:, diagonal, diagonal] += damping * scale[n_shared:].reshape(-1, n_own)
        right = np.concatenate([self.cross.transpose(0, 2, 1), self.own_gradient[..., None]], 2)
        try:
            solved = np.linalg.solve(own, right)
        except np.linalg.LinAlgError:
            return None
        across = self.cross.transpose(1, 0, 2).reshape(n_shared, -1)
        taken = across @ solved.reshape(-1, n_shared + 1)
        gram = np.asfortranarray(self.shared.gram - taken[:, :-1])
        left = NormalEquations(gram, self.shared.gradient - taken[:, -1])
        found = damped_step(left, damping, scale[:n_shared])
        if found is None:
            return None
        own_step = -(solved[..., -1] + solved[..., :-1] @ found.step)
        step = np.concatenate([found.step, own_step.ravel()])
        return Step(step, float(damping * (scale * step) @ step - self.gradient @ step))
