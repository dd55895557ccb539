"""Ten minutes of a scikit-learn user: searches, scores, pipelines, copies, over records.

By hand: ``python tests/users/scikit_learn_user.py path/to/fastlstm.whl``
"""

from __future__ import annotations

import re

from newcomer import Newcomer, main
from page_steps import Page, Step, numbers_in

LAST_LINE_OF_A_CELL = Step("python", "print(model._repr_html_())", "")


def ten_minutes(me: Newcomer) -> None:
    """Follow the page about scikit-learn with the library alone, then the front of the site."""
    page = Page("docs/scikit-learn.md")
    (command,) = re.findall(r"`(pip install \.)` in a checkout", page.text)
    me.install(command)
    steps = page.steps_in("python")
    printed = me.follow_page(page, [*steps, LAST_LINE_OF_A_CELL])
    assert sum(bool(step.shown) for step in steps) >= 6
    table_of_a_notebook(printed[-1])
    me.has("plant.safetensors")
    front_page(me)


def table_of_a_notebook(html: str) -> None:
    """Look for what the page promises: fit, channels, widths, solver, time, why it stopped."""
    rows = dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', html))
    assert {"Channels", "Widths", "Solver", "Time", "Status"} <= set(rows)
    for part in ("Fit, training", "Fit, held out"):
        assert 90.0 < numbers_in(rows[part])[0] < 100.0


def front_page(me: Newcomer) -> None:
    """Fit a model of the default size; the README has a number for about this size."""
    (step,) = Page("docs/index.md").steps_in("python")
    judge = (
        "from fastlstm.metrics import fit_percent\nprint(fit_percent(test.y, y_sim, washout=50))"
    )
    (fit,) = numbers_in(me.follow([step, Step("python", judge, "")])[1])
    assert fit > Page("README.md").says(r"a linear model has (\S+) %")


if __name__ == "__main__":
    main(ten_minutes)
