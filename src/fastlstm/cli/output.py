"""Where text goes: results to standard output, everything about the run to standard error."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any, TextIO


def say(text: str) -> None:
    """Print a line about the run; where nobody listens any more, the run goes on."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, text)


def put(text: str) -> None:
    """Print a result.

    Raises
    ------
    OSError
        If standard output is closed, full, or a pipe that nobody reads.
    """
    if sys.stdout is None:  # closed by the caller, as in `>&-`
        raise OSError(errno.EBADF, "it is closed")
    _write(sys.stdout, text)


def silence_stdout() -> None:
    """Let what is still buffered for standard output vanish, so that Python exits quietly."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:  # names of files are bytes, whatever the language of the terminal
        stream.flush()
        buffer: Any = stream.buffer
        buffer.write(encoded(text, stream.encoding) + b"\n")
    stream.flush()


def encoded(text: str, encoding: str) -> bytes:
    r"""Bytes for text that an encoding cannot hold: names of files as they are, else escapes.

    Examples
    --------
    >>> encoded("a\udcff", "utf-8"), encoded("ü", "ascii")
    (b'a\xff', b'\\xfc')
    """
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")
