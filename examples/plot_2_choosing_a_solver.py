"""
Choosing a solver
=================

Every training method of the library on the same record, with the same network and the same two
seconds, judged on a record that none of them has seen.
"""

# %%
# :func:`fastlstm.compare` trains them one after the other. While a method trains, its weights are
# put aside now and then; all of them are scored when every training is over.
import fastlstm
from fastlstm.datasets import default_plant

plant = default_plant()
test = plant.tests["test"]
result = fastlstm.compare(
    plant.X,
    plant.y,
    [test.u],
    [test.y],
    solvers=["lm", "greedy", "bptt", "split", "ridge"],
    hidden_sizes=(5, 5),
    head_sizes=(8,),
    time_limit=2.0,
)
print(result.table())

# %%
# The curves show what you would have had if you had stopped earlier. Both axes are logarithmic:
# further down and further left is better.
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
for run in result.runs:
    seconds, error = run.curve.cpu_time, 1e3 * run.curve.rmse[:, 0]
    if run.method == "linear":
        axes.axhline(error[-1], color="0.5", linestyle="--", label="linear")
    else:
        axes.plot(seconds, error, marker="o", markevery=[-1], label=run.method)
axes.set(xscale="log", yscale="log", xlabel="CPU time (s)", ylabel="free-run test RMSE (mV)")
axes.grid(color="0.9")
axes.legend(frameon=False, ncols=6, loc="lower left", bbox_to_anchor=(0.0, 1.0))
plt.show()

# %%
# ``"lm"`` is what ``solver="auto"`` takes. ``"bptt"`` is exact back-propagation through time with
# Adam, the method that everybody knows; ``"split"`` is our reading of the founding papers' method;
# ``"ridge"`` solves the readout of random networks. Which to use when:
# :doc:`/choosing`; on your own files: ``fastlstm compare`` (:doc:`/comparing`).
