"""
A first model
=============

From a measured record to a free-run model that has been judged, in two seconds of training.
"""

# %%
# The plant is a diode circuit between two filters (Wiener-Hammerstein): 8000 samples to learn from,
# and another record to judge by. ``u`` and ``y`` are arrays of shape ``(n_timesteps, n_channels)``.
from fastlstm import LSTMRegressor
from fastlstm.datasets import default_plant

plant = default_plant()
train, test = plant.train[0], plant.tests["test"]
print(f"{len(train)} samples at {1 / train.sampling_time:.0f} Hz, test {len(test)}")

# %%
# The training minimises the error of the *free run*: outputs from inputs alone. ``time_limit``
# bounds the wall time; the best model so far is taken.
model = LSTMRegressor(hidden_sizes=(6, 6), head_sizes=(8,), time_limit=2.0, random_state=0)
model.fit(train.u, train.y)
print(f"{model.solver_}: {model.n_iter_} iterations, {model.cpu_time_:.1f} CPU s, {model.status_}")

# %%
# ``simulate`` estimates the initial state from the first 50 measured outputs, which are therefore
# not scored. Fit is 100 % for a perfect model and 0 % for one as good as the mean.
from fastlstm.metrics import fit_percent, rmse

y_sim = model.simulate(test.u, y_init=test.y[:50])
print(f"RMSE {1e3 * rmse(test.y, y_sim, washout=50)[0]:.2f} mV")
print(f"fit  {fit_percent(test.y, y_sim, washout=50)[0]:.2f} %")

# %%
# Look at the picture before you believe a number. The second panel is the stretch around the
# largest residual. ``path="fit.png"`` writes it to a file.
from fastlstm.plots import plot_fit

figure = plot_fit(
    test.y, y_sim, sampling_time=test.sampling_time, names=["output (V)"], first_scored=50
)

# %%
# Is anything left in the residual that the input explains? Bars beyond the shaded bound at lags
# from 0 on are dynamics that the model has missed: more time, or wider layers. The test record is
# free of noise, so what is left is the error of the model, and nothing hides that it is smooth.
from fastlstm.plots import plot_residuals

figure = plot_residuals(model, test.u, test.y)

# %%
# The same in one file for a colleague: ``model.save("plant.safetensors")``, and
# ``fastlstm.load("plant.safetensors")`` gives it back.
