r"""What an error costs: its square, or less where it is far beyond the others.

A robust loss compares the errors e of one output with a scale s that it finds by itself,

.. math:: Q(e) = \min_{s > 0} \Bigl( \beta s + \overline{s\,\rho(e / s)} \Bigr), \qquad
          q(e) = Q(e) / E[z \psi(z)], \qquad \psi = \rho',

and q takes the place of the root mean square: it has the unit of e, equals the standard deviation
of normal errors, and large errors enter it in proportion, not squared. With :math:`\rho = z^2 / 2`
and :math:`\beta = 1/2` it *is* the root mean square. The best s satisfies
:math:`\overline{\chi(e/s)} = \beta` with :math:`\chi(z) = z \psi(z) - \rho(z)`, which is bounded:
outliers hardly move s. Because q depends on the errors alone, costs of any two sets of weights can
be compared, whatever happened before.

By the envelope theorem the derivative of q is that of the mean with s held, so

.. math:: d(q^2) = \overline{2 \omega e\, de}, \qquad
          \omega = \frac{Q}{s\, E[z\psi(z)]^2} \frac{\psi(e/s)}{e/s}:

squares with weights, which Gauss-Newton takes as they are (iteratively reweighted least squares).

References
----------
P. J. Huber, "Robust Statistics", 1981, chapters 6.4 and 7.7 to 7.8 (joint location and scale,
"proposal 2"); A. B. Owen, "A robust hybrid of lasso and ridge regression", 2007 (convexity in
error and scale together).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Shape = Callable[[FloatArray], FloatArray]

HUBER_BEND = 1.345  # standard deviations; 95 % efficient where the errors are normal
SOFT_BEND = 1.0
_SMALLEST_SCALE = 1e-9  # of the largest error: most errors are zero
_MAX_STEPS = 60
_PRECISION = 1e-8  # of the scale; it enters the cost squared


class AbstractLoss(ABC):
    """Turns errors into a mean square, and into weights of their squares."""

    @property
    @abstractmethod
    def is_squared(self) -> bool:
        """Whether it is the plain square."""

    @abstractmethod
    def mean_square(self, error: FloatArray, weights: FloatArray | None = None) -> float:
        """Mean over outputs and rows, robust if the loss is; not finite where an error is not.

        Parameters
        ----------
        error : array of shape (n_rows, n_outputs)
        weights : array of shape (n_rows, n_outputs), optional
            How much every error counts, not all zero; all alike when None.
        """

    @abstractmethod
    def row_weights(self, error: FloatArray, weights: FloatArray | None = None) -> FloatArray:
        r"""Weights :math:`\omega` of the squares, times `weights`; shape (n_rows, n_outputs).

        Sum of weights times `mean_square` has the gradient of
        :math:`\sum \omega e^2` with :math:`\omega` held.
        """


@dataclass(frozen=True)
class Squared(AbstractLoss):
    """Plain mean of squares."""

    @property
    def is_squared(self) -> bool:
        """True."""
        return True

    def mean_square(self, error: FloatArray, weights: FloatArray | None = None) -> float:
        """Weighted mean of squares."""
        if weights is None:
            return float(np.mean(error**2))
        return float(np.sum(weights * error**2) / np.sum(weights))

    def row_weights(self, error: FloatArray, weights: FloatArray | None = None) -> FloatArray:
        """Return the weights themselves."""
        return np.ones_like(error) if weights is None else weights


@dataclass(frozen=True)
class Robust(AbstractLoss):
    r"""See the module.

    Parameters
    ----------
    rho : callable
        Convex, even, :math:`z^2 / 2` near zero and linear far away.
    psi_over_z : callable
        Its derivative divided by z: between 0 and 1.
    psi_slope : callable
        Its second derivative.
    """

    rho: Shape
    psi_over_z: Shape
    psi_slope: Shape

    @property
    def is_squared(self) -> bool:
        """False."""
        return False

    @cached_property
    def _normal(self) -> tuple[float, float]:
        """Beta and E[z psi(z)] of normal errors, by quadrature."""
        z = np.linspace(-10.0, 10.0, 20001)
        density = np.exp(-0.5 * z**2)
        density /= density.sum()
        slope = float(density @ (z**2 * self.psi_over_z(z)))
        return slope - float(density @ self.rho(z)), slope

    def mean_square(self, error: FloatArray, weights: FloatArray | None = None) -> float:
        """Weighted mean over the outputs of q squared."""
        if not np.isfinite(error).all():
            return np.inf
        weights = np.ones_like(error) if weights is None else weights
        slope, total, counts = self._normal[1], 0.0, weights.sum(axis=0)
        for column, weight, count in zip(error.T, weights.T, counts, strict=True):
            if count > 0.0:
                total += count * (self._spread(column, weight / count)[1] / slope) ** 2
        return float(total / counts.sum())

    def row_weights(self, error: FloatArray, weights: FloatArray | None = None) -> FloatArray:
        """Small for errors beyond those of their output."""
        weights = np.ones_like(error) if weights is None else weights
        found, slope = np.zeros_like(error), self._normal[1]
        for k, (column, weight) in enumerate(zip(error.T, weights.T, strict=True)):
            if weight.sum() > 0.0:
                scale, spread = self._spread(column, weight / weight.sum())
                strength = spread / (scale * slope**2) if spread > 0.0 else 1.0
                found[:, k] = strength * self.psi_over_z(column / scale)
        return weights * found

    def _spread(self, error: FloatArray, share: FloatArray) -> tuple[float, float]:
        """Scale s and Q of one output; `share` sums to one."""
        error = np.where(share > 0.0, error, 0.0)
        largest = float(np.max(np.abs(error)))
        if largest == 0.0:
            return 1.0, 0.0
        beta = self._normal[0]
        below, above = largest * _SMALLEST_SCALE, 2.0 * largest / np.sqrt(beta)
        scale = min(max(float(np.median(np.abs(error[share > 0.0]))) * 1.5, below), above)
        for _ in range(_MAX_STEPS):  # Newton on log mean(chi) over log s, safeguarded
            z = error / scale
            z2, slope = z**2, self.psi_over_z(z)
            chi = float(share @ (z2 * slope - self.rho(z)))
            below, above = (scale, above) if chi > beta else (below, scale)
            growth = float(share @ (z2 * self.psi_slope(z)))
            exponent = np.log(chi / beta) * chi / growth if growth > 0.0 < chi else np.inf
            following = scale * np.exp(min(max(exponent, -50.0), 50.0))
            if not below < following < above:
                following = np.sqrt(below * above)
            moved, scale = abs(following / scale - 1.0), float(following)
            if moved < _PRECISION:
                break
        return scale, scale * float(beta + share @ self.rho(error / scale))


def _huber_rho(z: FloatArray) -> FloatArray:
    inner = np.minimum(np.abs(z), HUBER_BEND)
    return inner * (np.abs(z) - 0.5 * inner)


def _huber_slope(z: FloatArray) -> FloatArray:
    return HUBER_BEND / np.maximum(np.abs(z), HUBER_BEND)


def _huber_curvature(z: FloatArray) -> FloatArray:
    return (np.abs(z) < HUBER_BEND).astype(np.float64)


def _soft_rho(z: FloatArray) -> FloatArray:
    return SOFT_BEND**2 * (np.sqrt(1.0 + (z / SOFT_BEND) ** 2) - 1.0)


def _soft_slope(z: FloatArray) -> FloatArray:
    return 1.0 / np.sqrt(1.0 + (z / SOFT_BEND) ** 2)


def _soft_curvature(z: FloatArray) -> FloatArray:
    return (1.0 + (z / SOFT_BEND) ** 2) ** -1.5


SQUARED = Squared()
LOSSES: dict[str, AbstractLoss] = {
    "squared": SQUARED,
    "huber": Robust(_huber_rho, _huber_slope, _huber_curvature),
    "soft_l1": Robust(_soft_rho, _soft_slope, _soft_curvature),
}
