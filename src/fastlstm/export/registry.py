"""The formats by name; a new one is a file in this folder and a line here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastlstm.export.c99 import export_c
from fastlstm.export.keras_weights import export_keras
from fastlstm.export.onnx_graph import export_onnx
from fastlstm.export.torch_state import export_torch


@dataclass(frozen=True)
class Exporter:
    """One format.

    Parameters
    ----------
    write : callable
        Takes a fitted model and a path, returns the files written.
    suffixes : tuple of str
        Endings that the path may have; empty where `write` decides.
    """

    write: Callable[[Any, str | os.PathLike[str]], list[Path]]
    suffixes: tuple[str, ...] = ()


EXPORTERS: dict[str, Exporter] = {
    "c": Exporter(export_c),
    "c-double": Exporter(partial(export_c, float32=False)),
    "onnx": Exporter(export_onnx, (".onnx",)),
    "onnx-sequence": Exporter(partial(export_onnx, kind="sequence"), (".onnx",)),
    "torch": Exporter(export_torch, (".safetensors",)),
    "keras": Exporter(export_keras, (".npz",)),
}


def export_model(model: Any, path: str | os.PathLike[str], format: str) -> list[Path]:
    """Write a fitted model in the format of another system.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    path : path-like
        "c" and "c-double": a folder, or a file such as ``firmware/plant.c``; "onnx" (one step,
        state in and out) and "onnx-sequence": ``.onnx``; "torch": ``.safetensors`` with a
        state_dict; "keras": ``.npz`` with the weights.
    format : str
        A name in `EXPORTERS`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If there is no such format, the path does not suit it, or the model cannot be exported.
    ImportError
        If the format needs a package that is not installed.
    """
    if format not in EXPORTERS:
        raise ValueError(
            f"format must be one of {', '.join(EXPORTERS)}; got {format!r}. Pass one of them."
        )
    exporter = EXPORTERS[format]
    if exporter.suffixes and Path(path).suffix.lower() not in exporter.suffixes:
        raise ValueError(
            f"path must end in {' or '.join(exporter.suffixes)} for format {format!r}; got "
            f"{os.fspath(path)!r}. Choose another name."
        )
    return exporter.write(model, path)
