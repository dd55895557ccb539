"""A smaller network that is trained by itself and shown as a part of the one that was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.deepening import deepened
from fastlstm.starts.growing import grow

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Inside:
    """Takes over what a smaller network has learned.

    Parameters
    ----------
    tracker : Tracker
        Of the network that was asked for.
    own : Tracker
        Of the smaller one.
    donor : array of shape (n_params,)
        Weights of the units that are added, which nothing listens to, see `grow`.
    """

    tracker: Tracker
    own: Tracker
    donor: FloatArray

    def show(self, iterate: Iterate, rmse: float) -> Iterate:
        """Tell of an iterate of the smaller network as one of the whole."""
        self.take_over()
        network = self._network(iterate.network)
        widths = "x".join(map(str, network.hidden_sizes))
        return replace(
            iterate,
            params=self._grown(network, iterate.params),
            rmse_validation=rmse,
            phase=f"{widths} units: {iterate.phase}",
            network=None,
        )

    def take_over(self) -> None:
        """Make the best of the smaller network, which began as the best before, that of the whole.

        It stays the best, and is decided on, as the smaller one is.
        """
        own, tracker = self.own, self.tracker
        if own.best is None:
            return
        params = self._grown(self._network(own.best_network), own.best)
        whole, errors = tracker.problem.network, (own.best_rmse_train, own.best_rmse)
        tracker.decide(whole, params, own.best_phase, *errors)
        tracker.best_risk, tracker.decided = own.best_risk, own.decided

    def _network(self, network: Network | None) -> Network:
        return self.own.problem.network if network is None else network

    def _grown(self, network: Network, params: FloatArray) -> FloatArray:
        whole = self.tracker.problem.network
        return grow(*deepened(network, params, whole.num_layers), whole, self.donor)
