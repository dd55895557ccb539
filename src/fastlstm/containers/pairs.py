"""Objects that hold inputs u and outputs y together, such as those of `nonlinear_benchmarks`."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastlstm.signals import Signals


def is_pair(value: Any) -> bool:
    """Whether an object has u and y of its own; columns of a table that are called so do not count.

    Objects of many kinds qualify: `Input_output_data`, `datasets.Record`, `tables.NamedRecords`.
    """
    # tables look columns up as attributes, which neither their class nor their instance has
    return all(
        hasattr(type(value), name) or name in getattr(value, "__dict__", {}) for name in ("u", "y")
    )


def inputs_of(pair: Any) -> Any:
    """Give the inputs of one object: `Signals`, or a list of them for several records."""
    return _signals(pair, "u", "inputs")


def outputs_of(pair: Any) -> Any:
    """Measured outputs of one object, as `inputs_of`."""
    return _signals(pair, "y", "outputs")


def _signals(pair: Any, name: str, labelled: str) -> Any:
    if hasattr(pair, labelled):  # NamedRecords, which know names and units as well
        return getattr(pair, labelled)
    values = np.asarray(getattr(pair, name))
    if name == "u" and values.ndim == 1:
        values = values[:, None]
    return Signals(values, sampling_time=getattr(pair, "sampling_time", None))
