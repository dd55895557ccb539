"""Fits with another value of a constant of the library, for comparison."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.timing import blas_threads
from fastlstm import LSTMRegressor
from fastlstm.exceptions import ConvergenceWarning, DataWarning


@contextmanager
def constant(module: Any, name: str, value: Any) -> Iterator[None]:
    """Another value of a constant of the library inside the block."""
    old = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, old)


def fit(dataset: Any, seed: int, **parameters: Any) -> LSTMRegressor:
    """One training on one BLAS thread."""
    with warnings.catch_warnings(), blas_threads(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        return LSTMRegressor(random_state=seed, **parameters).fit(dataset.X, dataset.y)
