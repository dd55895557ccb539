"""What a model with integrators, or with steps of several samples, adds to the C99 source.

Every function gives the empty text where the model has no such part. Sums are compensated (Kahan):
in float a plain sum would lose increments of a millionth of its value.
"""

from __future__ import annotations

from fastlstm.export import c_taps
from fastlstm.export.c_text import array, c_type, number
from fastlstm.export.parts import Parts


def remarks(parts: Parts, name: str) -> str:
    """Lines for the comment of the header."""
    lines, hold = [], parts.frame.hold
    if parts.sampling_time is not None:
        lines.append(f"The sampling period is {parts.sampling_time:.9g} s.")
    if parts.frame.integrates:
        lines.append(f"Integrating outputs begin where the training did, or at {name}_set_outputs.")
    if hold > 1:
        lines.append(f"The network makes one step per {hold} calls: each {hold}th call renews y,")
        lines.append("and between them y stays.")
    return "".join(f"\n * {line}" for line in lines)


def definitions(parts: Parts, name: str) -> str:
    """Macros of the header."""
    text, upper = "", name.upper()
    if parts.frame.hold > 1:
        text += f"\n#define {upper}_HOLD {parts.frame.hold}"
    if parts.sampling_time is not None:
        seconds = number(parts.sampling_time, c_type(parts.readout.bias))
        text += f"\n#define {upper}_SAMPLING_TIME {seconds}"
    return text


def fields(parts: Parts, name: str) -> str:
    """Further members of the state."""
    upper, real, lines = name.upper(), f"{name}_real", []
    if parts.frame.integrates:
        lines += [f"{real} sum[{upper}_N_OUTPUTS];", f"{real} carry[{upper}_N_OUTPUTS];"]
    if parts.frame.hold > 1:
        lines += [f"{real} x_sum[{c_taps.columns(parts, name)}];", f"{real} y[{upper}_N_OUTPUTS];"]
        lines.append("int n_seen;")
    return "".join(f"\n    {line}" for line in lines)


def declaration(parts: Parts, name: str) -> str:
    """Declare ``<name>_set_outputs``."""
    if not parts.frame.integrates:
        return ""
    return f"""
/* After {name}_init: integrating outputs begin at {name.upper()}_N_OUTPUTS measured values. Others
 * take no notice. */
void {name}_set_outputs({name}_state *state, const {name}_real *y);
"""


def constants(parts: Parts, name: str) -> str:
    """Gains and levels of the integrators."""
    if not parts.frame.integrates and parts.frame.hold == 1:
        return ""
    real = f"static const {name}_real "
    lines = [array(real + "y_level", parts.frame.levels)]
    if parts.frame.integrates:
        flags = ", ".join(str(int(on)) for on in parts.frame.integrating)
        lines.append(array(real + "y_gain", parts.frame.gains))
        lines.append(f"static const int y_integrates[{len(parts.frame.gains)}] = {{{flags}}};")
    return "/* integrators: y_level + y_gain * (sum of the network's outputs) */\n" + "\n".join(
        lines
    )


def init(parts: Parts, name: str) -> str:
    """Lines at the end of ``<name>_init``."""
    upper, text = name.upper(), ""
    if parts.frame.integrates:
        text += f"""
    for (unit = 0; unit < {upper}_N_OUTPUTS; ++unit) {{
        state->sum[unit] = 0;
        state->carry[unit] = 0;
    }}"""
    if parts.frame.hold > 1:
        text += f"""
    for (unit = 0; unit < {c_taps.columns(parts, name)}; ++unit) state->x_sum[unit] = 0;
    for (unit = 0; unit < {upper}_N_OUTPUTS; ++unit) {{
        state->y[unit] = y_mean[unit] + y_std[unit] * y_level[unit];
    }}
    state->n_seen = 0;"""
    return text


def set_outputs(parts: Parts, name: str) -> str:
    """Definition of ``<name>_set_outputs``."""
    if not parts.frame.integrates:
        return ""
    kept = "\n        state->y[k] = y[k];" if parts.frame.hold > 1 else ""
    return f"""\
void {name}_set_outputs({name}_state *state, const {name}_real *y)
{{
    int k;
    for (k = 0; k < {name.upper()}_N_OUTPUTS; ++k) {{
        if (!y_integrates[k]) continue;
        state->sum[k] = (y[k] - y_mean[k]) / y_std[k] - y_level[k];
        state->carry[k] = 0;{kept}
    }}
}}"""


def collect(parts: Parts, name: str) -> str:
    """Lines that wait for the last sample of a step and take the mean of its inputs."""
    if parts.frame.hold == 1:
        return ""
    upper, columns = name.upper(), c_taps.columns(parts, name)
    hold = number(float(parts.frame.hold), c_type(parts.readout.bias))
    return f"""
    for (k = 0; k < {columns}; ++k) state->x_sum[k] += x[k];
    if (++state->n_seen < {upper}_HOLD) {{
        for (k = 0; k < {upper}_N_OUTPUTS; ++k) y[k] = state->y[k];
        return;
    }}
    state->n_seen = 0;
    for (k = 0; k < {columns}; ++k) {{
        x[k] = state->x_sum[k] / {hold};
        state->x_sum[k] = 0;
    }}"""


def integrate(parts: Parts, name: str) -> str:
    """Lines that turn the network's output z into the sum."""
    if not parts.frame.integrates:
        return ""
    return f"""
        if (y_integrates[k]) {{
            const {name}_real before = state->sum[k], add = y_gain[k] * z - state->carry[k];
            state->sum[k] = before + add;
            state->carry[k] = (state->sum[k] - before) - add;
            z = y_level[k] + state->sum[k];
        }}"""


def keep(parts: Parts) -> str:
    """Line that remembers an output for the calls in between."""
    return "\n        state->y[k] = y[k];" if parts.frame.hold > 1 else ""
