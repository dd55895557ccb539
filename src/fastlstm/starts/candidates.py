"""The starts that race: embedded linear models beside near-linear random networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.embedding import Placement, embed
from fastlstm.starts.linear import LinearModel, identify
from fastlstm.starts.near_linear import near_linear_start

FloatArray = NDArray[np.float64]

MEMORY_TOLERANCE = 0.01  # what is left of a typical state when the adjoint stops looking back
MEMORY_RANGE = (48, 512)
YARDSTICK_SCALE = 0.02  # small enough that the embedded model equals the linear one


@dataclass(frozen=True)
class LinearStart:
    """The identified linear model: yardstick, start, and measure of the plant's memory."""

    model: LinearModel

    @classmethod
    def identify(cls, records: Records, washout: int) -> LinearStart:
        """Estimate the linear model from training records."""
        return cls(identify(records, washout=washout))

    @property
    def memory(self) -> int:
        """Steps of the adjoint: until a typical state has faded, within `MEMORY_RANGE`."""
        return int(np.clip(self.model.memory(MEMORY_TOLERANCE), *MEMORY_RANGE))

    def embedded(self, network: Network) -> FloatArray:
        """Parameters of a network that simulates like the linear model."""
        rng = np.random.default_rng(0)
        return embed(self.model, network, rng=rng, scale=YARDSTICK_SCALE, gate_spread=0.0)


def candidates(
    network: Network,
    linear: LinearStart,
    records: Records,
    rng: np.random.Generator,
    n_starts: int,
) -> list[tuple[str, FloatArray]]:
    """Named starts for a race, alternating embedded linear and near-linear random ones.

    Parameters
    ----------
    n_starts : int
        How many; the first is the linear model embedded in the first layer.

    Returns
    -------
    starts : list of (name, params)
    """
    starts = []
    placements: list[Placement] = ["first", "spread"] if network.num_layers > 1 else ["first"]
    for index in range(n_starts):
        if index % 2 == 0 and index // 2 < len(placements):
            placement = placements[index // 2]
            params = embed(linear.model, network, rng=rng, placement=placement)
            starts.append((f"linear {placement}", params))
        else:
            params = near_linear_start(network, records, rng)
            starts.append((f"random {len(starts)}", params))
    return starts
