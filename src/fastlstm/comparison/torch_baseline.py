"""The outside baseline: torch ``nn.LSTM``, a linear readout, and Adam on windows (BPTT).

Adam with a rate that falls along a cosine of the time used, clipped gradients, random windows whose
first quarter only drives the state, and the weights that were best on free-run validation. Several
settings are trained, each with the whole budget; validation chooses among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from numpy.typing import NDArray
from torch import nn  # pyright: ignore[reportMissingImports]

from fastlstm.comparison.contestants import Budget, Job, describe_sizes, simulator
from fastlstm.comparison.exam import Exam
from fastlstm.comparison.progress import Watch
from fastlstm.comparison.runs import Trained
from fastlstm.comparison.torch_windows import Windows, stretches
from fastlstm.convert import from_torch
from fastlstm.network import Network
from fastlstm.records import hold_out
from fastlstm.scaling import Scaling
from fastlstm.solvers.problem import Clock, Status

FloatArray = NDArray[np.float64]
NAME = "torch"
VALIDATION_FRACTION = 0.2  # as in LSTMRegressor
VALIDATION_SHARE = 0.1  # of the time


@dataclass(frozen=True)
class Setting:
    """Widths (the same in every layer), peak rate of Adam, and windows of one training."""

    width: int
    layers: int
    lr: float
    window: int = 200
    batch: int = 32
    clip: float = 1.0

    @property
    def label(self) -> str:
        """Structure and rate in words."""
        return f"{describe_sizes((self.width,) * self.layers, ())}, rate {self.lr:g}"


def default_settings(budget: Budget) -> list[Setting]:
    """Two rates on the structure that the solvers train, and one wide layer."""
    width, layers = max(budget.hidden_sizes), len(budget.hidden_sizes)
    settings = [Setting(width, layers, 0.01), Setting(width, layers, 0.003), Setting(32, 1, 0.005)]
    return list(dict.fromkeys(settings))


def torch_jobs(exam: Exam, budget: Budget, seed: int) -> list[Job]:
    """Plan one training per setting; the first use of torch happens here and is not timed."""
    with isolated(budget.n_threads):
        warm_up()

    def plan(setting: Setting) -> Job:
        def train(watch: Watch) -> Trained:
            with isolated(budget.n_threads):
                return train_torch(exam, budget, setting, seed, watch)

        return Job(NAME, seed, f"{setting.label}, seed {seed}", train)

    return [plan(setting) for setting in default_settings(budget)]


@contextmanager
def isolated(n_threads: int) -> Iterator[None]:
    """Leave torch's thread count and random state behind as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)


def warm_up() -> None:
    """Take one step on nothing: torch loads much of itself then, seconds on a busy machine."""
    layer = nn.LSTM(1, 1)
    optimizer = torch.optim.Adam(layer.parameters(), fused=True)
    layer(torch.zeros(2, 1, 1))[0].sum().backward()
    nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()


class TorchLSTM(nn.Module):
    """Stacked nn.LSTM and a linear readout, (n_steps, batch, n_inputs) to (..., n_outputs)."""

    def __init__(self, setting: Setting, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, setting.width, setting.layers)
        self.readout = nn.Linear(setting.width, n_outputs)

    def forward(self, u: torch.Tensor) -> torch.Tensor:
        """Free run from rest."""
        return self.readout(self.lstm(u)[0])

    def as_network(self) -> tuple[Network, FloatArray]:
        """Return the same model as a `Network` and its weights, for scoring."""
        n_outputs, width = self.readout.weight.shape
        network = Network(self.lstm.input_size, n_outputs, (width,) * self.lstm.num_layers)
        state = {name: value.detach().numpy() for name, value in self.lstm.state_dict().items()}
        readout = {
            "readout.hidden": self.readout.weight.detach().numpy(),
            "readout.input": np.zeros((n_outputs, network.n_inputs)),
            "readout.bias": self.readout.bias.detach().numpy(),
        }
        return network, network.pack({**from_torch(state), **readout})


class Trainer:
    """Standardised data, model and optimiser of one training."""

    def __init__(self, exam: Exam, setting: Setting, seed: int) -> None:
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.setting, self.scaling = setting, Scaling.of(exam.train)
        scaled = self.scaling.scale(exam.train)
        train, held, lead_in = hold_out(scaled, VALIDATION_FRACTION, exam.washout)
        judged = train if held is None else held
        assert train.y is not None and judged.y is not None
        self.windows = Windows.of(train, setting.window)
        self.u, self.y = tensor(train.u), tensor(train.y)
        rows, scored = stretches(judged, lead_in)
        self.u_judged, self.y_judged = tensor(judged.u)[rows], tensor(judged.y)[rows]
        self.scored = torch.from_numpy(scored)
        self.spread = float(np.sqrt(np.mean(np.var(judged.y, axis=0)))) or math.nan
        self.model = TorchLSTM(setting, train.u.shape[1], train.y.shape[1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=setting.lr, fused=True)

    def step(self, used: float) -> None:
        """One step of Adam when a part `used` of the budget is gone."""
        rows = torch.from_numpy(self.windows.draw(self.rng, self.setting.batch))
        for group in self.optimizer.param_groups:
            group["lr"] = self.setting.lr * 0.5 * (1.0 + math.cos(math.pi * min(used, 1.0)))
        self.optimizer.zero_grad(set_to_none=True)
        error = (self.model(self.u[rows]) - self.y[rows])[self.windows.length // 4 :]
        error.square().mean().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.setting.clip)
        self.optimizer.step()

    @torch.no_grad()
    def validate(self) -> float:
        """Free-run RMSE on the held-out part, standardised; infinite if it is not finite."""
        error = (self.model(self.u_judged) - self.y_judged)[self.scored]
        rmse = float(error.square().mean().sqrt())
        return rmse if math.isfinite(rmse) else math.inf


def tensor(x: FloatArray) -> torch.Tensor:
    """Single precision, as torch trains."""
    return torch.from_numpy(x.astype(np.float32))


def train_torch(exam: Exam, budget: Budget, setting: Setting, seed: int, watch: Watch) -> Trained:
    """Train until the time is up; Ctrl-C keeps the best weights so far."""
    clock = Clock(budget.time_limit)
    trainer = Trainer(exam, setting, seed)
    network, weights = trainer.model.as_network()
    best, status, n_steps = math.inf, Status.TIME_LIMIT, 0
    next_validation = 0.0
    try:
        while not clock.expired or n_steps == 0:
            trainer.step(clock.wall / budget.time_limit)
            n_steps += 1
            if clock.wall < next_validation and not clock.expired:
                continue
            begun = clock.wall
            rmse = trainer.validate()
            next_validation = clock.wall + (clock.wall - begun) / VALIDATION_SHARE
            if rmse < best:
                best, weights = rmse, trainer.model.as_network()[1]
                watch.snapshots.add(clock.cpu, clock.wall, weights)
            fit = 100.0 * (1.0 - best / trainer.spread)
            watch.report(clock.cpu, clock.wall, fit, min(clock.wall / budget.time_limit, 1.0))
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    return Trained(
        method=NAME,
        label=setting.label,
        seed=seed,
        n_weights=sum(weight.numel() for weight in trainer.model.parameters()),
        cpu_time=clock.cpu,
        wall_time=clock.wall,
        status=status.value,
        message=f"{n_steps} steps of Adam",
        rmse_validation=best,
        snapshots=watch.snapshots,
        weights=weights,
        simulate=simulator(network, trainer.scaling, budget.n_threads),
        interrupted=status is Status.INTERRUPTED,
    )
