"""What may be exported, what comes in, and the formats by name."""

import numpy as np
import pytest
from export_models import make_inputs, make_model, make_scaling

from fastlstm import LSTMRegressor, load
from fastlstm.export import EXPORTERS, check_exportable, export_model, from_weights
from fastlstm.network import Network
from fastlstm.scaling import Scaling


class Integrating(LSTMRegressor):
    """A model that does more than network and scaling say."""

    def predict(self, X):
        return np.cumsum(super().predict(X), axis=0)


def test_model_that_does_more_than_its_network_is_refused():
    """An integrator that is not written down would be lost without a word."""
    model = make_model()
    model.__class__ = Integrating
    with pytest.raises(ValueError, match="another part"):
        check_exportable(model)


def test_model_that_is_not_fitted_is_refused():
    """There is nothing to write yet."""
    with pytest.raises(TypeError, match="must be a fitted LSTMRegressor"):
        check_exportable(LSTMRegressor())
    with pytest.raises(TypeError, match="must be a fitted LSTMRegressor"):
        check_exportable("plant.safetensors")


def test_weights_that_are_not_finite_are_refused():
    """No format has a sensible NaN."""
    model = make_model()
    model.params_[3] = np.nan
    with pytest.raises(ValueError, match="finite weights"):
        check_exportable(model)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_any_scale_and_named_columns_are_exportable(scale):
    """Units are the user's choice, and so are names."""
    model = make_model(scaling=Scaling(*(scale * np.ones((4, 1)))))
    model.feature_names_in_ = np.array(["valve"], dtype=object)
    check_exportable(model)


@pytest.mark.parametrize("format", EXPORTERS)
def test_every_format_writes_what_it_says(format, tmp_path):
    """The table is all there is to know about a format."""
    if format.startswith("onnx"):
        pytest.importorskip("onnx")
    suffixes = EXPORTERS[format].suffixes
    path = tmp_path / f"plant{suffixes[0]}" if suffixes else tmp_path
    files = export_model(make_model(), path, format)
    assert sorted(files) == sorted(tmp_path.iterdir())
    assert all(file.stat().st_size > 0 for file in files)


def test_export_model_raises_when_format_or_suffix_is_wrong(tmp_path):
    """The message lists the choices, and nothing is written."""
    with pytest.raises(ValueError, match="c, c-double, onnx"):
        export_model(make_model(), tmp_path / "plant.tflite", "tflite")
    with pytest.raises(ValueError, match=r"must end in \.safetensors"):
        export_model(make_model(), tmp_path / "plant.pt", "torch")
    assert list(tmp_path.iterdir()) == []


def test_imported_model_does_what_a_fitted_one_does(tmp_path):
    """Predict, simulate from measured outputs, save and load, go on training."""
    model = make_model(head=())
    u = make_inputs(model, 120)
    y = model.predict(u)
    assert np.std(model.simulate(u, y_init=y[:20]) - y) < 0.1 * np.std(y)
    np.testing.assert_array_equal(model.predict_ahead(u, y), y)
    model.save(tmp_path / "plant.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "plant.safetensors").predict(u), y)
    again = LSTMRegressor(
        **model.get_params(),
    ).set_params(max_iter=2, time_limit=5.0)
    with pytest.warns(UserWarning):
        again.fit(u, y, start=model)
    assert again.rmse_train_ < 1e-3


@pytest.mark.parametrize(
    ("weights", "arguments", "message"),
    [
        ({"readout.bias": np.zeros(2)}, {}, "must have shape"),
        ({"readout.bias": [np.inf]}, {}, "must be finite"),
        ({}, {"scaling": make_scaling(2, 1)}, r"scaling.u_mean must have shape \(1,\)"),
        ({}, {"input_range": [[1.0], [0.0]]}, "smallest values first"),
    ],
    ids=["shape", "infinite", "scaling", "range"],
)
def test_from_weights_raises_when_something_does_not_fit(weights, arguments, message):
    """What comes from elsewhere is checked as data is."""
    network = Network(1, 1, (2,))
    blank = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    with pytest.raises(ValueError, match=message):
        from_weights(network, {**blank, **weights}, **arguments)
