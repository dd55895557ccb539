"""Data objects of the package `nonlinear_benchmarks`: one record each, or a tuple of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Model = TypeVar("Model")


def fit_benchmark(model: Model, train: Any) -> Model:
    """Fit an estimator to the training objects of a benchmark.

    Parameters
    ----------
    model : LSTMRegressor
        Or any estimator whose `fit` takes lists of 2-D arrays.
    train : Input_output_data, or sequence of these
        Objects with attributes `u` of shape (n_timesteps,) or (n_timesteps, n_inputs) and `y`
        likewise, as the loaders of `nonlinear_benchmarks` return them. Several are several
        records; their states never touch.

    Returns
    -------
    model : the estimator passed in, fitted

    Raises
    ------
    ValueError
        If an object has no `u` and `y`, or there is none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from fastlstm import LSTMRegressor
    >>> u = np.sin(np.arange(300.0) ** 1.3)
    >>> train = SimpleNamespace(u=u, y=np.tanh(np.convolve(u, [0.5, 0.3])[:300]))
    >>> model = LSTMRegressor((2,), (), random_state=0, time_limit=3.0)
    >>> fit_benchmark(model, train).n_features_in_
    1
    """
    records = as_records(train, "train")
    model.fit([u for u, _ in records], [y for _, y in records])  # pyright: ignore[reportAttributeAccessIssue]
    return model


def score_benchmark(
    model: Any, test: Any, *, init_window: int | None = None, scale: float = 1.0
) -> Any:
    r"""Free-run RMSE on the test objects of a benchmark, by its own rules.

    The first `init_window` measured outputs may set the initial state and are not scored:
    :math:`s \sqrt{\mathrm{mean}_{t \ge n}\,(\hat y_t - y_t)^2}`, several outputs averaged before
    the root.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted, for the channels of `test`.
    test : Input_output_data, or sequence of these
        As `train` in `fit_benchmark`.
    init_window : int, optional
        Default: the attribute `state_initialization_window_length` of each object.
    scale : float, default=1.0
        Factor from the unit of y to that of the score: 1000 for a benchmark that is measured in V
        or m and scored in mV or mm.

    Returns
    -------
    rmse : float or list of float
        One number for one object, a list for a sequence of them.

    Raises
    ------
    ValueError
        If an object has no `u` and `y`, does not say its window (a slice of a
        `nonlinear_benchmarks` object has lost it), or is not longer than the window.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from fastlstm import LSTMRegressor
    >>> u = np.sin(np.arange(300.0) ** 1.3)
    >>> data = SimpleNamespace(u=u, y=np.tanh(np.convolve(u, [0.5, 0.3])[:300]))
    >>> model = fit_benchmark(LSTMRegressor((2,), (), random_state=0, time_limit=3.0), data)
    >>> score_benchmark(model, data, init_window=10) < 0.1
    True
    """
    objects = _as_sequence(test)
    scores = [
        scale * _rmse(model, record, _window(data, len(record[0]), init_window))
        for data, record in zip(objects, as_records(objects, "test"), strict=True)
    ]
    return scores[0] if is_record(test) else scores


def free_run(model: Any, u: FloatArray, y_init: FloatArray) -> FloatArray:
    """Simulate one record from the first measured outputs, or as `predict` if there are none.

    Returns
    -------
    y_sim : array of shape (n_timesteps, n_outputs)
    """
    y_sim = model.simulate(u, y_init=y_init) if len(y_init) else model.simulate(u)
    return np.reshape(y_sim, (len(u), -1))


def is_record(data: Any) -> bool:
    """Whether an object holds one record; it may be a tuple as well."""
    return hasattr(data, "u") and hasattr(data, "y")


def as_records(data: Any, argument: str) -> list[tuple[FloatArray, FloatArray]]:
    """Arrays (u, y) of one object or of several, each of shape (n_timesteps, n_channels)."""
    objects = _as_sequence(data)
    for number, item in enumerate(objects):
        if not is_record(item):
            raise ValueError(
                f"{argument} must be an object with arrays u and y, or a sequence of such objects; "
                f"got {type(item).__name__} at position {number}. "
                "Pass what the loader of the benchmark returned."
            )
    if not objects:
        raise ValueError(
            f"{argument} must hold at least one record; got an empty sequence. "
            "Pass what the loader of the benchmark returned."
        )
    return [(_as_columns(item.u), _as_columns(item.y)) for item in objects]


def _as_sequence(data: Any) -> Sequence[Any]:
    return data if isinstance(data, list | tuple) and not is_record(data) else [data]


def _as_columns(signal: Any) -> FloatArray:
    array = np.asarray(signal, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


def _window(data: Any, n_timesteps: int, init_window: int | None) -> int:
    window = init_window
    if window is None:
        window = getattr(data, "state_initialization_window_length", None)
    if window is None:
        raise ValueError(
            "init_window must be given where the test object has no "
            f"state_initialization_window_length; got None for {data!r}. "
            "Pass the window of the benchmark, 0 to score every step."
        )
    if not 0 <= window < n_timesteps:
        raise ValueError(
            f"init_window must be >= 0 and shorter than every test record; got {window}, and a "
            f"record has {n_timesteps} steps. Use a smaller window."
        )
    return int(window)


def _rmse(model: Any, record: tuple[FloatArray, FloatArray], window: int) -> float:
    u, y = record
    y_sim = free_run(model, u, y[:window])
    return float(np.sqrt(np.mean((y_sim - y)[window:] ** 2)))
