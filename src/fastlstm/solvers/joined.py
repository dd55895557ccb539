"""Networks of an average and their weights; those behind the same bends share one first layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import Member, average
from fastlstm.solvers.ridge_path import Point
from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]


@dataclass
class Joined:
    """An average that is put together network by network; weights sum up to one in the end."""

    members: list[Member] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)  # mean squared errors in training
    bent: list[tuple[WholeRecords, FloatArray]] = field(default_factory=list)
    bent_weights: list[float] = field(default_factory=list)
    bent_squares: list[float] = field(default_factory=list)

    def add(self, member: Member, weight: float, square: float) -> None:
        """Add a network."""
        self.members.append(member)
        self.weights.append(weight)
        self.squares.append(square)

    def add_point(self, objective: WholeRecords, point: Point, weight: float) -> None:
        """Add what a path has led to."""
        if objective.bends is None:
            self.add(objective.member(point.x), weight, point.error)
            return
        self.bent.append((objective, point.x))
        self.bent_weights.append(weight)
        self.bent_squares.append(point.error)

    @property
    def rmse_train(self) -> float:
        """Root of the mean of the squared errors."""
        weights = self.weights + self.bent_weights
        return float(np.sqrt(np.average(self.squares + self.bent_squares, weights=weights)))

    def member(self) -> Member:
        """Everything as one network."""
        members, weights = list(self.members), list(self.weights)
        if self.bent:
            total = sum(self.bent_weights)
            members.append(self._behind_bends([one / total for one in self.bent_weights]))
            weights.append(total)
        return average(members, weights)

    def _behind_bends(self, weights: list[float]) -> Member:
        """Average behind the bends, which are the same for all."""
        bends = self.bent[0][0].bends
        assert bends is not None
        members = [(objective.network, objective.weights(x)) for objective, x in self.bent]
        return bends.in_front(*average(members, weights))
