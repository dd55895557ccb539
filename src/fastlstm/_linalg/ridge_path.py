r"""Ridge regression for every penalty from one factorisation, with what is needed to choose one.

With the intercept left free and :math:`X = U S V'` the centred design, of :math:`n` rows,

.. math:: w(\alpha) = V\,\frac{S}{S^2 + \alpha}\,U'y, \qquad
    h_{tt}(\alpha) = \frac1n + \sum_j \frac{s_j^2}{s_j^2 + \alpha}\,u_{tj}^2

and the two classical estimates of the error on data that were not used are

.. math:: LOO = \frac1n \sum_t \Bigl(\frac{e_t}{1 - h_{tt}}\Bigr)^2, \qquad
    GCV = \frac1n \sum_t e_t^2 \Big/ \Bigl(1 - \frac1n\sum_t h_{tt}\Bigr)^2 .
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, svd

FloatArray = NDArray[np.float64]

_ROWS_AT_A_TIME = 8192
_FREE = 1e-9  # a smaller share of free rows is rounding: the fit interpolates


@dataclass(frozen=True)
class RidgePath:
    """The singular value decomposition of a centred design, and the targets seen through it.

    Parameters
    ----------
    n_rows : int
    design_mean : array of shape (n_features,)
    target_mean : array of shape (n_targets,)
    singular_values : array of shape (n_features,)
        S, in decreasing order; zero where it is rounding.
    directions : array of shape (n_features, n_features)
        V, one direction per column.
    projected : array of shape (n_features, n_targets)
        U'y.
    unexplained : array of shape (n_targets,)
        Sum of squares of the targets that no weights explain.
    """

    n_rows: int
    design_mean: FloatArray
    target_mean: FloatArray
    singular_values: FloatArray
    directions: FloatArray
    projected: FloatArray
    unexplained: FloatArray

    @classmethod
    def of(
        cls, design: FloatArray, target: FloatArray, weights: FloatArray | None = None
    ) -> RidgePath:
        """Factorise rows that are outside any washout.

        Parameters
        ----------
        design : array of shape (n_rows, n_features)
            Without a column of ones.
        target : array of shape (n_rows, n_targets)
        weights : array of shape (n_rows,), optional
            How much the square of every row counts, with a mean of one; all alike when None.

        Raises
        ------
        ValueError
            If there is no row.
        """
        if weights is None:
            return cls.of_blocks([(design, target)])
        root = np.sqrt(weights)[:, None]
        triangle = None
        for rows in _portions(len(design)):
            part = root[rows] * np.hstack(
                [np.ones((len(design[rows]), 1)), design[rows], target[rows]]
            )
            triangle = _triangle(part if triangle is None else np.vstack([triangle, part]))
        assert triangle is not None
        return cls._of_triangle(triangle, len(design), design.shape[1])

    @classmethod
    def of_blocks(cls, blocks: Iterable[tuple[FloatArray, FloatArray]]) -> RidgePath:
        """Factorise rows that come in blocks, for example one per record.

        Parameters
        ----------
        blocks : iterable of (design, target)
            The shapes of `of`.

        Raises
        ------
        ValueError
            If there is no row.

        Notes
        -----
        O(n_rows * n_features^2) time and O(n_features^2) storage. The triangle R of a QR
        factorisation of ``[1, design, target]`` adds up over blocks as a Gram matrix does (stack
        it on the next rows, factorise again) and does not square the condition number. Its first
        row takes the means out, its corner holds the singular values.
        """
        n_rows, n_features, triangle = 0, 0, None
        for design, target in blocks:
            n_features = design.shape[1]
            for rows in _portions(len(design)):
                part = np.hstack([np.ones((len(design[rows]), 1)), design[rows], target[rows]])
                stacked = part if triangle is None else np.vstack([triangle, part])
                triangle = _triangle(stacked)
            n_rows += len(design)
        if triangle is None:
            raise ValueError("design must have at least one row; got none. Use a smaller washout.")
        return cls._of_triangle(triangle, n_rows, n_features)

    @classmethod
    def _of_triangle(cls, triangle: FloatArray, n_rows: int, n_features: int) -> RidgePath:
        n_columns = triangle.shape[1]
        square = np.zeros((n_columns, n_columns))
        square[: len(triangle)] = triangle
        means = square[0, 1:] / square[0, 0]
        corner, rest = np.split(square[1:, 1:], [n_features])
        left, values, right = svd(corner[:, :n_features], check_finite=False)
        cut = np.finfo(float).eps * max(n_rows, n_features) * values.max(initial=0.0)
        values = np.where(values > cut, values, 0.0)
        projected = left.T @ corner[:, n_features:]
        unexplained = np.sum(rest[:, n_features:] ** 2, axis=0)
        split = means[:n_features], means[n_features:]
        return cls(n_rows, *split, values, right.T, projected, unexplained)

    def penalties(self, n_penalties: int, smallest: float = 1e-12) -> FloatArray:
        """Penalties that matter: from `smallest` times the largest squared singular value to it."""
        largest = max(self.singular_values.max(initial=0.0) ** 2, np.finfo(float).tiny)
        return largest * np.geomspace(smallest, 1.0, n_penalties)

    def solve(self, alpha: float) -> tuple[FloatArray, FloatArray]:
        r"""Minimise :math:`\|X w + 1 b' - y\|^2 + \alpha \|w\|^2`; the intercept b is free.

        Parameters
        ----------
        alpha : float
            Penalty on the sum (not the mean) of squares, >= 0. At zero, dependent columns give the
            solution of minimum norm.

        Returns
        -------
        weights : array of shape (n_features, n_targets)
        intercept : array of shape (n_targets,)
        """
        weights = self.directions @ (self._gains(alpha)[:, None] * self.projected)
        return weights, self.target_mean - self.design_mean @ weights

    def gcv(self, alphas: FloatArray) -> FloatArray:
        """Generalised cross-validation: an estimate of the mean squared error on new rows.

        Parameters
        ----------
        alphas : array of shape (n_alphas,)

        Returns
        -------
        scores : array of shape (n_alphas, n_targets)
            Infinite where the fit interpolates.

        References
        ----------
        Golub, Heath, Wahba, "Generalized cross-validation as a method for choosing a good ridge
        parameter", Technometrics 21, 1979, equation (1.4).
        """
        scores = np.full((len(alphas), len(self.target_mean)), np.inf)
        for row, alpha in enumerate(alphas):
            shrunk = self.singular_values * self._gains(alpha)
            left_over = (1.0 - shrunk)[:, None] * self.projected
            squares = self.unexplained + np.sum(left_over**2, axis=0)
            free = 1.0 - (1.0 + shrunk.sum()) / self.n_rows
            if free > _FREE:
                scores[row] = squares / self.n_rows / free**2
        return scores

    def leave_one_out(
        self,
        alphas: FloatArray,
        design: FloatArray,
        target: FloatArray,
        weights: FloatArray | None = None,
    ) -> FloatArray:
        """Mean squared error of every row, predicted by a fit to all others; exact.

        Parameters
        ----------
        alphas : array of shape (n_alphas,)
        design, target, weights : array
            The rows that were factorised.

        Returns
        -------
        scores : array of shape (n_alphas, n_targets)
            Infinite where a row determines its own prediction.

        Notes
        -----
        One more pass: O(n_rows * n_features * (n_features + n_alphas)). The leverages come from
        ``X V / s``, whose rounding the penalty damps as long as it is well above the square of
        the machine precision times the largest squared singular value.

        References
        ----------
        Allen, "The relationship between variable selection and data augmentation and a method for
        prediction", Technometrics 16, 1974 (PRESS).
        """
        gains = np.array([self._gains(alpha) for alpha in alphas])
        squares = np.zeros((len(alphas), target.shape[1]))
        values = np.where(self.singular_values > 0.0, self.singular_values, 1.0)
        for rows in _portions(len(design)):
            seen = (design[rows] - self.design_mean) @ self.directions
            centred = target[rows] - self.target_mean
            weight = 1.0 if weights is None else weights[rows, None]
            seen, centred = np.sqrt(weight) * seen, np.sqrt(weight) * centred
            free = 1.0 - weight / self.n_rows - (seen**2) @ (gains / values).T
            free = np.where(free > _FREE, free, np.nan)
            for row, gain in enumerate(gains):
                error = centred - seen @ (gain[:, None] * self.projected)
                squares[row] += np.sum((error / free[:, row, None]) ** 2, axis=0)
        return np.where(np.isfinite(squares), squares / self.n_rows, np.inf)

    def _gains(self, alpha: float) -> FloatArray:
        """``s / (s^2 + alpha)``, zero in directions that the design does not have."""
        values = self.singular_values
        present = values > 0.0
        return np.where(present, values, 0.0) / np.where(present, values**2 + alpha, 1.0)


def _triangle(rows: FloatArray) -> FloatArray:
    """R of shape (min(n_rows, n_columns), n_columns)."""
    return np.asarray(qr(rows, mode="r", check_finite=False)[0])[: rows.shape[1]]


def _portions(n_rows: int) -> list[slice]:
    return [slice(k, min(k + _ROWS_AT_A_TIME, n_rows)) for k in range(0, n_rows, _ROWS_AT_A_TIME)]
