"""Files that are there whole at any moment: the old one or the new one."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a temporary file beside `path`, flush it to disk, and move it into place."""
    replace_by(path, lambda temporary: temporary.write_bytes(data))


def replace_by(path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, flush it to disk, and move it into place.

    A device or a pipe is written to instead: moving a file there would remove it.

    Parameters
    ----------
    path : path-like
    write : callable
        Takes a path with the extension of `path`, at which there is nothing yet.
    """
    target = Path(os.path.realpath(path))
    if target.is_char_device() or target.is_fifo():
        write(target)
        return
    if target.is_dir() or not target.parent.is_dir():
        raise FileNotFoundError(
            f"path must name a file in an existing folder; got {os.fspath(path)!r}. "
            "Create the folder first, or add a file name such as plant.safetensors."
        )
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(6)}.tmp{target.suffix}")
    try:
        write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot; the file itself is on disk
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
