"""Ten minutes of a control engineer: files with names and a time column, perhaps from MATLAB.

By hand: ``python tests/users/control_engineer.py path/to/fastlstm.whl``
"""

from __future__ import annotations

import re

from newcomer import Newcomer, main
from page_steps import Page, Step, numbers_in

OWN_RECORDS = """
import numpy as np
from fastlstm.tables import write_table

rng = np.random.default_rng(0)
for name, n_steps in {"run1": 3000, "run2": 2000, "run3": 1500, "planned": 500}.items():
    valve = np.repeat(rng.uniform(0.0, 1.0, n_steps // 20), 20)
    pump = np.repeat(rng.uniform(0.0, 1.0, n_steps // 25), 25)
    level = np.zeros(n_steps)
    for t in range(1, n_steps):
        outflow = (0.8 + valve[t]) * np.sqrt(level[t - 1])
        level[t] = max(0.0, level[t - 1] + 0.1 * (2.0 * pump[t] - outflow))
    columns = {"time": 0.5 * np.arange(n_steps), "valve": valve, "pump": pump}
    if name != "planned":
        columns["level"] = level + 0.01 * rng.standard_normal(n_steps)
    write_table(f"{name}.csv", columns)
"""


def ten_minutes(me: Newcomer) -> None:
    """From the installation to a model that has been judged."""
    start = Page("docs/getting-started.md")
    me.install(start.step_with("pip install").text.splitlines()[-1])
    getting_started(me, start)
    example_of_the_readme(me)
    commands_of_the_readme(me)
    coming_from_matlab(me)
    iddata(me)


def getting_started(me: Newcomer, page: Page) -> None:
    """From CSV to numbers, a picture, a report, a comparison, a simulation and a certificate."""
    steps = page.steps_in("python", "console")
    printed = me.follow_page(page, steps)
    by_command = {step.text.split()[1]: output for step, output in zip(steps, printed, strict=True)}
    fits = re.findall(r"^(lm|linear) +\S+ +(\S+)", by_command["compare"], re.MULTILINE)
    assert float(dict(fits)["lm"]) > float(dict(fits)["linear"])
    (certified,) = re.findall(r"with a certificate: RMSE \[(\S+)\]", printed[-1])
    assert "Stability: certified" in printed[-1]
    assert float(certified) < page.says(r"RMSE stays below (\d+\.\d+)")
    me.has("tank.safetensors", "friday.png", "friday.html", "simulated.csv", "compare.html")


def example_of_the_readme(me: Newcomer) -> None:
    """Run what a reader copies first."""
    page = Page("README.md")
    (step,) = page.steps_in("python")
    fit, cpu_time = map(numbers_in, me.follow([step, Step("python", "print(model.cpu_time_)", "")]))
    assert page.says(r"a linear model has (\S+) %") < fit[0]
    assert fit[0] < page.says(r"prints a fit of (\S+) % after") + 0.1
    if cpu_time[0] > 1.0:  # others may use the core: the page speaks of a free one
        assert fit[0] > page.says(r"gives more than (\S+) %")


def commands_of_the_readme(me: Newcomer) -> None:
    """Run the same lines on files of one's own, a tank with a valve and a pump."""
    me.python(OWN_RECORDS)
    commands = Page("README.md").step_with("fastlstm fit run1.csv").text.splitlines()
    printed = {}
    for command in commands:
        name = command.split()[1]
        printed[name], said = me.shell(command, exit_code=2 if name == "benchmark" else 0)
        assert name != "benchmark" or "Get the files from nonlinearbenchmark.org" in said
    assert list(printed) == [
        "fit", "evaluate", "simulate", "compare", "report", "export", "benchmark"
    ]  # fmt: skip
    (rmse,) = re.findall(r"^level +(\S+)", printed["evaluate"], re.MULTILINE)
    assert 0.009 < float(rmse) < 0.02
    me.has("level.png", "level.csv", "compare.html", "tank.html", "tank.c", "tank.h", "tank_test.c")


def coming_from_matlab(me: Newcomer) -> None:
    """`compare`, `resid`, `linearize`, `bode`, side by side."""
    page = Page("docs/for-matlab-users.md")
    me.follow_page(page, page.steps_in("python"))
    me.has("compare.png", "resid.png", "bode.png", "tank/plant.c", "simulated.mat")


def iddata(me: Newcomer) -> None:
    """Let a struct of an iddata tell its channels, in Python and on the command line."""
    page = Page("docs/data.md")
    made = [page.step_with("def plant(n_steps, seed)"), page.step_with('savemat("z.mat"')]
    assert "0.5 ['valve']" in me.follow(made)[-1]
    (command,) = re.findall(r"`(fastlstm fit z\.mat)`", page.text)
    printed, _ = me.shell(command)
    (fit,) = re.findall(r"^y1 +\S+ +\S+ +(\S+)", printed, re.MULTILINE)
    assert float(fit) > 99.0  # without noise
    me.has("model.safetensors")


if __name__ == "__main__":
    main(ten_minutes)
