"""Trials of ways to train: a plant, its training data, settings, and what is changed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import lfilter

from benchmarks import report
from benchmarks.batch_plants import PLANTS as BATCHES
from benchmarks.bent_plants import PLANTS as BENT
from benchmarks.changes import constant, fit
from benchmarks.integrating_plants import PLANTS
from benchmarks.multisine_plants import PLANTS as MULTISINES
from benchmarks.oversampled_plants import records
from fastlstm import LSTMRegressor
from fastlstm.datasets import SIMULATORS, narendra_parthasarathy
from fastlstm.datasets.base import FloatArray, Record

N_TEST, SKIPPED = 4000, 100  # steps of the test part, and its first that are not scored
TESTED = 40  # records of a test
SLOW_POLE = 0.9  # of noise that is alike from step to step
BEGUN = 50  # measured outputs at which a test of sums begins
USUAL = 10_000  # steps of a training record that is there anyway


@dataclass(frozen=True)
class Data:
    """Records to train on, of one array each or a list."""

    X: FloatArray | list[FloatArray]
    y: FloatArray | list[FloatArray]


@dataclass(frozen=True)
class Trial:
    """A plant, its training data, and a way to train with what it changes in the library."""

    plant: str
    n_train: int
    noise: float
    way: str
    settings: dict[str, Any]
    changes: tuple[tuple[Any, str, Any], ...] = ()

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        n_steps = self.n_train + N_TEST if self.n_train > USUAL else None
        u, y = signals(self.plant.split(",")[0], n_steps)
        train, test = slice(0, self.n_train), slice(self.n_train, self.n_train + N_TEST)
        noise = self.noise * y[train].std() * np.random.default_rng(5).normal(size=y[train].shape)
        model = self._fitted(seed, Data(u[train], y[train] + noise))
        error = (model.simulate(u[test]) - y[test])[SKIPPED:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y[test].std()))

    def _fitted(self, seed: int, data: Data) -> LSTMRegressor:
        """Train with the changes."""
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(constant(*change))
            return fit(data, seed, **self.settings)

    def _told(self, seed: int, model: LSTMRegressor, nrmse: float) -> dict[str, Any]:
        found = {"plant": self.plant, "noise": self.noise, "way": self.way, "seed": seed}
        report.console.print(f"  {found}: {nrmse:.4f}, {model.start_}, {model.cpu_time_:.2f} CPU-s")
        return {**found, "start": model.start_, "nrmse": nrmse, "cpu": model.cpu_time_}


@dataclass(frozen=True)
class SlowNoiseTrial(Trial):
    """The same under noise that is alike from step to step, another one for every seed."""

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        n_steps = self.n_train + N_TEST if self.n_train >= USUAL else None
        u, y = signals(self.plant.split(",")[0], n_steps)
        train, test = slice(0, self.n_train), slice(self.n_train, self.n_train + N_TEST)
        white = np.random.default_rng([5, seed]).normal(size=(self.n_train + SKIPPED, 1))
        noise = lfilter([1.0], [1.0, -SLOW_POLE], white, axis=0)[SKIPPED:]
        noise *= self.noise * y[train].std() / noise.std()
        model = self._fitted(seed, Data(u[train], y[train] + noise))
        error = (model.simulate(u[test]) - y[test])[SKIPPED:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y[test].std()))


@dataclass(frozen=True)
class SummedTrial(Trial):
    """The same for a plant that integrates, whose test begins at measured outputs.

    Every seed has noise of its own: whether an integrator is found may depend on it.
    """

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        case = PLANTS[self.plant]
        u, y = case.train()
        noise = self.noise * y.std() * np.random.default_rng([5, seed]).normal(size=y.shape)
        model = self._fitted(seed, Data(u, y + noise))
        u, y = case.test()
        error = (model.simulate(u, y_init=y[:BEGUN]) - y)[BEGUN:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y.std()))


@dataclass(frozen=True)
class BegunTrial(Trial):
    """The same for a plant of many records, which are simulated from their first outputs or none.

    `plant` is its name and the number of records, `n_train`.
    """

    n_begun: int = 0

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        simulate, rng = BATCHES[self.plant.split(",")[0]], np.random.default_rng(5)
        X, y = simulate(self.n_train, 1)
        spread = np.concatenate(y).std(axis=0)
        noisy = [part + self.noise * spread * rng.normal(size=part.shape) for part in y]
        model = self._fitted(seed, Data(X, noisy))
        X, y = simulate(TESTED, 101)
        y_init = [part[: self.n_begun] for part in y] if self.n_begun else None
        every = np.concatenate(y)
        error = np.concatenate(model.simulate(X, y_init)).reshape(every.shape) - every
        nrmse = np.sqrt(np.mean(error**2, axis=0)) / every.std(axis=0)
        return self._told(seed, model, float(np.mean(nrmse)))


@dataclass(frozen=True)
class MultisineTrial(Trial):
    """The same for a plant behind a multisine without its upper frequencies."""

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        simulate = MULTISINES[self.plant]
        u, y = simulate(self.n_train, 1)
        noise = self.noise * y.std() * np.random.default_rng(5).normal(size=y.shape)
        model = self._fitted(seed, Data(u, y + noise))
        u, y = simulate(N_TEST, 101)
        error = (model.simulate(u) - y)[SKIPPED:]
        return self._told(seed, model, float(np.sqrt(np.mean(error**2)) / y.std()))


@dataclass(frozen=True)
class BentTrial(Trial):
    """The same for a plant whose inputs act through sharp curves, new noise for every seed."""

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        simulate = BENT[self.plant.split(",")[0]]
        u, y = simulate(self.n_train, 1)
        rng = np.random.default_rng([5, seed])
        noise = self.noise * y.std(axis=0) * rng.normal(size=y.shape)
        model = self._fitted(seed, Data(u, y + noise))
        u, y = simulate(N_TEST, 101)
        error = (model.simulate(u).reshape(y.shape) - y)[SKIPPED:]
        nrmse = np.sqrt(np.mean(error**2, axis=0)) / y.std(axis=0)
        return self._told(seed, model, float(np.mean(nrmse)))


@dataclass(frozen=True)
class SampledTrial(Trial):
    """The same for a slow plant, whose records begin anywhere; the second halves are scored.

    `plant` begins with its name; `n_train` are the samples per unit of time.
    """

    duration: float = 120.0
    n_records: int = 1

    def run(self, seed: int) -> dict[str, Any]:
        """Train once and score."""
        made = self.plant.split(",")[0], self.duration, self.n_train, self.n_records
        rng, trained = np.random.default_rng(5), records(*made, 1)
        spread = float(np.concatenate([y for _, y in trained]).std())
        noisy = [y + self.noise * spread * rng.normal(size=y.shape) for _, y in trained]
        model = self._fitted(seed, Data([u for u, _ in trained], noisy))
        square, tested = [], records(*made, 101)
        for (_, y), y_sim in zip(tested, model.predict([u for u, _ in tested]), strict=True):
            half = len(y) // 2
            square.append((y_sim.reshape(y.shape) - y)[half:] ** 2)
        return self._told(seed, model, float(np.sqrt(np.mean(np.concatenate(square))) / spread))


def signals(plant: str, n_steps: int | None = None) -> tuple[FloatArray, FloatArray]:
    """Input and noise-free output of the longest training record, shape (n_timesteps, 1)."""
    if plant.startswith("np"):
        dataset = narendra_parthasarathy(int(plant[2]), n_train=n_steps or 14_000, noise=0.0)
    else:
        dataset = SIMULATORS[plant]() if n_steps is None else SIMULATORS[plant](n_train=n_steps)
    record: Record = max(dataset.train, key=len)
    return record.u, record.y
