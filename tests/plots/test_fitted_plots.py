"""Pictures made of a fitted model: what is drawn must be what the numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.diagnostics import autocorrelation, cross_correlation
from fastlstm.linearise import linearise
from fastlstm.plots import plot_frequency, plot_residuals, plot_training
from plants import make_record, make_records, simulate_plant, small_model

pytest.importorskip("matplotlib", reason="needs the plot extra")


@pytest.fixture
def trained():
    """Fit by the default solver, so that there is a history."""
    model = small_model(hidden_sizes=(3,), solver="lm", tol=1e-3, time_limit=5.0)
    return model.fit(*make_record(600, noise=0.05))


def heights(axes):
    """Bars by lag."""
    segments = [s for bars in axes.collections if hasattr(bars, "get_segments")
                for s in bars.get_segments()]  # fmt: skip
    return {round(s[0][0]): s[1][1] for s in segments}


def test_residual_bars_are_the_correlations_of_the_scored_steps(model, tmp_path):
    """Computed here a second time, from `predict` and the diagnostics alone."""
    u, y = make_record(400, seed=5)
    figure = plot_residuals(model, u, y, tmp_path / "r.png", max_lag=10, washout=50)
    residual = (y - model.predict(u))[50:]
    own = autocorrelation(residual, 10)
    cross = cross_correlation(u[50:, 0], residual, 10)
    for axes, expected in zip(figure.axes, (own, cross), strict=True):
        bars = heights(axes)
        np.testing.assert_allclose([bars[k] for k in expected.lags], expected.values)
    assert (tmp_path / "r.png").stat().st_size > 10_000


def test_residuals_have_a_row_per_output_and_a_column_per_input(readout_solver):
    """Two inputs, two outputs, two records of unequal length."""
    X, y = make_records((300, 200), n_inputs=2)
    y = [np.stack([part, part**2], axis=1) for part in y]
    model = small_model().fit(X, y)
    figure = plot_residuals(model, X, y)
    assert len(figure.axes) == 2 * 3
    assert "y_1" in figure.axes[3].get_title(loc="left")


def test_residual_plot_refuses_what_leaves_nothing_to_correlate(model, record):
    """One scored step has no correlation."""
    u, y = record
    with pytest.raises(ValueError, match="washout must leave at least two steps"):
        plot_residuals(model, u, y, washout=len(y) - 1)


def test_training_plot_draws_the_history(trained, tmp_path):
    """All iterations over both axes, and the lowest validation error as a dot."""
    figure = plot_training(trained, tmp_path / "t.png")
    assert (tmp_path / "t.png").stat().st_size > 10_000
    rows = trained.history_
    for axes, key in zip(figure.axes, ("cpu_time", "iteration"), strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        for label, name in (("training", "rmse_train"), ("validation", "rmse_validation")):
            x, drawn = lines[label].get_data()
            np.testing.assert_array_equal(x[~np.isnan(x)], [getattr(row, key) for row in rows])
            np.testing.assert_array_equal(drawn[~np.isnan(x)], [getattr(r, name) for r in rows])
        lowest = min(row.rmse_validation for row in rows)
        assert lines["lowest"].get_ydata()[0] == lowest
    phases = {text.get_text() for text in figure.axes[1].texts}
    assert phases and phases <= {row.phase for row in rows}


def test_training_plot_says_what_to_do_without_a_history(model, tmp_path):
    """Models from files have none."""
    import fastlstm

    model.save(tmp_path / "m.safetensors")
    loaded = fastlstm.load(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="after fit, before save"):
        plot_training(loaded)


def test_frequency_plot_shows_the_gain_of_the_linearisation(trained):
    """In decibels, at the right frequencies; without data only gain and phase."""
    gain, phase = plot_frequency(trained, sampling_time=0.1, u0=0.3).axes
    frequencies, decibels = gain.get_lines()[0].get_data()
    response = linearise(trained, 0.3).response(frequencies, 0.1)[:, 0, 0]
    np.testing.assert_allclose(decibels, 20 * np.log10(np.abs(response)))
    drawn = np.radians(phase.get_lines()[0].get_ydata())
    np.testing.assert_allclose(np.exp(1j * drawn), response / np.abs(response), atol=1e-9)
    assert frequencies[-1] == pytest.approx(5.0) and phase.get_xlabel() == "frequency (Hz)"


def test_measured_response_is_drawn_beside_a_good_model(tmp_path):
    """A plant close to linear: all three lines agree within half a decibel."""
    trained = small_model(hidden_sizes=(4,), solver="lm", tol=1e-3, time_limit=5.0)
    trained.fit(*make_record(1500, noise=0.002))
    u = 0.2 * make_record(4000, seed=3)[0]
    y = simulate_plant(u)
    figure = plot_frequency(trained, u, y, tmp_path / "f.png")
    gain, _, coherence = figure.axes
    lines = {line.get_label(): line.get_data() for line in gain.get_lines()}
    at, measured = lines["measured"]
    model_gain = np.interp(at, *lines["linearised"])
    low = at < 0.1
    assert np.median(np.abs(measured - model_gain)[low]) < 0.5
    assert np.median(coherence.get_lines()[0].get_ydata()) > 0.98
    assert (tmp_path / "f.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": None}, "X and y belong together"),
        ({"sampling_time": 0.0}, "sampling_time must be positive"),
        ({"u0": [0.0, 1.0]}, "u0 must have one finite value"),
        ({"window_steps": 300}, "window_steps must leave more windows"),
    ],
)
def test_frequency_plot_is_refused_when_arguments_do_not_fit(model, record, change, message):
    """Half of the data, or no frequency axis."""
    u, y = record
    with pytest.raises(ValueError, match=message):
        plot_frequency(model, **({"X": u, "y": y} | change))
