"""The progress of a comparison: a bar per method on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

from fastlstm.cli.output import say
from fastlstm.cli.progress import REDRAWS_PER_SECOND, draws_in_place, remaining

if TYPE_CHECKING:
    from fastlstm.comparison import MethodProgress

PLAIN_EVERY = 2.0  # seconds between two plain lines about one training


def describe(event: MethodProgress) -> str:
    """Fit and remaining time of the running training in one line of text."""
    seconds = remaining(event.wall_time, event.fraction)
    eta = "-" if seconds is None else f"{seconds:.0f} s"
    fit = f"{event.fit_percent:6.2f} %" if math.isfinite(event.fit_percent) else "-"
    return f"fit {fit}  ETA {eta}"


class Silent:
    """Callback of `compare` that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: MethodProgress) -> None:
        """Show the state of the running training."""


class PlainLines(Silent):
    """A line when a training begins and every two seconds, for logs and pipes."""

    def __init__(self) -> None:
        self._number = 0
        self._shown_at = 0.0

    def __call__(self, event: MethodProgress) -> None:
        """Print a line, unless the last one about this training is recent."""
        if event.number == self._number and event.wall_time < self._shown_at + PLAIN_EVERY:
            return
        self._number, self._shown_at = event.number, event.wall_time
        say(
            f"[{event.number}/{event.n_runs}] {event.method} ({event.label})"
            f"  {event.wall_time:5.1f} s  {describe(event)}"
        )


class Bars(Silent):
    """A bar per training; those that are done stay on the screen."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            refresh_per_second=REDRAWS_PER_SECOND,
            expand=True,
        )
        self._number = 0
        self._task: Any = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._complete()
        self._bars.stop()

    def __call__(self, event: MethodProgress) -> None:
        """Move the bar of the running training."""
        if event.number != self._number:
            self._complete()
            self._number = event.number
            title = f"{event.number}/{event.n_runs} {event.method} ({event.label})"
            self._task = self._bars.add_task(title, total=1.0, text="")
        self._bars.update(self._task, completed=event.fraction, text=describe(event))

    def _complete(self) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=1.0)
            self._bars.stop_task(self._task)


def make_display(quiet: bool) -> Silent:
    """Choose the display that suits where the messages go."""
    if quiet:
        return Silent()
    return Bars() if draws_in_place() else PlainLines()
