"""What past inputs add to the C99 source: one ring buffer for every input that acts late.

Before a buffer is full its input stands at the first value, so the first call fills it. Every
function gives the empty text where the network sees the inputs of now.
"""

from __future__ import annotations

from fastlstm.export.parts import Parts


def remarks(parts: Parts) -> str:
    """Lines for the comment of the header."""
    late = enumerate(parts.frame.delays)
    lines = [f"u[{k}] acts {d} calls later." for k, d in late if d > 0]
    if parts.frame.lagged:
        lines.append(f"Of past inputs {n_columns(parts) - parts.n_inputs} act besides.")
    return "".join(f"\n * {line}" for line in lines)


def n_columns(parts: Parts) -> int:
    """Values that the network sees at every step."""
    return len(parts.frame.taps) or parts.n_inputs


def columns(parts: Parts, name: str) -> str:
    """Macro that counts them."""
    word = "COLUMNS" if parts.frame.lagged else "INPUTS"
    return f"{name.upper()}_N_{word}"


def definition(parts: Parts, name: str) -> str:
    """Line of the header that defines the macro, where it is one of its own."""
    if not parts.frame.lagged:
        return ""
    return f"\n#define {columns(parts, name)} {n_columns(parts)}"


def fields(parts: Parts, name: str) -> str:
    """Give the further members of the state."""
    if not parts.frame.taps:
        return ""
    lines = ["int filled;"]
    for k, length in parts.frame.memories:
        lines += [f"{name}_real past_{k}[{length}];", f"int at_{k};"]
    return "".join(f"\n    {line}" for line in lines)


def init(parts: Parts) -> str:
    """Line at the end of ``<name>_init``."""
    return "\n    state->filled = 0;" if parts.frame.taps else ""


def newest(parts: Parts) -> str:
    """Name of the standardised inputs of this call."""
    return "now" if parts.frame.taps else "x"


def declaration(parts: Parts, name: str) -> str:
    """Line that declares what the network sees, where that is more than the newest inputs."""
    return f"\n    {name}_real x[{columns(parts, name)}];" if parts.frame.taps else ""


def pick(parts: Parts) -> str:
    """Lines that gather what the network sees, and put the newest inputs into the buffers."""
    if not parts.frame.taps:
        return ""
    lengths = dict(parts.frame.memories)
    fill = "".join(
        f"""
        for (k = 0; k < {length}; ++k) state->past_{n}[k] = now[{n}];
        state->at_{n} = 0;"""
        for n, length in lengths.items()
    )
    gather = "".join(
        f"\n    x[{k}] = {_value(channel, late, lengths.get(channel, 0))};"
        for k, (channel, late) in enumerate(parts.frame.taps)
    )
    put = "".join(
        f"""
    state->past_{n}[state->at_{n}] = now[{n}];
    if (++state->at_{n} == {length}) state->at_{n} = 0;"""
        for n, length in lengths.items()
    )
    return f"""
    if (!state->filled) {{{fill}
        state->filled = 1;
    }}{gather}{put}"""


def _value(channel: int, late: int, length: int) -> str:
    """Input of `late` calls ago; the oldest of the buffer, `length` calls old, is at `at`."""
    if late == 0:
        return f"now[{channel}]"
    at = f"state->at_{channel}"
    if late < length:
        at = f"({at} + {length - late}) % {length}"
    return f"state->past_{channel}[{at}]"
