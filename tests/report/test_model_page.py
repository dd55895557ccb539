"""The page of one model as text: complete, safe, repeatable, and right in what it says."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastlstm
from fastlstm.metrics import fit_percent, rmse
from fastlstm.model_run import ModelRun
from fastlstm.report import write_model_report
from fastlstm.report.markup import number
from fastlstm.report.model_page import render_model
from fastlstm.tables import Frame
from page_outline import HOSTILE, Outline
from plants import make_record, make_records, small_model


def page_of(model, X, y, **arguments):
    return render_model(model, ModelRun.of(model, X, y), **arguments)


def test_page_has_all_sections_and_fetches_nothing(model, record):
    """Everything that is known about a model and its errors, in one file."""
    text = page_of(model, *record)
    outline = Outline(text)
    for title in ("Errors", "Simulated against measured", "Residuals", "Training", "Structure",
                  "Scaling", "Stability"):  # fmt: skip
        assert f"<h2>{title}</h2>" in text
    assert len(set(outline.ids)) == len(outline.ids) and outline.links == []
    assert "http://" not in text and "https://" not in text
    assert str(model.stability_report()).splitlines()[0] in text
    assert text == page_of(model, *record)


def test_errors_are_those_of_the_scored_steps(model):
    """The numbers of `metrics` on `predict`, without the washout."""
    u, y = make_record(400, seed=7)
    washout = min(model.washout_, 40)
    text = page_of(model, u, y)
    y_sim = model.predict(u)
    assert f"<td>{number(float(rmse(y, y_sim, washout=washout)), 4)}</td>" in text
    assert f"fit {float(fit_percent(y, y_sim, washout=washout)):.2f} %" in text
    assert f"Without the first {washout} steps" in text


def test_initial_state_from_measured_outputs_is_used_and_said(model, tmp_path):
    """A record that does not begin at rest: steps that set the state are not scored."""
    u, y = make_record(400, seed=7)
    fit = write_model_report(model, u, y, tmp_path / "m.html", n_init=30)
    text = (tmp_path / "m.html").read_text(encoding="utf-8")
    expected = float(fit_percent(y, model.simulate(u, y[:30]), washout=30))
    assert fit == pytest.approx(expected)
    assert "a state set by the first 30 measured steps" in text


def test_training_curve_is_drawn_from_the_history_and_less_from_a_file(tmp_path):
    """A file keeps the training error per iteration, not the times."""
    u, y = make_record(600, noise=0.05)
    model = small_model(hidden_sizes=(3,), solver="lm", tol=1e-2, time_limit=5.0).fit(u, y)
    text = page_of(model, u, y)
    assert "RMSE against CPU time" in text and "RMSE against iteration" in text
    model.save(tmp_path / "m.safetensors")
    loaded = page_of(fastlstm.load(tmp_path / "m.safetensors"), u, y)
    assert "RMSE against CPU time" not in loaded and "RMSE against iteration" in loaded


def test_inputs_beyond_the_training_range_are_counted(model):
    """A quarter of the steps is far beyond what training has seen."""
    u, y = make_record(400, seed=0)
    u = np.clip(u, *model.input_range_)
    u[::4] = 3.0 * model.input_range_[1]
    assert "<td>25.0 %</td>" in page_of(model, u, y)


def test_names_of_channels_and_files_are_text_not_markup(readout_solver):
    """Column names come from files of strangers."""
    X, y = make_records((300, 200), n_inputs=2)
    X = [Frame(u, (HOSTILE, "u2")) for u in X]
    y = [Frame(part[:, None], (HOSTILE,)) for part in y]
    model = small_model().fit(X, y)
    text = page_of(model, X, y, labels=(HOSTILE,))
    outline = Outline(text)
    assert outline.tags.count("script") == 1 and outline.tags.count("style") == 1
    assert "<script>alert" not in text and "alert(" in text


def test_output_that_stands_still_has_no_fit_but_a_page(model):
    """NRMSE is not defined there; nothing on the page reads nan."""
    u, _ = make_record(300)
    text = page_of(model, u, np.full(300, 2.0))
    Outline(text)
    assert "No output varies" in text
    visible = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf)\b", visible, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros((300, 2))}, "y must have the 1 output channels of the model"),
        ({"y": np.zeros(299)}, "as many steps as X"),
        ({"washout": 300}, "washout must be shorter"),
    ],
)
def test_report_is_refused_when_data_do_not_fit(model, record, tmp_path, change, message):
    """No page is better than a wrong one."""
    arguments = dict(zip(("X", "y"), record, strict=True)) | change
    with pytest.raises(ValueError, match=message):
        write_model_report(model, path=tmp_path / "m.html", **arguments)
    assert not (tmp_path / "m.html").exists()
