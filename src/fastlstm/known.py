"""What earlier records have fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.scaling import Scaling

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """What a model knows already, when its training goes on.

    Parameters
    ----------
    scaling : Scaling or None
    input_range : array of shape (2, n_inputs) or None
    network : Network or None
    frame : Frame or None
    """

    scaling: Scaling | None = None
    input_range: FloatArray | None = None
    network: Network | None = None
    frame: Frame | None = None

    @property
    def bare_frame(self) -> Frame | None:
        """The frame without delays and lags of the inputs."""
        return None if self.frame is None else self.frame.without_taps()

    def widened(self, input_range: FloatArray) -> FloatArray:
        """Return the range of the earlier and of the new inputs together."""
        if self.input_range is None:
            return input_range
        lo = np.minimum(self.input_range[0], input_range[0])
        return np.stack([lo, np.maximum(self.input_range[1], input_range[1])])

    def must_not_integrate(self) -> None:
        """Raise ValueError if the model has an integrator."""
        if self.frame is not None and np.any(self.frame.integrating):
            raise ValueError(
                'a model with an integrator must go on with solver="lm" alone, stability=None and '
                "validation_fraction > 0; got other settings, or records too short to hold any "
                "out. Change these, or fit from the beginning."
            )
