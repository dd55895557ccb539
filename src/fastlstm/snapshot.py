"""The best model so far of a running fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastlstm.solvers.problem import Progress, Solution, Status
from fastlstm.trained import Trained

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.training import Task


def snapshot(model: LSTMRegressor, task: Task, progress: Progress) -> LSTMRegressor:
    """Fitted estimator of its own, with the arguments of `model`.

    Parameters
    ----------
    model : LSTMRegressor
        Being fitted; it is not touched.
    task : Task
    progress : Progress
    """
    taken = type(model)(**model.get_params(deep=False))
    solution = Solution(
        params=progress.params.copy(),
        status=Status.INTERRUPTED,
        message=f"taken from a running fit at iteration {progress.iteration}",
        n_iter=progress.iteration,
        rmse_train=progress.rmse_train,
        rmse_validation=progress.rmse_validation,
        start="",
        network=progress.network,
    )
    taken._learn(Trained(task, solution))
    return taken
