"""A small free network, tried on short records where the paths of the search end too early."""

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.metrics import nrmse
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Clock, Problem, Tracker, free_trial
from fastlstm.solvers.free_trial import FreeTrial
from fastlstm.solvers.rival import Rival
from fastlstm.training import Task
from problems import teacher_params


def quadratic_spring(n_timesteps, seed):
    """Its stiffness grows with the deflection; the force changes every four steps."""
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.normal(size=n_timesteps // 4 + 1), 4)[:n_timesteps]
    x, v, y = 0.0, 0.0, np.empty(n_timesteps)
    for t, force in enumerate(1.2 * u):
        for _ in range(4):
            v += 0.1 * (force - x - 0.6 * x * abs(x) - 0.6 * v)
            x += 0.1 * v
        y[t] = x
    return u[:, None], y


def noisy(u, y, level):
    """Add white noise to the output."""
    return u, y + level * y.std() * np.random.default_rng(0).normal(size=y.shape)


@pytest.fixture(scope="module")
def record():
    """Hardly any noise."""
    return noisy(*quadratic_spring(700, 1), 0.001)


@pytest.fixture(scope="module")
def model(record):
    """With default settings."""
    return LSTMRegressor(random_state=0).fit(*record)


@pytest.fixture(scope="module")
def alone(record):
    """Train the same without a trial."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FreeTrial, "of", classmethod(lambda *_: None))
        return LSTMRegressor(random_state=0).fit(*record)


def posed(record, **parameters):
    """Pose the problem of a fit, and the trial."""
    settings = {**LSTMRegressor(**parameters).get_params(), "random_state": 0}
    problem = Task.of(settings, (*record, None)).problem
    return problem, FreeTrial.of(problem, Tracker(problem, Clock()), lambda *_: pytest.fail("made"))


def phases(model):
    """Kind of every iteration: of the trial or of the search."""
    return ["free" if row.phase.startswith("free: ") else "search" for row in model.history_]


def test_where_noise_is_small_it_is_the_answer(model, alone):
    """After one round, which is that of the search alone; nearer to the plant by far."""
    assert "free" in phases(model)
    n_searched = phases(model).index("free")
    assert set(phases(model)[n_searched:]) == {"free"}
    same = [[(row.phase, row.rmse_train) for row in one.history_] for one in (model, alone)]
    assert same[0][:n_searched] == same[1][:n_searched]
    u, y = quadratic_spring(3000, 2)
    errors = [nrmse(y, one.simulate(u), washout=100) for one in (model, alone)]
    assert errors[0] < 0.8 * errors[1]
    assert model.rmse_validation_ < 0.5 * alone.rmse_validation_


def test_same_bits_again(record, model):
    """Its random numbers are its own, and those of the seed."""
    again = LSTMRegressor(random_state=0).fit(*record)
    np.testing.assert_array_equal(again.params_, model.params_)


def test_what_is_no_answer_changes_nothing(record, alone, monkeypatch):
    """The search goes on with its own random numbers."""
    monkeypatch.setattr(free_trial, "CLEAR", 0.0)
    tried = LSTMRegressor(random_state=0).fit(*record)
    kinds = phases(tried)
    assert kinds[-1] == "search" and "free" in kinds
    np.testing.assert_array_equal(tried.params_, alone.params_)
    assert tried.start_ == alone.start_


def test_a_first_fit_that_is_not_promising_ends_it(record, model, monkeypatch):
    """It costs no more than two rounds."""
    monkeypatch.setattr(free_trial, "PROMISING", 0.0)
    monkeypatch.setattr(free_trial, "CLEAR", 0.0)
    kinds = phases(LSTMRegressor(random_state=0).fit(*record))
    n_searched = phases(model).index("free")
    assert 0 < kinds.count("free") < phases(model).count("free")
    assert kinds.count("free") <= 2 * n_searched + 1


def test_it_takes_no_time_from_the_rounds(record):
    """Where six rounds are more than there is time for, the search is alone."""
    model = LSTMRegressor(random_state=0, max_iter=800).fit(*record)
    assert set(phases(model)) == {"search"}


def test_under_noise_there_is_none(record):
    """A stronger ridge is the best then, and the paths did not end too early."""
    u, y = quadratic_spring(700, 1)
    model = LSTMRegressor(random_state=0).fit(*noisy(u, y, 0.3))
    assert set(phases(model)) == {"search"}


def test_network_is_one_for_which_the_record_is_not_short(record):
    """The usual structure becomes the alternative; shorter records have fewer units."""
    problem, trial = posed(record)
    assert (trial.problem.network.hidden_sizes, trial.problem.network.head_sizes) == ((6,), (6,))
    assert trial.problem.alternative == problem.network
    assert trial.problem.whole.is_medium and not problem.whole.is_medium
    shorter = tuple(part[:420] for part in record)
    assert posed(shorter)[1].problem.network.hidden_sizes == (4,)


@pytest.mark.parametrize(
    ("n_timesteps", "parameters"),
    [
        (200, {}),  # short for four units as well
        (420, {"hidden_sizes": (6,)}),  # one network was asked for
        (420, {"stability": "iss"}),
    ],
)
def test_there_may_be_no_trial(record, n_timesteps, parameters):
    """Then the search is alone."""
    u, y = record
    assert posed((u[:n_timesteps], y[:n_timesteps]), **parameters)[1] is None


def test_neither_where_held_out_outputs_tell_little(record, monkeypatch):
    """As of slow plants, whose tail hardly moves."""
    monkeypatch.setattr(free_trial, "MANY", np.inf)
    assert posed(record)[1] is None


def test_nor_on_a_record_of_medium_length(record):
    """Its first fit is of this kind already."""
    longer = tuple(np.concatenate([part] * 3) for part in record)
    problem, trial = posed(longer)
    assert problem.whole.is_medium
    assert trial is None


def test_interrupt_in_the_middle_of_it_keeps_what_is_better(record, monkeypatch):
    """The first fit has ended, others have begun."""
    monkeypatch.setattr(free_trial, "CLEAR", 0.9)
    seen = []

    def interrupt(progress):
        seen.append(progress.phase.startswith("free: fit "))
        if sum(seen) == 20:
            raise KeyboardInterrupt

    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model = LSTMRegressor(random_state=0).fit(*record, callback=interrupt)
    assert model.status_ == "interrupted"
    assert model.network_.num_layers == 1  # members of the search have two
    u, y = quadratic_spring(3000, 2)
    assert nrmse(y, model.simulate(u), washout=100) < 0.05


def test_what_was_decided_is_not_judged_again():
    """Rows that were held out before may have been fitted since."""
    network = Network(1, 1, (2,))
    u = np.random.default_rng(0).normal(size=(50, 1))
    tracker = Tracker(Problem(network, Records.from_lists([u], [u])), Clock())
    tracker.begin(10)
    tracker.decide(network, teacher_params(network, 1), "x", 0.1, 0.2)
    assert Rival.of(tracker).rmse == 0.2
    tracker.decided = False
    assert Rival.of(tracker).rmse != 0.2
