"""A course inside another one, judged by a tracker of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from fastlstm.solvers.tracker import Iterate, Tracker

T = TypeVar("T")


def followed(
    course: Generator[Iterate, float, T],
    own: Tracker,
    show: Callable[[Iterate, float], Iterate],
    until: Callable[[], bool] | None = None,
) -> Generator[Iterate, float, T | None]:
    """Take iterates of a course and show them; however that ends, the course is closed.

    Parameters
    ----------
    course : generator of Iterate
        Is told the errors that its own tracker finds.
    own : Tracker
    show : callable
        What is yielded of an iterate and its error: a network of the problem outside, for example.
    until : callable, optional
        Asked after every iterate whether that was enough.

    Returns
    -------
    result : object
        What the course returns; None where it was not followed to its end.
    """
    with closing(course):
        try:
            iterate = next(course)
            while True:
                rmse = own.offer(iterate)
                yield show(iterate, rmse)
                if until is not None and until():
                    return None
                iterate = course.send(rmse)
        except StopIteration as end:
            return end.value
