"""A step bent along the surface of the model, where its curvature can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm._linalg import DampedStep, NormalEquations

FloatArray = NDArray[np.float64]

PROBE = 0.2  # part of the step at which the curvature is measured
LARGEST = 0.75  # of 2 |acceleration| / |step|, beyond which the series is not trusted


def bent_step(
    equations: NormalEquations,
    solved: DampedStep,
    probed: FloatArray,
    scale: FloatArray,
) -> FloatArray:
    r"""Geodesic acceleration: :math:`s + a / 2` instead of the straight step s.

    The residuals along the step are :math:`r(\theta + h s) \approx r + h J s + h^2 r_{ss} / 2`.
    One free run at h = `PROBE` tells :math:`r_{ss}`, and the acceleration solves the equations of
    the step once more, :math:`(J'J + \mu D) a = -J' r_{ss}`. In the narrow bent valleys of a
    free-run cost it follows the bottom where the straight step climbs the wall.

    Parameters
    ----------
    equations : NormalEquations
        With rows and residuals.
    solved : DampedStep
        The straight step.
    probed : array of shape (n_rows,)
        Residuals of these rows at ``PROBE`` times the step from the weights.
    scale : array of shape (n_params,)
        D, in whose norm step and acceleration are compared.

    Returns
    -------
    step : array of shape (n_params,)
        The straight one where the acceleration is too large to be trusted.

    Notes
    -----
    Two products with the rows and one back substitution, beside the free run of the caller.

    References
    ----------
    M. K. Transtrum, J. P. Sethna, "Improvements to the Levenberg-Marquardt algorithm for nonlinear
    least-squares minimization", arXiv 1201.5885, section 3.
    """
    straight, residual = solved.step, np.concatenate(equations.residuals)
    with np.errstate(over="ignore", invalid="ignore"):
        second = (2.0 / PROBE) * ((probed - residual) / PROBE - equations.times(straight))
    if not np.isfinite(second).all():
        return straight
    acceleration = solved.solve(-equations.transposed_times(second))
    length = np.sqrt(np.sum(scale * straight**2))
    if not 2.0 * np.sqrt(np.sum(scale * acceleration**2)) <= LARGEST * length:
        return straight
    return straight + 0.5 * acceleration
