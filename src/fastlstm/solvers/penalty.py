r"""How hard a violated constraint is punished, stage after stage.

A quadratic penalty :math:`w \max(e, 0)^2` alone always stops a little outside, and a weight large
enough to make that little negligible ruins the conditioning. So the punished quantity is shifted,
:math:`w \max(e + \sigma, 0)^2`: at a minimum the pull of the data is
:math:`2 w (e + \sigma)`, and raising :math:`\sigma` by the excess that is left makes the next
minimum exert the same pull at e = 0. This is the method of multipliers with multiplier
:math:`2 w \sigma`; the weight itself only has to grow where the excess does not shrink fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FIRST_WEIGHT = 1.0  # per residual: a radius e times too large costs as much as an RMSE of 1
_GROWTH = 10.0
_ENOUGH = 0.25  # of the excess may be left after a stage before the weight grows
_MAX_WEIGHT = 1e2  # per residual; the shift does the rest
_MAX_SHIFT = 3.0
_SATISFIED = 1e-3  # excess (logarithm of the radius) that a projection removes without harm


@dataclass(frozen=True)
class Penalty:
    """Weight and shift of a constraint in an `Objective`, both constant during a stage.

    Parameters
    ----------
    weight : float
        w, per residual: multiply by `Objective.n_residuals`.
    shift : array of shape (n_layers,)
        How far inside each layer is aimed, in the unit of the excess.
    excess : float
        Largest excess when this penalty was set; infinite at the start.
    """

    weight: float
    shift: FloatArray
    excess: float = np.inf

    @classmethod
    def first(cls, n_layers: int) -> Penalty:
        """Penalty of the first stage."""
        return cls(FIRST_WEIGHT, np.zeros(n_layers))


def escalate(penalty: Penalty, excess: FloatArray) -> Penalty:
    """Penalty of the next stage, from the excess (n_layers,) at the end of this one.

    Layers that ended outside are aimed further inside, those that ended inside less so. The weight
    grows tenfold where the worst layer is not satisfied and kept more than a quarter of its excess.
    """
    worst = float(np.max(excess))
    finite = np.clip(excess, -_MAX_SHIFT, _MAX_SHIFT)
    shift = np.clip(penalty.shift + finite, 0.0, _MAX_SHIFT)
    weight = penalty.weight
    if worst > max(_SATISFIED, _ENOUGH * penalty.excess):
        weight = min(_GROWTH * weight, _MAX_WEIGHT)
    return Penalty(weight, shift, max(worst, 0.0))
