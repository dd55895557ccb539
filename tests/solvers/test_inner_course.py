"""A course inside another one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.tracker import Iterate


class Counting:
    """Three iterates, and what became of them."""

    def __init__(self):
        self.told, self.closed = [], False

    def course(self):
        """Yield, remember the answers, return a word."""
        try:
            for number in range(3):
                self.told.append((yield Iterate(np.full(2, number), 1.0, "inner")))
        finally:
            self.closed = True
        return "end"


def judge():
    """Make a tracker whose error of an iterate is ten times its weights."""
    return SimpleNamespace(offer=lambda iterate: 10.0 * iterate.params[0])


def doubled(iterate, rmse):
    """Show an iterate with other weights."""
    return replace(iterate, params=2 * iterate.params, phase=f"outer {rmse:g}")


def outer(inner, until, results):
    """Follow and keep the result."""
    results.append((yield from followed(inner.course(), judge(), doubled, until)))


def test_a_course_is_told_the_errors_of_its_own_tracker_whatever_the_outside_says():
    """The outside sees what is shown and answers with errors of its own, which stay outside."""
    inner, results = Counting(), []
    course, seen = outer(inner, None, results), []
    iterate = next(course)
    with pytest.raises(StopIteration):
        while True:
            seen.append((iterate.params[0], iterate.phase))
            iterate = course.send(-1.0)
    assert seen == [(0, "outer 0"), (2, "outer 10"), (4, "outer 20")]
    assert inner.told == [0.0, 10.0, 20.0]
    assert results == ["end"]


def test_a_course_that_is_left_early_is_closed():
    """By what was asked after an iterate, and by the outside; the result is unknown."""
    inner, results = Counting(), []
    assert len(list(outer(inner, lambda: len(inner.told) == 1, results))) == 2
    assert inner.closed and results == [None]
    inner = Counting()
    course = outer(inner, None, results)
    next(course)
    course.close()
    assert inner.closed and len(results) == 1
