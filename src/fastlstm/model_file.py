"""Model files: safetensors with a JSON description, written atomically and read without trust.

A file holds float64 arrays by name and, under the metadata key ``fastlstm``, a JSON object with
``format_version``, the structure of the network and what else the estimator wants to keep. Reading
checks names, types, shapes and sizes against the structure before any array is made; nothing in a
file is ever executed.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastlstm.exceptions import ModelFileError
from fastlstm.network import Network
from fastlstm.replacing import replace_file

FloatArray = NDArray[np.float64]
FORMAT_VERSION = 5
MAX_HEADER = 16 * 2**20  # bytes; a header holds names and a short description
MAX_LAYERS = 1000
MAX_WIDTH = 2**20
FOREIGN = {
    b"PK\x03\x04": "a zip archive (a torch or Keras file?)",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a MATLAB file",
    b"\x93NUMPY": "a NumPy array",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
}
ANY = -1  # stands for any length in the shape of an extra array


@dataclass(frozen=True)
class ModelContent:
    """What a model file holds.

    Parameters
    ----------
    network : Network
    arrays : dict of str to float64 array
        The weights by the names of `Network.shapes`, and the extra arrays.
    description : dict
        JSON values, without structure and format version.
    version : int
        Format version of the file.
    lags : tuple of int
        Earlier values that the network sees of every input, each an input more of the network;
        empty for none.
    """

    network: Network
    arrays: dict[str, FloatArray]
    description: dict[str, Any]
    version: int = FORMAT_VERSION
    lags: tuple[int, ...] = ()


def extra_shapes(
    network: Network, version: int = FORMAT_VERSION, n_lagged: int = 0
) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays that a file of some format holds besides the weights."""
    n_channels = network.n_inputs - n_lagged
    shapes: dict[str, tuple[int, ...]] = {
        "scaling.u_mean": (n_channels,),
        "scaling.u_std": (n_channels,),
        "scaling.y_mean": (network.n_outputs,),
        "scaling.y_std": (network.n_outputs,),
        "error_model.coef": (network.n_outputs, ANY),
        "training.loss_curve": (ANY,),
    }
    if version >= 2:
        shapes["input.range"] = (2, n_channels)
        shapes["frame.gains"] = shapes["frame.levels"] = (network.n_outputs,)
    if version >= 3:
        shapes["initial.offset"] = (2, network.n_units)
        shapes["initial.slope"] = (2, network.n_units, network.n_inputs)
    return shapes


def optional_shapes(
    network: Network, version: int = FORMAT_VERSION, n_lagged: int = 0
) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays that a file of some format may hold."""
    return {"frame.delays": (network.n_inputs - n_lagged,)} if version >= 3 else {}


def write_model(path: str | os.PathLike[str], content: ModelContent) -> None:
    """Write a model file so that the old file or the new one is there, whole, at any moment.

    Parameters
    ----------
    path : path-like
        In an existing folder; an existing file is replaced.
    content : ModelContent

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written; the old file is untouched.
    """
    from safetensors.numpy import save

    network = content.network
    structure = {
        "n_inputs": network.n_inputs,
        "n_outputs": network.n_outputs,
        "hidden_sizes": list(network.hidden_sizes),
        "head_sizes": list(network.head_sizes),
    }
    if content.lags:
        structure["input_lags"] = list(content.lags)
    description = {"format_version": FORMAT_VERSION, "structure": structure, **content.description}
    # safetensors writes the buffer as it lies in memory, so the order has to be C
    arrays = {
        name: np.ascontiguousarray(array, dtype="<f8") for name, array in content.arrays.items()
    }
    text = json.dumps(description, allow_nan=False)
    replace_file(path, save(arrays, metadata={"fastlstm": text}))


def read_model(path: str | os.PathLike[str]) -> ModelContent:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is unreadable, truncated, foreign, damaged, or from a newer version.
    FileNotFoundError
        If there is no such file.
    """
    name = os.fspath(path)
    try:
        # without O_NONBLOCK a named pipe would wait for a writer for ever
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"path must name a model file; got {name!r}, which does not exist. Check the path."
        ) from error
    except OSError as error:
        raise _unusable(name, f"cannot be opened ({error.strerror})") from error
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        os.close(descriptor)
        raise _unusable(name, "is not a regular file")
    with open(descriptor, "rb") as file:
        return _read(file, info.st_size, name)


def _read(file: BinaryIO, size: int, name: str) -> ModelContent:
    header, data_start = _read_header(file, size, name)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("fastlstm"), str):
        raise _unusable(name, "is a safetensors file of another program")
    description = _json_object(metadata["fastlstm"], name)
    version = description.pop("format_version", None)
    if type(version) is not int or version < 1:
        raise _unusable(name, f"has format_version {version!r}")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"path must name a model file of format {FORMAT_VERSION} or older; {name!r} has format "
            f"{version} (fastlstm {description.get('fastlstm_version', 'unknown')}). "
            "Update fastlstm to read it: pip install --upgrade fastlstm."
        )
    network, lags = _structure(description.pop("structure", None), name)
    possible = optional_shapes(network, version, sum(lags)).items()
    present = {key: shape for key, shape in possible if key in header}
    shapes = {**network.shapes, **extra_shapes(network, version, sum(lags)), **present}
    places = _places(header, shapes, name)
    n_bytes = sum(8 * prod(shape) for shape, _ in places.values())
    if n_bytes != size - data_start:
        raise _unusable(name, f"holds {size - data_start} bytes of arrays where {n_bytes} belong")
    data = file.read(n_bytes)
    if len(data) != n_bytes:
        raise _unusable(name, "shrank while it was read")
    arrays = {
        key: np.frombuffer(data, "<f8", prod(shape), start).reshape(shape).astype(np.float64)
        for key, (shape, start) in places.items()
    }
    _check_values(arrays, name)
    return ModelContent(network, arrays, description, version, lags)


def _read_header(file: BinaryIO, size: int, name: str) -> tuple[dict[str, Any], int]:
    start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
    if length > MAX_HEADER or 8 + length > size:  # else a length may look like the mark of a pickle
        for magic, what in FOREIGN.items():
            if start.startswith(magic):
                raise _unusable(name, f"is {what}")
        if len(start) < 8:
            raise _unusable(name, f"has only {size} bytes")
        raise _unusable(name, "is truncated or was not written by LSTMRegressor.save")
    return _json_object(file.read(length), name), 8 + length


def _json_object(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _unusable(name, "has no readable header") from error
    if not isinstance(value, dict):
        raise _unusable(name, "has no readable header")
    return value


def _refuse_constant(text: str) -> Any:
    """NaN and Infinity are no JSON."""
    raise ValueError(text)


def _structure(structure: Any, name: str) -> tuple[Network, tuple[int, ...]]:
    """Network, and how many of its inputs are earlier values of every channel."""
    keys = ("n_inputs", "n_outputs", "hidden_sizes", "head_sizes")
    if not isinstance(structure, dict) or set(structure) - {"input_lags"} != set(keys):
        raise _unusable(name, "does not describe its network")
    sizes = [structure[key] if key.endswith("sizes") else [structure[key]] for key in keys]
    for part in sizes:
        if not isinstance(part, list) or len(part) > MAX_LAYERS:
            raise _unusable(name, "does not describe its network")
        if any(type(width) is not int or not 1 <= width <= MAX_WIDTH for width in part):
            raise _unusable(name, "describes a network of impossible size")
    if not sizes[2]:
        raise _unusable(name, "describes a network without LSTM layer")
    network = Network(sizes[0][0], sizes[1][0], tuple(sizes[2]), tuple(sizes[3]))
    lags = _counts(structure["input_lags"]) if "input_lags" in structure else ()
    if lags is None or (lags and len(lags) + sum(lags) != network.n_inputs):
        raise _unusable(name, "has input_lags that are not those of its network")
    return network, lags


def _places(
    header: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], name: str
) -> dict[str, tuple[tuple[int, ...], int]]:
    """Shape and first byte of every array; they must follow each other without gap or overlap."""
    if set(header) != set(shapes):
        odd = sorted(set(header) ^ set(shapes))[:3]
        raise _unusable(name, f"lacks or has in addition the arrays {odd}")
    places: dict[str, tuple[tuple[int, ...], int]] = {}
    ranges = []
    for key, entry in header.items():
        shape, offsets = _entry(entry, shapes[key], key, name)
        places[key] = (shape, offsets[0])
        ranges.append((*offsets, 8 * prod(shape)))
    expected = 0
    for start, stop, n_bytes in sorted(ranges):
        if start != expected or stop - start != n_bytes:
            raise _unusable(name, "has arrays that overlap or leave gaps")
        expected = stop
    return places


def _entry(
    entry: Any, shape: tuple[int, ...], key: str, name: str
) -> tuple[tuple[int, ...], tuple[int, int]]:
    if not isinstance(entry, dict) or entry.get("dtype") != "F64":
        raise _unusable(name, f"has an array {key!r} that is not float64")
    got, offsets = _counts(entry.get("shape")), _counts(entry.get("data_offsets"))
    if got is None or offsets is None or len(offsets) != 2:
        raise _unusable(name, f"has an array {key!r} without shape or place")
    if len(got) != len(shape) or any(w not in (ANY, g) for w, g in zip(shape, got, strict=True)):
        raise _unusable(name, f"has an array {key!r} of shape {got}")
    return got, (offsets[0], offsets[1])


def _counts(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list) or any(type(n) is not int or n < 0 for n in value):
        return None
    return tuple(value)


def _check_values(arrays: Mapping[str, FloatArray], name: str) -> None:
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise _unusable(name, f"has NaN or infinity in the array {key!r}")
        if key.endswith("_std") and np.any(array < 0.0):
            raise _unusable(name, f"has a negative standard deviation in {key!r}")


def _unusable(name: str, reason: str) -> ModelFileError:
    return ModelFileError(
        f"path must name a whole file written by LSTMRegressor.save; {name!r} {reason}. "
        "Save the model again, or take an intact copy."
    )
