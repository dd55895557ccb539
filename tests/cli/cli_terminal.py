"""Run the command line in a process of its own, with a terminal for its messages."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

MAIN = "from fastlstm.cli import main; main()"
COMMAND = [sys.executable, "-c", MAIN]


def on_terminal(arguments: Any, folder: Path, **environment: str) -> str:
    """Return what stands on standard error after a command that ended well."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
    ) as process:
        os.close(theirs)
        screen = b""
        with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
            while part := os.read(ours, 65536):
                screen += part
    os.close(ours)
    assert process.returncode == 0
    return screen.decode()
