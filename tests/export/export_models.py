"""Models to export: random weights, awkward scaling, no training."""

from __future__ import annotations

import numpy as np

from fastlstm.export import from_weights
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.network import Network
from fastlstm.scaling import Scaling

# n_inputs, n_outputs, hidden_sizes, head_sizes
STRUCTURES = [
    (1, 1, (6,), ()),
    (1, 1, (5, 3), (4,)),
    (2, 3, (3, 5, 4), ()),
    (3, 2, (4, 4), (4, 3)),
    (2, 1, (7,), (4, 3)),
]


def make_scaling(n_inputs, n_outputs):
    """Different means and deviations for every channel, far from 0 and 1."""
    return Scaling(
        u_mean=20.0 + np.arange(n_inputs),
        u_std=0.5 + np.arange(n_inputs),
        y_mean=-300.0 + np.arange(n_outputs),
        y_std=50.0 / (1.0 + np.arange(n_outputs)),
    )


def make_model(
    n_inputs=1, n_outputs=1, hidden=(5, 3), head=(4,), *, scaling=None, gain=1.0, frame=None
):
    """Model with weights of the size that a trained network has, seed fixed."""
    network = Network(n_inputs + (frame.n_lagged if frame else 0), n_outputs, hidden, head)
    rng = np.random.default_rng(1)
    weights = {
        name: gain * rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])
        for name, shape in network.shapes.items()
    }
    scaling = scaling or make_scaling(n_inputs, n_outputs)
    return from_weights(network, weights, scaling, frame=frame)


def begun(model):
    """Give a model a beginning that depends on the first input, and a narrow range of inputs."""
    rng, network = np.random.default_rng(2), model.network_
    shape = (2, network.n_units)
    model.initial_state_ = InitialState(
        rng.normal(scale=0.5, size=shape), rng.normal(scale=0.5, size=(*shape, network.n_inputs))
    )
    model.input_range_ = model.scaling_.u_mean + np.array([[-1.0], [2.0]]) * model.scaling_.u_std
    return model


def make_framed(hold=1, **taps):
    """Two inputs, three outputs of which the first and the last integrate, each with a level."""
    frame = Frame(np.array([0.03, 0.0, 0.01]), np.array([1.5, 0.0, -0.5]), hold, **taps)
    return make_model(2, 3, frame=frame)


def make_oversampled(hold=5):
    """Two inputs, one output that the network gives itself, at the last of several samples."""
    return make_model(2, 1, frame=Frame(np.zeros(1), np.zeros(1), hold))


def make_inputs(model, n_steps, dtype=np.float64, seed=3):
    """Make inputs in physical units, rounded to `dtype`."""
    rng = np.random.default_rng(seed)
    scaling = model.scaling_
    levels = rng.normal(size=(n_steps, len(scaling.u_mean)))
    return (scaling.u_mean + scaling.u_std * levels).astype(dtype)


def predict(model, u):
    """Free run of the library on exactly these inputs, shape (n_timesteps, n_outputs)."""
    return model.predict(u.astype(np.float64)).reshape(len(u), -1)


def deviation(model, y, expected):
    """Largest difference, in standard deviations of the outputs."""
    return np.max(np.abs(y - expected) / model.scaling_.y_std)
