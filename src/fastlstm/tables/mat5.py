"""Numeric variables of version 5 MAT files, every size checked before it is used.

SciPy's reader trusts the type codes inside such a file and can crash the process on a damaged one,
so the few structures that hold plain numbers are read here.

References
----------
The MathWorks, "MAT-File Format", section "Version 5 MAT-File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 128
_HEAD_BYTES = 4096  # holds flags, dimensions and name of every variable MATLAB can write
_MATRIX, _COMPRESSED = 14, 15
_INT32, _UINT32 = 5, 6
_TEXT_TYPES = (1, 16)
_COMPLEX = 0x0800
_DTYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_NUMERIC = range(6, 16)
_CLASSES = {1: "cells", 2: "a struct", 4: "text", 5: "a sparse matrix"}
_STRUCT, _OBJECT, _OPAQUE = 2, 3, 17

# For the user to paste into MATLAB. The braces keep cells, of which struct() would make an array.
RECIPE = (
    "s = struct('y',{z.y},'u',{z.u},'Ts',{z.Ts},'TimeUnit',{z.TimeUnit},"
    "'InputName',{z.InputName},'OutputName',{z.OutputName},'InputUnit',{z.InputUnit},"
    "'OutputUnit',{z.OutputUnit},'ExperimentName',{z.ExperimentName}); save('z.mat','s','-v7')"
)
OBJECT_REFUSAL = (
    "is a MATLAB object such as iddata, which only MATLAB can read; for an iddata z, run there: "
    f"{RECIPE}"
)


class DamagedFileError(Exception):
    """The content contradicts itself or ends early."""


@dataclass(frozen=True)
class Variable:
    """One variable: its place in the file, and what its own header says of it."""

    name: str
    shape: tuple[int, ...]
    refusal: str | None
    offset: int
    n_bytes: int
    compressed: bool
    order: str
    is_struct: bool = False


def scan_variables(path: Path) -> list[Variable]:
    """Variables of a version 5 file, without their numbers.

    Raises
    ------
    DamagedFileError
        If the file ends inside a variable or a header makes no sense.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        order = {b"IM": "<", b"MI": ">"}.get(file.read(_HEADER_BYTES)[126:], "")
        if not order:
            raise DamagedFileError("its header does not tell the byte order")
        variables = []
        while tag := file.read(8):
            kind, n_bytes = _unpack(f"{order}II", tag)
            offset = file.tell()
            if n_bytes > size - offset:
                raise DamagedFileError("it ends in the middle of a variable")
            if kind in (_MATRIX, _COMPRESSED):
                place = offset, n_bytes, kind == _COMPRESSED
                head = _content(file, *place, order, _HEAD_BYTES)
                variables.append(_describe(head, place, order))
            file.seek(offset + n_bytes)
    return variables


def load_variable(path: Path, variable: Variable) -> NDArray[np.generic]:
    """Numbers of one variable that has no refusal.

    Raises
    ------
    DamagedFileError
        If there are more or fewer numbers than the shape says.
    """
    # Flags, dimensions, name and padding come on top of at most 8 bytes per number.
    limit = prod(variable.shape) * 8 + _HEAD_BYTES
    with path.open("rb") as file:
        place = variable.offset, variable.n_bytes, variable.compressed
        content = _content(file, *place, variable.order, limit)
    elements = _elements(content, variable.order)
    for _ in range(3):
        next(elements)
    kind, data = next(elements, (0, b""))
    dtype = np.dtype(f"{variable.order}{_DTYPES[kind]}") if kind in _DTYPES else None
    if dtype is None or prod(variable.shape) * dtype.itemsize != len(data):
        raise DamagedFileError(f"variable {variable.name!r} does not have the size of its shape")
    return np.frombuffer(data, dtype).reshape(variable.shape, order="F")


def _content(
    file: BinaryIO, offset: int, n_bytes: int, compressed: bool, order: str, limit: int
) -> bytes:
    """First `limit` bytes of a matrix element, inflated, without its tag."""
    file.seek(offset)
    if not compressed:
        return file.read(min(n_bytes, limit))
    try:
        packed = file.read(min(n_bytes, 2 * limit + 2**16))  # never less than `limit` inflated
        inflated = zlib.decompressobj().decompress(packed, limit + 8)
    except zlib.error as error:
        raise DamagedFileError(f"a compressed variable is broken ({error})") from error
    kind, stated = _unpack(f"{order}II", inflated[:8])
    if kind != _MATRIX or len(inflated) - 8 < min(stated, limit):
        raise DamagedFileError("a compressed variable is shorter than it says")
    return inflated[8 : 8 + stated]


def _describe(head: bytes, place: tuple[int, int, bool], order: str) -> Variable:
    elements = _elements(head, order)
    flags_kind, flags_data = next(elements, (0, b""))
    shape_kind, shape_data = next(elements, (0, b""))
    if flags_kind == _UINT32 and _unpack(f"{order}I", flags_data[:4])[0] & 0xFF == _OPAQUE:
        return Variable(_text(shape_data), (), OBJECT_REFUSAL, *place, order)  # has no shape
    name_kind, name_data = next(elements, (0, b""))
    if (flags_kind, shape_kind) != (_UINT32, _INT32) or name_kind not in _TEXT_TYPES:
        raise DamagedFileError("a variable does not begin with its type, shape and name")
    flags = _unpack(f"{order}I", flags_data[:4])[0]
    shape = _unpack(f"{order}{len(shape_data) // 4}i", shape_data)
    if min(shape, default=-1) < 0:
        raise DamagedFileError(f"a variable has shape {shape}")
    kind = flags & 0xFF
    refusal = None if kind in _NUMERIC else f"holds {_CLASSES.get(kind, 'no array')}, not numbers"
    if flags & _COMPLEX:
        refusal = "holds complex numbers, not real numbers"
    if kind == _OBJECT:
        refusal = OBJECT_REFUSAL
    return Variable(_text(name_data), shape, refusal, *place, order, kind == _STRUCT)


def _text(data: bytes) -> str:
    return data.rstrip(b"\x00").decode("utf-8", errors="replace")


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and data of the elements inside a matrix; the last may be cut off by a limit."""
    start = 0
    while start + 8 <= len(content):
        kind, n_bytes = _unpack(f"{order}II", content[start : start + 8])
        if kind >> 16:  # type and size in four bytes, at most four bytes of data behind them
            kind, n_bytes = kind & 0xFFFF, min(kind >> 16, 4)
            data, end = start + 4, start + 8
        else:
            data, end = start + 8, start + 8 + -(-n_bytes // 8) * 8
        yield kind, content[data : data + n_bytes]
        start = end


def _unpack(layout: str, data: bytes) -> tuple[int, ...]:
    if len(data) != struct.calcsize(layout):
        raise DamagedFileError("it ends in the middle of a number")
    return struct.unpack(layout, data)
