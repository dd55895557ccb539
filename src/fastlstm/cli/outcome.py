"""What a command hands back: text for people, values for programs, and how it ended."""

from __future__ import annotations

import errno
import json
import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

DONE = 0
FAILED = 1
BAD_CALL = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
CLOSED_PIPE = 141  # 128 + SIGPIPE

EXIT_CODES = {
    DONE: "done",
    FAILED: "failed while running: disk full, out of memory, overflow, a bug",
    BAD_CALL: "wrong call or input: option, missing or damaged file, columns",
    INTERRUPTED: "stopped by Ctrl-C; what was found so far is saved",
    CLOSED_PIPE: "standard output was not read to its end, as by head; files are written",
}

# What strikes while running; other errors of the system are about the file that the user named.
RUNTIME_ERRNOS = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EMFILE, errno.ENFILE,
     errno.ENOMEM)
)  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """Why a command did not end with 0.

    Parameters
    ----------
    code : int
        Exit code.
    kind : str
        "usage", "input", "runtime", "interrupted" or "internal".
    message : str
    """

    code: int
    kind: str
    message: str

    @property
    def line(self) -> str:
        """What a person reads."""
        return self.message if self.kind == "interrupted" else f"Error: {self.message}"


@dataclass(frozen=True)
class Outcome:
    """Result of a command.

    Parameters
    ----------
    text : str
        For people, on standard output.
    result : dict or None
        The same for programs; paths, arrays and numbers that are not finite may be in it.
    failure : Failure or None
        May stand beside a result: of what was done before.
    """

    text: str = ""
    result: dict[str, Any] | None = None
    failure: Failure | None = None

    @property
    def code(self) -> int:
        """Exit code."""
        return DONE if self.failure is None else self.failure.code


def interrupted(message: str) -> Failure:
    """Say what Ctrl-C left."""
    return Failure(INTERRUPTED, "interrupted", message)


def failure_of(error: BaseException) -> Failure | None:
    """Sort an error by who can mend it; None for one that nobody foresaw."""
    from fastlstm.exceptions import FastLSTMError

    cause = error.__cause__ if isinstance(error, FastLSTMError) else None
    system = cause if isinstance(cause, OSError) else error
    text = str(error) or type(error).__name__
    if isinstance(system, OSError):
        full = system.errno in RUNTIME_ERRNOS
        return Failure(FAILED, "runtime", text) if full else Failure(BAD_CALL, "input", text)
    if isinstance(error, MemoryError):
        return Failure(FAILED, "runtime", f"there is not enough memory for this call ({text})")
    if isinstance(error, ArithmeticError) or type(error).__name__ == "LinAlgError":
        return Failure(FAILED, "runtime", text)
    # A missing module of ours is a broken installation, not something to mend by hand.
    if isinstance(error, ModuleNotFoundError):
        return None
    if isinstance(error, FastLSTMError | ValueError | ImportError):
        return Failure(BAD_CALL, "input", text)
    return None


def document(command: str | None, outcome: Outcome, warnings: list[str]) -> str:
    """JSON text of an outcome; ASCII, so that any terminal and any encoding can carry it."""
    import fastlstm

    failure = outcome.failure
    content = {
        "command": command,
        "version": fastlstm.__version__,
        "exit_code": outcome.code,
        "warnings": warnings,
        "result": outcome.result,
        "error": None if failure is None else {"kind": failure.kind, "message": failure.message},
    }
    return json.dumps(plain(content), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Values that JSON has: arrays become lists, paths text, numbers that are not finite null.

    Examples
    --------
    >>> plain({"files": (PurePath("a.c"),), "rmse": float("nan")})
    {'files': ['a.c'], 'rmse': None}
    """
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "tolist"):  # an array or a scalar of NumPy
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, PurePath) else value
