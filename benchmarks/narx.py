"""Polynomial NARX fitted by ridge regression: the closed-form baseline.

    y_t = w' phi(y_{t-1}, .., y_{t-L}, u_t, .., u_{t-L+1})

`phi` holds a constant, all L + L lags, and the products of degree 2 or 3 of the first q + q lags.
The fit is one-step and linear in w; lags, degrees and ridge are chosen on free-run validation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

ALPHAS = (1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
BLOCK = 4096  # rows of the design matrix alive at once
BOUND = 10.0  # a free run that leaves this many standard deviations has diverged; held there


@dataclass(frozen=True)
class Structure:
    """Lags that enter linearly, lags that enter products, and the degrees of the products."""

    linear_lags: int
    product_lags: int
    degrees: tuple[int, ...] = (3,)

    def __post_init__(self) -> None:
        if not 1 <= self.product_lags <= self.linear_lags:
            raise ValueError(
                f"product_lags must lie between 1 and linear_lags={self.linear_lags}; "
                f"got {self.product_lags}. Raise linear_lags or lower product_lags."
            )

    @property
    def product_rows(self) -> NDArray[np.intp]:
        """Rows of the lag vector that enter products: newest outputs, then newest inputs."""
        first = np.arange(self.product_lags)
        return np.concatenate([first, self.linear_lags + first])

    def terms(self) -> list[NDArray[np.intp]]:
        """Factors of the products, one array of shape (degree, n_products) per degree."""
        rows = self.product_rows
        return [
            np.array(list(combinations_with_replacement(rows, degree)), dtype=np.intp).T
            for degree in self.degrees
        ]


def features(lags: FloatArray, terms: Sequence[NDArray[np.intp]]) -> FloatArray:
    """Phi of shape (n_features, n) from lag vectors of shape (2 L, n)."""
    parts = [np.ones((1, lags.shape[1])), lags]
    for factors in terms:
        value = lags[factors[0]]
        for row in factors[1:]:
            value *= lags[row]
        parts.append(value)
    return np.concatenate(parts)


def lag_matrix(u: FloatArray, y: FloatArray, n_lags: int, first: int, stop: int) -> FloatArray:
    """Lag vectors of steps first..stop-1, shape (2 n_lags, stop - first); first >= n_lags."""
    outputs = [y[first - k : stop - k] for k in range(1, n_lags + 1)]
    inputs = [u[first - k : stop - k] for k in range(n_lags)]
    return np.stack(outputs + inputs)


def triangle(
    u: FloatArray, y: FloatArray, structure: Structure, first: int, stop: int
) -> FloatArray:
    """R of the QR factors of [Phi, y] over steps first..stop-1, one block of rows at a time.

    Returns
    -------
    R : array of shape (n_features + 1, n_features + 1)
        The condition number is not squared, and ridge solutions for every alpha follow from it.
    """
    terms, n_lags, R = structure.terms(), structure.linear_lags, None
    for start in range(first, stop, BLOCK):
        end = min(start + BLOCK, stop)
        phi = features(lag_matrix(u, y, n_lags, start, end), terms)
        rows = np.concatenate([phi, y[None, start:end]]).T
        rows = rows if R is None else np.concatenate([R, rows])
        R = np.asarray(scipy.linalg.qr(rows, mode="r", overwrite_a=True, check_finite=False)[0])
        R = R[: R.shape[1]]
    if R is None:
        raise ValueError(f"stop must be larger than first={first}; got {stop}. Use more samples.")
    return R


def ridge_from_triangle(R: FloatArray, alphas: Sequence[float]) -> FloatArray:
    """Weights of shape (n_features, n_alphas); one SVD of the triangle serves every alpha."""
    n = R.shape[1] - 1
    left, values, right = scipy.linalg.svd(R[:n, :n], check_finite=False)
    target = (left.T @ R[:n, n])[:, None]
    shrunk = values[:, None] / (values[:, None] ** 2 + np.asarray(alphas))
    return right.T @ (shrunk * target)


def free_run(
    u: FloatArray, y_start: FloatArray, weights: FloatArray, structure: Structure
) -> FloatArray:
    """Simulate several stretches side by side.

    Parameters
    ----------
    u : array of shape (n_steps, n_runs)
        Inputs, in standardised units.
    y_start : array of shape (n_start, n_runs)
        Measured outputs of the first steps, n_start >= linear_lags.
    weights : array of shape (n_features, n_runs)
        One model per run.

    Returns
    -------
    y : array of shape (n_steps, n_runs)
        Starts with `y_start`.
    """
    terms, n_lags, n_start = structure.terms(), structure.linear_lags, len(y_start)
    y = np.empty_like(u)
    y[:n_start] = y_start
    for t in range(n_start, len(u)):
        lags = np.concatenate([y[t - n_lags : t][::-1], u[t - n_lags + 1 : t + 1][::-1]])
        value = np.einsum("fr,fr->r", features(lags, terms), weights)
        y[t] = np.clip(value, -BOUND, BOUND)
    return y


@dataclass(frozen=True)
class Narx:
    """A fitted model in the units of the data."""

    structure: Structure
    alpha: float
    weights: FloatArray
    u_scale: tuple[float, float]
    y_scale: tuple[float, float]

    def simulate(self, u: FloatArray, y_init: FloatArray) -> FloatArray:
        """Free run of shape (n_steps,) that starts from the measured window `y_init`."""
        scaled_u = (u - self.u_scale[0]) / self.u_scale[1]
        start = (y_init - self.y_scale[0]) / self.y_scale[1]
        y = free_run(scaled_u[:, None], start[:, None], self.weights[:, None], self.structure)
        return y[:, 0] * self.y_scale[1] + self.y_scale[0]


def validate(
    u: FloatArray,
    y: FloatArray,
    models: FloatArray,
    structure: Structure,
    stretch: int,
    washout: int,
) -> FloatArray:
    """Free-run RMSE of each column of `models`, over stretches of the record side by side."""
    count = len(u) // stretch
    cut_u = u[: count * stretch].reshape(count, stretch).T
    cut_y = y[: count * stretch].reshape(count, stretch).T
    n_models = models.shape[1]
    simulated = free_run(
        np.tile(cut_u, n_models),
        np.tile(cut_y[:washout], n_models),
        np.repeat(models, count, axis=1),
        structure,
    )
    error = (simulated - np.tile(cut_y, n_models))[washout:].reshape(-1, n_models, count)
    return np.sqrt(np.mean(error**2, axis=(0, 2)))


def train_narx(
    u: FloatArray,
    y: FloatArray,
    n_validation: int,
    structures: Sequence[Structure],
    *,
    alphas: Sequence[float] = ALPHAS,
    stretch: int = 1000,
    washout: int = 50,
) -> tuple[Narx, list[dict[str, Any]]]:
    """Choose structure and ridge on the last `n_validation` samples, then refit on all.

    Parameters
    ----------
    u, y : arrays of shape (n_timesteps,)
        One training record.

    Returns
    -------
    model : Narx
    trials : list of dict
        Structure, ridge and free-run validation RMSE (units of y) of the best ridge each.
    """
    u_scale, y_scale = (float(u.mean()), float(u.std())), (float(y.mean()), float(y.std()))
    su, sy = (u - u_scale[0]) / u_scale[1], (y - y_scale[0]) / y_scale[1]
    split = len(u) - n_validation
    trials, best = [], (math.inf, structures[0], float(alphas[0]))
    for structure in structures:
        R = triangle(su, sy, structure, structure.linear_lags, split)
        models = ridge_from_triangle(R, alphas)
        errors = validate(su[split:], sy[split:], models, structure, stretch, washout)
        at = int(np.argmin(errors))
        found = (float(errors[at]), structure, float(alphas[at]))
        best = min(best, found, key=lambda trial: trial[0])
        trials.append(
            {
                "structure": vars(structure),
                "alpha": found[2],
                "validation": found[0] * y_scale[1],
            }
        )
    _, structure, alpha = best
    weights = fit_all(su, sy, structure, alpha)
    return Narx(structure, alpha, weights, u_scale, y_scale), trials


def fit_all(u: FloatArray, y: FloatArray, structure: Structure, alpha: float) -> FloatArray:
    """Weights of one structure and ridge from a whole standardised record."""
    R = triangle(u, y, structure, structure.linear_lags, len(u))
    return ridge_from_triangle(R, [alpha])[:, 0]


def grid(
    lags: Sequence[tuple[int, int]], degrees: Sequence[tuple[int, ...]] = ((3,), (2, 3))
) -> list[Structure]:
    """Structures for pairs (linear_lags, product_lags) and sets of degrees."""
    return [Structure(*pair, degree) for pair, degree in product(lags, degrees)]
