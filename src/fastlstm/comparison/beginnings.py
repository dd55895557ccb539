"""State in which a free run with any weights of a training begins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.exam import Exam
from fastlstm.initial_state import InitialState
from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
Beginning = Callable[[FloatArray, FloatArray], FloatArray]


def beginning_of(model: LSTMRegressor, exam: Exam) -> Beginning:
    """Make what tells the states before the first step from weights and first inputs.

    With the weights of the model itself they are those of its `predict`. Others on its way get the
    guess that `fit` would have made for them.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted to the training part.
    exam : Exam

    Returns
    -------
    callable
        Takes weights (n_params,) and what the network sees first (n_records, n_columns); gives
        states (n_records, 2, n_units).
    """
    train = model.frame_.reduce(model.scaling_.scale(exam.train))
    washout = -(-exam.washout // model.frame_.hold)
    low, high = model.scaling_.scale_inputs(model.input_range_)[:, model.frame_.channels]

    def begin(weights: FloatArray, first_inputs: FloatArray) -> FloatArray:
        found = model.initial_state_
        if exam.washout > 0 and not np.array_equal(weights, model.params_):
            found = InitialState.of(model.network_, weights, train, washout)
        return found.before(np.clip(first_inputs, low, high))

    return begin
