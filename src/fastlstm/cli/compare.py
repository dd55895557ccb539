"""``fastlstm compare``: every training method on the same records and budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastlstm.cli import options
from fastlstm.cli.names import CONTESTANT_NAMES
from fastlstm.cli.outcome import Outcome, interrupted
from fastlstm.cli.output import say

if TYPE_CHECKING:
    from fastlstm.comparison import Comparison
    from fastlstm.tables import Frame, NamedRecords

Contestants = list[str | list[str]]


def compare(
    data: options.Data,
    inputs: options.Inputs = None,
    outputs: options.Outputs = None,
    record: options.Record = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            "--test",
            metavar="FILE",
            help="Data file to be judged by, may be repeated; default: a quarter of DATA.",
        ),
    ] = None,
    solvers: Annotated[
        str,
        typer.Option(
            "--solvers",
            metavar="NAMES",
            help="Methods, separated by commas, torch among them; ridge+lm runs lm after ridge. "
            "Default: all, and torch where it is installed.",
            autocompletion=options.complete_list_from(CONTESTANT_NAMES),
        ),
    ] = "all",
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds for each training.")
    ] = 10.0,
    hidden: options.Hidden = "6,6",
    head: options.Head = "8",
    washout: Annotated[
        str, typer.Option("--washout", help="First steps of a record that are not scored, or auto.")
    ] = "auto",
    seed: options.Seed = 0,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Trainings per method, each with its own seed.")
    ] = 1,
    jobs: options.Jobs = 1,
    html: Annotated[Path, typer.Option("--html", help="Report to write.")] = Path("compare.html"),
    no_html: Annotated[bool, typer.Option("--no-html", help="Write no report.")] = False,
    save: options.Save = None,
    quiet: options.Quiet = False,
) -> Outcome:
    """Compare training methods on measured records.

    Trains each method on the same part of the data for the same time, prints a table of their
    errors on the rest, and writes one self-contained HTML report. Ctrl-C keeps the methods that are
    done.
    """
    sizes = options.parse_sizes(hidden), options.parse_sizes(head)
    steps = options.parse_washout(washout)
    from fastlstm.cli.compare_progress import make_display
    from fastlstm.cli.data import check_writable, records_for_fit
    from fastlstm.tables import read_records

    if not no_html:
        check_writable(html, (".html", ".htm"))
    if save is not None:
        check_writable(save, (".json",))
    records = records_for_fit(data, inputs, outputs, record)
    judged = None
    if test:
        judged = read_records(test, records.input_names, records.output_names, record)

    import fastlstm

    display = make_display(quiet)
    with display:
        result = fastlstm.compare(
            *as_frames(records),
            *(as_frames(judged) if judged else (None, None)),
            solvers=parse_solvers(solvers),
            time_limit=time_limit,
            hidden_sizes=sizes[0],
            head_sizes=sizes[1],
            washout=steps,
            seeds=range(seed, seed + repeats),
            n_jobs=jobs,
            callback=display,
        )
    return finish(result, None if no_html else html, save)


def parse_solvers(text: str) -> Contestants | None:
    """Read names, or None for all; names joined by + run one after the other.

    Examples
    --------
    >>> parse_solvers("lm, ridge+lm"), parse_solvers("all")
    (['lm', ['ridge', 'lm']], None)
    """
    if text.strip().lower() == "all":
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    return [word.split("+") if "+" in word else word for word in words]


def as_frames(records: NamedRecords) -> tuple[list[Frame], list[Frame]]:
    """Give the inputs and outputs of all records the names of their columns."""
    from fastlstm.tables import Frame

    assert records.y is not None
    return (
        [Frame(u, records.input_names) for u in records.u],
        [Frame(y, records.output_names) for y in records.y],
    )


def finish(result: Comparison, html: Path | None, save: Path | None) -> Outcome:
    """Write the files; after Ctrl-C they hold what there is."""
    if save is not None:
        result.to_json(save)
        say(f"Numbers: {save}")
    if html is not None:
        result.report(html)
        say(f"Report: {html}")
    stopped = interrupted("Interrupted: these are the methods that were done or under way.")
    values = {**result.as_dict(), "file": save, "report": html}
    return Outcome(result.table(), values, stopped if result.interrupted else None)
