"""Stability as a constraint on the weights: how far it is violated, its derivative."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.stability.adjoint import radius_gradient
from fastlstm.stability.bounds import Interval, LayerWeights, Sweep, layer_sweeps, network_sweeps
from fastlstm.stability.gains import Kind, loop_factors, loop_matrix, spectral_radius
from fastlstm.stability.projection import project

FloatArray = NDArray[np.float64]

SMOOTHING = 0.03  # in units of a weight


@dataclass(frozen=True)
class StabilityConstraint:
    r"""The loop radius of every LSTM layer stays at or below ``1 - margin``.

    The loop radius is the spectral radius of the layer's loop matrix (`gains.loop_matrix`) for
    inputs inside a box. The measure of violation is its logarithm,

    .. math:: e_l(\theta) = \log \varrho(Q_l(\theta)) - \log(1 - margin),

    because the radius of an unconstrained network is often in the hundreds, and a logarithm is
    nearly linear in the weights from there down to one.

    Parameters
    ----------
    network : Network
    input_lo, input_hi : array of shape (n_inputs,)
        Smallest and largest input, in standardised units.
    kind : {"incremental", "iss"}
        "incremental": two runs with the same input converge from any initial states. "iss": the
        state decays where input and biases vanish; much weaker.
    margin : float
        Between 0 and 1, both excluded.
    smoothing : float
        See `bounds.LayerWeights`: zero for a proof, see `smoothed` for training.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    A call of `excess` costs O(hidden_size^3) per layer (eigenvalues); `jacobian` a few times that.

    Examples
    --------
    >>> network = Network(1, 1, (2,))
    >>> constraint = StabilityConstraint(network, np.array([-3.0]), np.array([3.0]))
    >>> constraint.holds(np.zeros(network.n_params))
    True
    """

    network: Network
    input_lo: FloatArray
    input_hi: FloatArray
    kind: Kind = "incremental"
    margin: float = 0.01
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        for name in ("input_lo", "input_hi"):
            value = np.asarray(getattr(self, name))
            if value.shape != (self.network.n_inputs,) or not np.isfinite(value).all():
                raise ValueError(
                    f"{name} must hold {self.network.n_inputs} finite numbers, one per input "
                    f"channel; got {value}. Pass the smallest and largest standardised input."
                )
        if np.any(self.input_lo > self.input_hi):
            raise ValueError(
                f"input_lo must not exceed input_hi; got {self.input_lo} and {self.input_hi}. "
                "Exchange them."
            )
        if self.kind not in ("incremental", "iss"):
            raise ValueError(
                f'kind must be "incremental" or "iss"; got {self.kind!r}. Use "incremental" for '
                "a model that forgets its initial state."
            )
        if not 0.0 < self.margin < 1.0:
            raise ValueError(
                f"margin must lie between 0 and 1; got {self.margin!r}. Use e.g. 0.01."
            )

    @property
    def u(self) -> Interval:
        """The box of inputs."""
        return Interval.between(np.asarray(self.input_lo), np.asarray(self.input_hi))

    def layer_excess(self, weights: LayerWeights, x: Interval) -> float:
        """Excess of one layer with input in x."""
        return self._excess_of(self._radius(weights, layer_sweeps(weights, x)[-1]))

    def smoothed(self, smoothing: float = SMOOTHING) -> StabilityConstraint:
        """Return a differentiable stand-in that is never stricter, for the penalty of a solver."""
        return replace(self, smoothing=smoothing)

    def radii(self, params: FloatArray) -> FloatArray:
        """Loop radius of every layer, shape (n_layers,); infinite where a bound is."""
        radii, x = np.full(self.network.num_layers, np.inf), self.u
        for layer in range(len(radii)):
            weights = LayerWeights.of(self.network, params, layer, self.smoothing)
            if not all(np.isfinite(part).all() for part in weights):
                break
            sweep = layer_sweeps(weights, x)[-1]
            radii[layer], x = self._radius(weights, sweep), sweep.h
        return radii

    def excess(self, params: FloatArray) -> FloatArray:
        """Logarithm of radius over ``1 - margin`` per layer, shape (n_layers,).

        Positive where the layer violates the constraint, -inf where nothing is fed back.
        """
        return self._excess_of(self.radii(params))

    def violation(self, params: FloatArray) -> FloatArray:
        """Positive part of `excess`, shape (n_layers,)."""
        return np.maximum(self.excess(params), 0.0)

    def holds(self, params: FloatArray) -> bool:
        """Whether every layer satisfies the constraint."""
        return bool(np.all(self.excess(params) <= 0.0))

    def jacobian(self, params: FloatArray, shift: float | FloatArray = 0.0) -> FloatArray:
        """Differentiate ``max(excess + shift, 0)``: shape (n_layers, n_params).

        Rows of layers where that is zero, and of those whose radius is not finite, are zero.
        """
        jacobian = np.zeros((self.network.num_layers, self.network.n_params))
        radii = self.radii(params)
        excess = self._excess_of(radii)
        active = np.isfinite(excess) & (excess + shift > 0.0)
        if not np.any(active):
            return jacobian
        sweeps = network_sweeps(self.network, params, self.u, self.smoothing)
        for layer in np.flatnonzero(active):
            jacobian[layer] = radius_gradient(
                self.network, params, self.u, sweeps, int(layer), self.kind, self.smoothing
            )
            jacobian[layer] /= radii[layer]
        return jacobian

    def project(self, params: FloatArray) -> FloatArray:
        """Scale weight_hh down until the constraint holds; see `projection.project`."""
        return project(self, params)

    def _radius(self, weights: LayerWeights, sweep: Sweep) -> float:
        magnitude = weights.magnitude(weights.weight_hh)
        return spectral_radius(loop_matrix(loop_factors(sweep, self.kind), magnitude))

    def _excess_of(self, radii: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(radii) - np.log1p(-self.margin)
