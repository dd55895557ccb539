"""`stability_report`: what can be guaranteed about a trained network, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.stability.bounds import Interval, LayerWeights, network_sweeps
from fastlstm.stability.constraint import StabilityConstraint
from fastlstm.stability.forgetting import FORGOTTEN, Forgetting, forgetting
from fastlstm.stability.gains import Kind
from fastlstm.stability.published import incremental_gain, iss_gain
from fastlstm.text import count

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9  # a margin below this is none
_BISECTIONS = 20


@dataclass(frozen=True)
class LayerStability:
    """Margins of one LSTM layer, each one minus a loop radius; positive proves the property.

    Parameters
    ----------
    iss : float
        Input-to-state stability, componentwise.
    iss_published : float
        The same by Terzi's condition, never larger.
    incremental : float
        Incremental input-to-state stability, componentwise.
    incremental_published : float
        The same by Bonassi's condition with matrix norms, never larger.
    """

    iss: float
    iss_published: float
    incremental: float
    incremental_published: float


@dataclass(frozen=True)
class StabilityReport:
    """What is guaranteed for all inputs in a range; see docs/theory/stability.md.

    Parameters
    ----------
    layers : tuple of LayerStability
        From the input upwards.
    input_range : array of shape (2, n_inputs)
        Smallest and largest value of each input channel, in the unit of the data.
    certified_range : array of shape (2, n_inputs) or None
        The largest part of it, shrunk about its middle, for which the model is certified.
        None where there is none.
    forgetting : Forgetting or None
        How fast the initial state is forgotten; None where that is not certified.
    n_lagged : int
        Earlier values of the channels that the network sees besides. Each is taken as anywhere in
        the range of its channel, whatever its neighbours are: a bound that is safe, not tight.
    """

    layers: tuple[LayerStability, ...]
    input_range: FloatArray
    certified_range: FloatArray | None
    forgetting: Forgetting | None
    n_lagged: int = 0

    @property
    def certified(self) -> bool:
        """Whether the model provably forgets its initial state for every input in the range."""
        return self.margin > _ROUNDING and self.forgetting is not None

    @property
    def certified_iss(self) -> bool:
        """Whether the LSTM is provably input-to-state stable; implied by nothing else here."""
        return min(layer.iss for layer in self.layers) > _ROUNDING

    @property
    def margin(self) -> float:
        """Smallest incremental margin of all layers."""
        return min(layer.incremental for layer in self.layers)

    def __str__(self) -> str:
        return "\n".join([self._verdict(), *self._lags(), *self._table(), *self._advice()])

    def _verdict(self) -> str:
        word = "certified" if self.certified else "not certified"
        return (
            f"Stability: {word} (margin {self.margin:.3g}) for inputs in {_text(self.input_range)}"
        )

    def _lags(self) -> list[str]:
        if self.n_lagged == 0:
            return []
        seen = count(self.n_lagged, "earlier value")
        return [
            f"  The network sees {seen} besides: each may be anywhere in the range of its input,",
            "  however fast that moves.",
        ]

    def _table(self) -> list[str]:
        lines = [
            "  margin = 1 - loop radius; positive proves the property",
            "  layer    incremental  (by norms)         ISS  (by norms)",
        ]
        for number, layer in enumerate(self.layers):
            lines.append(
                f"  {number:<5d}  {layer.incremental:>13.4g}  {layer.incremental_published:>10.3g}"
                f"  {layer.iss:>10.4g}  {layer.iss_published:>10.3g}"
            )
        return lines

    def _advice(self) -> list[str]:
        if self.certified and self.forgetting is not None:
            known = self.forgetting
            return [
                f"  Two runs with equal inputs differ after k steps by at most {known.factor:.3g} "
                f"* {known.rate:.6g}^k of their first distance.",
                f"  After {known.n_steps} steps the initial state moves no output by more than "
                f"{FORGOTTEN:g} of its standard deviation.",
            ]
        lines = [
            "  The condition is sufficient only: the model may be stable all the same, but nothing "
            "proves it.",
            '  Train with stability="incremental", or use fewer units or a larger alpha.',
        ]
        if self.certified_range is not None:
            lines.append(f"  Certified for inputs in {_text(self.certified_range)}.")
        return lines


def stability_report(
    network: Network,
    params: FloatArray,
    input_range: FloatArray,
    scaling: Scaling | None = None,
    channels: slice | list[int] = slice(None),
) -> StabilityReport:
    """Check the conditions for stability of a trained network.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    input_range : array of shape (2, n_inputs)
        Smallest and largest value of each input channel. The guarantee holds for every input
        signal, constant or moving, that stays between them.
    scaling : Scaling, optional
        Of the model, where `input_range` is in the unit of the data; without it `input_range` is
        in standardised units.
    channels : list of int, optional
        Channel of every input of the network, where it sees some more than once.

    Returns
    -------
    StabilityReport

    Raises
    ------
    ValueError
        If `input_range` has another shape, is not finite, or its rows are exchanged.

    Notes
    -----
    O(n_units^3), milliseconds for tens of units.

    Examples
    --------
    >>> network = Network(1, 1, (2,))
    >>> report = stability_report(network, np.zeros(network.n_params), [[-1.0], [1.0]])
    >>> report.certified
    True
    """
    n_channels = network.n_inputs if isinstance(channels, slice) else max(channels) + 1
    physical = _check_range(input_range, n_channels)
    lo, hi = (physical if scaling is None else scaling.scale_inputs(physical))[:, channels]
    radii: dict[Kind, FloatArray] = {
        kind: _constraint(network, lo, hi, kind).radii(params) for kind in _KINDS
    }
    known = None
    if np.all(radii["incremental"] < 1.0 - _ROUNDING):
        u = Interval.between(lo, hi)
        known = forgetting(network, params, network_sweeps(network, params, u))
    part = 1.0 if known is not None else _certified_part(network, params, lo, hi)
    middle = physical.mean(axis=0)
    return StabilityReport(
        layers=_layers(network, params, np.maximum(np.abs(lo), np.abs(hi)), radii),
        input_range=physical,
        certified_range=None if part is None else middle + part * (physical - middle),
        forgetting=known,
        n_lagged=network.n_inputs - n_channels,
    )


_KINDS: tuple[Kind, Kind] = ("incremental", "iss")


def _constraint(
    network: Network, lo: FloatArray, hi: FloatArray, kind: Kind
) -> StabilityConstraint:
    return StabilityConstraint(network, lo, hi, kind, _ROUNDING)


def _layers(
    network: Network, params: FloatArray, x_max: FloatArray, radii: dict[Kind, FloatArray]
) -> tuple[LayerStability, ...]:
    layers = []
    for layer in range(network.num_layers):
        weights = LayerWeights.of(network, params, layer)
        margins = LayerStability(
            iss=float(1.0 - radii["iss"][layer]),
            iss_published=1.0 - iss_gain(weights, x_max),
            incremental=float(1.0 - radii["incremental"][layer]),
            incremental_published=1.0 - incremental_gain(weights, x_max),
        )
        layers.append(margins)
        x_max = np.ones(network.hidden_sizes[layer])
    return tuple(layers)


def _certified_part(
    network: Network, params: FloatArray, lo: FloatArray, hi: FloatArray
) -> float | None:
    """Largest factor on the width of the range that is certified, by bisection."""
    middle, half = 0.5 * (lo + hi), 0.5 * (hi - lo)

    def holds(part: float) -> bool:
        return _constraint(network, middle - part * half, middle + part * half, _KINDS[0]).holds(
            params
        )

    if not holds(0.0):
        return None
    good, bad = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle_part = 0.5 * (good + bad)
        if holds(middle_part):
            good = middle_part
        else:
            bad = middle_part
    return good


def _check_range(input_range: FloatArray, n_inputs: int) -> FloatArray:
    given = np.asarray(input_range, dtype=np.float64)
    if given.shape != (2, n_inputs) or not np.isfinite(given).all():
        raise ValueError(
            f"input_range must hold two rows, smallest and largest, of {n_inputs} finite numbers; "
            f"got {input_range!r}. Pass one number per input channel."
        )
    if np.any(given[0] > given[1]):
        raise ValueError(
            f"input_range must have its smallest values first; got {input_range!r}. "
            "Exchange the rows."
        )
    return given


def _text(input_range: FloatArray) -> str:
    """For example ``[-1, 1] x [0, 5]``."""
    return " x ".join(f"[{lo:.4g}, {hi:.4g}]" for lo, hi in input_range.T)
