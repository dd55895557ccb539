"""The picture of measured against simulated."""

from __future__ import annotations

import struct
import subprocess
import sys

import numpy as np
import pytest

from fastlstm.plots import fit as plots
from fastlstm.plots import plot_fit

pytest.importorskip("matplotlib", reason="needs the plot extra")


def make_fit(n_steps=300, n_outputs=1):
    phase = np.arange(n_steps)[:, None] / 20 + np.arange(n_outputs)
    return np.sin(phase), np.sin(phase) + 0.01 * np.cos(3 * phase)


def png_size(path):
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize("n_steps", [1, 2, 300, 1000, 50_000])
def test_plot_has_1600_by_900_pixels(tmp_path, n_steps):
    """The size that fits a screen and a slide, whatever the length of the record."""
    plot_fit(*make_fit(n_steps), path=tmp_path / "fit.png")
    assert png_size(tmp_path / "fit.png") == (1600, 900)


def test_plot_shows_both_signals_and_their_difference():
    """What is drawn must be the data: measured and simulated above, the residual below."""
    y, y_sim = make_fit()
    figure = plot_fit(y[:, 0], y_sim[:, 0], sampling_time=0.5, names=["flow (l/s)"], title="pump")
    overview, residual = figure.axes
    lines = {line.get_label(): line for line in overview.get_lines()}
    np.testing.assert_array_equal(lines["measured"].get_ydata(), y[:, 0])
    np.testing.assert_array_equal(lines["simulated"].get_ydata(), y_sim[:, 0])
    np.testing.assert_array_equal(residual.get_lines()[0].get_ydata(), (y - y_sim)[:, 0])
    assert lines["measured"].get_xdata()[-1] == 149.5
    assert overview.get_ylabel() == "flow (l/s)" and residual.get_xlabel() == "time (s)"
    assert overview.get_title(loc="left") == "pump"


def test_detail_shows_the_largest_residual_that_counts():
    """The first steps of a free run are off by nature: they must not win the detail panel."""
    y, y_sim = make_fit(5000)
    y_sim[10] += 9.0
    y_sim[3000] += 1.0
    for first_scored, place in ((0, 10), (100, 3000)):
        detail = plot_fit(y, y_sim, first_scored=first_scored).axes[1]
        start, stop = detail.get_lines()[0].get_xdata()[[0, -1]]
        assert start <= place <= stop and stop - start == plots.DETAIL_STEPS - 1


def test_long_records_keep_their_extremes():
    """A spike of one sample is what the reader looks for: thinning out must not drop it."""
    y, y_sim = make_fit(100_000)
    y_sim[54_321] = 7.0
    overview, _, residual = plot_fit(y, y_sim).axes
    simulated = overview.get_lines()[1]
    assert simulated.get_ydata().max() == 7.0
    assert len(simulated.get_ydata()) <= plots.MAX_POINTS
    assert np.all(np.diff(simulated.get_xdata()) >= 0)
    assert residual.get_lines()[0].get_ydata().min() < -5.0


def test_every_output_has_its_own_panels(tmp_path):
    """Outputs differ in unit and size, so they do not share an axis."""
    figure = plot_fit(*make_fit(300, 3), names=["a", "b", "c"], path=tmp_path / "fit.png",
                      record_starts=[0, 150])  # fmt: skip
    assert [axes.get_ylabel() for axes in figure.axes[::2]] == ["a", "b", "c"]
    assert png_size(tmp_path / "fit.png")[1] > 900


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_sim": np.zeros(299)}, "shape of y"),
        ({"y": np.full(300, np.nan)}, "y must be a finite array"),
        ({"y_sim": np.full(300, np.inf)}, "y_sim must be a finite array"),
        ({"y": np.zeros((0, 1))}, "y must be a finite array"),
        ({"names": ["a", "b"]}, "one name per output"),
    ],
)
def test_plot_is_refused_when_arguments_do_not_fit(change, message):
    """A picture with gaps or of the wrong length would mislead."""
    arguments = dict(zip(("y", "y_sim"), make_fit(), strict=True)) | change
    with pytest.raises(ValueError, match=message):
        plot_fit(**arguments)


def test_plot_says_what_to_install_when_matplotlib_is_missing(monkeypatch):
    """The plot extra is optional."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'fastlstm\[plot\]'"):
        plot_fit(*make_fit())


def test_plot_leaves_global_state_alone():
    """A library must not choose the user's backend, nor open figures in it."""
    code = (
        "import sys, numpy as np; from fastlstm.plots import plot_fit;"
        "plot_fit(np.ones(9), np.zeros(9)); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
