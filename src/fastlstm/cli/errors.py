"""What the user sees when a command cannot go on: one message and an exit code, no traceback."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

import typer

USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
TRACEBACK_VARIABLE = "FASTLSTM_TRACEBACK"


def say(text: str) -> None:
    """Print a line about the run, apart from its results."""
    typer.echo(text, err=True)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Turn errors of a command that the user can mend into a message and exit code 2.

    With the environment variable FASTLSTM_TRACEBACK set, errors keep their traceback.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from fastlstm.exceptions import FastLSTMError

        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                command(*args, **kwargs)
            except KeyboardInterrupt:
                say("Interrupted; nothing was saved.")
                raise typer.Exit(INTERRUPTED) from None
            except (FastLSTMError, ValueError, OSError, ImportError) as error:
                # A missing module of ours is a broken installation, not something to mend by hand.
                if os.environ.get(TRACEBACK_VARIABLE) or isinstance(error, ModuleNotFoundError):
                    raise
                say(f"Error: {error}")
                raise typer.Exit(USER_ERROR) from None

    return run


def _show_warning(message: Warning | str, *_: Any) -> None:
    say(f"Warning: {message}")
