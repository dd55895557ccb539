"""Networks of an average and their weights; those behind the same bends share one first layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import Member, average
from fastlstm.records import Records
from fastlstm.solvers.consensus import agreement
from fastlstm.solvers.ridge_path import Point
from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]

FEW = 3  # networks, from which some of them can be in the middle


@dataclass
class Joined:
    """An average that is put together network by network; weights sum up to one in the end."""

    members: list[Member] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)  # mean squared errors in training
    bent: dict[int, tuple[WholeRecords, FloatArray]] = field(default_factory=dict)  # of members

    def add(self, member: Member, weight: float, square: float) -> None:
        """Add a network."""
        self.members.append(member)
        self.weights.append(weight)
        self.squares.append(square)

    def add_point(self, objective: WholeRecords, point: Point, weight: float) -> None:
        """Add what a path has led to."""
        if objective.bends is not None:
            self.bent[len(self.members)] = objective, point.x
        self.add(objective.member(point.x), weight, point.error)

    def weigh(self, records: Records) -> None:
        """Let networks count less that are far from what most of those so far say."""
        if len(self.members) < FEW:
            return
        share, weights = sum(self.weights), self.weights * agreement(self.members, records)
        self.weights = (share / weights.sum() * weights).tolist()

    @property
    def rmse_train(self) -> float:
        """Root of the mean of the squared errors."""
        return float(np.sqrt(np.average(self.squares, weights=self.weights)))

    def member(self) -> Member:
        """Everything as one network."""
        plain = [k for k in range(len(self.members)) if k not in self.bent]
        members, weights = [self.members[k] for k in plain], [self.weights[k] for k in plain]
        if self.bent:
            members.append(self._behind_bends())
            weights.append(sum(self.weights[k] for k in self.bent))
        return average(members, weights)

    def _behind_bends(self) -> Member:
        """Average behind the bends, which are the same for all."""
        total = sum(self.weights[k] for k in self.bent)
        parts = [(objective.network, objective.weights(x)) for objective, x in self.bent.values()]
        shared = next(iter(self.bent.values()))[0].bends
        assert shared is not None
        shares = [self.weights[k] / total for k in self.bent]
        return shared.in_front(*average(parts, shares))
