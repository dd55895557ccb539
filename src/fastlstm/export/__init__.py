"""Models for other systems, and back: C99, ONNX, torch, Keras.

`export_model` writes a file by the name of its format, see `EXPORTERS`. onnx and torch are imported
when their format is asked for; everything else needs nothing beyond this library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastlstm.export.c99 import export_c
from fastlstm.export.exportable import check_exportable
from fastlstm.export.imported import from_weights
from fastlstm.export.keras_weights import export_keras, from_keras_weights, to_keras_weights
from fastlstm.export.onnx_graph import export_onnx, to_onnx
from fastlstm.export.registry import EXPORTERS, Exporter, export_model
from fastlstm.export.torch_state import export_torch, from_state_dict, to_state_dict

if TYPE_CHECKING:
    from fastlstm.export.torch_module import FreeRunModule, from_torch_module, to_torch_module

__all__ = [
    "EXPORTERS",
    "Exporter",
    "FreeRunModule",
    "check_exportable",
    "export_c",
    "export_keras",
    "export_model",
    "export_onnx",
    "export_torch",
    "from_keras_weights",
    "from_state_dict",
    "from_torch_module",
    "from_weights",
    "to_keras_weights",
    "to_onnx",
    "to_state_dict",
    "to_torch_module",
]

_NEEDS_TORCH = ("FreeRunModule", "from_torch_module", "to_torch_module")


def __getattr__(name: str) -> Any:
    if name in _NEEDS_TORCH:
        return getattr(importlib.import_module("fastlstm.export.torch_module"), name)
    raise AttributeError(f"module 'fastlstm.export' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
