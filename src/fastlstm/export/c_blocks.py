"""The blocks of the C99 source, one function each.

The four gates of a unit stand side by side in the weights, so that the inner loop multiplies four
weights by one value: four independent sums in registers, which compilers also turn into one vector
operation, without reordering any sum.
"""

from __future__ import annotations

import numpy as np

from fastlstm.export import c_beginning, c_frame, c_taps
from fastlstm.export.c_text import array, c_type, number
from fastlstm.export.parts import Dense, Layer, Parts, RealArray
from fastlstm.network import Network

# tanh(x) = x P(x^2) / Q(x^2), relative error below 5e-7; the compiled kernels use it too.
TANH_P = (4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08,
          -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16)  # fmt: skip
TANH_Q = (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
TANH_LIMIT = 7.90531110763549805  # beyond it tanh is 1 to rounding


def activations(parts: Parts, name: str) -> str:
    """Definitions of tanh and the logistic function."""
    macro, real = f"{name.upper()}_TANH", c_type(parts.readout.bias)
    half = number(0.5, real)
    sigmoid = f"""\
static {name}_real sigmoid({name}_real x)
{{
    return {half} + {half} * {macro}({half} * x);
}}"""
    if real == "double":
        return f"#ifndef {macro}\n#define {macro}(x) tanh(x)\n#endif\n\n{sigmoid}"
    return f"""\
/* Compile with -D{macro}=tanhf to take the tanh of your C library instead. */
#ifndef {macro}
#define {macro}(x) rational_tanh(x)

static {name}_real rational_tanh({name}_real x)
{{
    const {name}_real limit = {number(TANH_LIMIT, real)};
    {name}_real s, p, q;
    if (x > limit) x = limit;
    if (x < -limit) x = -limit;
    s = x * x;
    p = {_horner(TANH_P, real)};
    q = {_horner(TANH_Q, real)};
    return x * p / q;
}}
#endif

{sigmoid}"""


def _horner(coefficients: tuple[float, ...], real: str) -> str:
    text = number(coefficients[-1], real)
    for value in coefficients[-2::-1]:
        text = f"({text}) * s + {number(value, real)}"
    return text


def border(parts: Parts, name: str) -> str:
    """Constants that turn physical units into standardised ones and back."""
    border, constant = parts.border, f"static const {name}_real "
    arrays = [array(constant + "u_mean", border.u_mean)]
    if np.any(border.u_mean_low):
        arrays.append(array(constant + "u_mean_low", border.u_mean_low))
    arrays += [
        array(constant + "u_gain", border.u_gain),
        array(constant + "y_mean", border.y_mean),
        array(constant + "y_std", border.y_std),
    ]
    return "\n".join(arrays)


def gate_weights(layer: Layer) -> RealArray:
    """Weights by unit, column (bias, inputs, hidden units) and gate (i, f, g, o).

    Returns
    -------
    array of shape (hidden_size, 1 + input_size + hidden_size, 4)
    """
    columns = np.hstack([layer.bias[:, None], layer.weight_ih, layer.weight_hh])
    return columns.reshape(4, layer.width, -1).transpose(1, 2, 0)


def layer(layer: Layer, k: int, name: str) -> str:
    """Weights and function of LSTM layer k."""
    width, below, real = layer.width, layer.weight_ih.shape[1], f"{name}_real"
    weights = array(f"static const {real} lstm_{k}_weights", gate_weights(layer))
    return f"""\
/* [unit][bias, {below} inputs, {width} hidden units][gates i, f, g, o] */
{weights}

static void lstm_{k}(const {real} *x, {real} *h, {real} *c)
{{
    {real} h_next[{width}];
    int unit, column, gate;
    for (unit = 0; unit < {width}; ++unit) {{
        const {real} (*w)[4] = lstm_{k}_weights[unit];
        {real} z[4];
        for (gate = 0; gate < 4; ++gate) z[gate] = w[0][gate];
        for (column = 0; column < {below}; ++column) {{
            for (gate = 0; gate < 4; ++gate) z[gate] += w[1 + column][gate] * x[column];
        }}
        for (column = 0; column < {width}; ++column) {{
            for (gate = 0; gate < 4; ++gate) z[gate] += w[{1 + below} + column][gate] * h[column];
        }}
        c[unit] = sigmoid(z[1]) * c[unit] + sigmoid(z[0]) * {name.upper()}_TANH(z[2]);
        h_next[unit] = sigmoid(z[3]) * {name.upper()}_TANH(c[unit]);
    }}
    for (unit = 0; unit < {width}; ++unit) h[unit] = h_next[unit];
}}"""


def head(dense: Dense, k: int, name: str) -> str:
    """Weights and function of head layer k."""
    width, below = dense.weight.shape
    real = f"{name}_real"
    rows = np.hstack([dense.bias[:, None], dense.weight])
    return f"""\
/* [unit][bias, {below} values of the layer below] */
{array(f"static const {real} head_{k}_weights", rows)}

static void head_{k}(const {real} *x, {real} *a)
{{
    int unit, column;
    for (unit = 0; unit < {width}; ++unit) {{
        const {real} *w = head_{k}_weights[unit];
        {real} z = w[0];
        for (column = 0; column < {below}; ++column) z += w[1 + column] * x[column];
        a[unit] = {name.upper()}_TANH(z);
    }}
}}"""


def readout(parts: Parts, name: str) -> str:
    """Weights of the readout."""
    rows = np.hstack([parts.readout.bias[:, None], parts.readout.weight])
    head = "last head layer, " if parts.head else ""
    return f"/* [output][bias, {head}top hidden layer, standardised inputs] */\n" + array(
        f"static const {name}_real readout_weights", rows
    )


def init(parts: Parts, name: str) -> str:
    """Definition of ``<name>_init``."""
    return f"""\
void {name}_init({name}_state *state)
{{
    int unit;
    for (unit = 0; unit < {name.upper()}_N_UNITS; ++unit) {{
        state->h[unit] = 0;
        state->c[unit] = 0;
    }}{c_beginning.init(parts)}{c_taps.init(parts)}{c_frame.init(parts, name)}
}}"""


def step(parts: Parts, name: str) -> str:
    """Definition of ``<name>_step``."""
    upper, real, newest = name.upper(), f"{name}_real", c_taps.newest(parts)
    low = bool(np.any(parts.border.u_mean_low))
    centred = "(u[k] - u_mean[k]) - u_mean_low[k]" if low else "u[k] - u_mean[k]"
    heads = "".join(f"    {real} a{k}[{n}];\n" for k, n in enumerate(parts.network.head_sizes))
    calls = "\n".join(f"    {call}" for call in _calls(parts.network))
    sums = "\n".join(f"        {line}" for line in _sums(parts.network))
    collect = c_taps.pick(parts) + c_frame.collect(parts, name) + c_beginning.call(parts)
    return f"""\
void {name}_step({name}_state *state, const {real} *u, {real} *y)
{{
    {real} {newest}[{upper}_N_INPUTS];{c_taps.declaration(parts, name)}
{heads}    int k, column;
    for (k = 0; k < {upper}_N_INPUTS; ++k) {newest}[k] = ({centred}) * u_gain[k];{collect}
{calls}
    for (k = 0; k < {upper}_N_OUTPUTS; ++k) {{
        const {real} *w = readout_weights[k];
        {real} z = w[0];
{sums}{c_frame.integrate(parts, name)}
        y[k] = y_mean[k] + y_std[k] * z;{c_frame.keep(parts)}
    }}
}}"""


def _calls(network: Network) -> list[str]:
    """One call per layer, each on what the layer below left."""
    starts = np.cumsum((0, *network.hidden_sizes)).tolist()
    below, calls = "x", []
    for k, start in enumerate(starts[:-1]):
        calls.append(f"lstm_{k}({below}, state->h + {start}, state->c + {start});")
        below = f"state->h + {start}"
    for k in range(len(network.head_sizes)):
        calls.append(f"head_{k}({below}, a{k});")
        below = f"a{k}"
    return calls


def _sums(network: Network) -> list[str]:
    """One loop per part of the readout."""
    top = network.n_units - network.hidden_sizes[-1]
    parts = [
        (f"state->h[{top} + column]", network.hidden_sizes[-1]),
        ("x[column]", network.n_inputs),
    ]
    if network.head_sizes:
        parts.insert(0, (f"a{len(network.head_sizes) - 1}[column]", network.head_sizes[-1]))
    lines, start = [], 1
    for value, count in parts:
        loop = f"for (column = 0; column < {count}; ++column)"
        lines.append(f"{loop} z += w[{start} + column] * {value};")
        start += count
    return lines
