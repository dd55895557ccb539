"""The seed's method: the cell as a static network closed by a unit delay, trained without BPTT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fastlstm._core.online import Path
from fastlstm.solvers.adam import cosine
from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_choice, check_options
from fastlstm.solvers.pieces import Pieces
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.split_passes import BlockPass, adam_rule, normalized_rule, sample_pass
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.near_linear import near_linear_start

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Split(AbstractSolver):
    r"""Training with the LSTM cell separated into a forward and a recurrent part.

    The cell is a static network of :math:`x_t` (forward part) and of :math:`h_{t-1}, c_{t-1}`
    (recurrent part), closed by a unit delay. The delayed signals are taken as given, so ordinary
    back-propagation through cell and MLP head gives the regressor
    :math:`\phi_t = \partial \hat y_t / \partial\theta`; nothing is unrolled in time.

    Parameters
    ----------
    max_iter : int
        Passes over the training records.
    tol : float
        Not used: the rate falls to zero when iterations or time are used up.
    path : {"cell", "none"}
        "none" cuts at the delay. "cell" keeps the path through the cell state,
        :math:`\epsilon_t = f_t \epsilon_{t-1} + \partial c_t / \partial\theta`, carried forward.
    mode : {"block", "sample"}
        "sample" updates after every sample. "block" runs `n_pieces` stretches of the records side
        by side, all steps of a block as matrices, and updates once per block; the states are
        carried from block to block, the path through the cell begins anew in each.
    rule : {"adam", "normalized"}
        Of the block mode. "normalized" is the mean of the updates of "sample" at the same weights,
        "adam" scales the same gradient. The sample mode is always normalised.
    eta : float
        Of the normalised rate :math:`\eta / (1 + \|\phi_t\|^2)`, in (0, 1]; its first value, which
        falls along a cosine.
    learning_rate, clip : float
        First rate of Adam and largest norm of the gradient of the mean squared error.
    block, n_pieces : int
        Steps of a block, and stretches that run side by side, at most; every record is at least
        one stretch.

    Raises
    ------
    ValueError
        If a setting is out of its range.

    Notes
    -----
    A pass costs O(n_total * n_params). Where the problem has a stability constraint, weights are
    projected after every pass. Derivation, error bound, and what is known of the founding
    papers: ``docs/theory/split.md``.

    References
    ----------
    W. Yu, X. Li, J. Gonzalez, "Fast Training of Deep LSTM Networks", 2019, and "Fast training of
    deep LSTM networks with guaranteed stability for nonlinear system modeling", 2021 (abstracts;
    the equations here are our reading); Hochreiter, Schmidhuber, "Long short-term memory", 1997
    (the cell path).
    """

    path: str = "cell"
    mode: str = "block"
    rule: str = "adam"
    eta: float = 0.5
    learning_rate: float = 1e-2
    clip: float = 1.0
    block: int = 100
    n_pieces: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, "path", ("cell", "none"))
        check_choice(self, "mode", ("block", "sample"))
        check_choice(self, "rule", ("adam", "normalized"))
        check_options(self, counts=("block", "n_pieces"), fractions=("eta",))
        check_options(self, positive=("learning_rate", "clip"))

    def objection(self, problem: Problem) -> str | None:
        """Say why not: the update of one sample has no place for its weight."""
        weights = problem.train.weights
        if self.mode == "sample" and weights is not None and len(np.unique(weights)) > 2:
            return (
                'sample_weight and output_weights must be None for Split(mode="sample"), whose '
                'rate is that of its error bound. Use mode="block", or 0 and one other weight.'
            )
        return super().objection(problem)

    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """One iterate per pass over the records."""
        params = start
        if params is None:
            params = near_linear_start(problem.network, problem.train, rng, problem.washout)
        one_pass = self._passes(problem, params)
        while True:
            params, rmse = one_pass(params, cosine(tracker.used))
            if not np.isfinite(params).all():
                return Status.DIVERGED
            params = problem.admissible(params)
            yield Iterate(params, rmse, f"split {self.path}", n_rows=problem.train.n_total)

    def _passes(
        self, problem: Problem, params: FloatArray
    ) -> Callable[[FloatArray, float], tuple[FloatArray, float]]:
        path = cast(Path, self.path)
        if self.mode == "sample":
            return lambda params, rate: sample_pass(problem, params, path, self.eta * rate)
        if self.rule == "adam":
            rule = adam_rule(problem, self.learning_rate, self.clip)
        else:
            rule = normalized_rule(problem, path, self.eta)
        pieces = Pieces.of(problem.train, problem.washout, self.n_pieces, self.block)
        return BlockPass(problem, params, path, pieces, rule)
