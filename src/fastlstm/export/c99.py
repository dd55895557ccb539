"""A model as C99: three files without dependencies, for microcontrollers and real-time systems."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import fastlstm
from fastlstm.export.c_self_test import self_test_text
from fastlstm.export.c_source import header_text, source_text
from fastlstm.export.c_text import identifier
from fastlstm.export.exportable import check_exportable
from fastlstm.export.parts import Parts
from fastlstm.replacing import replace_file


def export_c(
    model: Any,
    folder_or_path: str | os.PathLike[str],
    name: str = "plant",
    *,
    float32: bool = True,
) -> list[Path]:
    """Write ``<name>.h``, ``<name>.c`` and ``<name>_test.c``.

    The code allocates nothing, keeps no state of its own (the caller owns it), has loops of fixed
    length only, and takes and returns physical units. The self-test compares it with `predict` on
    the machine where it will run.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    folder_or_path : path-like
        Folder, made if its parent exists; or a path that ends in ``.c`` or ``.h``, whose stem is
        then the name. Existing files are replaced.
    name : str
        Prefix of all names; what C does not allow in it is replaced by ``_``.
    float32 : bool, default=True
        Compute in ``float``; False for ``double``, which calls ``tanh`` of the C library.

    Returns
    -------
    list of Path
        The files written: source, header, self-test.

    Raises
    ------
    ValueError
        If the model has a part that cannot be exported, a number does not fit float32, or the name
        has no letter and no digit.
    OSError
        If the folder cannot be made or written.

    Warns
    -----
    ExportWarning
        If rounding to float32 grows in this model beyond 1e-5 standard deviations of an output.

    Notes
    -----
    A float32 model of two layers of 32 units takes about 53 kB of constants and 2 kB of code.
    Deviation from `predict`: about 1e-6 standard deviations of the output in float32, 1e-13 in
    float64; the self-test allows 1e-5 and 1e-9.
    """
    check_exportable(model)
    folder, name = _place(folder_or_path, name)
    parts = Parts.of(model, np.float32 if float32 else np.float64)
    origin = f"fastlstm {fastlstm.__version__}"
    texts = {
        f"{name}.c": source_text(parts, name, origin),
        f"{name}.h": header_text(parts, name, origin),
        f"{name}_test.c": self_test_text(parts, model, name, origin),
    }
    folder.mkdir(exist_ok=True)
    for file, text in texts.items():
        replace_file(folder / file, text.encode("ascii"))
    return [folder / file for file in texts]


def _place(folder_or_path: str | os.PathLike[str], name: str) -> tuple[Path, str]:
    folder = path = Path(folder_or_path)
    if path.suffix in (".c", ".h") and not path.is_dir():
        folder, name = path.parent, path.stem
    if folder.is_file() or not folder.parent.is_dir():
        raise NotADirectoryError(
            f"folder_or_path must be a folder, or lie in one that exists; got {os.fspath(path)!r}. "
            "Pass a folder, or a file such as firmware/plant.c."
        )
    return folder, identifier(name)
