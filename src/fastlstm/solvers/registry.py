"""Solvers by name, by instance and in a row; and as plain values for a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fastlstm.solvers.base import AbstractSolver
from fastlstm.solvers.bptt import BPTT
from fastlstm.solvers.greedy import Greedy
from fastlstm.solvers.levenberg_marquardt import LevenbergMarquardt
from fastlstm.solvers.ridge import Ridge
from fastlstm.solvers.split import Split

SOLVERS: dict[str, type[AbstractSolver]] = {
    "lm": LevenbergMarquardt,
    "split": Split,
    "ridge": Ridge,
    "greedy": Greedy,
    "bptt": BPTT,
}
AUTO = "lm"


def make_solvers(spec: Any, max_iter: int, tol: float) -> tuple[AbstractSolver, ...]:
    """Turn what a user asks for into solvers that run one after the other.

    Parameters
    ----------
    spec : str, AbstractSolver, or a list or tuple of these
        "auto" stands for `AUTO`.
    max_iter, tol : int, float
        For solvers given by name; an instance has its own.

    Raises
    ------
    ValueError
        If a name is unknown, or nothing is asked for.
    """
    parts = spec if isinstance(spec, list | tuple) else [spec]
    if len(parts) == 0:
        raise ValueError(_message(spec))
    return tuple(_make(part, max_iter, tol) for part in parts)


def _make(part: Any, max_iter: int, tol: float) -> AbstractSolver:
    if isinstance(part, AbstractSolver):
        return part
    name = AUTO if isinstance(part, str) and part == "auto" else part
    if not isinstance(name, str) or name not in SOLVERS:
        raise ValueError(_message(part))
    return SOLVERS[name](max_iter=max_iter, tol=tol)


def _message(part: Any) -> str:
    return (
        f'solver must be "auto" or one of {sorted(SOLVERS)}, an instance of a solver class, or a '
        f'list of these; got {part!r}. Use solver="auto" unless you compare methods.'
    )


def name_of(solver: AbstractSolver) -> str:
    """Name in `SOLVERS`, or the name of the class for a solver from elsewhere."""
    names = [name for name, kind in SOLVERS.items() if type(solver) is kind]
    return names[0] if names else type(solver).__name__


def to_plain(spec: Any) -> Any:
    """Return JSON values for the `solver` argument: names, and settings of instances.

    A solver class from elsewhere cannot be restored from a file and becomes "auto".
    """
    if isinstance(spec, list | tuple):
        return [to_plain(part) for part in spec]
    if not isinstance(spec, AbstractSolver):
        return spec
    name = name_of(spec)
    if name not in SOLVERS:
        return "auto"
    return {"solver": name, **{field.name: getattr(spec, field.name) for field in fields(spec)}}


def from_plain(value: Any) -> Any:
    """Undo `to_plain` on values that are not trusted.

    Raises
    ------
    ValueError, TypeError
        If a name or a setting is unknown or has an impossible value.
    """
    if isinstance(value, list):
        return [from_plain(part) for part in value]
    if not isinstance(value, Mapping):
        return value
    settings = dict(value)
    name = settings.pop("solver", None)
    if not isinstance(name, str) or name not in SOLVERS:
        raise ValueError(_message(value))
    known = {field.name for field in fields(SOLVERS[name])}
    plain = (bool, int, float, str, type(None))
    if not set(settings) <= known or not all(isinstance(v, plain) for v in settings.values()):
        raise ValueError(_message(value))
    return SOLVERS[name](**settings)
