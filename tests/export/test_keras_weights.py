"""Keras weights: out, back, and against Keras itself where it is installed."""

import os

import numpy as np
import pytest
from export_models import STRUCTURES, deviation, make_inputs, make_model, make_scaling, predict

from fastlstm.export import export_keras, from_keras_weights, to_keras_weights


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_model_survives_keras_round_trip(structure):
    """The scaling moves into the weights; predictions stay, up to rounding."""
    model = make_model(*structure)
    back = from_keras_weights(to_keras_weights(model))
    assert back.network_ == model.network_
    u = make_inputs(model, 100)
    expected = model.predict(u).reshape(100, -1)
    assert deviation(model, back.predict(u).reshape(100, -1), expected) < 1e-11


def test_scaling_can_be_taken_out_of_the_weights_again():
    """With the scaling it had, the model has the weights it had."""
    model = make_model(2, 2)
    back = from_keras_weights(to_keras_weights(model), model.scaling_)
    np.testing.assert_allclose(back.params_, model.params_, rtol=1e-9, atol=1e-12)
    assert back.scaling_.y_mean[0] == -300.0


def test_layout_is_that_of_get_weights():
    """Two kernels and a bias per LSTM layer, kernel and bias per Dense layer, all transposed."""
    shapes = [array.shape for array in to_keras_weights(make_model(3, 2, (5, 4), (6,)))]
    assert shapes == [
        *((3, 20), (5, 20), (20,)),
        *((5, 16), (4, 16), (16,)),
        *((4, 6), (6,)),
        *((6 + 4 + 3, 2), (2,)),
    ]


def test_gates_stand_in_the_order_i_f_c_o():
    """Known answer: the bias of the forget gate is the second quarter."""
    model = make_model(hidden=(1,), head=(), scaling=None)
    weights = model.network_.unpack(model.params_)
    weights["lstm.0.weight_ih"][:] = 0.0
    weights["lstm.0.bias"][:] = [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_array_equal(to_keras_weights(model)[2], [1.0, 2.0, 3.0, 4.0])


def test_readout_on_the_layer_below_alone_is_understood():
    """The usual Keras model has no bypass; its missing parts are zero."""
    model = make_model(2, 1, (5,), (4,))
    arrays = to_keras_weights(model)
    back = from_keras_weights([*arrays[:-2], arrays[-2][:4], arrays[-1]])
    weights = back.network_.unpack(back.params_)
    assert not weights["readout.hidden"].any() and not weights["readout.input"].any()
    np.testing.assert_array_equal(weights["readout.head"], arrays[-2][:4].T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays[:-1], "all with bias"),
        (lambda arrays: arrays[:3], "all with bias"),
        (lambda arrays: arrays[3:], "all with bias"),
        (lambda arrays: [*arrays[:-2], arrays[-2][:6], arrays[-1]], "must end with a Dense kernel"),
        (lambda arrays: [arrays[0][:, :-1], *arrays[1:]], "must have shape"),
        (lambda arrays: [arrays[0] * np.nan, *arrays[1:]], "must be finite"),
    ],
    ids=["no last bias", "no readout", "no LSTM", "odd readout", "odd kernel", "NaN"],
)
def test_from_keras_weights_raises_when_the_layout_is_another(change, message):
    """A GRU or a model without biases must not pass as an LSTM."""
    with pytest.raises(ValueError, match=message):
        from_keras_weights(change(to_keras_weights(make_model(2, 1, (5,), (4,)))))


def test_file_holds_the_list_in_order(tmp_path):
    """`set_weights` takes the arrays as they come."""
    model = make_model(2, 1, (5, 3), (4,))
    (path,) = export_keras(model, tmp_path / "plant.npz")
    with np.load(path) as file:
        assert file.files[:3] == ["lstm_0.kernel", "lstm_0.recurrent_kernel", "lstm_0.bias"]
        arrays = [file[name] for name in file.files]
    for array, expected in zip(arrays, to_keras_weights(model), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_keras_computes_what_predict_computes(structure, monkeypatch):
    """The judge is Keras itself on the model that the docs show.

    Its Dense layer rounds to float32 whatever the dtype, at a mean of 40 standard deviations.
    """
    if "KERAS_BACKEND" not in os.environ:
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    torch = pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    model = make_model(*structure, scaling=make_scaling(*structure[:2]))
    foreign = build_keras_model(keras, model.network_)
    foreign.set_weights(to_keras_weights(model))
    u = make_inputs(model, 60, np.float32)
    y = keras.ops.convert_to_numpy(foreign(torch.from_numpy(u[None])))[0]
    assert deviation(model, y, predict(model, u)) < 1e-5


def build_keras_model(keras, network):
    """Build the model that `to_keras_weights` describes."""
    layers = keras.layers
    u = keras.Input((None, network.n_inputs))
    x = u
    for width in network.hidden_sizes:
        x = layers.LSTM(width, return_sequences=True)(x)
    features, a = [x, u], x
    for width in network.head_sizes:
        a = layers.Dense(width, activation="tanh")(a)
    if network.head_sizes:
        features = [a, *features]
    joined = layers.Concatenate()(features)
    return keras.Model(u, layers.Dense(network.n_outputs)(joined))
