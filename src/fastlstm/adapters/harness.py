"""The contract of the package `identibench`: build_model(context) -> model(u, y_init, attrs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.adapters.objects import as_records, fit_benchmark, free_run
from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
Predictor = Callable[[Any, Any, Any], FloatArray]


def identibench_model(**settings: Any) -> Callable[[Any], Predictor]:
    """Make the factory that `identibench.run_benchmark` trains and scores.

    Parameters
    ----------
    **settings
        Arguments of `LSTMRegressor`. The hyperparameters of a run override them, and its seed is
        the `random_state` unless one is set.

    Returns
    -------
    build_model : callable
        ``build_model(context)`` fits an `LSTMRegressor` to the estimation records of the benchmark
        and returns ``model(u, y_init, attrs)``: the free run over all of u, shape
        (n_timesteps, n_outputs), whose state is estimated from `y_init` where that is not empty.
        The fitted estimator is ``model.estimator``.

    Notes
    -----
    Unsplit estimation records are used where the benchmark has them, because the estimator holds
    out its own validation part; otherwise the training and then the validation records.

    Examples
    --------
    With ``spec = identibench.BenchmarkCascadedTanks_Simulation``, the run is
    ``identibench.run_benchmark(spec, build_model)``.

    >>> build_model = identibench_model(time_limit=5.0)
    """
    LSTMRegressor(**settings)  # a misspelt setting is reported here, not in the middle of a run

    def build_model(context: Any) -> Predictor:
        chosen = {"random_state": context.seed, **settings, **(context.hyperparameters or {})}
        return HarnessModel(fit_benchmark(LSTMRegressor(**chosen), estimation_records(context)))

    return build_model


class HarnessModel:
    """A fitted estimator as identibench calls it.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted.
    """

    def __init__(self, estimator: LSTMRegressor) -> None:
        self.estimator = estimator

    def __call__(self, u: Any, y_init: Any, attrs: Any = None) -> FloatArray:
        """Free run over u, shape (n_timesteps, n_outputs); `attrs` is not used."""
        inputs = np.asarray(u, dtype=np.float64)
        return free_run(self.estimator, inputs, np.asarray(y_init, dtype=np.float64))


def estimation_records(context: Any) -> list[Any]:
    """All records of a context that may be used to choose and fit a model."""
    spec = context.spec
    if spec.train_valid is not None:
        records = list(context.get_train_valid_sequences())
    else:
        records = list(context.get_train_sequences())
        if spec.valid:
            records += context.get_valid_sequences()
    as_records(records, f"training data of {spec.name}")
    return records
