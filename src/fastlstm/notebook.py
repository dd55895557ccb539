"""How a model shows itself in a notebook: the diagram of scikit-learn and a table of the fit.

The table takes text colour and background from the page around it, so it is legible on a light and
on a dark one. Every text is escaped: names of channels and messages may come from a file.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

from sklearn import get_config
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from fastlstm.text import count

MOST_NAMES, LONGEST_NAME, LONGEST_TEXT = 6, 40, 300

_STYLE = """<style>
.fastlstm-fit{margin:.6em 0;border-collapse:collapse;font-size:.9em;color:inherit}
.fastlstm-fit caption{caption-side:top;text-align:left;font-weight:600;padding:.2em 0;color:inherit}
.fastlstm-fit tr,.fastlstm-fit th,.fastlstm-fit td{background:transparent!important;
color:inherit!important;text-align:left!important;vertical-align:top;border:0}
.fastlstm-fit th,.fastlstm-fit td{padding:.2em 1.2em .2em 0;
border-bottom:1px solid rgba(128,128,128,.45)}
.fastlstm-fit th{font-weight:400;white-space:nowrap}
.fastlstm-fit td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere;max-width:34em}
</style>"""


class NotebookMixin:
    """HTML representation of an estimator, with a table once it is fitted."""

    def _html_repr(self) -> str:
        """Diagram of scikit-learn and table; one string of HTML without outside resources."""
        page = estimator_html_repr(self)
        try:
            check_is_fitted(self)
        except NotFittedError:
            return page
        body = page.removesuffix("</body>")
        return f"{body}{fit_table(self)}{page[len(body) :]}"

    def _repr_html_inner(self) -> str:
        return self._html_repr()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            bundle["text/html"] = self._html_repr()
        return bundle


def fit_table(model: Any) -> str:
    """Table of a fitted model as HTML: fit in percent, structure, solver, time, status.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted, loaded or imported.
    """
    network = model.network_
    layers = f"LSTM {_sizes(network.hidden_sizes)}"
    if network.head_sizes:
        layers += f", tanh head {_sizes(network.head_sizes)}"
    ended = f"{model.status_} after {count(model.n_iter_, 'iteration')}"
    channels = _channels(model, "feature_names_in_", model.n_features_in_, "input")
    outputs = _channels(model, "output_names_", network.n_outputs, "output")
    rows = [
        ("Fit, held out", _percent(model.rmse_validation_)),
        ("Fit, training", _percent(model.rmse_train_)),
        ("Channels", f"{channels} → {outputs}"),
        ("Widths", f"{layers}: {count(network.n_params, 'weight')}"),
        ("Solver", model.solver_),
        ("Time", f"{_seconds(model.fit_time_)} ({_seconds(model.cpu_time_)} CPU)"),
        ("Status", f"{ended}: {model.message_}"),
    ]
    cells = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_short(text, LONGEST_TEXT))}</td></tr>'
        for name, text in rows
    )
    return f'{_STYLE}<table class="fastlstm-fit"><caption>Fitted model</caption>{cells}</table>'


def _percent(rmse: float) -> str:
    """Fit of a free run from its RMSE in units of the standard deviation of all outputs.

    Examples
    --------
    >>> _percent(0.0234), _percent(float("nan"))
    ('97.66 %', '–')
    """
    return f"{100.0 * (1.0 - rmse):.2f} %" if math.isfinite(rmse) else "–"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if math.isfinite(seconds) else "–"


def _sizes(sizes: tuple[int, ...]) -> str:
    return " + ".join(map(str, sizes))


def _channels(model: Any, attribute: str, number: int, noun: str) -> str:
    """Names of the channels, shortened, or how many there are."""
    names = [str(name) for name in getattr(model, attribute, ())]
    if not names:
        return count(number, noun)
    short = [_short(name, LONGEST_NAME) for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return ", ".join(short) + (f" and {more} more" if more > 0 else "")


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
