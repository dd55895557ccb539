"""
Following a plant that changes
==============================

A heater loses a third of its power while it runs. The model that was trained before goes on
sample by sample, and learns from each measurement.
"""

# %%
# Heat is proportional to the square of the valve position; ``power`` says how strong the heater is.
import numpy as np

rng = np.random.default_rng(0)


def heater(power):
    """Valve position and measured temperature (deg C), one sample per entry of `power`."""
    n_steps = len(power)
    valve = np.repeat(rng.uniform(0.0, 1.0, n_steps // 20 + 1), 20)[:n_steps]
    temperature, now = np.empty(n_steps), 20.0
    for t in range(n_steps):
        now += 0.05 * (20.0 + power[t] * valve[t] ** 2 - now)
        temperature[t] = now
    return valve, temperature + 0.1 * rng.standard_normal(n_steps)


valve, temperature = heater(np.full(3000, 60.0))

# %%
from fastlstm import LSTMRegressor

model = LSTMRegressor((4, 4), (6,), time_limit=2.0, random_state=0)
model.fit(valve[:, None], temperature)

# %%
# Months later: power falls from 60 to 40 between steps 1500 and 3000, and stays there.
# ``stream().step(u, y)`` predicts the output of this sample first, then moves the weights by a
# normalised step of rate ``eta``. Its error is bounded by what no weights could explain
# (:doc:`/theory/split`).
power = np.concatenate([np.full(1500, 60.0), np.linspace(60.0, 40.0, 1500), np.full(3000, 40.0)])
valve, temperature = heater(power)

frozen = model.predict(valve[:, None])
stream = model.stream(eta=0.1)
adapted = np.array([stream.step(u, y) for u, y in zip(valve, temperature, strict=True)])

# %%
import matplotlib.pyplot as plt

figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 6), height_ratios=[1, 2], sharex=True, layout="constrained"
)
above.plot(power, color="black")
above.set_ylabel("heater power")
below.plot(temperature - frozen, color="#0072B2", linewidth=0.8, label="trained once")
below.plot(temperature - adapted, color="#D55E00", linewidth=0.8, label="adapting, eta = 0.1")
below.set(xlabel="step", ylabel="error (deg C)")
below.legend(frameon=False, loc="upper right")
for axes in (above, below):
    axes.grid(color="0.92")
    axes.margins(x=0.0)
plt.show()

# %%
# These are one-step errors of a model that looks at every measurement. What has been learned is in
# the weights, too: ``stream.model()`` is an estimator, and its *free run* is better than before.
from fastlstm.metrics import rmse

last = slice(5000, 6000)
learned = stream.model().predict(valve[:, None])
print(f"free run, last 1000 steps: before {rmse(temperature[last], frozen[last]):.2f} deg C")
print(f"                           after  {rmse(temperature[last], learned[last]):.2f} deg C")

# %%
# To train on new records instead, with curvature: ``model.partial_fit(X, y)``, or
# ``fit(X, y, start=model)`` on everything.
