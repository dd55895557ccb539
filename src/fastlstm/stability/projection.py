"""From weights that violate a stability constraint to near ones that satisfy it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from fastlstm.stability.bounds import Interval, LayerWeights, layer_sweeps

if TYPE_CHECKING:
    from fastlstm.stability.constraint import StabilityConstraint

FloatArray = NDArray[np.float64]

_brentq: Any = brentq  # its declared type includes the form with full output
_MAX_FORGET_PREACT = 30.0  # 1 - f is 1e-13 there; beyond lies nothing that float64 can use
_FLOOR = -100.0  # stands for -inf, nothing fed back
_XTOL = 1e-6  # of the logarithm of the factor
_INSIDE = 1e-12  # of a logarithm: beyond rounding


def project(constraint: StabilityConstraint, params: FloatArray) -> FloatArray:
    r"""Scale down weight_hh of the layers that violate the constraint, from the bottom.

    Each such layer gets the largest factor s (to 1e-6) with which it satisfies the constraint.
    There always is one: the excess falls at least as fast as log s, so that
    :math:`s = \exp(-e)` is small enough. Forget gates that the input alone can drive to one within
    rounding are scaled back before.

    Parameters
    ----------
    constraint : StabilityConstraint
    params : array of shape (n_params,)

    Returns
    -------
    array of shape (n_params,)
        `params` itself where the constraint holds.

    Raises
    ------
    ValueError
        If a weight is not finite.

    Notes
    -----
    About ten evaluations per violating layer. The nearest weights in the Euclidean sense move the
    gates as well, and where the violation is large they simulate worse.
    """
    if not np.isfinite(params).all():
        raise ValueError(
            "params must be finite to be projected; got NaN or infinity. Reject such weights."
        )
    if constraint.holds(params):
        return params
    projected, x = params.copy(), constraint.u
    for layer in range(constraint.network.num_layers):
        weights = LayerWeights.of(constraint.network, projected, layer, constraint.smoothing)
        if constraint.layer_excess(weights, x) > 0.0:
            _limit_forget_gate(weights, x)
            weights.weight_hh[:] *= _largest_factor(constraint, weights, x)
        x = layer_sweeps(weights, x)[-1].h
    return projected


def _largest_factor(constraint: StabilityConstraint, weights: LayerWeights, x: Interval) -> float:
    def excess(log_factor: float) -> float:
        scaled = weights._replace(weight_hh=weights.weight_hh * np.exp(log_factor))
        return max(constraint.layer_excess(scaled, x), _FLOOR)

    high = 0.0
    while np.isinf(excess(high)):
        high -= 1.0
    above = excess(high)
    if above > 0.0:
        high = _brentq(excess, high - above - _XTOL, high, xtol=_XTOL)
    while (above := excess(high)) > 0.0:
        high -= above + _INSIDE
    return float(np.exp(high))


def _limit_forget_gate(weights: LayerWeights, x: Interval) -> None:
    """Scale rows whose forget gate the input alone can drive to one within rounding."""
    forget = slice(weights.weight_hh.shape[1], 2 * weights.weight_hh.shape[1])
    weight_ih, bias = weights.weight_ih[forget], weights.bias[forget]
    largest = weight_ih @ x.centre + np.abs(weight_ih) @ x.radius + bias
    factor = _MAX_FORGET_PREACT / np.maximum(largest, _MAX_FORGET_PREACT)
    weight_ih *= factor[:, None]
    bias *= factor
