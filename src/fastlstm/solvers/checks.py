"""Checks of the settings of solvers, with messages that name the solver."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any


def check_options(
    solver: Any,
    *,
    counts: Sequence[str] = (),
    naturals: Sequence[str] = (),
    positive: Sequence[str] = (),
    fractions: Sequence[str] = (),
    at_least_zero: Sequence[str] = (),
) -> None:
    """Check settings of a solver by name.

    Parameters
    ----------
    solver : object
        Has the attributes.
    counts, naturals : sequence of str
        Integers of at least 1; of at least 0.
    positive : sequence of str
        Finite numbers above 0.
    fractions : sequence of str
        Numbers above 0 and at most 1.
    at_least_zero : sequence of str
        Finite numbers of at least 0.

    Raises
    ------
    ValueError
        If one is not.
    """
    rules = [
        (counts, "an integer >= 1", lambda x: _is_count(x) and x >= 1),
        (naturals, "an integer >= 0", lambda x: _is_count(x) and x >= 0),
        (positive, "a finite number > 0", lambda x: _is_real(x) and x > 0.0),
        (at_least_zero, "a finite number >= 0", lambda x: _is_real(x) and x >= 0.0),
        (fractions, "a number in (0, 1]", lambda x: _is_real(x) and 0.0 < x <= 1.0),
    ]
    for names, rule, holds in rules:
        for name in names:
            value = getattr(solver, name)
            if not holds(value):
                raise ValueError(_message(solver, name, rule, value))


def check_choice(solver: Any, name: str, choices: Sequence[str]) -> None:
    """Check that a setting is one of some words.

    Raises
    ------
    ValueError
        If it is not.
    """
    value = getattr(solver, name)
    if value not in choices:
        raise ValueError(_message(solver, name, "one of " + ", ".join(map(repr, choices)), value))


def _message(solver: Any, name: str, rule: str, value: Any) -> str:
    kind = type(solver).__name__
    return f"{name} of {kind} must be {rule}; got {value!r}. Leave it out for the default."


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
