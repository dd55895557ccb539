"""The torch baseline at its best: widths, rates, windows, and one or two threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from benchmarks import machine
from benchmarks.curves import Run
from benchmarks.torch_settings import Settings
from fastlstm.datasets import Dataset

__all__ = ["Settings", "sweep_torch"]


def describe(run: Run, headline: str, unit: str) -> str:
    """One line about a finished run."""
    end = run.points[-1]
    return (
        f"{run.method}, seed {run.seed}, threads {run.threads}: {end.test[headline]:.3g} {unit} "
        f"after {end.cpu:.3g} CPU-s, {end.wall:.3g} s"
    )


def sweep_torch(
    dataset: Dataset,
    n_validation: int,
    settings: Sequence[Settings],
    *,
    headline: str,
    extra_seeds: int,
    every: int,
    say: Callable[[str], None],
) -> tuple[list[Run], list[dict[str, Any]]]:
    """Train every setting on one thread, then the best by validation again.

    The best is repeated with further seeds, and on two threads if a step is faster there in wall
    time.

    Returns
    -------
    runs : list of Run
        Runs of the sweep are named after their setting.
    probes : list of dict
        Wall seconds of one step on one and two threads, by setting.
    """
    from benchmarks import torch_lstm

    torch_lstm.keep_memory()
    counts = [1, 2] if machine.cpu_count() > 1 else [1]
    runs, probes = [], []

    def train(chosen: Settings, seed: int, threads: int) -> None:
        run = torch_lstm.train_torch(
            dataset, n_validation, chosen, seed=seed, threads=threads, every=every
        )
        suffix = ", two threads" if threads == 2 else ""
        runs.append(replace(run, method=f"torch {chosen.label}{suffix}"))
        say(describe(runs[-1], headline, dataset.unit))

    for chosen in settings:
        n_steps = min(50, chosen.steps // 8)
        seconds = {
            n: torch_lstm.seconds_per_step(dataset, n_validation, chosen, n, n_steps)
            for n in counts
        }
        probes.append({"setting": chosen.label, "seconds_per_step": seconds})
        say(
            f"{chosen.label}: "
            + ", ".join(f"{1e3 * s:.3g} ms a step, {n} thread(s)" for n, s in seconds.items())
        )
        train(chosen, seed=0, threads=1)
    errors = [min(p.validation or math.inf for p in run.points) for run in runs]
    best = errors.index(min(errors))
    for seed in range(1, extra_seeds + 1):
        train(settings[best], seed, threads=1)
    fastest = probes[best]["seconds_per_step"]
    if 2 in fastest and fastest[2] < fastest[1]:
        train(settings[best], seed=0, threads=2)
    return runs, probes
