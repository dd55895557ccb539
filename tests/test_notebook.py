"""What a notebook shows of a model: complete, escaped, legible on any background."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastlstm import LSTMRegressor, load
from fastlstm.export.imported import from_weights
from fastlstm.network import Network
from plants import make_record, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
HOSTILE = "</td><script>alert('u')</script>"


class Cells(HTMLParser):
    """Rows of the table of the fit, and all tags and attributes of the page."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.tags, self.links = {}, [], []
        self._inside, self._cell, self._name = False, None, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        self._inside |= ("class", "fastlstm-fit") in attrs
        self._cell = tag if self._inside and tag in ("th", "td") else None

    def handle_endtag(self, tag):
        self._cell = None

    def handle_data(self, data):
        if self._cell == "th":
            self._name = data
            self.rows[data] = ""
        elif self._cell == "td":
            self.rows[self._name] += data


def shown(model):
    """Return the rows of the table that a notebook shows."""
    return Cells(model._repr_html_()).rows


def test_unfitted_model_shows_the_diagram_alone():
    """There is nothing to tell yet."""
    page = small_model()._repr_html_()
    assert "LSTMRegressor" in page and "fastlstm-fit" not in page


def test_fitted_model_shows_what_the_fit_has_come_to(record):
    """Fit, widths, solver, time and status, as the attributes have them."""
    model = small_model(hidden_sizes=(5, 3), head_sizes=(4,)).fit(*record)
    model.fit_time_, model.cpu_time_ = 1.2345, 1.2
    rows = shown(model)
    assert rows["Fit, held out"] == f"{100 * (1 - model.rmse_validation_):.2f} %"
    assert rows["Fit, training"] == f"{100 * (1 - model.rmse_train_):.2f} %"
    assert rows["Widths"] == f"LSTM 5 + 3, tanh head 4: {model.network_.n_params} weights"
    assert rows["Channels"] == "1 input → 1 output"
    assert rows["Solver"] == "readout"
    assert rows["Time"] == "1.23 s (1.2 s CPU)"
    assert rows["Status"].startswith("done after 4 iterations: ReadoutSolver did everything")


def test_fit_in_percent_is_that_of_the_free_run():
    """Percent of the spread of all measured outputs, washout left out."""
    u, y = make_record(500)
    model = small_model(validation_fraction=0.0, washout=50).fit(u, y)
    error = np.sqrt(np.mean((y - model.predict(u))[50:] ** 2))
    rows = shown(model)
    assert rows["Fit, training"] == f"{100 * (1 - error / np.std(y)):.2f} %"
    assert rows["Fit, held out"] == "–"


def test_channel_names_cannot_leave_their_cell():
    """They come from files: markup in them is text, here and in the part of scikit-learn."""
    u, y = make_record(100)
    names = [HOSTILE, *(f"valve {k} " + "x" * 100 for k in range(7))]
    X = pd.DataFrame(np.hstack([u] * 8), columns=names)
    model = small_model().fit(X, pd.DataFrame({"<marquee>level</marquee>": y}))
    page = model._repr_html_()
    plain = small_model()._repr_html_()
    assert Cells(page).tags.count("script") == Cells(plain).tags.count("script")
    assert "marquee" not in Cells(page).tags
    channels = shown(model)["Channels"]
    assert channels.startswith(HOSTILE) and channels.endswith(
        "and 2 more → <marquee>level</marquee>"
    )
    assert len(channels) < 300


def test_texts_of_a_model_file_cannot_leave_their_cell(record, tmp_path):
    """A file from elsewhere may say anything about its training."""
    model = small_model().fit(*record)
    model.solver_, model.message_ = HOSTILE, HOSTILE * 1000
    model.set_params(solver="lm").save(tmp_path / "model")
    rows = shown(load(tmp_path / "model"))
    assert rows["Solver"] == HOSTILE
    assert len(rows["Status"]) == 300


def test_imported_weights_have_no_fit():
    """Nothing was trained here, so nothing is claimed."""
    network = Network(1, 2, (2,), ())
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    rows = shown(from_weights(network, weights))
    assert rows["Fit, held out"] == rows["Fit, training"] == "–"
    assert rows["Channels"] == "1 input → 2 outputs"


def test_page_needs_nothing_from_outside(model):
    """Notebooks are read offline."""
    page = model._repr_html_()
    assert Cells(page).links == []
    assert "@import" not in page and not re.search(r"url\((?!data:)", page)


def test_table_takes_its_colours_from_the_page(model):
    """Dark and light notebooks: any colour of its own would be illegible on one of them."""
    style = model._repr_html_().split("<style>")[-1].split("</style>")[0]
    assert ".fastlstm-fit" in style
    colours = re.findall(r"(?:color|background|border[\w-]*):([^;}]*)", style.replace("\n", ""))
    assert colours
    own = {"inherit", "transparent", "inherit!important", "transparent!important", "0", "collapse"}
    grey = "1px solid rgba(128,128,128,.45)"  # half-way between black and white
    assert set(colours) <= own | {grey}


def test_display_as_text_is_respected(model):
    """scikit-learn's own switch."""
    with config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert set(model._repr_mimebundle_()) == {"text/plain"}
    bundle = model._repr_mimebundle_()
    assert bundle["text/plain"] == repr(model) and "fastlstm-fit" in bundle["text/html"]


def test_pipeline_still_draws_its_diagram(record):
    """A model is a box in the diagram of others."""
    page = make_pipeline(StandardScaler(), LSTMRegressor())._repr_html_()
    assert "StandardScaler" in page and "LSTMRegressor" in page
