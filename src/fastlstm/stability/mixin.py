"""`stability_report` as a method of a fitted estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.stability.report import StabilityReport, stability_report

FloatArray = NDArray[np.float64]


class StabilityMixin:
    """Stability of a fitted `LSTMRegressor`."""

    network_: Network
    params_: FloatArray
    scaling_: Scaling
    input_range_: FloatArray
    frame_: Frame
    n_features_in_: int

    def stability_report(self, input_range: Any = None) -> StabilityReport:
        """Say whether the model provably forgets its initial state, and by what margin.

        Parameters
        ----------
        input_range : pair (lo, hi), optional
            Smallest and largest input, in the unit of X: two numbers, or two arrays of shape
            (n_inputs,). The guarantee is for inputs that stay between them. The range seen in
            training when None.

        Returns
        -------
        StabilityReport
            Print it for a table with the verdict.

        Raises
        ------
        ValueError
            If `input_range` is not a pair of finite numbers or arrays, smallest first.
        """
        check_is_fitted(self)
        given = self.input_range_
        if input_range is not None:
            given = _as_rows(input_range, self.n_features_in_)
        return stability_report(
            self.network_, self.params_, given, self.scaling_, self.frame_.channels
        )


def _as_rows(input_range: Any, n_inputs: int) -> FloatArray:
    try:
        lo, hi = (np.asarray(end, dtype=np.float64).ravel() for end in input_range)
        return np.stack([np.broadcast_to(lo, n_inputs), np.broadcast_to(hi, n_inputs)])
    except (TypeError, ValueError):
        raise ValueError(
            f"input_range must be a pair (lo, hi) of numbers or of {n_inputs} numbers each, one "
            f"per input channel; got {input_range!r}. Pass for example (-1.0, 1.0)."
        ) from None
