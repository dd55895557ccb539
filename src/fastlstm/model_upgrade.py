"""Descriptions of older model files, brought to the form of the present format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def upgraded(
    description: dict[str, Any], version: int, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Bring a description to the form that a file of the present format has.

    Parameters
    ----------
    description : dict
        Of a file of some format; not trusted, so anything of an unexpected type is left as it is.
    version : int
        That format.
    defaults : mapping
        Constructor arguments, for those that a file is too old to know.
    """
    if version >= 5:
        return description
    new = dict(description)
    parameters = new.get("parameters")
    if isinstance(parameters, dict):
        new["parameters"] = {**defaults, **parameters}
    if version >= 3:
        return new
    numbers = new.get("numbers")
    if isinstance(numbers, dict):  # format 3 keeps apart what depends on the clock
        times = {name: numbers.get(name) for name in ("fit_time_", "cpu_time_")}
        new["clock"] = {"date": None, **times}
        new["numbers"] = {name: x for name, x in numbers.items() if name not in times}
    return {**new, "sampling_time": None, "training_record": None}
