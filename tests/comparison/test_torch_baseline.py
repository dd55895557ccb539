"""The torch baseline: the model that is scored is the model that torch trained."""

from __future__ import annotations

import numpy as np
import pytest

from plants import make_records

torch = pytest.importorskip("torch", reason="the baseline needs torch")
pytestmark = pytest.mark.torch

import fastlstm  # noqa: E402
from fastlstm.comparison.contestants import Budget  # noqa: E402
from fastlstm.comparison.exam import Exam  # noqa: E402
from fastlstm.comparison.progress import Watch  # noqa: E402
from fastlstm.comparison.torch_baseline import (  # noqa: E402
    Setting,
    TorchLSTM,
    Trainer,
    default_settings,
    isolated,
    torch_jobs,
)

BUDGET = Budget((4, 6), (3,), time_limit=0.4, n_threads=1)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of torch that compete with other programs cost more than they bring."""
    with isolated(1):
        yield


@pytest.fixture
def exam():
    """Three records with two inputs and two outputs."""
    u, y = make_records([300, 260, 240], n_inputs=2)
    both = [np.column_stack([part, np.roll(part, 1)]) for part in y]
    return Exam.of(u, both, None, None, "auto")


def test_network_gives_the_outputs_of_the_torch_module():
    """Scores come from our kernels: they must be those of nn.LSTM, layer by layer."""
    from fastlstm._core import simulate

    torch.manual_seed(0)
    model = TorchLSTM(Setting(5, 2, 0.01), 2, 3).double()
    u = np.random.default_rng(0).normal(size=(60, 2))
    expected = model(torch.from_numpy(u)[:, None, :])[:, 0].detach().numpy()
    network, weights = model.as_network()
    y, _ = simulate(network, weights, u, np.array([0, 60]), float32=False)
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_validation_is_the_free_run_error_of_the_held_out_part(exam):
    """Cut into stretches for speed, yet the number that LSTMRegressor would validate by."""
    from fastlstm._core import simulate
    from fastlstm.records import hold_out

    trainer = Trainer(exam, Setting(4, 1, 0.01), seed=0)
    _, held, lead_in = hold_out(trainer.scaling.scale(exam.train), 0.2, exam.washout)
    network, weights = trainer.model.as_network()
    y, _ = simulate(network, weights, held.u, held.offsets, float32=False)
    error = (y - held.y)[held.scored(lead_in)]
    assert trainer.validate() == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-4)


def test_steps_lower_the_validation_error(exam):
    """Several records, several channels: forty steps of Adam must show."""
    trainer = Trainer(exam, Setting(6, 2, 0.02, window=60), seed=0)
    first = trainer.validate()
    for number in range(40):
        trainer.step(number / 40)
    assert trainer.validate() < 0.9 * first


def test_training_uses_its_budget_and_keeps_the_best_on_validation(exam):
    """The curve ends at the weights that are handed back."""
    job = torch_jobs(exam, BUDGET, seed=0)[0]
    watch = Watch("torch", job.label, 1, 1)
    trained = job.train(watch)
    assert trained.wall_time >= BUDGET.time_limit and trained.status == "time_limit reached"
    np.testing.assert_array_equal(watch.snapshots.kept[-1].weights, trained.weights)
    # gates of 2 -> 6 and 6 -> 6 with two biases each, and the readout
    assert trained.n_weights == 24 * (2 + 6 + 2) + 24 * (6 + 6 + 2) + 2 * 7


def test_settings_hold_two_rates_on_the_structure_asked_for():
    """A baseline with one untuned rate would be a straw man."""
    settings = default_settings(BUDGET)
    same = [setting for setting in settings if (setting.width, setting.layers) == (6, 2)]
    assert len({setting.lr for setting in same}) >= 2
    assert any(setting.width == 32 for setting in settings)


def test_torch_is_left_as_it_was(exam):
    """Threads and random state belong to the caller."""
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    before = torch.get_num_threads()
    with isolated(1):
        torch.manual_seed(0)
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    assert torch.equal(torch.rand(3), expected)


def test_interrupt_keeps_the_best_weights(exam):
    """Ctrl-C in the middle of a setting."""

    def impatient(_):
        raise KeyboardInterrupt

    job = torch_jobs(exam, BUDGET, seed=0)[0]
    trained = job.train(Watch("torch", job.label, 1, 1, impatient))
    assert trained.interrupted and trained.status == "interrupted"
    assert np.isfinite(trained.simulate(trained.weights, exam.test)).all()


def test_torch_is_the_baseline_of_a_comparison(exam):
    """All settings count; validation chose the one that is shown."""
    X, y = exam.frames
    result = fastlstm.compare(
        X, y, solvers=["torch"], time_limit=0.2, hidden_sizes=(3,), head_sizes=()
    )
    row = result.row("torch")
    assert result.baseline == "torch" and row.n_settings == 3
    assert row.wall_time_all > row.wall_time
    assert row.time_to_baseline <= row.cpu_time
