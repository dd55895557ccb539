"""Adam, and the size of the step as a budget is used up."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def cosine(used: float) -> float:
    """Rate relative to the first one when this part of the budget is used, from 1 to 0.

    Examples
    --------
    >>> round(cosine(0.0), 6), round(cosine(0.5), 6), round(cosine(1.0), 6)
    (1.0, 0.5, 0.0)
    """
    return 0.5 * (1.0 + cos(pi * min(max(used, 0.0), 1.0)))


def clipped(gradient: FloatArray, limit: float) -> FloatArray:
    """Gradient with its Euclidean norm limited.

    Examples
    --------
    >>> clipped(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    norm = sqrt(gradient @ gradient)
    return gradient if norm <= limit else gradient * (limit / norm)


@dataclass
class Adam:
    r"""First-order step scaled by running moments of the gradient.

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
              v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
              \theta \leftarrow \theta - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)

    with :math:`\hat m, \hat v` divided by :math:`1 - \beta^k` after k steps.

    Parameters
    ----------
    n_params : int
    beta1, beta2, epsilon : float

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Examples
    --------
    >>> Adam(1).step(np.array([5.0]), rate=0.1)
    array([-0.1])
    """

    n_params: int
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        self._mean, self._square = np.zeros(self.n_params), np.zeros(self.n_params)
        self._count = 0

    def step(self, gradient: FloatArray, rate: float) -> FloatArray:
        """Return what to add to the weights, shape (n_params,)."""
        self._count += 1
        self._mean += (1.0 - self.beta1) * (gradient - self._mean)
        self._square += (1.0 - self.beta2) * (gradient**2 - self._square)
        mean = self._mean / (1.0 - self.beta1**self._count)
        square = self._square / (1.0 - self.beta2**self._count)
        return -rate * mean / (np.sqrt(square) + self.epsilon)
