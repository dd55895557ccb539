"""The outside baseline: torch ``nn.LSTM`` with a linear readout, Adam, exact BPTT on windows."""

from __future__ import annotations

import ctypes
import math
import os
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.curves import Point, Run
from benchmarks.timing import Stopwatch
from benchmarks.torch_settings import Settings
from fastlstm.datasets import Dataset

FloatArray = NDArray[np.float64]

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # names and numbers of glibc's malloc.h


def keep_memory() -> None:
    """Let the C library keep freed memory; fresh pages cost this baseline a third of its time.

    Does nothing where the C library has no mallopt.
    """
    if os.name != "posix":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, 1 << 30)
        mallopt(M_MMAP_MAX, 0)


class TorchLSTM(nn.Module):
    """Stacked nn.LSTM and a linear readout, time before batch."""

    def __init__(self, settings: Settings, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, settings.hidden, settings.layers)
        self.readout = nn.Linear(settings.hidden, n_outputs)

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        """Free run from rest: (n_steps, batch, n_inputs) to (n_steps, batch, n_outputs)."""
        return self.readout(self.lstm(u)[0])


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation per channel."""

    mean: FloatArray
    std: FloatArray

    @classmethod
    def of(cls, x: FloatArray) -> Standard:
        """Measured on the training part."""
        return cls(x.mean(axis=0), x.std(axis=0))

    def scale(self, x: FloatArray) -> torch.Tensor:
        """Standardised float32 tensor."""
        return torch.from_numpy(((x - self.mean) / self.std).astype(np.float32))

    def unscale(self, x: torch.Tensor) -> FloatArray:
        """Back to the units of the data."""
        return x.numpy().astype(np.float64) * self.std + self.mean


class Trainer:
    """Everything one run needs: data on the right scale, model, optimiser, windows, scores."""

    def __init__(self, dataset: Dataset, n_validation: int, settings: Settings, seed: int) -> None:
        (record,) = dataset.train
        u, y = as_columns(record.u), as_columns(record.y)
        split = len(u) - n_validation
        self.dataset, self.settings = dataset, settings
        self.u_scale, self.y_scale = Standard.of(u[:split]), Standard.of(y[:split])
        self.u, self.y = self.u_scale.scale(u), self.y_scale.scale(y)
        self.split = split
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.model = TorchLSTM(settings, u.shape[1], y.shape[1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=settings.lr, fused=True)

    def step(self, number: int) -> None:
        """One Adam step on random windows of the training part."""
        settings = self.settings
        starts = self.rng.integers(0, self.split - settings.window, settings.batch)
        rows = torch.from_numpy(starts[None, :] + np.arange(settings.window)[:, None])
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * settings.rate(number)
        self.optimizer.zero_grad(set_to_none=True)
        error = (self.model(self.u[rows]) - self.y[rows])[settings.washout :]
        loss = error.abs().mean() if settings.loss == "l1" else error.square().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()

    @torch.no_grad()
    def validation(self, stretch: int = 1000) -> float:
        """Free-run RMSE on the held-out part, cut into stretches that run side by side."""
        count = (len(self.u) - self.split) // stretch
        where = slice(self.split, self.split + count * stretch)
        u, y = (
            x[where].reshape(count, stretch, x.shape[1]).transpose(0, 1) for x in (self.u, self.y)
        )
        error = (self.model(u) - y)[2 * self.settings.washout :].numpy() * self.y_scale.std
        return float(np.sqrt(np.mean(np.square(error))) * self.dataset.scale)

    @torch.no_grad()
    def test(self) -> dict[str, float]:
        """Official score of a free run over each whole test record."""
        scores = {}
        for name, record in self.dataset.tests.items():
            u = self.u_scale.scale(as_columns(record.u))[:, None, :]
            y_pred = self.y_scale.unscale(self.model(u)[:, 0, :])
            scores[name] = float(self.dataset.score(name, y_pred.reshape(record.y.shape)))
        return scores


def as_columns(x: FloatArray) -> FloatArray:
    """Array of shape (n_timesteps, n_channels)."""
    return x[:, None] if x.ndim == 1 else x


def train_torch(
    dataset: Dataset,
    n_validation: int,
    settings: Settings,
    *,
    seed: int = 0,
    threads: int = 1,
    every: int = 100,
    time_limit: float = math.inf,
) -> Run:
    """Train once; the curve shows the weights with the best validation error so far.

    Parameters
    ----------
    dataset : Dataset
        With one training record.
    n_validation : int
        Samples at the end of the training record that are only validated on.
    settings : Settings
    seed, threads : int
        Of the initial weights and windows; of torch.
    every : int
        Steps between validations. These are part of the method and of its time; scoring the
        test set is not.
    time_limit : float
        CPU seconds after which the run is cut short.

    Returns
    -------
    run : Run
    """
    torch.set_num_threads(threads)
    points: list[Point] = []
    best, scores = math.inf, {}
    with Stopwatch() as clock:
        trainer = Trainer(dataset, n_validation, settings, seed)
        for number in range(1, settings.steps + 1):
            trainer.step(number - 1)
            if number % every and number != settings.steps:
                continue
            error = trainer.validation()
            with clock.paused():
                if error < best or not scores:
                    best, scores = error, trainer.test()
                points.append(Point(clock.cpu, clock.wall, number, error, scores))
            if clock.cpu > time_limit:
                break
    return Run("torch", asdict(settings), seed, threads, points)


def seconds_per_step(
    dataset: Dataset, n_validation: int, settings: Settings, threads: int, steps: int = 50
) -> float:
    """Wall seconds of one optimiser step, after five steps of warming up."""
    torch.set_num_threads(threads)
    trainer = Trainer(dataset, n_validation, settings, seed=0)
    for number in range(5):
        trainer.step(number)
    with Stopwatch() as clock:
        for number in range(steps):
            trainer.step(number)
    return clock.wall / steps
