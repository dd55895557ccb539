"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from fastlstm.cli.names import SOLVER_NAMES

Number = TypeVar("Number", int, float)


def complete_from(names: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Completion of one name for the shell."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def complete_list_from(names: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Completion of the last of several names, separated by commas or joined by +.

    Examples
    --------
    >>> complete_list_from(("lm", "ridge"))("lm,ri")
    ['lm,ridge']
    """

    def complete(incomplete: str) -> list[str]:
        start = 1 + max(incomplete.rfind(sign) for sign in ",+")
        before, last = incomplete[:start], incomplete[start:]
        return [before + name for name in names if name.startswith(last)]

    return complete


def split_names(values: list[str] | None) -> list[str]:
    """Names from options that may be repeated and may hold several names each.

    Examples
    --------
    >>> split_names(["u1, u2", "u3"])
    ['u1', 'u2', 'u3']
    """
    return [name.strip() for value in values or [] for name in value.split(",") if name.strip()]


def parse_sizes(text: str) -> tuple[int, ...] | str:
    """Layer widths from text; "none" for no layers, "auto" to have them chosen.

    Examples
    --------
    >>> parse_sizes("6,6"), parse_sizes("none"), parse_sizes("auto")
    ((6, 6), (), 'auto')
    """
    if text.strip().lower() == "auto":
        return "auto"
    words = [] if text.strip().lower() in ("", "none") else text.split(",")
    try:
        return tuple(int(word) for word in words)
    except ValueError:
        raise typer.BadParameter(
            f"must be whole numbers separated by commas; got {text!r}. Pass e.g. 6,6."
        ) from None


def parse_washout(text: str) -> int | str:
    """Read a number of steps, or "auto"."""
    return _number_or_auto(text, int, "a number of steps", "50")


def parse_samples(text: str) -> int | str:
    """Read a number of samples, or "auto"."""
    return _number_or_auto(text, int, "a number of samples", "1")


def parse_alpha(text: str) -> float | str:
    """Read a number, or "auto"."""
    return _number_or_auto(text, float, "a number", "0.001")


def _number_or_auto(
    text: str, number: Callable[[str], Number], what: str, example: str
) -> Number | str:
    try:
        return text if text == "auto" else number(text)
    except ValueError:
        raise typer.BadParameter(
            f"must be {what} or auto; got {text!r}. Pass e.g. {example}."
        ) from None


def parse_steps(text: str) -> int | tuple[int, ...] | str:
    """Read steps of every input, one number for all of them, or "auto".

    Examples
    --------
    >>> parse_steps("20,0"), parse_steps("2"), parse_steps("auto")
    ((20, 0), 2, 'auto')
    """
    if text.strip().lower() == "auto":
        return "auto"
    try:
        steps = tuple(int(word) for word in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"must be whole numbers separated by commas, or auto; got {text!r}. Pass e.g. 20,0."
        ) from None
    return steps[0] if len(steps) == 1 else steps


def parse_delays(text: str) -> int | tuple[int, ...] | str:
    """Read delays; one number that is not 0 is that of the only input."""
    steps = parse_steps(text)
    return (steps,) if isinstance(steps, int) and steps != 0 else steps


Data = Annotated[
    list[Path],
    typer.Argument(metavar="DATA", help="CSV, NPZ, MAT or Parquet files, one record each."),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by fastlstm fit.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-u", metavar="NAMES", help="Input columns, separated by commas or repeated."
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-y", metavar="NAMES", help="Output columns, separated by commas or repeated."
    ),
]
Record = Annotated[
    str | None,
    typer.Option(
        "--record", metavar="NAME", help="Column that tells apart the records within a file."
    ),
]
Time = Annotated[
    str,
    typer.Option(
        "--time", metavar="NAME", help="Column of time stamps; auto for one called time; none."
    ),
]
InitWindow = Annotated[
    int,
    typer.Option("--init", min=0, help="First measured outputs that set the initial state."),
]
Washout = Annotated[
    int | None,
    typer.Option("--washout", min=0, help="First steps of a record that are not scored."),
]
SamplingTime = Annotated[
    float | None,
    typer.Option("--sampling-time", help="Seconds between steps, for the time axis."),
]
Hidden = Annotated[
    str, typer.Option("--hidden", metavar="SIZES", help="Widths of the LSTM layers, or auto.")
]
Head = Annotated[
    str, typer.Option("--head", metavar="SIZES", help="Widths of the MLP head, none or auto.")
]
Delays = Annotated[
    str,
    typer.Option(
        "--input-delays",
        metavar="STEPS",
        help="Steps by which each input acts late, separated by commas; 0 or auto.",
    ),
]
Lags = Annotated[
    str,
    typer.Option(
        "--input-lags",
        metavar="COUNT",
        help="Earlier values of inputs that the network sees: for all, or one per input; or auto.",
    ),
]
Samples = Annotated[
    str,
    typer.Option(
        "--samples-per-step",
        metavar="COUNT",
        help="Samples that one step of the network spans: a number, or auto.",
    ),
]
TimeLimit = Annotated[
    float, typer.Option("--time-limit", help="Seconds after which the best model is taken.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random starts.")]
Jobs = Annotated[int, typer.Option("--jobs", help="Threads, -1 for all cores; same result.")]
Solver = Annotated[
    str,
    typer.Option(
        "--solver",
        metavar="NAME",
        help=f"Training method: {', '.join(SOLVER_NAMES)}.",
        autocompletion=complete_from(SOLVER_NAMES),
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on standard output, and nothing else there."),
]
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="JSON file for all numbers."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
