"""``fastlstm export``: a saved model as C99, ONNX, torch or Keras weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.names import FORMAT_NAMES
from fastlstm.cli.outcome import Outcome


def export(
    model_path: options.Model,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help=f"One of {', '.join(FORMAT_NAMES)}.",
            autocompletion=options.complete_from(FORMAT_NAMES),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write; for C a folder, or a file such as fw/plant.c."
        ),
    ],
) -> Outcome:
    """Write a saved model in the format of another system.

    c: C99 in float with a self-test; c-double: the same in double. onnx: one step with the state as
    input and output; onnx-sequence: whole sequences. torch: a state_dict as safetensors;
    keras: the weights as NPZ. All but onnx need no further package.
    """
    from fastlstm.export import export_model
    from fastlstm.loading import load

    model = load(model_path)
    if out.exists() and out.samefile(model_path):
        raise ValueError(
            f"--out must name another file than the model; got {out} for both. Choose another name."
        )
    files = export_model(model, out, format)
    return Outcome("\n".join(map(str, files)), {"format": format, "files": files})
