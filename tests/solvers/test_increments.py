"""Plants that integrate: increments first, then their sums, several times."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fastlstm import LSTMRegressor, _core
from fastlstm.integration import accumulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import increments
from fastlstm.solvers.increments import ROUNDS
from fastlstm.solvers.problem import Parts, Problem, Whole
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.sums import Sums, _stages
from fastlstm.starts.integrating import identify_integrating
from integrating_plants import slide
from problems import teacher_params

NETWORK, GAIN = Network(1, 1, (3,), (2,)), np.array([0.2])
WASHOUT = 20


def summed_records(seed, lengths=(300, 200)):
    """Sum what a known network gives from rest, every record at a level of its own."""
    u = np.random.default_rng(seed).normal(size=(sum(lengths), 1))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    y, _ = _core.simulate(NETWORK, teacher_params(NETWORK, 1), u, offsets, float32=False)
    levels = np.arange(1.0, len(lengths) + 1.0)[:, None]
    return Records(u, accumulate(y, offsets, GAIN, levels), offsets)


@pytest.fixture
def sums():
    """Where zero error is reachable."""
    train, validation = summed_records(2), summed_records(3)
    parts = Parts(train, validation, WASHOUT, WASHOUT)
    linear = identify_integrating(train, GAIN).increments
    problem = Problem(NETWORK, train, validation, whole=Whole(train, linear, GAIN, parts=parts))
    return Sums(problem, parts)


def test_network_that_made_the_records_has_no_error(sums):
    """Levels are free, and the state is known: every record begins at rest."""
    judged = sums.judged(NETWORK, teacher_params(NETWORK, 1), "known")
    assert judged.rmse < 1e-12


def test_drift_on_one_of_both_parts_counts(sums):
    """A constant increment that only the training records show is not missed."""
    drifting = sums.parts.train
    ramp = np.concatenate([np.linspace(-1.0, 1.0, n) for n in drifting.lengths])[:, None]
    train = replace(drifting, y=drifting.y + ramp)
    sums = replace(sums, parts=replace(sums.parts, train=train))
    judged = sums.judged(NETWORK, teacher_params(NETWORK, 1), "known")
    assert judged.rmse == judged.rmse_train > 0.4


def test_run_that_overflows_has_an_infinite_error(sums):
    """Instead of a warning and a number that means nothing."""
    params = teacher_params(NETWORK, 1)
    NETWORK.unpack(params)["readout.input"][:] = 1e308
    assert sums.judged(NETWORK, params, "wild").rmse == np.inf


def test_drift_is_removed_by_the_fit_to_the_sums(sums):
    """A bias of the increments hardly shows in these, and grows in the sums."""
    params = teacher_params(NETWORK, 1)
    NETWORK.unpack(params)["readout.bias"][:] += 0.05
    begun = sums.judged(NETWORK, params, "biased")
    errors = [iterate.rmse_validation for iterate in sums.fit(begun)]
    assert begun.rmse > 0.3
    assert np.nanmin(errors) < 0.01 * begun.rmse


def test_stages_that_forget_are_not_judged(sums):
    """They know less than the sums; those of the sums themselves are, and they come last."""
    params = teacher_params(NETWORK, 1)
    NETWORK.unpack(params)["readout.bias"][:] += 0.05
    iterates = list(sums.fit(sums.judged(NETWORK, params, "biased")))
    judged = ~np.isnan([iterate.rmse_validation for iterate in iterates])
    assert not judged[0]
    assert judged[-1]
    assert np.all(np.isfinite([iterate.rmse_train for iterate in iterates]))


def test_first_steps_count_where_states_are_found(sums):
    """A network that forgets nothing of a wrong beginning is judged by the best one."""
    known = sums.judged_whole(NETWORK, teacher_params(NETWORK, 1), "known")
    assert known.rmse < 1e-6
    train = sums.parts.train
    jump = np.zeros_like(train.y)
    jump[: WASHOUT // 2] = 1.0  # in the washout of the first record
    shifted = replace(sums, parts=replace(sums.parts, train=replace(train, y=train.y + jump)))
    blind = shifted.judged(NETWORK, teacher_params(NETWORK, 1), "known")
    assert blind.rmse < 1e-12
    assert shifted.judged_whole(NETWORK, teacher_params(NETWORK, 1), "known").rmse > 0.05


def test_what_is_remembered_longer_than_records_are_is_no_stage():
    """Of 300 steps: forgotten after 10 and after 50, then remembered."""
    stages = [forgotten for forgotten, _ in _stages(summed_records(2))]
    assert stages == [10.0, 10.0, 50.0, None]
    assert [forgotten for forgotten, _ in _stages(summed_records(2, lengths=(15,)))] == [None]


@pytest.fixture(scope="module")
def fitted():
    """Clean increments, defaults."""
    return LSTMRegressor(random_state=1).fit(*slide(1500, 1))


def test_increments_come_first_and_sums_after_them(fitted):
    """Up to eight times; the model is the average of those that agree."""
    phases = [row.phase for row in fitted.history_]
    kinds = ["sums" if phase.startswith("sums") else "increments" for phase in phases]
    turns = [kind for k, kind in enumerate(kinds) if k == 0 or kinds[k - 1] != kind]
    assert turns == ["increments", "sums"] * ROUNDS
    assert fitted.network_.hidden_sizes[0] <= 6 * ROUNDS
    assert fitted.status_ == "done"


def test_structure_that_is_given_is_kept():
    """The best of the results is the model, not an average."""
    model = LSTMRegressor((3,), (2,), random_state=1, max_iter=1000).fit(*slide(1500, 1))
    assert model.network_.hidden_sizes == (3,)
    assert "average" not in model.start_


def test_fit_of_increments_takes_a_part_of_the_time_that_is_left(sums, monkeypatch):
    """Two of ten seconds are used."""
    monkeypatch.setattr(increments.IncrementFit, "_fit_increments", lambda self: iter(()))
    budget = SimpleNamespace(time_limit=10.0, time_used=0.2)
    tracker = SimpleNamespace(budget=budget)
    fit = increments.IncrementFit(sums.problem, sums.parts, tracker, None, 100)
    own = SimpleNamespace(budget=SimpleNamespace(time_limit=None), begin=lambda max_iter: None)
    vars(fit)["_own"] = own
    assert list(fit.run()) == []
    assert own.budget.time_limit == pytest.approx(0.25 * 8.0)


@pytest.mark.parametrize("is_clean", [True, False])
def test_noisy_fits_count_by_their_errors(sums, monkeypatch, is_clean):
    """All but what is far off; of clean ones those that agree, alike."""
    network, n_params = sums.problem.network, sums.problem.network.n_params
    found = [
        Rival(network, np.full(n_params, 0.01 * k), f"{k}", error, error)
        for k, error in enumerate((1.0, 2.0, 4.0, 6.0, np.inf))
    ]
    asked = []
    monkeypatch.setattr(increments, "average", lambda *given: asked.append(given) or given[0][0])
    monkeypatch.setattr(increments, "agreeing", lambda rivals, _: rivals[1:3])
    problem = replace(sums.problem, may_widen=True)
    rounds = increments.IncrementRounds(problem, sums.parts, None, None, found, is_clean)
    assert rounds._chosen().phase == ("average of 2 fits" if is_clean else "average of 3 fits")
    ((pairs, weights),) = asked
    assert [params[0] for _, params in pairs] == ([0.01, 0.02] if is_clean else [0.0, 0.01, 0.02])
    expected = [0.5, 0.5] if is_clean else np.array([16.0, 4.0, 1.0]) / 21.0
    np.testing.assert_allclose(weights, expected)


def test_clean_increments_give_an_accurate_model():
    """Less than a percent off on its own record, from forty measured outputs; median of three."""
    u, y = slide(3000, 1)
    models = [LSTMRegressor(random_state=seed, max_iter=1000).fit(u, y) for seed in range(3)]
    errors = [np.sqrt(np.mean((model.simulate(u, y_init=y[:40]) - y) ** 2)) for model in models]
    assert np.median(errors) < 0.01 * y.std()


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
def test_interrupted_fit_returns_the_best_so_far():
    """In the middle of the first increments, and in the second round, which then does not count."""
    for stop, begun in ((15, "increments"), (400, "")):

        def interrupt(progress, stop=stop):
            if progress.iteration == stop:
                raise KeyboardInterrupt

        model = LSTMRegressor(random_state=1)
        model.fit(*slide(1500, 1), callback=interrupt)
        assert model.status_ == "interrupted"
        assert np.isfinite(model.rmse_validation_)
        assert model.rmse_validation_ < (0.5 if begun else 0.02)


def test_noisy_increments_of_short_records_leave_time_for_the_search():
    """Noise as large as the steps: the search on stretches follows, and the better result stays.

    Where records are long enough held-out rows tell fits apart, and there is none.
    """
    for n_timesteps, searches in ((400, True), (1500, False)):
        model = LSTMRegressor(random_state=0).fit(*slide(n_timesteps, 1, noise=4e-3))
        phases = {row.phase for row in model.history_}
        assert any(phase.startswith("increments") for phase in phases)
        assert any(phase.startswith(("linear", "random")) for phase in phases) == searches


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")
def test_few_iterations_go_to_the_search_at_once():
    """A hundred are too few for both."""
    model = LSTMRegressor(random_state=0, max_iter=100).fit(*slide(600, 1))
    assert not any(row.phase.startswith("increments") for row in model.history_)
