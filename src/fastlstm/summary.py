"""`summary` of a fitted estimator: what was chosen, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastlstm.network import Network
from fastlstm.solvers.problem import HistoryRow
from fastlstm.starts.bends import n_bending
from fastlstm.text import count


class SummaryMixin:
    """Account of a fitted `LSTMRegressor` in words."""

    network_: Network
    history_: tuple[HistoryRow, ...]

    def summary(self) -> str:
        """Say what was chosen and what it rests on, one idea per line.

        Structure, what lies between the records and the network, which start won, the descents with
        their errors, and how the errors in training and on held-out data compare. A loaded model
        has no history of descents.

        Returns
        -------
        str

        Examples
        --------
        >>> import numpy as np
        >>> from fastlstm import LSTMRegressor
        >>> u = np.sin(np.arange(400.0) ** 1.3)
        >>> y = np.convolve(u, [0.5, 0.3, 0.2])[:400]
        >>> model = LSTMRegressor((2,), (), random_state=0, time_limit=1.0).fit(u[:, None], y)
        >>> print(model.summary().splitlines()[0])
        LSTM (2), linear readout: 36 weights; the sizes were given
        """
        check_is_fitted(self)
        lines = [_structure(self), *_bends(self), *_frame(self), _beginning(self), _won(self)]
        return "\n".join([*lines, *_errors(self), *_descents(self.history_), _ended(self)])


def _structure(model: Any) -> str:
    network = model.network_
    head = f"tanh head {_sizes(network.head_sizes)}" if network.head_sizes else "linear readout"
    given = model.hidden_sizes != "auto" or model.head_sizes != "auto"
    why = "the sizes were given" if given else "the sizes were found"
    layers = f"LSTM {_sizes(network.hidden_sizes)}, {head}"
    return f"{layers}: {count(network.n_params, 'weight')}; {why}"


def _bends(model: Any) -> Iterator[str]:
    n_units = n_bending(model.network_, model.params_)
    if n_units > 0:
        units = f"{count(n_units, 'unit')} of the first layer"
        yield f"{units} bend the inputs, without memory: curves come before the poles"


def _frame(model: Any) -> Iterator[str]:
    frame = model.frame_
    if np.any(frame.integrating):
        outputs = ", ".join(str(k) for k in np.flatnonzero(frame.integrating))
        yield f"Integrator behind output {outputs}: the linear model has a pole at one there"
    if frame.hold > 1:
        yield f"One step of the network spans {frame.hold} samples: the outputs change slowly"
    for k, delay in enumerate(getattr(frame, "delays", None) or ()):
        if delay > 0:
            yield f"Input {k} acts {delay} samples late"
    for k, n_lags in enumerate(getattr(frame, "lags", None) or ()):
        if n_lags > 0:
            apart = f", {count(frame.hold, 'sample')} apart" if frame.hold > 1 else ""
            yield f"The network sees {count(n_lags, 'earlier value')} of input {k} besides{apart}"


def _beginning(model: Any) -> str:
    if np.any(model.initial_state_.offset) or np.any(model.initial_state_.slope):
        return "A free run begins in the state that was typical for its first input"
    return "A free run begins at rest"


def _won(model: Any) -> str:
    return f"Chosen on held-out data: {model.start_}" if model.start_ else "Nothing to choose from"


def _errors(model: Any) -> Iterator[str]:
    train, held = model.rmse_train_, model.rmse_validation_
    if not math.isfinite(train):
        return
    if not math.isfinite(held):
        yield f"Fit {_percent(train)} in training; nothing was held out"
        return
    line = f"Fit {_percent(train)} in training, {_percent(held)} on held-out data"
    if held > 1.3 * train:
        line += ": more data, or noise in them, limits it rather than width"
    else:
        line += ": about alike, so width or noise limits it rather than overfitting"
    yield line


def _descents(history: tuple[HistoryRow, ...]) -> Iterator[str]:
    """One line per descent: iterations, CPU time, training and best held-out error."""
    if not history:
        return
    yield "Descents (iterations, CPU seconds at their end, fit in training and best held out):"
    names = dict.fromkeys(row.phase for row in history)
    for name in names:
        rows = [row for row in history if row.phase == name]
        held = [row.rmse_validation for row in rows if math.isfinite(row.rmse_validation)]
        best = _percent(min(held)) if held else "not judged"
        last = rows[-1]
        yield (f"  {name}: {len(rows)}, {last.cpu_time:.2f} s, {_percent(last.rmse_train)}, {best}")


def _ended(model: Any) -> str:
    seconds = f"{model.fit_time_:.2f} s" if math.isfinite(model.fit_time_) else "unknown time"
    return f"Ended after {count(model.n_iter_, 'iteration')}, {seconds}: {model.message_}"


def _sizes(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))})"


def _percent(rmse: float) -> str:
    return f"{100.0 * (1.0 - rmse):.2f} %" if math.isfinite(rmse) else "unknown"
