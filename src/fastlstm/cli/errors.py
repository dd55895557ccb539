"""What the user sees when a command ends, well or not: no traceback, one exit code."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from fastlstm.cli.options import Json
from fastlstm.cli.outcome import (
    BAD_CALL,
    CLOSED_PIPE,
    FAILED,
    Failure,
    Outcome,
    document,
    failure_of,
    interrupted,
)
from fastlstm.cli.output import put, say, silence_stdout

__all__ = ["Commands", "guarded", "say"]

TRACEBACK_VARIABLE = "FASTLSTM_TRACEBACK"
# Errors of the command line itself; where typer keeps their class depends on its version.
USAGE_ERRORS: type[Exception] = typer.BadParameter.__mro__[2]


def guarded(command: Callable[..., Outcome]) -> Callable[..., None]:
    """Give a command the option --json, and turn whatever ends it into output and exit code.

    With the environment variable FASTLSTM_TRACEBACK set, errors keep their traceback.
    """

    @functools.wraps(command)
    def run(*args: Any, json: bool = False, **kwargs: Any) -> None:
        heard: list[str] = []
        with warnings.catch_warnings():
            warnings.showwarning = _hear_into(heard)
            outcome = _attempt(lambda: command(*args, **kwargs), command.__name__, heard, json)
        code = _present(command.__name__, outcome, heard, json)
        if code:
            raise typer.Exit(code)

    option = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False)
    own = inspect.signature(command, eval_str=True)
    parameters = [*own.parameters.values(), option.replace(annotation=Json)]
    setattr(run, "__signature__", own.replace(parameters=parameters))  # noqa: B010
    run.__annotations__ = {name: parameter.annotation for name, parameter in own.parameters.items()}
    run.__annotations__["json"] = Json
    return run


class Commands(TyperGroup):
    """All commands; a call that cannot be understood keeps the promise of --json, too."""

    def main(
        self,
        args: Sequence[str] | None = None,
        *rest: Any,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit with one of `fastlstm.cli.outcome.EXIT_CODES`."""
        words = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(words, *rest, standalone_mode=False, **extra)
        try:
            code = super().main(words, *rest, standalone_mode=False, **extra)
        except USAGE_ERRORS as error:
            sys.exit(_refuse(error, words))
        except SystemExit as stop:  # typer exits with 1 where nobody reads its help to the end
            sys.exit(CLOSED_PIPE if stop.code == 1 else stop.code)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(error: Any, words: list[str]) -> int:
    """Say how the call must be; returns the exit code."""
    error.show(file=sys.stderr)
    options = words[: words.index("--")] if "--" in words else words
    if "--json" not in options:
        return BAD_CALL
    command = None if words[0].startswith("-") else words[0]
    failure = Failure(BAD_CALL, "usage", error.format_message())
    return _print(document(command, Outcome(failure=failure), []), BAD_CALL)


def _attempt(command: Callable[[], Outcome], name: str, heard: list[str], json: bool) -> Outcome:
    try:
        return command()
    except KeyboardInterrupt:
        return Outcome(failure=interrupted("Interrupted; nothing was saved."))
    except (USAGE_ERRORS, typer.Exit):
        raise
    except Exception as error:
        failure = failure_of(error)
        if failure is None or os.environ.get(TRACEBACK_VARIABLE):
            if json:
                bug = failure or Failure(FAILED, "internal", f"{type(error).__name__}: {error}")
                _print(document(name, Outcome(failure=bug), heard), FAILED)
            raise
        return Outcome(failure=failure)


def _present(name: str, outcome: Outcome, heard: list[str], json: bool) -> int:
    """Print an outcome; returns the exit code."""
    text = document(name, outcome, heard) if json else outcome.text
    code = _print(text, outcome.code) if text else outcome.code
    if outcome.failure is not None:
        say(outcome.failure.line)
    return code


def _print(text: str, code: int) -> int:
    """Print a result; returns `code`, or another one if it was 0 and printing failed."""
    try:
        put(text)
    except BrokenPipeError:
        silence_stdout()
        return code or CLOSED_PIPE
    except OSError as error:
        silence_stdout()
        say(f"Error: standard output must be writable; writing failed with {error}.")
        return code or FAILED
    return code


def _hear_into(heard: list[str]) -> Callable[..., None]:
    def hear(message: Warning | str, *_: Any) -> None:
        heard.append(str(message))
        say(f"Warning: {message}")

    return hear
