"""The module: torch computes what the library computes, and its training comes back."""

import numpy as np
import pytest
from export_models import STRUCTURES, begun, deviation, make_inputs, make_model, make_scaling

pytestmark = pytest.mark.torch


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_module_computes_what_predict_computes(torch, structure):
    """float64 on both sides, physical units, records side by side."""
    from fastlstm.export import to_torch_module

    model = make_model(*structure)
    u = np.stack([make_inputs(model, 200, seed=seed) for seed in range(2)])
    with torch.no_grad():
        y, state = to_torch_module(model)(torch.from_numpy(u))
    expected = np.reshape(model.predict(u), y.shape)
    assert deviation(model, y.numpy(), expected) < 1e-12
    assert state.shape == (2, 2, model.network_.n_units)


def test_state_goes_on_where_it_stopped(torch):
    """Two halves with the state handed over are one run."""
    from fastlstm.export import to_torch_module

    model = make_model(2, 1, (3, 5), (4,))
    module, u = to_torch_module(model), torch.from_numpy(make_inputs(model, 40)[None])
    with torch.no_grad():
        whole, after = module(u)
        first, state = module(u[:, :15])
        second, last = module(u[:, 15:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(last, after)


def test_constant_input_is_ignored_as_in_predict(torch):
    """A channel that did not move in training is zero for the network."""
    from fastlstm.export import to_torch_module

    scaling = make_scaling(2, 1)
    scaling.u_std[1] = 0.0
    model = make_model(2, 1, scaling=scaling)
    u = torch.from_numpy(make_inputs(model, 30)[None])
    moved = u.clone()
    moved[..., 1] += 5.0
    with torch.no_grad():
        torch.testing.assert_close(to_torch_module(model)(moved)[0], to_torch_module(model)(u)[0])


def test_training_in_torch_comes_back(torch):
    """One gradient step changes the weights; what comes back predicts like the module."""
    from fastlstm.export import from_torch_module, to_torch_module

    model = make_model(2, 2, (3, 4), (4,))
    module = to_torch_module(model).train()
    u = torch.from_numpy(make_inputs(model, 60)[None])
    optimiser = torch.optim.SGD(module.parameters(), lr=1e-6)
    module(u)[0].square().mean().backward()
    optimiser.step()
    back = from_torch_module(module)
    assert not np.array_equal(back.params_, model.params_)
    with torch.no_grad():
        expected = module(u)[0][0].numpy()
    assert deviation(model, back.predict(u[0].numpy()), expected) < 1e-12


def test_file_loads_into_a_module(torch, tmp_path):
    """The documented way from the command line into torch."""
    from safetensors.torch import load_file

    from fastlstm.export import FreeRunModule, export_torch, to_torch_module

    model = begun(make_model())
    (path,) = export_torch(model, tmp_path / "plant.safetensors")
    module = FreeRunModule(model.network_, frame=model.frame_, initial_state=model.initial_state_)
    module.load_state_dict(load_file(path))
    u = torch.from_numpy(make_inputs(model, 20)[None])
    torch.testing.assert_close(module(u)[0], to_torch_module(model)(u)[0])


def test_dtype_can_be_chosen(torch):
    """float32 for a GPU; rounding is all that changes."""
    from fastlstm.export import to_torch_module

    model = make_model()
    u = make_inputs(model, 100, np.float32)
    with torch.no_grad():
        y = to_torch_module(model, torch.float32)(torch.from_numpy(u[None]))[0]
    assert y.dtype == torch.float32
    expected = np.reshape(model.predict(u), y.shape)
    assert deviation(model, y.numpy(), expected) < 1e-5


def test_from_torch_module_raises_when_it_is_another_module(torch):
    """A plain nn.LSTM has its own way in."""
    from fastlstm.export import from_torch_module

    with pytest.raises(TypeError, match="must be a FreeRunModule"):
        from_torch_module(torch.nn.LSTM(1, 2))
