"""Structs and cells of version 5 MAT files; every size is checked against the bytes there are.

References
----------
The MathWorks, "MAT-File Format", section "Version 5 MAT-File Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from fastlstm.tables import base
from fastlstm.tables.mat5 import _DTYPES, _MATRIX, DamagedFileError, Variable, _content

MAX_DEPTH = 8  # structs and cells inside each other
MAX_FIELDS = 1000
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)
_COMPLEX = 0x0800
_ENCODINGS = {1: "latin-1", 2: "latin-1", 16: "utf-8"}
_WIDE = {4: "utf-16", 17: "utf-16", 18: "utf-32"}


def read_struct(path: Path, variable: Variable) -> Any:
    """Content of one variable that is a struct.

    Returns
    -------
    dict of str to value, or a list of these where the struct is an array
        Numbers are arrays of two or more dimensions, text is str (a list of str where it has
        several rows), cells are lists in the order of MATLAB. What cannot be read, such as
        functions, objects and complex numbers, is None.

    Raises
    ------
    DamagedFileError
        If a size contradicts another, or structs are nested too deeply.
    """
    with path.open("rb") as file:
        place = variable.offset, variable.n_bytes, variable.compressed
        content = _content(file, *place, variable.order, base.MAX_BYTES)
    return _matrix(content, variable.order, 0)


def _matrix(content: bytes, order: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise DamagedFileError(f"structs are nested more than {MAX_DEPTH} deep")
    if not content:  # an empty field or cell
        return np.empty((0, 0))
    elements = _elements(content, order)
    flags_data = _next(elements)[1]
    flags = _integers(flags_data[:4], order, 1)[0]
    kind = flags & 0xFF
    if kind not in (_CELL, _STRUCT, _CHAR, *_NUMBERS) or flags & _COMPLEX:
        return None
    shape_data = _next(elements)[1]
    shape = _integers(shape_data, order, len(shape_data) // 4)
    _next(elements)  # the name
    if min(shape, default=-1) < 0 or prod(shape) * 8 > base.MAX_BYTES:
        raise DamagedFileError(f"a part of a struct has shape {shape}")
    if kind == _CELL:
        return [_nested(elements, order, depth) for _ in range(prod(shape))]
    if kind == _STRUCT:
        return _fields(elements, shape, order, depth)
    if prod(shape) == 0:
        return "" if kind == _CHAR else np.empty(shape)
    stored, data = _next(elements)
    return (
        _text(stored, data, shape, order) if kind == _CHAR else _numbers(stored, data, shape, order)
    )


def _fields(
    elements: Iterator[tuple[int, bytes]], shape: tuple[int, ...], order: str, depth: int
) -> Any:
    width = _integers(_next(elements)[1], order, 1)[0]
    table = _next(elements)[1]
    if not 0 < width <= len(table) or len(table) % width or len(table) // width > MAX_FIELDS:
        if table:
            raise DamagedFileError("the field names of a struct do not have the length they state")
        return {} if prod(shape) == 1 else []
    cuts = [table[start : start + width] for start in range(0, len(table), width)]
    names = [cut.split(b"\x00")[0].decode("latin-1") for cut in cuts]
    parts = [{name: _nested(elements, order, depth) for name in names} for _ in range(prod(shape))]
    return parts[0] if len(parts) == 1 else parts


def _nested(elements: Iterator[tuple[int, bytes]], order: str, depth: int) -> Any:
    kind, data = _next(elements)
    if kind != _MATRIX:
        raise DamagedFileError("a struct or cell holds something that is no array")
    return _matrix(data, order, depth + 1)


def _numbers(stored: int, data: bytes, shape: tuple[int, ...], order: str) -> Any:
    if stored not in _DTYPES:
        raise DamagedFileError("numbers of a struct have an unknown type")
    dtype = np.dtype(f"{order}{_DTYPES[stored]}")
    if prod(shape) * dtype.itemsize != len(data):
        raise DamagedFileError("numbers of a struct do not have the size of their shape")
    return np.frombuffer(data, dtype).reshape(shape, order="F").astype(np.float64)


def _text(stored: int, data: bytes, shape: tuple[int, ...], order: str) -> Any:
    byte_order = "le" if order == "<" else "be"
    encoding = _ENCODINGS.get(stored) or f"{_WIDE.get(stored, 'utf-16')}-{byte_order}"
    text = data.decode(encoding, errors="replace")
    if shape[0] == 1 or len(text) != prod(shape):
        return text
    return ["".join(text[row :: shape[0]]).rstrip() for row in range(shape[0])]


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and data of the elements, all of them whole."""
    start = 0
    while start + 8 <= len(content):
        kind, n_bytes = struct.unpack(f"{order}II", content[start : start + 8])
        if kind >> 16:  # type and size in four bytes, at most four bytes of data behind them
            kind, n_bytes, data, end = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        else:
            data, end = start + 8, start + 8 + -(-n_bytes // 8) * 8
        if data + n_bytes > min(end, len(content)):
            raise DamagedFileError("a part of a struct is shorter than it says")
        yield kind, content[data : data + n_bytes]
        start = end


def _next(elements: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    found = next(elements, None)
    if found is None:
        raise DamagedFileError("a struct ends in the middle")
    return found


def _integers(data: bytes, order: str, count: int) -> tuple[int, ...]:
    if len(data) != 4 * count:
        raise DamagedFileError("a struct has a number that is cut off")
    return struct.unpack(f"{order}{count}i", data)
