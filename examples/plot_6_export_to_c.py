"""
Export to C
===========

A trained model as three files of plain C99 for a controller: no heap, no library, state owned by
the caller.
"""

# %%
# A model of two water tanks, small enough for any microcontroller.
from fastlstm import LSTMRegressor
from fastlstm.datasets import two_tanks

plant = two_tanks(n_train=2048)
test = plant.tests["test"]
model = LSTMRegressor((4,), (4,), time_limit=2.0, random_state=0).fit(plant.X, plant.y)

# %%
from pathlib import Path
from tempfile import mkdtemp

from fastlstm.export import export_model

folder = Path(mkdtemp())
for path in export_model(model, folder, "c"):
    print(f"{path.name:14} {path.stat().st_size:6} bytes")

# %%
# The header is the whole interface.
print("\n".join((folder / "plant.h").read_text().splitlines()[:40]))

# %%
# A main program that answers every voltage on standard input with a level, which is what a control
# loop would do once per sampling period.
MAIN = """
#include <stdio.h>
#include "plant.h"

int main(void)
{
    plant_state state;
    plant_real u[PLANT_N_INPUTS], y[PLANT_N_OUTPUTS];
    float value;
    plant_init(&state);
    while (scanf("%f", &value) == 1) {
        u[0] = value;
        plant_step(&state, u, y);
        printf("%.9g\\n", (double)y[0]);
    }
    return 0;
}
"""
(folder / "main.c").write_text(MAIN)

# %%
# Compile, run, compare with Python. The generated self-test (``plant_test.c``) does the same on the
# target, against outputs of this very model.
import shutil
import subprocess

import numpy as np

compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
subprocess.run([compiler, *flags, "main.c", "plant.c", "-o", "main", "-lm"], cwd=folder, check=True)
subprocess.run(
    [compiler, *flags, "plant.c", "plant_test.c", "-o", "selftest", "-lm"], cwd=folder, check=True
)
print("self-test exit code:", subprocess.run([folder / "selftest"], check=False).returncode)

voltages = "\n".join(f"{value:.9g}" for value in test.u[:, 0])
answer = subprocess.run(
    [folder / "main"], input=voltages, capture_output=True, text=True, check=True
)
y_c = np.array(answer.stdout.split(), dtype=float)
y_python = model.predict(test.u)[:, 0]
print(f"largest deviation: {np.max(np.abs(y_c - y_python)):.1e} V")

# %%
import matplotlib.pyplot as plt

figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 5), height_ratios=[2, 1], sharex=True, layout="constrained"
)
time = np.arange(len(test)) * test.sampling_time
above.plot(time, test.y[:, 0], color="black", linewidth=2.5, label="plant")
above.plot(time, y_c, color="#D55E00", linewidth=1.2, label="C, free run from rest")
above.set_ylabel("level (V)")
above.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0.0, 1.0))
below.plot(time, y_c - y_python, color="#0072B2", linewidth=0.8)
below.set(xlabel="time (s)", ylabel="C minus Python (V)")
for axes in (above, below):
    axes.grid(color="0.92")
    axes.margins(x=0.0)
plt.show()

# %%
shutil.rmtree(folder)

# %%
# What is in the files, how to call them, and the other formats (ONNX, torch, Keras):
# :doc:`/export`.
