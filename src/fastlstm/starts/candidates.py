"""The starts that race: embedded linear models beside near-linear random networks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.embedding import Placement, embed
from fastlstm.starts.lagged import with_lagged, without_lagged
from fastlstm.starts.linear import LinearModel
from fastlstm.starts.near_linear import near_linear_start
from fastlstm.starts.robust import identify_by

FloatArray = NDArray[np.float64]
Start = tuple[str, FloatArray]  # name and parameters

MEMORY_TOLERANCE = 0.01  # what is left of a typical state when the adjoint stops looking back
MEMORY_RANGE = (48, 512)
YARDSTICK_SCALE = 2e-3  # small enough that the embedded model equals the linear one


@dataclass(frozen=True)
class LinearStart:
    """The linear model of training records: yardstick, start, and measure of the plant's memory.

    The model is identified when it is first asked for; it ignores the last `n_lagged` inputs.
    """

    records: Records
    washout: int
    loss: AbstractLoss = SQUARED
    n_lagged: int = 0

    @cached_property
    def model(self) -> LinearModel:
        """The identified model."""
        inputs = without_lagged(self.records, self.n_lagged)
        return with_lagged(identify_by(self.loss, inputs, washout=self.washout), self.n_lagged)

    @property
    def memory(self) -> int:
        """Steps of the adjoint: until a typical state has faded, within `MEMORY_RANGE`."""
        return int(np.clip(self.model.memory(MEMORY_TOLERANCE), *MEMORY_RANGE))

    def embedded(self, network: Network) -> FloatArray:
        """Return parameters of a network that simulates like the linear model."""
        rng = np.random.default_rng(0)
        return embed(self.model, network, rng=rng, scale=YARDSTICK_SCALE, gate_spread=0.0)


def random_candidate(
    network: Network, records: Records, washout: int, rng: np.random.Generator, number: int
) -> Start:
    """Draw a near-linear random network with its readout solved on `records`."""
    return f"random {number}", near_linear_start(network, records, rng, washout)


def linear_candidates(
    network: Network, linear: LinearStart, rng: np.random.Generator
) -> list[Start]:
    """Embed the linear model: all poles in the first layer, and spread over the layers."""
    placements: list[Placement] = ["first", "spread"] if network.num_layers > 1 else ["first"]
    return [
        (f"linear {placement}", embed(linear.model, network, rng=rng, placement=placement))
        for placement in placements
    ]
