"""``fastlstm benchmark``: the published sets by their official rules, beside published errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.names import SET_NAMES
from fastlstm.cli.outcome import Outcome, interrupted
from fastlstm.cli.output import say

if TYPE_CHECKING:
    from fastlstm.datasets import Dataset


def benchmark(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Sets, such as wh2009, or daisy for the thirteen of DaISy; "
            "default: all others at hand.",
            autocompletion=options.complete_from(SET_NAMES),
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Trainings per set, with seeds 0, 1, ...")
    ] = 5,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds for each training.")
    ] = 10.0,
    save: options.Save = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FOLDER", help="Folder with the published files, or FASTLSTM_DATA."
        ),
    ] = None,
    jobs: options.Jobs = 1,
    quiet: options.Quiet = False,
) -> Outcome:
    """Train and score the default model on published benchmarks.

    Every set is run by its official rules with the same settings; where none exist, as for DaISy,
    the split is ours, and a line below the table says so. The table shows the median error in the
    unit of the benchmark, CPU and wall time, and published errors with their source. Ctrl-C keeps
    the trainings that are done.
    """
    from fastlstm.cli.compare_progress import make_display
    from fastlstm.cli.data import check_writable

    if save is not None:
        check_writable(save, (".json",))
    datasets = load(names, data)

    from fastlstm.official import run_official
    from fastlstm.official.result import summary

    display = make_display(quiet)
    with display:
        result = run_official(
            datasets,
            seeds=range(seeds),
            callback=display,
            time_limit=time_limit,
            n_jobs=jobs,
        )
    for run in result.runs:
        for text in run.warnings:
            say(f"Warning: {run.name} (seed {run.seed}): {text}")
    say(summary(result))
    if save is not None:
        result.to_json(save)
        say(f"Numbers: {save}")
    stopped = interrupted("Interrupted: these are the trainings that were done.")
    values = {**result.as_dict(), "file": save}
    return Outcome(result.table(), values, stopped if result.interrupted else None)


def load(names: list[str] | None, folder: Path | None) -> list[Dataset]:
    """Load the sets that were named, or all at hand; say how to get the others."""
    from fastlstm.official.data import find_sets

    found, missing = find_sets(names or None, folder)
    if missing and (names or not found):
        advice = "" if folder else " On the command line: --data FOLDER."
        raise FileNotFoundError("\n".join(missing.values()) + advice)
    for text in missing.values():
        say(f"Left out: {text}")
    return found
