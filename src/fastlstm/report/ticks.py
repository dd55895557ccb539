"""Where an axis has its marks, and what is written there."""

from __future__ import annotations

import math
from itertools import pairwise

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def power_of_ten(exponent: int) -> str:
    """Write a power of ten with a raised exponent.

    Examples
    --------
    >>> power_of_ten(-3)
    '10⁻³'
    """
    return f"10{str(exponent).translate(SUPERSCRIPT)}"


def linear_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from `low` to `high`.

    Parameters
    ----------
    low, high : float
        Finite, low < high.

    Examples
    --------
    >>> linear_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    raw = (high - low) / count
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * next(step for step in STEPS if step * size >= raw * (1.0 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12 - math.floor(math.log10(step))) for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within a positive range; 2 and 5 times these where it has few of them.

    Examples
    --------
    >>> log_ticks(0.5, 200.0), log_ticks(3.0, 30.0)
    ([1.0, 10.0, 100.0], [5.0, 10.0, 20.0])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**k for k in range(first, last + 1) if low <= 10.0**k <= high]
    if len(decades) > 7:
        return decades[:: math.ceil(len(decades) / 7)]
    if len(decades) > 2:
        return decades
    finer = [m * 10.0**k for k in range(first, last + 1) for m in (1.0, 2.0, 5.0)]
    finer = [tick for tick in finer if low <= tick <= high]
    return finer if len(finer) > 1 else linear_ticks(low, high, 3)


def labels(ticks: list[float], log: bool) -> tuple[list[str], str]:
    """Text at every tick, and the common factor that belongs beside the title of the axis.

    Examples
    --------
    >>> labels([0.0, 0.5, 1.0], log=False)
    (['0.0', '0.5', '1.0'], '')
    >>> labels([0.0, 2e-5, 4e-5], log=False)
    (['0', '2', '4'], '10⁻⁵')
    """
    if log:
        return [_log_label(tick) for tick in ticks], ""
    largest = max(map(abs, ticks), default=0.0)
    if largest == 0.0:
        return [f"{tick:g}" for tick in ticks], ""
    exponent = math.floor(math.log10(largest))
    factor = exponent if exponent < -2 or exponent > 4 else 0
    scaled = [tick / 10.0**factor for tick in ticks]
    gaps = [b - a for a, b in pairwise(scaled)]
    digits = max(0, min(9, -math.floor(math.log10(min(gaps)) + 1e-9))) if gaps else 2
    if any(abs(round(gap, digits) - gap) > 1e-3 * gap for gap in gaps):
        digits += 1  # steps of 2.5
    texts = [f"{tick:.{digits}f}".replace("-", "−") for tick in scaled]
    return texts, power_of_ten(factor) if factor else ""


def _log_label(tick: float) -> str:
    exponent = math.log10(tick)
    if -3.0 <= exponent < 4.0:
        return f"{tick:g}"
    whole = round(exponent)
    if math.isclose(tick, 10.0**whole, rel_tol=1e-9):
        return power_of_ten(whole)
    whole = math.floor(exponent + 1e-9)
    return f"{tick / 10.0**whole:g}·{power_of_ten(whole)}"
