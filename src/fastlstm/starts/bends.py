r"""Inputs bent by LSTM units without memory, and whether outputs ask for that.

With f shut, i and o wide open, a unit is a function of the input of this step alone,

.. math:: \varphi(u) = o \tanh(i \tanh((u - c) / w)),

a smooth step at c. Many of them, side by side over the range of an input, make any curve: what
stands in front of the poles of a Hammerstein model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

UNITS, MANY = 14, 28  # steps of all inputs together, and where sharper curves ask for more
FEWEST = 3  # of one input at least
MOST_INPUTS = 7  # whose steps are not too many weights
NARROWEST = 1e-3  # width of a step, in standard deviations
WIDE = 3.0  # width of one more step per input, nearly straight, in standard deviations
OPEN, SHUT = 3.0, -6.0  # biases of the gates i and o, and of f
POLES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.995)  # in front of which bends are looked for
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # relative to the rows; the best on held-out rows counts
NOTHING = 1e-9  # standard deviation of a signal that is a constant
LOOKED_AT = 6000  # steps, about, in which bends are looked for


@dataclass(frozen=True)
class Bends:
    """Smooth steps, one per unit.

    Parameters
    ----------
    channel : int array of shape (n_units,)
        Input of every step.
    centre, width : arrays of shape (n_units,)
        In units of the input.
    n_inputs : int
    """

    channel: NDArray[np.int64]
    centre: FloatArray
    width: FloatArray
    n_inputs: int

    @property
    def n_units(self) -> int:
        """How many there are."""
        return len(self.channel)

    @property
    def is_wide(self) -> BoolArray:
        """Whether a unit is the nearly straight one of its input, the last of these."""
        return np.append(self.channel[1:] != self.channel[:-1], True)

    @classmethod
    def of(cls, u: FloatArray, units: int = UNITS, room: int | None = None) -> Bends | None:
        """Spread steps over the values of every input.

        None where none has more than two values, where there are more than `MOST_INPUTS`, or too
        few units.

        Parameters
        ----------
        u : array of shape (n_total, n_inputs)
            Standardised.
        units : int
            Steps of all inputs together.
        room : int, optional
            Units that there are at most.
        """
        n_inputs = u.shape[1]
        n_each = max(FEWEST, units // n_inputs)
        if room is not None:
            n_each = min(n_each, room // n_inputs - 1)
        if n_inputs > MOST_INPUTS or n_each < FEWEST:
            return None
        channel, centre, width = [], [], []
        for number, values in enumerate(u.T):
            steps, widths = _spread(values, n_each)
            channel += [number] * (len(steps) + 1)
            centre += [*steps, 0.0]
            width += [*widths, WIDE]
        if len(channel) == n_inputs:
            return None
        return cls(np.array(channel), np.array(centre), np.array(width), n_inputs)

    def write(self, weights: dict[str, FloatArray]) -> None:
        """Fill the first layer of a network; units that are left have no memory either."""
        bias, weight_ih = weights["lstm.0.bias"], weights["lstm.0.weight_ih"]
        n, n_all = self.n_units, len(bias) // 4
        bias[:n_all] = bias[3 * n_all :] = OPEN
        bias[n_all : 2 * n_all] = SHUT
        bias[2 * n_all : 2 * n_all + n] = -self.centre / self.width
        weight_ih[2 * n_all + np.arange(n), self.channel] = 1.0 / self.width

    def in_front(self, behind: Network, params: FloatArray) -> tuple[Network, FloatArray]:
        """Put these units, as a first layer, in front of a network that sees what they make.

        Parameters
        ----------
        behind : Network
            With an input for each; those that are left belong to units that are zero.
        params : array of shape (n_params,)
            Of that network; there is no place for its bypass of the inputs, which has to be zero.

        Returns
        -------
        network : Network
        params : array of shape (network.n_params,)
        """
        sizes = behind.n_inputs, *behind.hidden_sizes
        network = Network(self.n_inputs, behind.n_outputs, sizes, behind.head_sizes)
        weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
        for name, values in behind.unpack(params).items():
            if name != "readout.input":
                weights[_one_layer_up(name)] = values
        self.write(weights)
        return network, network.pack(weights)

    def bent(self, records: Records) -> Records:
        """Exchange the inputs of records for what the units make of them."""
        network = Network(self.n_inputs, self.n_units, (self.n_units,))
        weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
        self.write(weights)
        weights["readout.hidden"] = np.eye(self.n_units)
        params = network.pack(weights)
        made, _ = _core.simulate(network, params, records.u, records.offsets, float32=False)
        return replace(records, u=made)


def n_bending(network: Network, params: FloatArray) -> int:
    """Count the units of the first layer that bend inputs and have no memory."""
    weights, width = network.unpack(params), network.hidden_sizes[0]
    recurrent = weights["lstm.0.weight_hh"].reshape(4, width, width)
    is_shut = weights["lstm.0.bias"][width : 2 * width] == SHUT
    return int(np.count_nonzero(is_shut & ~recurrent.any(axis=(0, 2))))


def layers_behind(network: Network) -> Network:
    """Return what is left without the first layer, whose units are inputs then."""
    first, *sizes = network.hidden_sizes
    return Network(first, network.n_outputs, tuple(sizes), network.head_sizes)


def _one_layer_up(name: str) -> str:
    """Name of the same weights where a layer lies below; that of a head or a readout stays."""
    kind, _, rest = name.partition(".")
    if kind != "lstm":
        return name
    layer, _, weight = rest.partition(".")
    return f"lstm.{int(layer) + 1}.{weight}"


def _spread(values: FloatArray, n_steps: int) -> tuple[FloatArray, FloatArray]:
    """Centres at quantiles, or between few levels, and the distance of neighbours as widths.

    Values that lie at an end, as of a valve that is mostly shut, have no part in the quantiles.
    None is wider than its distance to the ends: beyond all values a curve has to go on as the wide
    step does, not as the difference of large weights of two steps that end there.
    """
    levels = np.unique(values)
    if len(levels) <= 2:  # any function of two values is straight
        return np.zeros(0), np.zeros(0)
    centre = (levels[1:] + levels[:-1]) / 2.0
    if len(centre) > n_steps:
        inner = values[(values > levels[0]) & (values < levels[-1])]
        centre = np.unique(np.quantile(inner, (np.arange(n_steps) + 0.5) / n_steps))
    if len(centre) < 2:
        return np.zeros(0), np.zeros(0)
    to_end = np.minimum(centre - levels[0], levels[-1] - centre)
    return centre, np.minimum(np.gradient(centre), np.maximum(to_end, NARROWEST))


def left_by_bends(records: Records, bends: Bends, folds: list[BoolArray], rows: BoolArray) -> float:
    """Part of the error (RMSE) of a linear model on held-out rows that bent inputs leave.

    Both models have the same fixed poles in front of every input, and are linear regressions.

    Parameters
    ----------
    records : Records
        Standardised, with outputs; those that are missing do not count.
    bends : Bends
    folds : list of bool arrays of shape (n_total,)
        Rows that are held out in turn.
    rows : bool array of shape (n_total,)
        Rows that count.
    """
    if records.weights is not None:
        rows = rows & np.all(records.weights > 0.0, axis=1)
    plain = _filtered(records)
    both = np.concatenate([plain, _filtered(bends.bent(records))], axis=1)
    straight, bent = (
        sum(_held_square(records, signals, rows & ~held, rows & held) for held in folds)
        for signals in (plain, both)
    )
    return float(np.sqrt(bent / straight)) if straight > 0.0 else 1.0


def _filtered(records: Records) -> FloatArray:
    """Every input behind every pole, and a constant."""
    signals = [
        np.concatenate([lfilter([1.0 - p], [1.0, -p], u, axis=0) for u in records.split(records.u)])
        for p in POLES
    ]
    return np.concatenate([*signals, np.ones((records.n_total, 1))], axis=1)


def _held_square(
    records: Records, signals: FloatArray, fitted: BoolArray, held: BoolArray
) -> float:
    """Mean squared error of the best ridge regression on held-out rows."""
    assert records.y is not None
    if not (fitted.any() and held.any()):
        return 0.0
    scale = signals[fitted].std(axis=0)
    scale[scale < NOTHING] = 1.0
    design, target = signals[fitted] / scale, records.y[fitted]
    values, vectors = np.linalg.eigh(design.T @ design)
    turned = vectors.T @ (design.T @ target)
    tried = [turned / (np.maximum(values, 0.0) + ridge * len(design))[:, None] for ridge in RIDGES]
    judged = signals[held] / scale @ vectors
    return min(float(np.mean((judged @ weights - records.y[held]) ** 2)) for weights in tried)
