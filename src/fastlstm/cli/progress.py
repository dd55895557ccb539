"""The progress of a fit: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fastlstm.cli.output import say

if TYPE_CHECKING:
    from fastlstm.progress import FitProgress
    from fastlstm.regressor import LSTMRegressor

PLAIN_EVERY = 1.0  # seconds between two plain lines
REDRAWS_PER_SECOND = 4


def remaining(wall_time: float, fraction: float) -> float | None:
    """Seconds that a fit still needs if it goes on at its present pace; None if unknown.

    Examples
    --------
    >>> remaining(2.0, 0.25)
    6.0
    """
    return wall_time * (1.0 - fraction) / fraction if fraction > 0.0 else None


def describe(event: FitProgress) -> str:
    """Cost, fit and remaining time in one line of text."""
    seconds = remaining(event.wall_time, event.fraction)
    eta = "-" if seconds is None else f"{seconds:.0f} s"
    return f"cost {event.cost:.3e}  fit {event.fit_percent:6.2f} %  ETA {eta}"


class Quiet:
    """Callback of a fit that shows nothing, but can hand back the best model so far."""

    def __init__(self) -> None:
        self._last: FitProgress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, event: FitProgress) -> None:
        """Take note of one accepted iteration."""
        self._last = event
        self.show(event)

    def show(self, event: FitProgress) -> None:
        """Show one accepted iteration."""

    def best_model(self) -> LSTMRegressor | None:
        """Best model of the running fit, if an iteration was accepted."""
        return None if self._last is None else self._last.model()


class PlainLines(Quiet):
    """One line per second, for logs and pipes."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_at = -PLAIN_EVERY

    def show(self, event: FitProgress) -> None:
        """Print a line, unless the last one is recent."""
        if event.wall_time >= self._shown_at + PLAIN_EVERY:
            self._shown_at = event.wall_time
            say(
                f"{event.wall_time:6.1f} s  iteration {event.iteration:4d}  {describe(event)}"
                f"  {event.phase}"
            )


class Bar(Quiet):
    """A bar that is redrawn in place."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.fields[phase]:<13}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("iteration {task.fields[iteration]:>4}", markup=False),
            TextColumn("{task.fields[text]}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            refresh_per_second=REDRAWS_PER_SECOND,
            expand=True,
        )
        self._task = self._bar.add_task("fit", total=1.0, phase="start", iteration=0, text="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: FitProgress) -> None:
        """Move the bar; the screen follows a few times per second."""
        self._bar.update(
            self._task,
            completed=event.fraction,
            phase=event.phase,
            iteration=event.iteration,
            text=describe(event),
        )


def draws_in_place() -> bool:
    """Whether messages go to a terminal that can redraw a line."""
    capable = os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")
    return sys.stderr is not None and sys.stderr.isatty() and capable


def make_progress(quiet: bool) -> Quiet:
    """Choose the display that suits where the messages go."""
    if quiet:
        return Quiet()
    return Bar() if draws_in_place() else PlainLines()
