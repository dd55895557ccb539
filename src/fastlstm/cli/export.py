"""``fastlstm export``: a saved model as C99, ONNX, torch or Keras weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fastlstm.cli import options


def export(
    model_path: options.Model,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="c, c-double, onnx, onnx-sequence, torch or keras.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write; for C a folder, or a file such as fw/plant.c."
        ),
    ],
) -> None:
    """Write a saved model in the format of another system.

    c: C99 in float with a self-test; c-double: the same in double. onnx: one step with the state as
    input and output; onnx-sequence: whole sequences from rest. torch: a state_dict as safetensors;
    keras: the weights as NPZ. All but onnx need no further package.
    """
    from fastlstm.export import export_model
    from fastlstm.loading import load

    if out.exists() and out.samefile(model_path):
        raise ValueError(
            f"--out must name another file than the model; got {out} for both. Choose another name."
        )
    for path in export_model(load(model_path), out, format):
        typer.echo(path)
