"""What the state in which a record begins adds to the C99 source.

It depends on the first input, so the first step sets it: no caller can forget it, and where a step
has several samples their mean is known by then. Every function gives the empty text for a model
that begins at rest.
"""

from __future__ import annotations

import numpy as np

from fastlstm.export import c_taps
from fastlstm.export.c_text import array, c_type, number
from fastlstm.export.parts import Parts


def field(parts: Parts) -> str:
    """Give the further member of the state."""
    return "" if parts.beginning is None else "\n    int begun;"


def init(parts: Parts) -> str:
    """Line at the end of ``<name>_init``."""
    return "" if parts.beginning is None else "\n    state->begun = 0;"


def call(parts: Parts) -> str:
    """Line before the first layer."""
    return "" if parts.beginning is None else "\n    if (!state->begun) begin(state, x);"


def definition(parts: Parts, name: str) -> str:
    """Constants, and the function that sets the state from the standardised first input."""
    found = parts.beginning
    if found is None:
        return ""
    upper, real = name.upper(), f"{name}_real"
    constant, one = f"static const {real} ", number(1.0, c_type(found.offset))
    rows = np.concatenate([found.offset[:, :, None], found.slope], axis=2)
    return f"""\
/* state before the first step: offset, then slopes by the standardised first input */
{array(constant + "begin_h", rows[0])}
{array(constant + "begin_c", rows[1])}
{array(constant + "u_low", found.low)}
{array(constant + "u_high", found.high)}

static void begin({name}_state *state, const {real} *x)
{{
    int unit, k;
    for (unit = 0; unit < {upper}_N_UNITS; ++unit) {{
        {real} h = begin_h[unit][0], c = begin_c[unit][0];
        for (k = 0; k < {c_taps.columns(parts, name)}; ++k) {{
            const {real} seen = x[k] < u_low[k] ? u_low[k] : x[k] > u_high[k] ? u_high[k] : x[k];
            h += begin_h[unit][1 + k] * seen;
            c += begin_c[unit][1 + k] * seen;
        }}
        state->h[unit] = h < -{one} ? -{one} : h > {one} ? {one} : h;
        state->c[unit] = c;
    }}
    state->begun = 1;
}}"""
