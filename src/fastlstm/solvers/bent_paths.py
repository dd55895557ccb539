"""Networks behind bent inputs on their ridge paths: a kind of start for short records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.bent_start import SCALE, fitting, is_worth_it
from fastlstm.solvers.folds import Fold, mean_square
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.ridge_path import STRENGTHS, RidgePath
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.starts.bends import Bends, layers_behind
from fastlstm.starts.bent_linear import BentLinear

FloatArray = NDArray[np.float64]

LEFT_OUT = 1  # of the ridges, the strongest: the start is near to the plant
STEPS = 6  # iterations at one strength


@dataclass
class BentPaths:
    """Makes such paths, by linear models behind the bends that are identified once per fold.

    Parameters
    ----------
    problem : Problem
    records : Records
        Of the search.
    folds : list of Fold
    bends : Bends
    sizes : width of the layer behind the bends, and those of the head
        Where the structure is free.
    rng : numpy Generator
    """

    problem: Problem
    records: Records
    folds: list[Fold]
    bends: Bends
    sizes: tuple[int, tuple[int, ...]]
    rng: np.random.Generator

    @cached_property
    def models(self) -> list[tuple[BentLinear, Network]]:
        """Linear model behind the bends of every fold, and a network that has room for it."""
        made, found, order = (self.problem, self.records, self.bends), [], None
        for fold in self.folds:
            found.append(fitting(*made, fold.fitted, self.sizes, order))
            order = found[0][0].order
        return found

    @property
    def are_worth_it(self) -> bool:
        """Whether held-out rows of all folds together ask for it."""
        errors = [
            fold.held_square(self._misfit(model)[fold.held])
            for (model, _), fold in zip(self.models, self.folds, strict=True)
        ]
        linear = [fold.linear_error for fold in self.folds]
        return is_worth_it(float(np.mean(errors)), float(np.mean(linear)))

    def path(self, name: str, number: int) -> RidgePath:
        """Path on a fold; few steps, as in given sizes, have to move to where they are needed."""
        fold, (model, whole) = self.folds[number], self.models[number]
        weights = self.records.weights_of(fold.fitted)
        noise = mean_square(self._misfit(model)[fold.fitted], weights, fold.loss)
        if self.problem.may_widen:
            network, bends = layers_behind(whole), self.bends
            anchor = model.behind(network, self.rng, SCALE)
        else:
            network, bends, anchor = whole, None, model.embedded(whole, self.rng, SCALE)
        part = self.records, fold.fitted
        objective = WholeRecords.of(self.problem, network, part, model.linear, anchor, noise, bends)
        fold = replace(fold, linear=model.linear, noise=noise)
        return RidgePath(name, objective, fold, STEPS, STRENGTHS[LEFT_OUT:], start_counts=True)

    def _misfit(self, model: BentLinear) -> FloatArray:
        assert self.records.y is not None
        return model.simulate(self.records) - self.records.y
