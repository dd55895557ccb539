"""Which kinds of start make the best average on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.folds import Fold
from fastlstm.solvers.ridge_path import Point, RidgePath
from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]

MAX_KINDS = 3  # of network in one average; every fold adds a network
CLOSE = 1.05  # times the best held-out error (RMSE): then the stronger ridge is taken
GAIN = 0.95  # an average has to bring the error (RMSE) below this part of the linear model's


@dataclass
class Entry:
    """One kind of start: its path on every fold and the points reached so far."""

    name: str
    paths: list[RidgePath] = field(default_factory=list)
    points: list[list[Point]] = field(default_factory=list)
    refitted: dict[int, Point] = field(default_factory=dict)

    @property
    def best(self) -> int:
        """Index of the strongest ridge that is about as good as the best over the folds, or -1."""
        walked = [[p.counted_error for p in points] for points in self.points if points]
        length = min((len(errors) for errors in walked), default=0)
        if length == 0:
            return -1
        mean = np.log(np.mean([errors[:length] for errors in walked], axis=0))
        return int(np.flatnonzero(mean <= mean.min() + 2.0 * np.log(CLOSE))[0])

    def member(self, fold: int) -> tuple[WholeRecords, Point]:
        """Network of one fold at the best strength, refitted if that was done."""
        point = self.refitted.get(fold, self.points[fold][self.best])
        return self.paths[fold].objective, point


@dataclass(frozen=True)
class Choice:
    """Kinds that are averaged with equal weights, and the held-out RMSE of their average."""

    entries: tuple[Entry, ...]
    with_linear: bool
    rmse: float


def choose(entries: Sequence[Entry], folds: Sequence[Fold], *, averaging: bool) -> Choice:
    """Compare all averages of few kinds, with and without the linear model.

    Parameters
    ----------
    entries : sequence of Entry
    folds : sequence of Fold
    averaging : bool
        Whether more than one network may be chosen.

    Returns
    -------
    choice : Choice
        The linear model alone unless something is clearly better.
    """
    ready = [entry for entry in entries if entry.best >= 0]
    linear = _rmse((), True, folds)
    found = [Choice((), True, linear)]
    for size in range(1, (MAX_KINDS if averaging else 1) + 1):
        for kinds in combinations(ready, size):
            for with_linear in (False, True) if averaging else (False,):
                found.append(Choice(kinds, with_linear, _rmse(kinds, with_linear, folds)))
    best = min(found, key=lambda choice: choice.rmse)
    return best if best.rmse < GAIN * linear else found[0]


def pooled_rmse(choices: Sequence[Choice], folds: Sequence[Fold]) -> float:
    """Held-out RMSE of the average of several choices, each with equal weight."""
    squares = []
    for number, fold in enumerate(folds):
        known = [choice for choice in choices if _walked(choice.entries, number)]
        if known:
            parts = [_misfit(choice.entries, choice.with_linear, number, fold) for choice in known]
            squares.append(fold.held_square(np.mean(parts, axis=0)))
    return float(np.sqrt(np.mean(squares))) if squares else np.inf


def _rmse(kinds: tuple[Entry, ...], with_linear: bool, folds: Sequence[Fold]) -> float:
    """Held-out RMSE of an average over the folds that all kinds have walked.

    The folds hold out about as many rows each. A block where a kind fails counts with its squared
    error, as it will in use.
    """
    squares = []
    for number, fold in enumerate(folds):
        if _walked(kinds, number):
            risks = [entry.points[number][entry.best].risk for entry in kinds]
            square = fold.held_square(_misfit(kinds, with_linear, number, fold))
            squares.append(max(risks, default=1.0) ** 2 * square)
    return float(np.sqrt(np.mean(squares))) if squares else np.inf


def _walked(kinds: tuple[Entry, ...], number: int) -> bool:
    """Whether all kinds have reached their best strength on a fold."""
    return all(
        len(entry.points) > number and len(entry.points[number]) > entry.best for entry in kinds
    )


def _misfit(kinds: tuple[Entry, ...], with_linear: bool, number: int, fold: Fold) -> FloatArray:
    """Mean misfit on the held-out rows of one fold."""
    misfits = [entry.points[number][entry.best].misfit for entry in kinds]
    return np.mean(misfits + [fold.linear_misfit] * with_linear, axis=0)
