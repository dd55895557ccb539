"""The command line. Commands import the library when they run, so that help comes at once."""

from __future__ import annotations

from typing import Annotated

import typer

from fastlstm.cli.benchmark import benchmark
from fastlstm.cli.compare import compare
from fastlstm.cli.demo import demo
from fastlstm.cli.errors import Commands, guarded
from fastlstm.cli.evaluate import evaluate
from fastlstm.cli.export import export
from fastlstm.cli.fit import fit
from fastlstm.cli.outcome import EXIT_CODES
from fastlstm.cli.report_model import report
from fastlstm.cli.simulate import simulate

__all__ = ["app", "main"]

app = typer.Typer(
    name="fastlstm",
    help="Free-run LSTM models from measured u(t) -> y(t) records, trained in seconds.",
    cls=Commands,
    epilog="\b\nExit codes:\n"
    + "\n".join(f"  {code:3d}  {text}" for code, text in EXIT_CODES.items()),
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich for the help text would double its time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, fit, simulate, evaluate, report, compare, benchmark, export):
    app.command()(guarded(command))


def _print_version(wanted: bool) -> None:
    if wanted:
        import fastlstm

        typer.echo(f"fastlstm {fastlstm.__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Free-run LSTM models from measured u(t) -> y(t) records, trained in seconds."""


def main() -> None:
    """Entry point of the ``fastlstm`` command."""
    app()
