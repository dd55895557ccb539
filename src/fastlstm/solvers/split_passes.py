"""One pass of the split method over the training records: sample by sample, or block by block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._core.online import OnlineNetwork, Path
from fastlstm.solvers.adam import Adam, clipped
from fastlstm.solvers.gradients import gradient_of, mean_gradient
from fastlstm.solvers.pieces import Pieces
from fastlstm.solvers.problem import Problem

FloatArray = NDArray[np.float64]
Update = Callable[[FloatArray], FloatArray]  # from the gradient of a block to a step
Rule = Callable[[FloatArray, float], Update]  # from weights and rate to the updates of one pass

_NORM_STEPS = 200  # steps from which the norm of the regressor is taken, once per pass


def sample_pass(
    problem: Problem, params: FloatArray, path: Path, eta: float
) -> tuple[FloatArray, float]:
    """Learn from every sample of every record.

    Parameters
    ----------
    problem : Problem
    params : array of shape (n_params,)
    path : {"cell", "none"}
    eta : float
        Of the normalised rate.

    Returns
    -------
    params : array of shape (n_params,)
    rmse : float
        Of the predictions, each made before its own update.
    """
    online = OnlineNetwork(problem.network, params, path)
    train, squares = problem.train, []
    assert train.y is not None
    measured = train.y if train.weights is None else np.where(train.weights > 0.0, train.y, np.nan)
    for u, y in zip(train.split(train.u), train.split(measured), strict=True):
        online.reset()
        y_pred = online.learn_record(u, y, eta, problem.washout)
        squares.append(((y_pred - y)[problem.washout :] ** 2).ravel())
    return online.params, float(np.sqrt(np.nanmean(np.concatenate(squares))))


class BlockPass:
    """Passes over all blocks of the pieces of the records; the states go on from pass to pass.

    Parameters
    ----------
    problem : Problem
    params : array of shape (n_params,)
        With which the first states are found.
    path : {"cell", "none"}
    pieces : Pieces
    rule : callable
        `adam_rule` or `normalized_rule`.
    """

    def __init__(
        self, problem: Problem, params: FloatArray, path: Path, pieces: Pieces, rule: Rule
    ) -> None:
        self._problem, self._pieces, self._rule = problem, pieces, rule
        self._path: Path = path
        self._state = pieces.first_states(problem, params)
        self._workspace = _core.Workspace()

    def __call__(self, params: FloatArray, rate: float) -> tuple[FloatArray, float]:
        """Update after every block; return the weights and the RMSE before the updates."""
        problem, squares, weight = self._problem, 0.0, 0.0
        update = self._rule(params, rate)
        for block in self._pieces.blocks:
            found = gradient_of(problem, params, block, self._workspace, self._path, self._state)
            squares, weight = squares + found.cost, weight + found.n_scored
            params = params + update(mean_gradient(problem, params, found))
            self._state = found.final_state
        self._state = self._pieces.next_states(self._state)
        return params, float(np.sqrt(squares / max(1.0, weight)))


def adam_rule(problem: Problem, learning_rate: float, clip: float) -> Rule:
    """Take steps of Adam, the gradient clipped."""
    adam = Adam(problem.network.n_params)

    def rule(params: FloatArray, rate: float) -> Update:
        return lambda gradient: adam.step(clipped(gradient, clip), learning_rate * rate)

    return rule


def normalized_rule(problem: Problem, path: Path, eta: float) -> Rule:
    r"""Take steps :math:`-\eta\, \overline{\phi_t' e_t} / (1 + \overline{\|\phi_t\|^2})`.

    It is the mean over a block of the updates of the sample mode, with one norm for all samples:
    its mean at the beginning of the pass.
    """

    def rule(params: FloatArray, rate: float) -> Update:
        step = eta * rate / (1.0 + mean_square_norm(problem, params, path))
        return lambda gradient: -0.5 * step * problem.network.n_outputs * gradient

    return rule


def mean_square_norm(problem: Problem, params: FloatArray, path: Path) -> float:
    """Mean over some steps of the squared Frobenius norm of the regressor."""
    online = OnlineNetwork(problem.network, params, path)
    u = problem.train.u[: problem.train.lengths[0]]
    first = min(problem.washout, len(u) - 1)
    online.run(u[:first])
    y = np.zeros(problem.network.n_outputs)
    norms = [online.learn(row, y, 0.0)[1] for row in u[first : first + _NORM_STEPS]]
    return float(np.mean(norms))
