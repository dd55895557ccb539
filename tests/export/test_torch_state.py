"""state_dict of arrays: out, back, and what is refused. torch itself is the judge elsewhere."""

import subprocess
import sys

import numpy as np
import pytest
from export_models import STRUCTURES, make_inputs, make_model

from fastlstm.export import export_torch, from_state_dict, to_state_dict


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_model_survives_state_dict_round_trip(structure):
    """Nothing is computed on the way, so weights and predictions keep their bits."""
    model = make_model(*structure)
    back = from_state_dict(to_state_dict(model))
    assert back.network_ == model.network_
    np.testing.assert_array_equal(back.params_, model.params_)
    u = make_inputs(model, 50)
    np.testing.assert_array_equal(back.predict(u), model.predict(u))


def test_state_dict_does_not_share_memory_with_the_model():
    """Training in torch must not change the model behind its back."""
    model = make_model()
    before = model.params_.copy()
    for array in to_state_dict(model).values():
        array += 1.0
    np.testing.assert_array_equal(model.params_, before)
    assert model.scaling_.u_mean[0] == 20.0


def test_from_state_dict_sums_the_two_biases():
    """A module trained in torch has two."""
    model = make_model(hidden=(5,))
    state = to_state_dict(model)
    state["lstm.0.bias_hh_l0"] = np.full(20, 0.25)
    weights = model.network_.unpack(from_state_dict(state).params_)
    np.testing.assert_array_equal(weights["lstm.0.bias"], state["lstm.0.bias_ih_l0"] + 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head.0.weight": np.zeros((4, 2))}, r"must have shape \(4, 3\)"),
        ({"lstm.1.weight_hh_l0_reverse": np.zeros(3)}, "no known weight"),
        ({"readout.bias": None}, "got nothing"),
        ({"u_mean": None}, "must be that of a FreeRunModule"),
        ({"y_std": np.array([np.inf])}, "must be finite"),
        ({"u_std": np.array([-1.0])}, "standard deviations >= 0"),
    ],
    ids=["shape", "unknown", "missing", "foreign", "infinite", "negative"],
)
def test_from_state_dict_raises_when_it_is_not_a_whole_module(change, message):
    """A dropped or misread weight is a wrong model."""
    state = {**to_state_dict(make_model()), **change}
    with pytest.raises(ValueError, match=message):
        from_state_dict({name: value for name, value in state.items() if value is not None})


def test_file_holds_the_state_dict(tmp_path):
    """safetensors, which torch reads without running code."""
    from safetensors.numpy import load_file

    model = make_model(2, 2)
    (path,) = export_torch(model, tmp_path / "plant.safetensors")
    np.testing.assert_array_equal(from_state_dict(load_file(path)).params_, model.params_)


@pytest.mark.parametrize("name", ["to_torch_module", "FreeRunModule"])
def test_module_says_how_to_install_torch(name):
    """Without torch the import works, and the call explains itself."""
    code = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from fastlstm.export import FreeRunModule, from_weights, to_torch_module\n"
        "from fastlstm.network import Network; import numpy as np\n"
        "n = Network(1, 1, (1,)); w = {k: np.zeros(s) for k, s in n.shapes.items()}\n"
        f"try: {name}({'from_weights(n, w)' if name == 'to_torch_module' else 'n'})\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "fastlstm[torch]" in result.stdout, result.stderr
