"""The built site in a real browser, phone and desktop. `make docs-browser` builds it and runs this.

Not among the tests of the library: it needs out/site, which takes a minute to build.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="chromium and chromedriver (chromium-driver) must be installed",
)

SITE = Path(__file__).parents[2] / "out" / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
ELSEWHERE = re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE)
LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*>|<link\b[^>]*stylesheet[^>]*>")


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


@needs_browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_page_fits_and_is_silent(browser, page, size):
    """No error in the console, every picture there, nothing to scroll sideways."""
    width, height = SIZES[size]
    metrics = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": size == "phone",
    }
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("browser")
    browser.get((SITE / page).as_uri())
    assert browser.get_log("browser") == []
    broken = "return [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
    assert browser.execute_script(broken) == []
    # a phone widens innerWidth to what overflows, so both are held against the screen
    for found in browser.execute_script(
        "return [document.documentElement.scrollWidth, innerWidth]"
    ):
        assert found <= width


def test_site_is_whole():
    """An empty folder would pass everything above."""
    assert {"index.html", "search.html", "api/index.html", "auto_examples/index.html"} <= {*PAGES}
    assert sum(page.startswith("auto_examples/plot_") for page in PAGES) >= 6


@pytest.mark.parametrize("page", PAGES)
def test_page_loads_nothing_from_elsewhere(page):
    """Links may lead away; scripts, styles and pictures are our own."""
    text = (SITE / page).read_text(encoding="utf-8")
    assert [tag for tag in LOADED.findall(text) if ELSEWHERE.search(tag)] == []


def test_styles_load_nothing_from_elsewhere():
    """No web fonts."""
    for path in SITE.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", text) == [], path
