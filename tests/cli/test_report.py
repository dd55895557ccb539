"""``fastlstm report``."""

from __future__ import annotations

import pytest


def test_report_writes_the_page_of_a_model(run, model_file, plant_csv, tmp_path):
    """Named after the model unless told otherwise; the fit is that of ``evaluate``."""
    result = run("report", model_file, plant_csv)
    assert result.exit_code == 0 and result.stderr == ""
    text = (tmp_path / "plant.html").read_text(encoding="utf-8")
    assert "u1, u2 → level, flow" in text and "plant.csv" in text
    table = run("evaluate", model_file, plant_csv, "--no-plot").stdout.splitlines()[-2:]
    fit = sum(float(line.split()[-1]) for line in table) / 2
    told = float(result.stdout.split("fit ")[1].split(" %")[0])
    assert told == pytest.approx(fit, abs=0.011)  # a mean of rounded numbers


def test_report_takes_the_options_of_evaluate(run, model_file, plant_csv, tmp_path):
    """Initial state and washout change what is scored, and the page says so."""
    result = run("report", model_file, plant_csv, "--init", 20, "--washout", 50, "-o", "r.html")
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Without the first 50 steps" in text and "first 20 measured steps" in text


def test_report_is_refused_before_it_runs_when_it_cannot_be_written(run, model_file, plant_csv):
    """One message, exit code 2."""
    for out in ("page.txt", "missing/page.html"):
        result = run("report", model_file, plant_csv, "--out", out)
        assert result.exit_code == 2 and out in result.stderr
