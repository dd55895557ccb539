"""The report as text: complete, safe, repeatable, and right in what it says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fastlstm.report.headline import headline
from fastlstm.report.markup import number
from fastlstm.report.page import render
from made_comparison import make_comparison, make_exam, make_run
from page_outline import HOSTILE, Outline


def test_page_has_all_sections_and_unique_ids():
    """Table, curves, traces, residuals and the facts to repeat it."""
    text = render(make_comparison())
    outline = Outline(text)
    for title in ("Errors and times", "Error against time", "Simulated against measured",
                  "Residuals", "How it was done"):  # fmt: skip
        assert f"<h2>{title}</h2>" in text
    assert len(set(outline.ids)) == len(outline.ids)
    # curves over both clocks; overview, detail, residual; three of the best and of the baseline
    assert text.count('class="chart"') == 2 + 3 + 2 * 3


def test_page_fetches_nothing():
    """One file: no link, no import, no address at all."""
    text = render(make_comparison())
    assert Outline(text).links == []
    assert "http://" not in text and "https://" not in text
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src &#x27;none&#x27;" in text


def test_same_comparison_gives_the_same_page():
    """No time, random number or memory address of its own."""
    assert render(make_comparison()) == render(make_comparison())


def test_names_of_channels_and_methods_are_text_not_markup():
    """Column names come from files of strangers."""
    exam = make_exam((HOSTILE, "u2"), (HOSTILE, "y2"))
    runs = [make_run(exam, "linear", 0.3), make_run(exam, HOSTILE, 0.1, label=HOSTILE,
                                                    status=HOSTILE, message=HOSTILE)]  # fmt: skip
    text = render(make_comparison(exam, runs, notes=(HOSTILE,)))
    outline = Outline(text)
    assert outline.tags.count("script") == 1 and "alert(" in text
    assert "<script>alert" not in text and outline.tags.count("style") == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_method_that_diverged_is_shown_as_such(value):
    """No picture breaks, no number reads nan."""
    exam = make_exam()
    broken = make_run(exam, "split", 0.1)
    broken.y_sim[40:] = value
    broken.curve.rmse[-3:], broken.curve.nrmse[-3:] = np.inf, np.inf
    runs = [
        make_run(exam, "linear", 0.3),
        make_run(exam, "split", 0.1, y_sim=broken.y_sim, curve=broken.curve, nrmse=np.inf,
                 rmse=np.array([np.inf])),
    ]  # fmt: skip
    for baseline in ("linear", "split"):
        text = render(make_comparison(exam, runs, baseline))
        Outline(text)
        visible = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
        assert not re.search(r"\b(nan|inf)\b", visible, flags=re.IGNORECASE)


def test_constant_output_has_no_fit_but_a_page():
    """NRMSE is not defined there; the other output still is."""
    exam = make_exam(output_names=("moves", "stands"))
    exam.test.y[:, 1] = 3.0
    runs = [make_run(exam, "linear", 0.3), make_run(exam, "lm", 0.02)]
    text = render(make_comparison(exam, runs))
    Outline(text)
    assert "lm has the lowest test error" in text


def test_one_method_on_a_short_record_still_makes_a_page():
    """The smallest comparison there is."""
    exam = make_exam(lengths=(40,))
    Outline(render(make_comparison(exam, [make_run(exam, "linear", 0.3)], interrupted=True)))


def test_headline_says_who_wins_by_how_much_and_how_much_sooner():
    """Hand-computed: errors 0.3 and 0.02, both halved at 0.01 s * 2^k."""
    comparison = make_comparison()
    best, base = comparison.row("lm"), comparison.row("linear")
    text = headline(comparison)
    assert text.startswith("lm has the lowest test error: RMSE ")
    assert f"{number(base.nrmse / best.nrmse)} times lower than that of the linear model" in text
    # 0.02 * 2^8 = 5.12 is halved five times until it is below 0.3: 0.01 * 2^5 s and 0.01 * 2^8 s
    assert "after 0.320 s of CPU time; the linear model itself took 2.56 s, 8.00 times" in text


def test_headline_is_honest_about_ties_and_lost_comparisons():
    """A tie is called one, and the baseline may win."""
    exam = make_exam()
    tie = [make_run(exam, "linear", 0.1), make_run(exam, "lm", 0.099)]
    assert "practically that of the linear model" in headline(make_comparison(exam, tie))
    lost = [make_run(exam, "linear", 0.1), make_run(exam, "lm", 0.3)]
    assert "The linear model has the lowest" in headline(make_comparison(exam, lost))
    broken = [make_run(exam, "linear", 0.1, nrmse=np.nan)]
    assert "No method gave a finite error" in headline(make_comparison(exam, broken))


def test_seeds_and_settings_are_disclosed():
    """How often something was tried belongs beside how good it became."""
    exam = make_exam()
    runs = [make_run(exam, "linear", 0.3)]
    runs += [make_run(exam, "lm", 0.02 + 0.01 * seed, seed) for seed in range(3)]
    runs.append(make_run(exam, "torch", 0.1, n_settings=3, wall_time_all=30.0))
    text = render(make_comparison(exam, runs, "torch"))
    assert "Medians over 3 seeds" in text and "best of 3 settings" in text
    assert "30.0 s of wall time" in text


def test_report_is_written_by_the_comparison(tmp_path):
    """`comparison.report(path)` is the way in."""
    comparison = make_comparison()
    comparison.report(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == render(comparison)
