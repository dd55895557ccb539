"""The fit of long records behind bends: few curves first, then all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.behind_bends import BehindBends
from fastlstm.solvers.problem import Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.tracker import Iterate
from fastlstm.starts.bent_linear import BentLinear

FloatArray = NDArray[np.float64]

SHARE = 0.3  # of what is left of the time, until it is compared
BETTER = 0.95  # of the error of the best without bends, that these have to reach then
WORTH = 0.98  # of the error behind few curves, that all bent inputs have to reach to end the fit


class Fit(Protocol):
    """What is asked of a fit that can pause; see `LongRecords`."""

    def begin(  # noqa: D102
        self, start: FloatArray | None, time_share: float = 1.0
    ) -> Generator[Iterate, float, None]: ...
    def finish(self) -> Generator[Iterate, float, Status]: ...  # noqa: D102


@dataclass
class BentFit:
    """A fit to what bends make of inputs, where these do not move.

    The linear model behind the bends tells the curves that matter: few sums of the bent inputs. A
    network that sees these has hardly more weights than one of the inputs themselves, so a race
    costs little. What wins is then the start of a network that sees every bent input and makes up
    for what the curves lack.

    Parameters
    ----------
    race : Race
        Of networks that see the inputs as they are; its best so far is the one to beat.
    model : BentLinear
    make : callable
        Makes the fit of a race; of a network that is not that of its problem, if one is given.
    """

    race: Race
    model: BentLinear
    make: Callable[[Race, Network | None], Fit]
    _few: BehindBends = field(init=False)
    _fit: Fit = field(init=False)

    @property
    def _best(self) -> float:
        """Validation error of the best so far; more where it does not forget wild states."""
        return self.race.tracker.best_rmse * self.race.tracker.best_risk

    def begin(self) -> Generator[Iterate, float, bool]:
        """Race behind few curves, and descend for a part of the time.

        Returns
        -------
        is_better : bool
            Whether the best so far is behind the bends, and clearly better.
        """
        before = self._best
        self._few = BehindBends.of(self.race, *self.model.on_curves())
        self._few.judge_linear()
        self._fit = self.make(self._few.race, None)
        yield from self._few.shown(self._fit.begin(None, SHARE))
        return self._best < BETTER * before

    def finish(self) -> Generator[Iterate, float, Status]:
        """Let a network see all bent inputs; go on with few curves where that gains little."""
        before, best = self._best, self._few.best_apart()
        if best is not None:
            network, params = best
            every = BehindBends.of(self.race, self.model.inputs, self.model.found)
            fit = self.make(every.race, network)
            yield from every.shown(fit.begin(params))
            if self._best < WORTH * before:
                return (yield from every.shown(fit.finish()))
        return (yield from self._few.shown(self._fit.finish()))
