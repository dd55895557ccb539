"""Accuracy against time: one run, and what several runs say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Clock = Literal["cpu", "wall"]


@dataclass(frozen=True)
class Point:
    """The model in hand at one moment of a run.

    Parameters
    ----------
    cpu, wall : float
        Seconds since the start of the run, scoring left out.
    step : int
        Iterations or optimiser steps taken.
    validation : float or None
        Free-run error on held-out training data, in the unit of the benchmark.
    test : dict
        Official free-run error by test record, in the unit of the benchmark.
    """

    cpu: float
    wall: float
    step: int
    validation: float | None
    test: dict[str, float]


@dataclass(frozen=True)
class Run:
    """One training run: its settings and its points in order of time."""

    method: str
    settings: dict[str, Any]
    seed: int
    threads: int
    points: list[Point] = field(default_factory=list)

    def error_at(self, seconds: float, test: str, clock: Clock = "cpu") -> float:
        """Test error of the last model that was in hand by then; infinite before the first."""
        known = [p.test[test] for p in self.points if getattr(p, clock) <= seconds]
        return known[-1] if known else math.inf

    def time_to(self, target: float, test: str, clock: Clock = "cpu") -> float:
        """Seconds until the test error first is at most `target`; infinite if never."""
        return next((getattr(p, clock) for p in self.points if p.test[test] <= target), math.inf)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest over runs; a run that never got there counts as infinite."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise one value per run."""
        return cls(median(values), min(values), max(values))


def errors_at(runs: Sequence[Run], seconds: float, test: str, clock: Clock = "cpu") -> Spread:
    """Test error at equal time over runs."""
    return Spread.of([run.error_at(seconds, test, clock) for run in runs])


def times_to(runs: Sequence[Run], target: float, test: str, clock: Clock = "cpu") -> Spread:
    """Time to a target over runs."""
    return Spread.of([run.time_to(target, test, clock) for run in runs])
