"""Taps, time base and integrators of a model, one measured sample after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.delaying import TapLine
from fastlstm.frame import Frame

FloatArray = NDArray[np.float64]


class FrameStepper:
    """What `Frame.reduce` and `Frame.expand` do to whole records, without knowing what comes.

    Outputs are those of `Frame.expand` at the last sample of every step of the network; before
    them the output of the step before stands, because an interpolated one depends on inputs to
    come.

    Parameters
    ----------
    frame : Frame

    Examples
    --------
    >>> stepper = FrameStepper(Frame(np.array([0.5]), np.array([7.0]), hold=2))
    >>> stepper.take(np.array([1.0])), stepper.y
    (None, array([7.]))
    >>> stepper.take(np.array([3.0])), stepper.give(np.array([1.0]))
    (array([2.]), array([7.5]))
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._line = TapLine(frame.taps) if frame.is_tapped else None
        self.reset()

    def reset(self, y: FloatArray | None = None) -> None:
        """Back to the beginning of a record; integrators start at `y` where it is given.

        Parameters
        ----------
        y : array of shape (n_outputs,), optional
            Standardised outputs before the first sample; the levels of the frame by default.
        """
        level = self._frame.levels if y is None else y
        self._sum = np.zeros(len(self._frame.gains))
        self._level = np.where(self._frame.integrating, level, 0.0)
        self._inputs: list[FloatArray] = []
        if self._line is not None:
            self._line.reset()
        self.y = self._level.copy()

    def take(self, u: FloatArray) -> FloatArray | None:
        """Give what the network sees, (n_columns,), if this sample completes one of its steps."""
        if self._line is not None:
            u = self._line.push(u)
        if self._frame.hold == 1:
            return u
        self._inputs.append(u)
        if len(self._inputs) < self._frame.hold:
            return None
        mean = np.mean(self._inputs, axis=0)
        self._inputs.clear()
        return mean

    def give_one(self, y: float) -> float:
        """Do what `give` does where there is one output, an integrating one, in step."""
        total = self._sum.item(0) + y
        self._sum[0] = total
        return self._level.item(0) + self._frame.gains.item(0) * total

    def give(self, y: FloatArray) -> FloatArray:
        """Give the outputs of the model, (n_outputs,), from those of the network."""
        self._sum += y
        self.y = np.where(self._frame.integrating, self._level + self._frame.gains * self._sum, y)
        return self.y
