"""The pages in a real browser: phone and desktop, light and dark."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.report import write_model_report
from fastlstm.tables import Frame
from made_comparison import make_comparison, make_exam, make_run
from plants import make_records

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="chromium and chromedriver (chromium-driver) must be installed",
)

LONG = ("valve <b>position</b> of the upstream reservoir (mm)", "pump")
OUTPUTS = ("level (m)", "flow & co")
# charts: curves, traces, residuals of two methods; traces, residuals, training of one model
N_CHARTS = {"comparison": 2 + 6 + 2 * 2 * 4, "model": 6 + 2 * 4 + 2}
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")

# Relative luminance and contrast ratio as WCAG 2.1 defines them.
CONTRASTS = """
const lum = (c) => {
  const v = c.map((x) => x / 255).map((x) => x <= 0.03928 ? x / 12.92
    : Math.pow((x + 0.055) / 1.055, 2.4));
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
};
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
  }
  return [255, 255, 255];
};
const out = [];
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || ["SCRIPT", "TITLE", "DESC"].includes(e.tagName.toUpperCase())) continue;
  const style = getComputedStyle(e);
  const text = parse(e instanceof SVGElement ? style.fill : style.color).slice(0, 3);
  const [a, b] = [lum(text), lum(behind(e))].sort((p, q) => q - p);
  let size = parseFloat(style.fontSize);
  const svg = e.closest("svg");
  if (svg) size *= svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  out.push([(a + 0.05) / (b + 0.05), size, e.textContent.trim().slice(0, 30)]);
}
return out;
"""


def write_comparison(path):
    """Write a page with long names, two inputs, two outputs, several methods and seeds."""
    exam = make_exam(LONG, OUTPUTS)
    errors = {"linear": 0.3, "lm": 0.02, "split": 0.1, "bptt": 0.05, "ridge": 0.2}
    runs = [make_run(exam, name, error, seed) for name, error in errors.items() for seed in (0, 1)]
    runs.append(make_run(exam, "torch", 0.1, n_settings=3, status="time_limit reached"))
    make_comparison(exam, runs, "torch").report(path)


def write_model(path):
    """Write the page of a model that was really trained, on two records."""
    X, y = make_records((500, 300), n_inputs=2, noise=0.05)
    y = [Frame(np.stack([part, -2.0 * part], axis=1), OUTPUTS) for part in y]
    X = [Frame(u, LONG) for u in X]
    model = LSTMRegressor((3,), (), time_limit=1.0, tol=1e-2, random_state=0).fit(X, y)
    write_model_report(model, X, y, path, labels=("monday.csv", "tuesday.csv"))


@pytest.fixture(scope="module", params=N_CHARTS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def report(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / f"{kind}.html"
    {"comparison": write_comparison, "model": write_model}[kind](path)
    return path


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def page(size, browser, report, scheme):
    """Open the report from the disk in one size and scheme."""
    width, height = SIZES[size]
    metrics = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": size == "phone",
    }
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get_log("browser")
    browser.get(report.as_uri())
    return browser


def test_console_stays_empty(page):
    """Neither an error of ours nor something that the policy of the page refused."""
    assert page.get_log("browser") == []


def test_every_drawing_is_visible(page, size, kind):
    """Sizes come from the style sheet: a mistake there makes charts vanish."""
    boxes = page.execute_script(
        "return [...document.querySelectorAll('svg')].map((s) => { const b ="
        "s.getBoundingClientRect(); return [b.width, b.height, s.checkVisibility(), b.left,"
        "b.right, s.classList.contains('chart')]; })"
    )
    charts = [box for box in boxes if box[5]]
    assert len(charts) == N_CHARTS[kind]
    assert all(width > 0 and height > 0 and visible for width, height, visible, *_ in boxes)
    for across, down, _, left, right, _ in charts:
        assert across >= 300 and down >= 180 and left >= 0 and right <= SIZES[size][0]


def test_page_does_not_scroll_sideways(page, size):
    """Wide tables scroll within themselves."""
    # a phone widens innerWidth to what overflows, so both are held against the screen
    for width in page.execute_script("return [document.documentElement.scrollWidth, innerWidth]"):
        assert width <= SIZES[size][0]


def test_text_can_be_read(page):
    """WCAG AA contrast, and at least 12 px as they appear on the screen, labels included."""
    found = page.execute_script(CONTRASTS)
    assert len(found) > 100
    low = [entry for entry in found if entry[0] < 4.5]
    small = [entry for entry in found if entry[1] < 12.0]
    assert low == [] and small == []


def test_lines_stand_out_from_their_card(page):
    """WCAG asks 3:1 of graphics; every method in both schemes."""
    ratios = page.execute_script(
        CONTRASTS.split("const out")[0]
        + "return [...document.querySelectorAll('svg.chart .line')].filter((e) => /\\bm\\d/.test("
        "e.getAttribute('class'))).map((e) => { const [a, b] = [lum(parse(getComputedStyle(e)"
        ".stroke).slice(0, 3)), lum(behind(e))].sort((p, q) => q - p);"
        "return (a + 0.05) / (b + 0.05); })"
    )
    assert len(ratios) >= 12 and min(ratios) >= 3.0


def test_scheme_follows_the_system(page, scheme):
    """Dark mode is dark."""
    colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    shade = sum(int(part) for part in colour[4:-1].split(","))
    assert (shade < 200) == (scheme == "dark")


@pytest.mark.parametrize("kind", ["comparison"], indirect=True, scope="module")
def test_checkbox_hides_a_method_and_the_pointer_reads_values(page):
    """The two things a reader can do; names are never markup, not even in the read-out."""
    visible = (
        "return [...document.querySelectorAll('path.line.m1')].filter("
        "(e) => e.checkVisibility()).length"
    )
    assert page.execute_script(visible) > 0
    page.execute_script("document.getElementById('show-m1').click()")
    assert page.execute_script(visible) == 0
    text = page.execute_script(
        "const s = document.querySelector('svg[data-readout]');"
        "const b = s.getBoundingClientRect();"
        "s.dispatchEvent(new PointerEvent('pointermove', {clientX: b.left + 0.9 * b.width,"
        "clientY: b.top + 50})); return s.nextElementSibling.textContent"
    )
    assert text.startswith("CPU time in s") and "split" in text and "lm " not in text
