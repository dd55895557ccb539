"""The plants of the seed's comparison, and the noise that is put on their training outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fastlstm.datasets import (
    Dataset,
    load_gas_furnace,
    load_wh2009,
    narendra_parthasarathy,
)


@dataclass(frozen=True)
class Plant:
    """A plant, the CPU seconds of its methods, and the stretch the baselines validate on.

    Parameters
    ----------
    name, title : str
    load : callable
        Returns the Dataset without added noise.
    seconds : dict
        Time limit by method.
    n_validation : int
        Samples at the end of the training record that torch validates on.
    """

    name: str
    title: str
    load: Callable[[], Dataset]
    seconds: dict[str, float]
    n_validation: int


def noisy(dataset: Dataset, level: float, seed: int = 0) -> Dataset:
    """Add white noise of `level` times the output's standard deviation to the training outputs."""
    if level == 0.0:
        return dataset
    rng = np.random.default_rng([seed, 5])
    train = tuple(
        replace(
            record,
            y=record.y + level * record.y.std(axis=0) * rng.normal(size=record.y.shape),
        )
        for record in dataset.train
    )
    return replace(dataset, train=train)


def settled(dataset: Dataset, steps: int = 20) -> Dataset:
    """Leave the first steps unscored; their outputs may set the initial state."""
    return replace(dataset, init_window=steps)


def seconds(
    lm: float, split: float, ridge: float, greedy: float, bptt: float, long: float
) -> dict[str, float]:
    """Return the time limits of a plant by method."""
    return {
        "lm": lm,
        "split": split,
        "ridge": ridge,
        "greedy": greedy,
        "bptt": bptt,
        "bptt, long": long,
        "torch": long,
    }


PLANTS = {
    plant.name: plant
    for plant in (
        Plant(
            "gas_furnace",
            "gas furnace, first 200 samples train, other 96 test, free run, % CO2",
            load_gas_furnace,
            seconds(1.0, 1.0, 0.5, 1.0, 2.0, 6.0),
            40,
        ),
        Plant(
            "np2",
            "Narendra-Parthasarathy plant 2, published test input, first 20 steps not scored",
            lambda: settled(narendra_parthasarathy(2, n_train=10_000, noise=0.0)),
            seconds(3.0, 2.5, 1.0, 2.5, 6.0, 20.0),
            2_000,
        ),
        Plant(
            "np3",
            "Narendra-Parthasarathy plant 3, published test input, first 20 steps not scored",
            lambda: settled(narendra_parthasarathy(3, n_train=10_000, noise=0.0)),
            seconds(3.0, 2.5, 1.0, 2.5, 6.0, 20.0),
            2_000,
        ),
        Plant(
            "wh2009",
            "Wiener-Hammerstein 2009, official split, free run, mV",
            load_wh2009,
            seconds(10.0, 4.0, 1.5, 4.0, 10.0, 40.0),
            20_000,
        ),
    )
}
