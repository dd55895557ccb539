"""`partial_fit`: training goes on, on new records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastlstm.checks import output_labels
from fastlstm.fit_warnings import warn_about_excitation, warn_about_solution
from fastlstm.frame import Frame
from fastlstm.grouping import opened_and_cut
from fastlstm.known import Known
from fastlstm.labels import check_output_labels, keep_labels, labels_of
from fastlstm.network import Network
from fastlstm.progress import FitCallback
from fastlstm.scaling import Scaling
from fastlstm.training import Task
from fastlstm.warm_start import start_from

if TYPE_CHECKING:
    from fastlstm.trained import Trained

FloatArray = NDArray[np.float64]


class ContinuingMixin:
    """Lets a fitted `LSTMRegressor` go on."""

    network_: Network
    scaling_: Scaling
    input_range_: FloatArray
    frame_: Frame

    # what scikit-learn passes on by default where its metadata routing is on
    __metadata_request__partial_fit = {"groups": True}  # noqa: RUF012

    if TYPE_CHECKING:

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...  # noqa: D102

        def fit(self, X: Any, y: Any = None, *args: Any, **kwargs: Any) -> Self: ...  # noqa: D102

        def _check_inputs(self, X: Any) -> Any: ...

        def _train(self, task: Task, callback: FitCallback | None, start: Any) -> Trained: ...

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        callback: FitCallback | None = None,
        *,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Go on training, on new records only, from the weights in hand.

        Scaling and structure stay as the first call fixed them, so a slowly changing plant can be
        followed record by record; for updates sample by sample see `stream`. The weights in hand
        come back if nothing was better on the validation part of the new records.

        Parameters
        ----------
        X, y, callback, groups, sample_weight
            As in `fit`, with the channels of the first call.

        Returns
        -------
        self
        """
        if not hasattr(self, "network_"):
            return self.fit(X, y, callback, groups=groups, sample_weight=sample_weight)
        given = opened_and_cut(groups, X, y, sample_weight)
        self._check_inputs(given[0])
        check_output_labels(self, output_labels(given[1]), "y")
        before = labels_of(self)
        known = Known(self.scaling_, self.input_range_, self.network_, self.frame_)
        task = Task.of(self.get_params(deep=False), given, known)
        start = start_from(self, task.problem.network, self.scaling_)
        trained = self._train(task, callback, start)
        keep_labels(self, before)
        warn_about_solution(trained)
        warn_about_excitation(trained)
        return self
