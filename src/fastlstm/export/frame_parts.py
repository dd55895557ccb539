"""What stands between records and network, as the exporters see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastlstm.delaying import Delays, Taps
from fastlstm.export.reals import RealArray, to_real
from fastlstm.frame import Frame


@dataclass(frozen=True)
class FrameParts:
    """What stands between records and network: taps, integrators, steps of several samples.

    Parameters
    ----------
    gains, levels : array of shape (n_outputs,)
        Standardised; ``y_scaled = level + gain * (sum of what the network said)`` where the gain is
        not zero, else what the network says. Levels of the other outputs are zero.
    hold : int
        Samples per step of the network.
    delays : tuple of int
        Samples by which every input acts late; empty for none.
    taps : tuple of (int, int)
        Input and samples late of every column that the network sees; empty where it sees the
        inputs of now.
    """

    gains: RealArray
    levels: RealArray
    hold: int
    delays: Delays = ()
    taps: Taps = ()

    @property
    def integrating(self) -> NDArray[np.bool_]:
        """Outputs with an integrator, shape (n_outputs,)."""
        return self.gains != 0.0

    @property
    def integrates(self) -> bool:
        """Whether there is an integrator at all."""
        return bool(np.any(self.integrating))

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing between records and network."""
        return self.hold == 1 and not self.integrates and not self.taps

    @property
    def lagged(self) -> bool:
        """Whether the network sees an input more than once."""
        return len(self.taps) > len({channel for channel, _ in self.taps})

    @property
    def memories(self) -> tuple[tuple[int, int], ...]:
        """Inputs of which past samples are needed, in order, and how many of each."""
        lengths: dict[int, int] = {}
        for channel, late in self.taps:
            lengths[channel] = max(late, lengths.get(channel, 0))
        return tuple((channel, lengths[channel]) for channel in sorted(lengths) if lengths[channel])

    @property
    def n_past(self) -> int:
        """Past samples of all inputs together."""
        return sum(length for _, length in self.memories)

    @classmethod
    def of(cls, model: Any, dtype: DTypeLike) -> FrameParts:
        """Take the frame of a model; the integrator of an output that never varies is dropped."""
        frame: Frame = model.frame_
        on = frame.integrating & (model.scaling_.y_std > 0.0)
        gains = to_real(np.where(on, frame.gains, 0.0), dtype, "the gain of an integrator")
        levels = to_real(np.where(on, frame.levels, 0.0), dtype, "the level of an output")
        return cls(gains, levels, frame.hold, frame.delays, frame.taps)
