"""What inputs that act late add to the C99 source: one ring buffer each, in the state.

Before the buffers are full an input acts as the first one did, so the first call fills them. Every
function gives the empty text where no input is delayed.
"""

from __future__ import annotations

from fastlstm.export.parts import Parts


def remarks(parts: Parts) -> str:
    """Lines for the comment of the header."""
    return "".join(f"\n * u[{k}] acts {d} calls later." for k, d in parts.frame.late)


def fields(parts: Parts, name: str) -> str:
    """Give the further members of the state."""
    if not parts.frame.late:
        return ""
    lines = ["int filled;"]
    for k, d in parts.frame.late:
        lines += [f"{name}_real past_{k}[{d}];", f"int at_{k};"]
    return "".join(f"\n    {line}" for line in lines)


def init(parts: Parts) -> str:
    """Line at the end of ``<name>_init``."""
    return "\n    state->filled = 0;" if parts.frame.late else ""


def delay(parts: Parts, name: str) -> str:
    """Lines that exchange the newest standardised inputs for those that act now."""
    if not parts.frame.late:
        return ""
    fill = "".join(
        f"""
        for (k = 0; k < {d}; ++k) state->past_{n}[k] = x[{n}];
        state->at_{n} = 0;"""
        for n, d in parts.frame.late
    )
    swap = "".join(
        f"""
    {{
        const {name}_real now = state->past_{n}[state->at_{n}];
        state->past_{n}[state->at_{n}] = x[{n}];
        x[{n}] = now;
        if (++state->at_{n} == {d}) state->at_{n} = 0;
    }}"""
        for n, d in parts.frame.late
    )
    return f"""
    if (!state->filled) {{{fill}
        state->filled = 1;
    }}{swap}"""
