"""What the model of a page consists of: structure, scaling, and what is proved about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm.model_run import ModelRun
from fastlstm.report.markup import escape, facts, number, section, table
from fastlstm.text import count

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
HEADER = ("Channel", "Mean in training", "Std in training", "Smallest", "Largest", "Here beyond")
SHOWN_PARAMETERS = ("alpha", "stability", "validation_fraction", "random_state")


def structure(model: LSTMRegressor) -> str:
    """Section with the layers and their weights, and the settings of the fit."""
    network = model.network_
    layers = [
        (f"{where} layer {layer}", count(width, unit))
        for where, unit, sizes in (
            ("LSTM", "unit", network.hidden_sizes),
            ("Head", "tanh unit", network.head_sizes),
        )
        for layer, width in enumerate(sizes)
    ]
    settings = model.get_params(deep=False)
    pairs = [
        ("Inputs, outputs", f"{model.n_features_in_}, {network.n_outputs}"),
        *layers,
        ("Readout", "linear, from the head, the top LSTM layer and the inputs"),
        ("Weights", str(network.n_params)),
        ("Settings", ", ".join(f"{name} {settings[name]}" for name in SHOWN_PARAMETERS)),
    ]
    return section("Structure", facts(pairs))


def channels(model: LSTMRegressor, run: ModelRun) -> str:
    """Section with the scaling of every channel, and how far these inputs leave the training."""
    scaling, (low, high) = model.scaling_, model.input_range_
    u = run.records.u
    beyond = 100.0 * np.mean((u < low) | (u > high), axis=0)
    rows = [
        (
            "",
            [
                f"{escape(name)}<small>input</small>",
                *(number(float(v[k]), 4) for v in (scaling.u_mean, scaling.u_std, low, high)),
                f"{beyond[k]:.1f} %",
            ],
        )
        for k, name in enumerate(run.input_names)
    ]
    rows += [
        (
            "",
            [
                f"{escape(name)}<small>output</small>",
                *(number(float(v[k]), 4) for v in (scaling.y_mean, scaling.y_std)),
                *["–"] * 3,
            ],
        )
        for k, name in enumerate(run.output_names)
    ]
    note = (
        "Inputs and outputs are standardised with mean and standard deviation. The range is that "
        "of the training inputs; the last column is the part of the steps of this report that "
        "leave it, where the model extrapolates."
    )
    return section("Scaling", table(HEADER, rows), f'<p class="note">{escape(note)}</p>')


def stability(model: LSTMRegressor) -> str:
    """Section with the text of the stability report."""
    return section("Stability", f'<pre tabindex="0">{escape(str(model.stability_report()))}</pre>')
