"""One array-like as a finite float64 array, or a message that says what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


MISSING = 'pass missing_target="mask" to leave missing outputs out'


def to_float(
    value: Any, name: str, where: str = "", *, nan: bool = False, advice: str = ""
) -> FloatArray:
    """Finite float64 array of any dimension from one array-like.

    Parameters
    ----------
    value : array-like
        Integers, booleans, floats of any width, or objects that are numbers; any memory order.
    name, where : str
        Argument and record, for messages.
    nan : bool
        Whether NaN may stay; masked entries become NaN then.
    advice : str
        What else to do about missing samples, for messages.

    Raises
    ------
    TypeError
        If an element is not a number, or the container is sparse.
    ValueError
        If an element is complex, missing, infinite, a string or a time.
    """
    advice = f", or {advice}" if advice else ""
    floats = to_numbers(value, name, where, nan=nan, advice=advice)
    if not np.isfinite(floats).all() and not (nan and not np.isinf(floats).any()):
        raise ValueError(_not_finite_message(floats, name, where, nan, advice))
    return floats


def to_numbers(
    value: Any, name: str, where: str = "", *, nan: bool = False, advice: str = ""
) -> FloatArray:
    """Float64 array as `to_float`, in which samples may be NaN or infinite.

    Masked entries become NaN if `nan`, and are an error otherwise.
    """
    if value is None:
        raise TypeError(f"{name} must hold numbers; got None{where}. Pass an array.")
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise TypeError(
            f"{name} must be a dense array; got a sparse {type(value).__name__}{where}. "
            f"Pass {name}.toarray()."
        )
    masked = np.ma.getmaskarray(value) if np.ma.isMaskedArray(value) else np.zeros(())
    if masked.any() and not nan:
        raise ValueError(
            f"{name} must have no missing samples; got a masked array with masked entries{where}. "
            f"Remove or interpolate them first{advice}."
        )
    array = _to_array(value, name, where)
    if array.dtype.kind == "c":
        raise ValueError(
            f"{name} must be real; got dtype {array.dtype}{where}. Complex data not supported: "
            "pass real and imaginary part as two channels."
        )
    if array.dtype.kind not in "biufO":
        raise ValueError(
            f"{name} must hold numbers; got dtype {array.dtype}{where}. "
            "Convert text and times to numbers first."
        )
    floats = _cast(array, name, where)
    return np.where(masked, np.nan, floats) if masked.any() else floats


def _to_array(value: Any, name: str, where: str) -> NDArray[Any]:
    try:
        return value.to_numpy() if is_frame(value) else np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a rectangular array per record; got rows of unequal length{where} "
            f"({error}). Pass a list of 2-D arrays for several records."
        ) from error


def _cast(array: NDArray[Any], name: str, where: str) -> FloatArray:
    try:
        with np.errstate(over="ignore"):
            return np.asarray(array, dtype=np.float64, order="C")
    except TypeError as error:
        raise TypeError(
            f"{name} must hold numbers; got an object that is none{where} ({error}). "
            "Pass numeric arrays only."
        ) from error
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} must hold numbers that fit float64; got dtype {array.dtype}{where} that does "
            f"not convert ({error}). Pass several records as a list, and numbers only."
        ) from error


def _not_finite_message(array: FloatArray, name: str, where: str, nan: bool, advice: str) -> str:
    first = np.argwhere(np.isinf(array) if nan else ~np.isfinite(array))[0]
    what = "NaN" if np.isnan(array[tuple(first)]) else "infinity"
    place = f"first at step {first[0]}" if len(first) else "as its value"
    if array.ndim == 2:
        place += f" of channel {first[1]}"
    return (
        f"{name} must be finite; got {what}{where}, {place}. "
        f"Remove or interpolate such samples, or cut the record there into two{advice}."
    )


def is_frame(value: Any) -> bool:
    """Whether `value` is a table with named columns (pandas, polars, pyarrow-like)."""
    return hasattr(value, "columns") and hasattr(value, "to_numpy")


def is_sequence_of_records(value: Any) -> bool:
    """Whether a list or tuple holds one array per record; nested lists of numbers do not."""
    return isinstance(value, list | tuple) and any(
        (hasattr(part, "__array__") or is_frame(part)) and np.ndim(part) >= 1 for part in value
    )
