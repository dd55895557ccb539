"""Free-run LSTM models from measured u(t) -> y(t) records, trained in seconds."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastlstm.comparison import compare
    from fastlstm.containers.cutting import records_of
    from fastlstm.loading import load
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.signals import Signals

    __version__: str

__all__ = ["LSTMRegressor", "Signals", "__version__", "compare", "load", "records_of"]

# scikit-learn takes a second to import, so public names are fetched when they are first used
_HOMES = {
    "LSTMRegressor": "fastlstm.regressor",
    "compare": "fastlstm.comparison",
    "Signals": "fastlstm.signals",
    "load": "fastlstm.loading",
    "records_of": "fastlstm.containers.cutting",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("fastlstm")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'fastlstm' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
