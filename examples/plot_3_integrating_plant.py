"""
A plant that integrates, and where it starts
============================================

A servo: voltage in, position out. The position is the sum of everything that happened before, so a
model needs an integrator, and a simulation needs to know where the axis stands at the beginning.
"""

# %%
# The gearbox has a dead zone: below one volt nothing moves.
import numpy as np

rng = np.random.default_rng(0)


def servo(n_steps, start):
    """Voltage (V) and measured position (rad) of a run that begins at rest at `start`."""
    volts = np.repeat(rng.uniform(-6.0, 6.0, n_steps // 25 + 1), 25)[:n_steps]
    torque = np.sign(volts) * np.maximum(np.abs(volts) - 1.0, 0.0)
    speed, position = 0.0, np.empty(n_steps)
    for t in range(n_steps):
        speed += 0.12 * (torque[t] - speed)
        start += 0.02 * speed
        position[t] = start
    return volts[:, None], position + 0.002 * rng.standard_normal(n_steps)


u, y = servo(3000, start=0.0)
u_test, y_test = servo(1500, start=12.0)

# %%
# Integrators are found by themselves. ``frame_.gains`` has one number per output, 0 where there is
# none: the size of the increments that the network gives and that are added up behind it.
from fastlstm import LSTMRegressor

model = LSTMRegressor(time_limit=4.0, random_state=0).fit(u, y)
print("integrator gain:", model.frame_.gains)
print("network:", model.network_.hidden_sizes, model.network_.head_sizes, model.status_)

# %%
# ``predict`` knows nothing but the voltage: it begins at the level of the training record, and
# keeps the offset for ever. ``simulate`` finds state and level from the first 50 positions.
from fastlstm.metrics import rmse

y_free = model.predict(u_test)
y_sim = model.simulate(u_test, y_init=y_test[:50])
print(f"RMSE of predict  {rmse(y_test, y_free, washout=50):.3f} rad")
print(f"RMSE of simulate {rmse(y_test, y_sim, washout=50):.3f} rad")

# %%
import matplotlib.pyplot as plt

figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 6), height_ratios=[3, 1], sharex=True, layout="constrained"
)
above.plot(y_test, color="black", linewidth=2.5, label="measured")
above.plot(y_free, color="#0072B2", label="predict(u)")
above.plot(y_sim, color="#D55E00", label="simulate(u, y_init)")
above.axvspan(0, 50, color="0.9")
above.set_ylabel("position (rad)")
above.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
below.plot(y_test - y_sim, color="#D55E00", linewidth=1.0)
below.axhline(0.0, color="0.6", linewidth=1.0, zorder=0)
below.set(xlabel="step", ylabel="error of simulate")
for axes in (above, below):
    axes.grid(color="0.92")
    axes.margins(x=0.0)
plt.show()

# %%
# The error of a free run through an integrator wanders: every small error of the speed stays in the
# position. With measured positions at hand, ``predict_ahead`` corrects it at every step.
y_next = model.predict_ahead(u_test, y_test, steps=10)
print(f"RMSE ten steps ahead {rmse(y_test, y_next, washout=50):.4f} rad")
