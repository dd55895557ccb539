"""What `fit` leaves in a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastlstm.frame import Frame
from fastlstm.labels import learn
from fastlstm.persistence import plain_parameters
from fastlstm.trained import Trained
from fastlstm.training_metrics import metrics_of
from fastlstm.training_record import training_record


class LearnedMixin:
    """Attributes of a fitted `LSTMRegressor`, which lists what they are."""

    n_features_in_: int
    frame_: Frame
    sampling_time_: float | None
    training_record_: dict[str, Any] | None

    if TYPE_CHECKING:

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...  # noqa: D102

    @property
    def input_lags_(self) -> tuple[int, ...]:
        """Earlier values that the network sees of each input."""
        return self.frame_.lags or (0,) * self.n_features_in_

    def _learn(self, trained: Trained) -> None:
        task, solution = trained.task, trained.solution
        self.network_, self.params_ = trained.network, solution.params
        self.scaling_, self.washout_ = task.scaling, task.parts.washout
        self.input_range_, self.frame_ = task.input_range, task.frame
        self.initial_state_ = trained.initial_state()
        self.error_model_ = trained.error_model()
        self.n_features_in_, self.n_outputs_ = len(task.scaling.u_mean), self.network_.n_outputs
        self._one_column = task.one_column
        learn(self, task.layout.labels, task.output_labels)
        self.solver_, self.status_ = task.settings.solver_name, solution.status.value
        self.message_, self.start_ = solution.message, solution.start
        self.n_iter_, self.history_ = solution.n_iter, solution.history
        self.loss_curve_ = [row.rmse_train**2 for row in solution.history]
        self.rmse_train_, self.rmse_validation_ = trained.errors()
        settings = plain_parameters(self.get_params(deep=False))
        metrics = metrics_of(trained)
        self.training_record_ = training_record(task.data, task.settings.seed, settings, metrics)
        self.fit_time_, self.cpu_time_ = task.clock.wall, task.clock.cpu
