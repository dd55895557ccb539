"""
Several inputs, several outputs, several records
================================================

Two pumps fill four tanks that are coupled crosswise; the levels of the lower two are measured.
Three experiments of different lengths are the training data.
"""

# %%
# A record is one array ``(n_timesteps, n_channels)`` of inputs and one of outputs; many records are
# lists of them. States start anew at every record, and nothing ever reaches from one into the next.
import numpy as np

rng = np.random.default_rng(0)


def four_tanks(n_steps):
    """Pump flows (l/min) and levels (dm) of tanks 1 and 2, from an operating point."""
    holds = zip((40, 55), ((1.0, 5.0), (1.0, 5.0)), strict=True)
    pumps = np.column_stack(
        [np.repeat(rng.uniform(*span, n_steps // hold + 1), hold)[:n_steps] for hold, span in holds]
    )
    levels, measured = np.array([4.0, 4.0, 2.0, 2.0]), np.empty((n_steps, 2))
    for t in range(n_steps):
        out = 0.18 * np.sqrt(np.maximum(levels, 0.0))  # Torricelli
        a, b = 0.06 * pumps[t]
        inflow = np.array([0.7 * a + out[2], 0.6 * b + out[3], 0.4 * b, 0.3 * a])
        levels = levels + inflow - out
        measured[t] = levels[:2]
    return pumps, measured + 0.02 * rng.standard_normal((n_steps, 2))


records = [four_tanks(n_steps) for n_steps in (1500, 2000, 1000)]
u_test, y_test = four_tanks(1500)

# %%
from fastlstm import LSTMRegressor
from fastlstm.metrics import fit_percent, rmse

model = LSTMRegressor(time_limit=4.0, random_state=0)
model.fit([u for u, _ in records], [y for _, y in records])
y_sim = model.simulate(u_test, y_init=y_test[:50])
print("RMSE per level (dm):", rmse(y_test, y_sim, washout=50).round(4))
print("fit per level (%):  ", fit_percent(y_test, y_sim, washout=50).round(2))

# %%
# Metrics come per output. The noise on the measurement alone is 0.02 dm.
from fastlstm.plots import plot_fit

figure = plot_fit(y_test, y_sim, names=["level 1 (dm)", "level 2 (dm)"], first_scored=50)

# %%
# Which input drives which output, and how fast? ``linearise`` gives the model around an operating
# point as ``A, B, C, D`` in the units of the data.
from fastlstm.linearise import linearise

gains = []
for flow in (2.0, 4.0):
    A, B, C, D = linearise(model, u0=[flow, flow])
    gains.append(C @ np.linalg.solve(np.eye(len(A)) - A, B) + D)
    print(f"static gain at {flow:.0f} l/min (dm per l/min):\n{gains[-1].round(2)}")

# %%
# Torricelli's law says that a level grows with the square of its flow, so the gains should double
# between the two operating points.
print("ratio:\n", (gains[1] / gains[0]).round(2))
