"""Ten minutes of an embedded engineer: C99 that compiles and agrees, ONNX, a model that adapts.

By hand: ``python tests/users/embedded_engineer.py path/to/fastlstm.whl``
"""

from __future__ import annotations

import re

from newcomer import Newcomer, main
from page_steps import Page, numbers_in

REPLAY = r"""
#include <stdio.h>
#include "plant.h"

int main(void)
{
    plant_state state;
    plant_real u[PLANT_N_INPUTS], y[PLANT_N_OUTPUTS];
    double valve;
    plant_init(&state);
    while (scanf("%lf", &valve) == 1) {
        u[0] = (plant_real)valve;
        plant_step(&state, u, y);
        printf("%.17g\n", (double)y[0]);
    }
    return 0;
}
"""
RECORD = """
import numpy as np
np.savetxt("valve.txt", np.repeat(np.random.default_rng(3).uniform(0.0, 1.0, 100), 20))
"""
DEVIATION = """
import numpy as np
from fastlstm import load
valve, level = np.loadtxt("valve.txt"), np.loadtxt("level.txt")
predicted = load("tank.safetensors").predict(valve[:, None])
print(np.abs(level - predicted).max() / np.abs(predicted).max())
"""


def ten_minutes(me: Newcomer) -> None:
    """Follow the page about export, but for torch; then use the C in a program of one's own."""
    page = Page("docs/export.md")
    (command,) = re.findall(r"`(pip install 'fastlstm\[onnx\]' onnxruntime)`", page.text)
    me.install(command)
    steps = [s for s in page.steps_in("python", "console") if "import torch" not in s.text]
    printed = me.follow_page(page, steps)
    told = {step.text: output for step, output in zip(steps, printed, strict=True)}
    (deviation,) = numbers_in(told[page.step_with("import onnxruntime").text])
    assert deviation < page.says(r"deviation is below (\d+e-\d+)")
    adapting(page, told[page.step_with("model.stream(").text])
    me.has("tank.onnx", "firmware/plant.c", "firmware/plant.h", "firmware/adapted.c")
    strict = page.step_with("-o plant_test").text.splitlines()[1]
    example_in_c(me, page, strict)
    replay(me, page, strict)


def adapting(page: Page, printed: str) -> None:
    """Check what the page says of the old model, of the stream, and of what it learned."""
    before, stream, learned = (numbers_in(line)[0] for line in printed.splitlines())
    assert abs(before - page.says(r"error of the old model is (\d+\.\d+)")) < 0.1
    assert max(stream, learned) < page.says(r"The stream is below (\d+\.\d+)")


def example_in_c(me: Newcomer, page: Page, strict: str) -> None:
    """Compile the program on the page as the page says."""
    (example,) = page.steps_in("c")
    (me.folder / "firmware" / "main.c").write_text(example.text, encoding="utf-8")
    me.shell(f"cd firmware\n{strict.replace('plant_test', 'main')}\n./main")


def replay(me: Newcomer, page: Page, strict: str) -> None:
    """Run 2000 steps in a program of one's own against `predict`, in float and double."""
    me.python(RECORD)
    bounds = {
        "c": page.says(r"deviation is below (\d+e-\d+)"),
        "c-double": page.says(r"Double: (\d+e-\d+) allowed"),
    }
    for kind, bound in bounds.items():
        assert f"`{kind}`" in page.text
        me.shell(f"fastlstm export tank.safetensors --format {kind} --out {kind}")
        (me.folder / kind / "replay.c").write_text(REPLAY, encoding="utf-8")
        build = strict.replace("plant_test", "replay")
        me.shell(f"cd {kind}\n{build}\n./replay < ../valve.txt > ../level.txt")
        (deviation,) = numbers_in(me.python(DEVIATION))
        assert deviation < bound, f"{kind}: {deviation}"


if __name__ == "__main__":
    main(ten_minutes)
