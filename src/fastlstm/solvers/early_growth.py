"""More units for a small network while it sees part of the data, where iterations are cheap."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.effort import MAX_WEIGHTS
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import descend_stages
from fastlstm.solvers.tracker import Iterate
from fastlstm.solvers.widening import in_wider, widened

SHARE = 0.5  # of that time, after which no more units are added here
WORTH = 0.9  # of the error before, that more units have to reach to stay
TOL = 0.005  # relative decrease per iteration that ends a descent: new units begin slowly


@dataclass(frozen=True)
class EarlyGrowth:
    """Growth of the winner of a race, one step after the other.

    The winner first descends on the last stage of part of the data, like every wider network after
    it, so that the comparison is fair. Where noise is what is left, the first step gains nothing
    and has cost little.

    Parameters
    ----------
    race : Race
        Of starts of the small network.
    time_share : float
        Part of the time that race, growth and what follows may use.
    """

    race: Race
    time_share: float = 1.0

    def run(self, winner: Candidate) -> Generator[Iterate, float, tuple[Network, Candidate]]:
        """Grow while validation gains a tenth.

        Returns
        -------
        network : Network
        candidate : Candidate
            With weights of that network.
        """
        tracker, network = self.race.tracker, self.race.problem.network
        yield from self._descend(network, winner, winner.stage)
        grown = winner
        while tracker.budget.time_used < SHARE * self.time_share:
            wider = widened(network, self.race.problem.room)
            stages = self.race.stages(network=wider)
            too_many = wider == network or wider.n_params > MAX_WEIGHTS
            if too_many or stages.last_of_part < 0:
                break
            stage = stages[stages.last_of_part]
            tracker.judge_by(stage.judge)
            before = tracker.score(grown.state.params, network)
            widths = "x".join(map(str, wider.hidden_sizes))
            start = in_wider(network, grown.state.params, stages, self.race.rng)
            attempt = Candidate(f"{winner.name} grown to {widths}", DescentState(start, np.inf))
            yield from self._descend(wider, attempt, stages.last_of_part)
            attempt.rmse = tracker.score(attempt.state.params, wider)
            if not attempt.rmse < WORTH * before:
                break
            network, grown = wider, attempt
        return network, grown

    def _descend(
        self, network: Network, candidate: Candidate, first: int
    ) -> Generator[Iterate, float, None]:
        """Take a candidate through the stages of part of the data that it has not seen."""
        stages, limits = self.race.stages(network=network), self.race.limits
        tol = min(TOL, limits.stage_tol)
        if first > stages.last_of_part:
            return
        reached = yield from descend_stages(
            stages,
            candidate.state,
            self.race.tracker,
            candidate.name,
            replace(limits, stage_tol=tol, time_share=SHARE * self.time_share),
            first=first,
            last=stages.last_of_part,
            anew=True,
        )
        candidate.state, candidate.stage = reached.state, reached.stage
