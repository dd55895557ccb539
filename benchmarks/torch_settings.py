"""One point of the torch sweep; apart from the training so that it loads without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Network, optimiser and windows of one run.

    Parameters
    ----------
    hidden, layers : int
        Of nn.LSTM.
    lr : float
        Peak learning rate of Adam.
    window, batch, steps : int
        Steps of each window, windows of each optimiser step, optimiser steps.
    schedule : {"cosine", "flat-cosine", "constant"}
    loss : {"mse", "l1"}
    washout : int
        First steps of each window that drive the state and are not scored.
    clip : float
        Largest norm of the gradient.
    """

    hidden: int = 40
    layers: int = 1
    lr: float = 3e-3
    window: int = 200
    batch: int = 64
    steps: int = 3000
    schedule: str = "cosine"
    loss: str = "mse"
    washout: int = 50
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.schedule not in ("cosine", "flat-cosine", "constant"):
            raise ValueError(
                f"schedule must be cosine, flat-cosine or constant; got {self.schedule!r}. "
                "Use one of the three."
            )
        if self.loss not in ("mse", "l1"):
            raise ValueError(f"loss must be mse or l1; got {self.loss!r}. Use one of the two.")

    @property
    def label(self) -> str:
        """Short name for a table."""
        shape = f"{self.layers}x{self.hidden} lr {self.lr:g} {self.batch}x{self.window}"
        special = [self.loss] * (self.loss != "mse") + [self.schedule] * (self.schedule != "cosine")
        return " ".join([shape, f"x {self.steps}", *special])

    def rate(self, step: int) -> float:
        """Learning rate relative to `lr` at a step counted from 0."""
        done = step / self.steps
        if self.schedule == "constant":
            return 1.0
        if self.schedule == "flat-cosine":
            done = max(0.0, (done - 0.75) / 0.25)
        return 0.5 * (1.0 + math.cos(math.pi * done))
