"""Pieces of C text: names, comments, numbers and arrays, safe whatever the channels are called."""

from __future__ import annotations

import re
import textwrap

import numpy as np

from fastlstm.export.parts import RealArray

MAX_COMMENT = 60  # characters of a channel name that are shown
WIDTH = 100
C_TYPES = {"float32": "float", "float64": "double"}
LICENCE = """\
/* SPDX-License-Identifier: 0BSD */
/* Generated code belongs to whoever generated it: use, change and sell it as you like. */"""
STANDARD_HEADERS = frozenset(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg "
    "stdbool stddef stdint stdio stdlib string tgmath time wchar wctype".split()
)


def c_type(values: RealArray) -> str:
    """C type of the elements of an array."""
    return C_TYPES[values.dtype.name]


def identifier(name: str) -> str:
    """C identifier from any text, to be used as a prefix and as the name of a header.

    Raises
    ------
    ValueError
        If nothing usable is left.

    Examples
    --------
    >>> identifier("pump 2"), identifier("__x"), identifier("3rd-floor")
    ('pump_2', 'x', 'm_3rd_floor')
    """
    clean = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not clean:
        raise ValueError(
            f"name must contain a letter or digit of ASCII to name C functions; got {name!r}. "
            "Pass e.g. name='plant'."
        )
    taken = clean[0].isdigit() or clean.lower() in STANDARD_HEADERS
    return f"m_{clean}" if taken else clean


def comment(text: str) -> str:
    """Text that cannot end a comment, continue a line, or hide behind a trigraph.

    Examples
    --------
    >>> comment("*/ int x; /* m/s")
    '__ int x_ __ m_s'
    """
    return re.sub(r"[^A-Za-z0-9 _.,:()\[\]%+-]", "_", text)[:MAX_COMMENT]


def number(value: float, real: str) -> str:
    """Decimal literal that reads back to the same bits.

    Examples
    --------
    >>> number(np.float32(0.1), "float"), number(2.0, "double")
    ('0.1f', '2.0')
    """
    scalar = np.float32(value) if real == "float" else np.float64(value)
    text = np.format_float_scientific(scalar, unique=True, trim="0")
    if 1e-4 <= abs(scalar) < 1e6 or scalar == 0.0:
        text = np.format_float_positional(scalar, unique=True, trim="0")
    return text + ("f" if real == "float" else "")


def array(declaration: str, values: RealArray) -> str:
    """Definition of a constant array, one brace per dimension.

    Parameters
    ----------
    declaration : str
        Type and name without dimensions, such as ``static const plant_real bias``.
    values : array of any dimension >= 1
    """
    sizes = "".join(f"[{size}]" for size in values.shape)
    return f"{declaration}{sizes} = {_braces(values, c_type(values), 0)};"


def _braces(values: RealArray, real: str, depth: int) -> str:
    indent = "    " * (depth + 1)
    if values.ndim == 1:
        text = ", ".join(number(value, real) for value in values)
        if len(text) + len(indent) < WIDTH - 4:
            return f"{{{text}}}"
        lines = textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
    else:
        lines = ",\n".join(indent + _braces(part, real, depth + 1) for part in values)
    return f"{{\n{lines}\n{'    ' * depth}}}"
