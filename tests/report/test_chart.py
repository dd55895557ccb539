"""Charts: points land where they belong, and odd values do no harm."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw


def chart_of(x, y, log=False, **changes):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    axes = {"x": Axis.around([x], "x", log, 0.0), "y": Axis.around([y], "y", log, 0.0)}
    return Chart("title", "text", **axes, lines=(Line(x, y, "line", "m0"),), **changes)


def points_of(svg):
    """Coordinates of the first line of a drawing, NaN where the pen was lifted."""
    path = re.search(r'<path class="line m0" d="([^"]*)"', svg)[1]
    return [tuple(map(float, xy.split())) for xy in re.findall(r"[ML]([-\d. ]+)", path)]


@pytest.mark.parametrize("log", [False, True])
def test_corners_of_the_range_are_corners_of_the_drawing(log):
    """Hand-computed: the middle of a log axis is the geometric mean."""
    values = [1.0, 10.0, 100.0] if log else [1.0, 2.0, 3.0]
    points = points_of(draw(chart_of(values, values, log), "c"))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    middle = ((LEFT + right) / 2, (TOP + bottom) / 2)
    np.testing.assert_allclose(points, [(LEFT, bottom), middle, (right, TOP)], atol=0.1)


def test_points_that_are_not_finite_leave_a_gap():
    """A diverged model must not draw a line through nowhere."""
    svg = draw(chart_of([0, 1, 2, 3, 4], [1.0, 2.0, np.nan, np.inf, 3.0]), "c")
    path = re.search(r'<path class="line m0" d="([^"]*)"', svg)[1]
    assert path.count("M") == 2 and path.count("L") == 1
    assert "nan" not in svg and "inf" not in svg


@pytest.mark.parametrize(
    "y", [[0.0, 0.0], [5.0, 5.0], [np.nan, np.nan], [-1.0, 0.0], [1e-300, 1e300], [1e18, 1e18 + 1]]
)
@pytest.mark.parametrize("log", [False, True])
def test_every_range_can_be_drawn(y, log):
    """Constant, empty, non-positive on a log axis: still a valid picture without NaN."""
    svg = draw(chart_of([1.0, 2.0], y, log), "c")
    ElementTree.fromstring(svg)
    assert "nan" not in svg.lower().replace("nano", "") and "tick" in svg


def test_drawing_is_named_for_screen_readers():
    """Title and description are there, escaped, and referred to by unique ids."""
    chart = Chart('a "b" <i>', "x & y", Axis(0.0, 1.0, "<x>"), Axis(0.0, 1.0, "&"))
    root = ElementTree.fromstring(draw(chart, "one"))
    assert root.get("role") == "img" and root.get("aria-labelledby") == "one-title one-desc"
    texts = {element.get("id"): element.text for element in root}
    assert texts["one-title"] == 'a "b" <i>' and texts["one-desc"] == "x & y"


def test_band_stems_and_marks_are_drawn_to_scale():
    """A bound of half the range covers half the height."""
    lags = np.arange(3.0)
    chart = Chart(
        "t", "d", Axis(-1.0, 3.0, "lag"), Axis(-1.0, 1.0, "r"), band=0.5, marks=(1.0,),
        shade=(0.0, 1.0), stems=Line(lags, np.array([1.0, -0.5, np.nan]), "r", "m1"),
    )  # fmt: skip
    svg = draw(chart, "c")
    band = re.search(r'class="band" x="\d+" y="([\d.]+)" width="\d+" height="([\d.]+)"', svg)
    assert float(band[2]) == pytest.approx((HEIGHT - TOP - BOTTOM) / 2, abs=0.1)
    assert re.search(r'class="stem m1" d="(M[^"]*)"', svg)[1].count("M") == 2
    assert svg.count('class="mark"') == 1 and svg.count('class="shade"') == 1


def test_readout_carries_the_points():
    """The script reads them from the drawing itself."""
    svg = draw(chart_of([1.0, 2.0], [3.0, np.nan], readout=True), "c")
    data = json.loads(ElementTree.fromstring(svg).get("data-readout"))
    assert data["lines"] == [{"name": "line", "style": "m0", "x": [1.0], "y": [3.0]}]
    assert data["range"] == [1.0, 2.0] and data["log"] is False
