"""What a fitted model says about itself."""

import numpy as np
import pytest
from scipy.signal import lfilter
from sklearn.exceptions import NotFittedError

from fastlstm import LSTMRegressor, load


@pytest.fixture(scope="module")
def record():
    """Return noise and what a filter with saturation makes of it."""
    u = np.random.default_rng(0).normal(size=(500, 1))
    return u, np.tanh(np.convolve(u[:, 0], [0.5, 0.3, 0.2])[:500])


@pytest.fixture(scope="module")
def model(record):
    """Small network, few iterations."""
    return LSTMRegressor((3,), (2,), random_state=0, max_iter=40, tol=0.0).fit(*record)


def test_summary_names_structure_start_errors_and_end(model):
    """Everything it says is an attribute of the model."""
    text = model.summary()
    assert (
        f"LSTM (3), tanh head (2): {model.network_.n_params} weights; the sizes were given" in text
    )
    assert f"Chosen on held-out data: {model.start_}" in text
    assert f"{100 * (1 - model.rmse_validation_):.2f} % on held-out data" in text
    assert model.message_ in text.splitlines()[-1]


def test_every_descent_has_a_line(model):
    """With the number of its iterations; together they are all."""
    lines = [line for line in model.summary().splitlines() if line.startswith("  ")]
    assert sum(int(line.split(": ")[1].split(",")[0]) for line in lines) == len(model.history_)


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
def test_sizes_that_were_found_are_said_to_be(record):
    """A short record with "auto"."""
    model = LSTMRegressor(random_state=0, max_iter=30).fit(*record)
    assert "the sizes were found" in model.summary()


def test_loaded_model_has_a_summary_without_descents(model, tmp_path):
    """The history is not in the file."""
    model.save(tmp_path / "m.safetensors")
    text = load(tmp_path / "m.safetensors").summary()
    assert "Descents" not in text
    assert "the sizes were given" in text


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
def test_units_that_bend_the_inputs_are_told(model):
    """A layer of their own for a plant behind waves; others have none."""
    u = np.random.default_rng(1).uniform(-1.0, 1.0, 800)
    y = lfilter([0.3], [1.0, -0.7], np.sin(3.0 * np.pi * u))
    bent = LSTMRegressor(random_state=0, max_iter=60).fit(u[:, None], y)
    width = bent.network_.hidden_sizes[0]
    assert f"\n{width} units of the first layer bend the inputs, without memory" in bent.summary()
    assert "bend" not in model.summary()


def test_unfitted_model_has_none():
    """As everything that needs a fit."""
    with pytest.raises(NotFittedError):
        LSTMRegressor().summary()
