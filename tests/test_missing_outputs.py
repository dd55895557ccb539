"""NaN in y with missing_target="mask": what is hidden has no influence, the rest is enough."""

import warnings

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.error_model import ErrorModel
from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.metrics import fit_percent, mae, nrmse, r2, rmse
from fastlstm.records import Records
from fastlstm.solvers import BPTT, Ridge, Split
from fastlstm.starts.linear import identify
from fastlstm.weights import weighed
from plants import make_record
from two_outputs import noisy, simulate_two, small_lm

pytestmark = [
    pytest.mark.usefixtures("readout_solver"),
    pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning"),
]
N = 3000


@pytest.fixture(scope="module")
def plant():
    """Give u, y as measured, u and y without noise to test on, and the error of the full record."""
    u, y = simulate_two(N, 0)
    u_test, y_test = simulate_two(1500, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        full = small_lm().fit(u, noisy(y))
    return u, noisy(y), u_test, y_test, nrmse(y_test, full.predict(u_test), washout=50)


def hidden(pattern, y):
    """NaN in some places of y."""
    y, t = y.copy(), np.arange(len(y))
    if pattern == "at random":
        y[np.random.default_rng(1).uniform(size=y.shape) < 0.3] = np.nan
    elif pattern == "gap":
        y[int(0.4 * len(y)) : int(0.7 * len(y))] = np.nan
    elif pattern == "end":
        y[int(0.7 * len(y)) :] = np.nan
    elif pattern == "multirate":
        y[t % 5 != 2, 1] = np.nan
    return y


@pytest.mark.parametrize("pattern", ["at random", "gap", "end"])
def test_incomplete_record_gives_nearly_the_model_of_the_full_one(plant, pattern):
    """Seven tenths of the data: sqrt(10 / 7) of the error by count; three times is allowed."""
    u, y, u_test, y_test, full = plant
    model = small_lm(missing_target="mask").fit(u, hidden(pattern, y))
    error = nrmse(y_test, model.predict(u_test), washout=50)
    assert np.all(full < 0.02) and np.all(error < 3.0 * full) and np.all(error < 0.03)


def test_output_measured_every_fifth_step_is_learned_at_every_step(plant):
    """Its values in between follow from the model; the other output is hardly disturbed."""
    u, y, u_test, y_test, full = plant
    model = small_lm(missing_target="mask").fit(u, hidden("multirate", y))
    error = nrmse(y_test, model.predict(u_test), washout=50)
    assert error[0] < 3.0 * full[0] and error[1] < 0.05


SOLVERS = {
    "lm": "lm",
    "split": Split(max_iter=2),
    "split sample": Split(max_iter=2, mode="sample"),
    "ridge": Ridge(n_draws=3),
    "greedy": "greedy",
    "bptt": BPTT(max_iter=2),
    "bptt full": BPTT(max_iter=2, window=None),
}


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())
def test_hidden_values_have_no_influence_with_any_solver(solver):
    """NaN of another sign and payload, a masked array with anything below, a weight of zero."""
    u, y = simulate_two(500, 0)
    gaps = np.random.default_rng(1).uniform(size=len(y)) < 0.3
    y_nan, y_other = y.copy(), y.copy()
    y_nan[gaps] = np.nan
    y_other[gaps] = np.copysign(np.frombuffer(b"\x01\0\0\0\0\0\xf8\x7f")[0], -1.0)
    spoiled = np.where(gaps[:, None], 1e6, y)
    settings = {"solver": solver, "max_iter": 10, "missing_target": "mask"}
    model = small_lm(**settings).fit(u, y_nan)
    fits = [
        small_lm(**settings).fit(u, y_other),
        small_lm(**settings).fit(u, np.ma.masked_array(spoiled, np.repeat(gaps[:, None], 2, 1))),
        small_lm(**settings).fit(u, spoiled, sample_weight=np.where(gaps, 0.0, 3.0)),
    ]
    for other in fits:
        np.testing.assert_array_equal(other.params_, model.params_)
        np.testing.assert_array_equal(other.error_model_.coef, model.error_model_.coef)
        assert other.rmse_validation_ == model.rmse_validation_


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
@pytest.mark.parametrize("kind", ["short", "integrating"])
def test_hidden_values_have_no_influence_on_short_and_integrating_records(kind):
    """There whole records are fitted, with initial states and levels, and networks averaged."""
    u, y = simulate_two(300, 0)
    y = np.cumsum(y, axis=0) if kind == "integrating" else y
    gaps = np.random.default_rng(1).uniform(size=y.shape) < 0.3
    models = []
    for value in (0.0, 1e6):
        spoiled = np.ma.masked_array(np.where(gaps, value, y), gaps)
        model = LSTMRegressor(max_iter=15, random_state=0, missing_target="mask")
        models.append(model.fit(u, spoiled))
    assert models[0].frame_.integrating.all() == (kind == "integrating")
    np.testing.assert_array_equal(models[0].params_, models[1].params_)
    np.testing.assert_array_equal(models[0].frame_.levels, models[1].frame_.levels)


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
def test_training_goes_on_where_an_output_is_no_longer_measured():
    """Its scaling is known; the other output is what there is to learn from."""
    u, y = simulate_two(500, 0)
    model = small_lm(max_iter=10, missing_target="mask").fit(u, y)
    without = np.column_stack([y[:, 0], np.full(500, np.nan)])
    model.partial_fit(u, without, callback=lambda progress: progress.fit_percent)
    assert np.isfinite(model.params_).all() and model.score(u, without) > 0.9


@pytest.mark.filterwarnings("ignore::fastlstm.exceptions.DataWarning")
def test_record_without_outputs_is_as_if_it_were_not_there():
    """Also where it is of no weight; its inputs count for nothing either."""
    (u, y), (v, w) = simulate_two(400, 0), simulate_two(300, 1)
    settings = {"max_iter": 10, "missing_target": "mask"}
    alone = small_lm(**settings).fit([u], [y])
    missing = small_lm(**settings).fit([u, 7.0 * v], [y, np.full_like(w, np.nan)])
    weightless = small_lm(**settings).fit([7.0 * v, u], [w, y], sample_weight=[0, 1])
    for other in (missing, weightless):
        np.testing.assert_array_equal(other.params_, alone.params_)
        np.testing.assert_array_equal(other.scaling_.u_std, alone.scaling_.u_std)


def test_full_record_with_mask_has_the_bits_of_the_default():
    """Nothing is missing, so nothing may change."""
    u, y = simulate_two(500, 0)
    default, mask = small_lm(max_iter=10), small_lm(max_iter=10, missing_target="mask")
    np.testing.assert_array_equal(default.fit(u, y).params_, mask.fit(u, y).params_)


def test_default_refuses_nan_and_names_the_option():
    """NaN in X is refused whatever the option, infinity in y too."""
    u, y = make_record(100)
    gappy, endless, broken = y.copy(), y.copy(), u.copy()
    gappy[7], endless[7], broken[7] = np.nan, np.inf, np.nan
    with pytest.raises(ValueError, match=r'got NaN, first at step 7.*missing_target="mask"'):
        small_lm().fit(u, gappy)
    masks = small_lm(missing_target="mask")
    with pytest.raises(ValueError, match="y must be finite; got infinity, first at step 7"):
        masks.fit(u, endless)
    with pytest.raises(ValueError, match="X must be finite; got NaN"):
        masks.fit(broken, y)
    with pytest.raises(ValueError, match="y must have an output that is measured"):
        masks.fit(u, np.full_like(y, np.nan))
    with pytest.raises(ValueError, match='missing_target must be "raise" or "mask"'):
        small_lm(missing_target="skip").fit(u, y)


@pytest.fixture
def fitted(record):
    """Fit a model that knows that outputs may be missing."""
    from plants import small_model

    return small_model(missing_target="mask").fit(*record)


def test_scores_leave_missing_outputs_out(fitted, record):
    """The same as on the measured steps alone."""
    u, y = record
    known = np.random.default_rng(2).uniform(size=len(y)) < 0.6
    gappy, y_pred = np.where(known, y, np.nan), fitted.predict(u)
    known[: fitted.washout_] = False
    assert fitted.score(u, gappy) == pytest.approx(r2(y[known], y_pred[known]))
    for metric in (rmse, mae, nrmse, fit_percent, r2):
        found = metric(gappy, y_pred, washout=fitted.washout_, missing_target="mask")
        assert found == pytest.approx(metric(y[known], y_pred[known]))
        with pytest.raises(ValueError, match="y_true must be finite"):
            metric(gappy, y_pred)
        with pytest.raises(ValueError, match="y_pred must be finite"):
            metric(y, gappy, missing_target="mask")


def test_output_without_any_measured_value_scores_nan():
    """Where there is nothing to compare there is no number; others are not touched."""
    y = np.column_stack([[1.0, 2.0, 4.0], np.full(3, np.nan)])
    found = rmse(y, np.ones((3, 2)), missing_target="mask")
    assert found[0] == pytest.approx(np.sqrt(10.0 / 3.0)) and np.isnan(found[1])
    with pytest.warns(DataWarning, match=r"channels \[1\]"):
        assert np.isnan(nrmse(y, np.ones((3, 2)), missing_target="mask")[1])


def test_initial_state_comes_from_the_outputs_that_are_there(fitted, record):
    """Half of them tell nearly as much as all; none is as good as knowing only the inputs."""
    u, y = record
    part = u[100:], y[100:]
    gappy = part[1][:20].copy()
    gappy[::2] = np.nan
    runs = [fitted.simulate(part[0], y_init) for y_init in (part[1][:20], gappy)]
    assert rmse(part[1][:40], runs[1][:40]) < 1.2 * rmse(part[1][:40], runs[0][:40]) + 0.01
    assert np.isfinite(fitted.simulate(part[0], np.full(20, np.nan))).all()


def test_missing_output_corrects_no_prediction(fitted, record):
    """With e_t = a e_{t-1} the forecast after a gap of k steps is a^(k+1) of the last error."""
    model = ErrorModel(np.array([[0.5]]))
    error = np.array([[8.0], [np.nan], [np.nan], [2.0]])
    np.testing.assert_allclose(model.forecast(model.completed(error), 1).ravel(), [0, 4, 2, 1])
    u, y = record
    gappy = np.full_like(y, np.nan)
    np.testing.assert_array_equal(fitted.predict_ahead(u, gappy), fitted.predict(u))


def test_error_model_of_gappy_errors_is_that_of_the_process(rng):
    """Pairs of known errors tell the correlation."""
    error = np.zeros((6000, 1))
    for t in range(1, 6000):
        error[t] = 0.8 * error[t - 1] + rng.normal()
    error[rng.uniform(size=error.shape) < 0.4] = np.nan
    records = weighed(Records(error, error, np.array([0, 6000])))
    coef = ErrorModel.of(np.nan_to_num(error), records, 0).coef
    assert coef[0, 0] == pytest.approx(0.8, abs=0.06)
    assert np.all(np.abs(coef[0, 1:]) < 0.1)


@pytest.mark.parametrize("pattern", ["at random", "gap", "multirate"])
def test_linear_model_of_what_is_left_has_the_poles_of_the_plant(rng, pattern):
    """Free-run fits need no output in particular: 0.9 and 0.7 +- 0.3i, with 1 % of noise."""
    A = np.array([[0.9, 0.0, 0.0], [0.0, 0.7, -0.3], [0.0, 0.3, 0.7]])
    u, x = rng.normal(size=(3000, 1)), np.zeros(3)
    y = np.zeros((3000, 2))
    for t in range(3000):
        x = A @ x + np.array([0.2, 0.5, 0.3]) * u[t, 0]
        y[t] = x[0] + x[1], x[2] - x[0]
    y = hidden(pattern, y / y.std(axis=0) + 0.01 * rng.normal(size=y.shape))
    model = identify(weighed(Records(u, y, np.array([0, 3000]))), order=3)
    np.testing.assert_allclose(np.sort(np.abs(model.poles)), [0.58**0.5, 0.58**0.5, 0.9], atol=0.01)


def test_option_survives_the_model_file(fitted, tmp_path, record):
    """A loaded model takes what the saved one took."""
    u, y = record
    fitted.set_params(output_weights=[2.0], loss="squared").save(tmp_path / "m.safetensors")
    loaded = load(tmp_path / "m.safetensors")
    assert (loaded.missing_target, loaded.loss, loaded.output_weights) == ("mask", "squared", [2.0])
    gappy = np.where(np.arange(len(y)) % 3 == 0, np.nan, y)
    assert loaded.score(u, gappy) == fitted.score(u, gappy)
