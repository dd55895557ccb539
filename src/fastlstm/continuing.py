"""`partial_fit`: training goes on, on new records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastlstm.checks import output_labels
from fastlstm.containers import opened_pair
from fastlstm.frame import Frame
from fastlstm.grouping import cut
from fastlstm.labels import check_output_labels, keep_labels, labels_of
from fastlstm.network import Network
from fastlstm.progress import FitCallback
from fastlstm.scaling import Scaling
from fastlstm.training import Known, Task
from fastlstm.warm_start import start_from

if TYPE_CHECKING:
    from fastlstm.solvers.problem import Solution

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

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

        def fit(self, X: Any, y: Any = None, *args: Any, **kwargs: Any) -> Self: ...

        def _check_inputs(self, X: Any) -> Any: ...

        def _train(self, task: Task, callback: FitCallback | None, start: Any) -> Solution: ...

    def partial_fit(
        self, X: Any, y: Any = None, callback: FitCallback | None = None, *, groups: Any = None
    ) -> Self:
        """Go on training, on new records only, from the weights in hand.

        Scaling and structure stay as the first call fixed them, so a slowly changing plant can be
        followed record by record; for updates sample by sample see `stream`. The weights in hand
        come back if nothing was better on the validation part of the new records.

        Parameters
        ----------
        X, y, callback, groups
            As in `fit`, with the channels of the first call.

        Returns
        -------
        self
        """
        if not hasattr(self, "network_"):
            return self.fit(X, y, callback, groups=groups)
        X, y = cut(groups, *opened_pair(X, y))
        self._check_inputs(X)
        check_output_labels(self, output_labels(y), "y")
        before = labels_of(self)
        known = Known(self.scaling_, self.input_range_, self.network_, self.frame_)
        task = Task.of(self.get_params(deep=False), X, y, known)
        solution = self._train(task, callback, start_from(self, task.problem.network, self.scaling_))
        keep_labels(self, before)
        task.warn_about_solution(solution)
        task.warn_about_excitation(solution)
        return self
