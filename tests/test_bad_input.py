"""Bad input: a clear error or a warning with a usable model, never a crash or a silent answer."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from fastlstm.exceptions import DataWarning
from fastlstm.metrics import fit_percent
from plants import make_record, make_records, small_model

pytestmark = pytest.mark.usefixtures("readout_solver")
U, Y = make_record(120, n_inputs=2)


def with_value(array, value, *index):
    array = np.array(array)
    array[index] = value
    return array


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_fit_raises_when_x_is_not_finite(value, word):
    """The message leads to the sample: record, step and channel."""
    X = [U, with_value(U, value, 17, 1)]
    with pytest.raises(ValueError, match=f"X must be finite; got {word} in record 1, first at "):
        small_model().fit(X, [Y, Y])
    with pytest.raises(ValueError, match="step 17 of channel 1"):
        small_model().fit(X, [Y, Y])


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_fit_raises_when_y_is_not_finite(value, word):
    """A NaN in y would make the whole cost NaN."""
    with pytest.raises(ValueError, match=f"y must be finite; got {word}, first at step 3"):
        small_model().fit(U, with_value(Y, value, 3))


@pytest.mark.parametrize("method", ["predict", "simulate", "predict_ahead", "score"])
def test_fitted_methods_raise_when_x_is_not_finite(method):
    """Prediction passes the same checks as training."""
    model = small_model().fit(U, Y)
    bad = with_value(U, np.nan, 0, 0)
    arguments = (bad, Y) if method in ("predict_ahead", "score") else (bad,)
    with pytest.raises(ValueError, match="X must be finite"):
        getattr(model, method)(*arguments)


def test_fit_warns_and_ignores_constant_input():
    """One dead sensor among good ones must not spoil the model, nor pass unnoticed."""
    X = np.column_stack([U, np.full(len(U), 3.7)])
    with pytest.warns(DataWarning, match=r"X should vary in every channel; channels \[2\]"):
        model = small_model().fit(X, Y)
    assert fit_percent(Y, model.predict(X)) > 40.0
    with pytest.warns(DataWarning, match=r"channels \[2\] differ"):
        moved = model.predict(X + np.array([0.0, 0.0, 5.0]))
    np.testing.assert_array_equal(moved, model.predict(X))


def test_fit_predicts_the_mean_when_every_input_is_constant():
    """No input, no dynamics to identify: the honest model is the mean of y."""
    X = np.ones((len(Y), 1))
    with pytest.warns(DataWarning) as caught:
        model = small_model().fit(X, Y)
    assert ["X should vary" in str(w.message) for w in caught] == [True, False]
    np.testing.assert_allclose(model.predict(X), Y.mean(), rtol=1e-12)


def test_fit_warns_and_predicts_constant_output_exactly():
    """One stuck output among good ones; the others are fitted as if it were not there."""
    outputs = np.column_stack([Y, np.full(len(Y), 0.1)])
    with pytest.warns(DataWarning, match=r"y should vary in every channel; channels \[1\]"):
        model = small_model().fit(U, outputs)
    np.testing.assert_array_equal(model.predict(U)[:, 1], 0.1)
    assert fit_percent(Y, model.predict(U)[:, 0]) > 40.0


def test_fit_predicts_constant_when_the_only_output_is_constant():
    """Nothing to train, and still a model."""
    with pytest.warns(DataWarning, match="y should vary"):
        model = small_model().fit(U, np.full(len(U), -2.5))
    np.testing.assert_array_equal(model.predict(U), -2.5)
    assert np.isnan(score_quietly(model, U, np.full(len(U), -2.5)))


def score_quietly(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return model.score(X, y)


def test_fit_warns_when_output_is_not_excited_by_the_input(rng):
    """Y has nothing to do with X; the held-out fit says so and the user must hear it."""
    with pytest.warns(DataWarning, match=r"y must follow X; on the held-out steps .* 1: -?\d"):
        small_model().fit(U, np.column_stack([Y, rng.normal(size=len(Y))]))


def test_fit_does_not_warn_when_data_are_good():
    """A warning that always comes is not read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small_model().fit(U, Y)


def test_methods_raise_when_x_has_another_number_of_channels():
    """The sentence scikit-learn users know, with the record."""
    model = small_model().fit([U, U], [Y, Y])
    with pytest.raises(ValueError, match="X has 1 features, but LSTMRegressor is expecting 2"):
        model.predict([U[:, :1]])
    with pytest.raises(ValueError, match=r"same input channels in every record; got 2 .* and 1"):
        model.predict([U, U[:, :1]])


def test_methods_raise_when_y_has_another_number_of_channels():
    """k-step prediction needs the outputs of fit."""
    model = small_model().fit(U, Y)
    with pytest.raises(ValueError, match="y has 2 output channels, but this LSTMRegressor"):
        model.predict_ahead(U, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="y_init has 2 output channels"):
        model.simulate(U, np.ones((5, 2)))


def test_fit_raises_when_records_disagree_in_number():
    """Two inputs, one output: nothing can be guessed."""
    with pytest.raises(ValueError, match="as many records as X; got 1, and X has 2"):
        small_model().fit([U, U], [Y])
    with pytest.raises(ValueError, match="y must be one array because X is one record"):
        small_model().fit(U, [Y])
    with pytest.raises(ValueError, match="one array per record because X does; got one table"):
        small_model().fit([U, U], pd.DataFrame({"a": Y, "b": Y}))


@pytest.mark.parametrize("n_y", [119, 121, 1])
def test_fit_raises_when_y_has_another_length(n_y):
    """Y shorter than X is not padded, y longer is not cut."""
    with pytest.raises(ValueError, match=f"as many steps as X; got {n_y}, and X has 120 in record"):
        small_model().fit([U, U], [Y, np.resize(Y, n_y)])


def test_fit_raises_when_a_record_is_shorter_than_the_washout():
    """The record is named; dropping it silently would change the data."""
    X, y = make_records([100, 40])
    with pytest.raises(ValueError, match="got washout=40, and record 1 has 40 steps"):
        small_model(washout=40).fit(X, y)


def test_score_raises_when_a_record_is_shorter_than_the_washout():
    """Nothing would be scored."""
    model = small_model(washout=20).fit(U, Y)
    with pytest.raises(ValueError, match="washout must be shorter than every record"):
        model.score(U[:20], Y[:20])


def test_fit_raises_when_there_is_one_sample():
    """One sample has no dynamics."""
    with pytest.raises(ValueError, match="at least 2 steps in every record; got n_samples=1"):
        small_model().fit(U[:1], Y[:1])


def test_predict_works_when_there_is_one_sample():
    """A controller may step sample by sample."""
    model = small_model().fit(U, Y)
    np.testing.assert_array_equal(model.predict(U[:1]), model.predict(U)[:1])


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([], []),
        (np.empty((0, 1)), np.empty(0)),
        (np.empty((5, 0)), np.zeros(5)),
        (np.empty((0, 10, 1)), np.empty((0, 10))),
        ([U, U[:0]], [Y, Y[:0]]),
        (U, np.empty((len(U), 0))),
        ([U], []),
    ],
)
def test_fit_raises_when_something_is_empty(X, y):
    """Empty files and empty selections are common mistakes."""
    with pytest.raises(ValueError, match=r"X|y"):
        small_model().fit(X, y)


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: np.round(100 * a).astype(np.int32),
        lambda a: np.round(50 * a).astype(np.int8),
        lambda a: a.astype(np.float16),
        lambda a: a.astype(np.float32),
        lambda a: a.astype(">f8"),
        lambda a: a.astype(np.longdouble),
        lambda a: a.astype(object),
        lambda a: a > 0,
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=0)[::2],
        lambda a: a[::-1][::-1],
        lambda a: a.tolist(),
        pd.DataFrame,
    ],
    ids=[
        "int32",
        "int8",
        "float16",
        "float32",
        "big-endian",
        "longdouble",
        "object",
        "bool",
        "fortran",
        "strided",
        "reversed",
        "nested-list",
        "frame",
    ],
)
def test_fit_gives_the_same_bits_whatever_holds_the_numbers(convert):
    """The same numbers are the same data, whatever their type and memory order."""
    X, y = convert(U), convert(Y)
    X_plain, y_plain = np.array(X, dtype=float), np.array(y, dtype=float).ravel()
    if isinstance(y, pd.DataFrame):
        y = y[0]
    model, plain = small_model().fit(X, y), small_model().fit(X_plain, y_plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X_plain))


def test_fit_leaves_read_only_and_memory_mapped_arrays_untouched(tmp_path):
    """Recordings are often opened read-only."""
    np.save(tmp_path / "u.npy", U)
    mapped = np.load(tmp_path / "u.npy", mmap_mode="r")
    y = Y.copy()
    y.setflags(write=False)
    np.testing.assert_array_equal(
        small_model().fit(mapped, y).predict(mapped), small_model().fit(U, Y).predict(U)
    )


@pytest.mark.parametrize("u_scale", [1e-300, 1e300])
@pytest.mark.parametrize("y_scale", [1e-300, 1e300])
def test_fit_is_invariant_to_extreme_scales(u_scale, y_scale):
    """Units are arbitrary: pascal or gigapascal, the fit in percent is the same."""
    plain, scaled = small_model().fit(U, Y), small_model().fit(u_scale * U, y_scale * Y)
    expected = fit_percent(Y, plain.predict(U))
    y_pred = scaled.predict(u_scale * U)
    assert fit_percent(y_scale * Y, y_pred) == pytest.approx(expected, abs=1e-6)
    assert scaled.score(u_scale * U, y_scale * Y) == pytest.approx(plain.score(U, Y), abs=1e-9)
    ahead = scaled.predict_ahead(u_scale * U, y_scale * Y) / y_scale
    np.testing.assert_allclose(ahead, plain.predict_ahead(U, Y), atol=1e-9)


def test_predict_raises_when_inputs_leave_float64():
    """Inputs of another unit may overflow; infinity is no answer."""
    model = small_model().fit(1e-300 * U, Y)
    with pytest.raises(ValueError, match="Check the unit of X"):
        model.predict(1e300 * U)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (U[:, 0], ValueError, r"Reshape your data with X.reshape\(-1, 1\)"),
        ([U[:, 0], U[:, 0]], ValueError, "X must be 2-D .* per record"),
        (U[None, None], ValueError, "X must be 2-D"),
        (1j * U, ValueError, "Complex data not supported"),
        (U.astype(str), ValueError, "X must hold numbers; got dtype <U"),
        (U.astype("datetime64[s]"), ValueError, "X must hold numbers; got dtype datetime64"),
        (with_value(U.astype(object), "a", 0, 0), ValueError, "X must hold numbers"),
        (with_value(U.astype(object), None, 0, 0), ValueError, "got NaN"),
        (with_value(U.astype(object), {}, 0, 0), TypeError, "X must hold numbers"),
        (with_value(U.astype(object), 10**400, 0, 0), ValueError, "fit float64"),
        (U.astype(np.longdouble) * np.longdouble("1e1000"), ValueError, "got infinity"),
        (scipy.sparse.csr_array(U), TypeError, "sparse"),
        (np.ma.masked_greater(U, 0.5), ValueError, "masked"),
        ([[1.0, 2.0], [3.0]], ValueError, "rows of unequal length"),
        ("data.csv", ValueError, "X must hold numbers"),
        (None, TypeError, "X must hold numbers"),
        (5.0, ValueError, "X must be 2-D"),
        ({"u": Y}, TypeError, "X must hold numbers"),
        (pd.DataFrame({"u": pd.array([1, None] * 60, dtype="Int64")}), Exception, "X must"),
    ],
)
def test_fit_raises_when_x_is_no_array_of_numbers(X, error, message):
    """Each says what it was and what to pass instead."""
    with pytest.raises(error, match=message):
        small_model().fit(X, Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (Y.reshape(1, -1), "as many steps as X; got 1"),
        (np.zeros((120, 1, 1)), "y must be 1-D .* or 2-D"),
        (3.0, "y must be 1-D .* or 2-D"),
        (Y.astype(str), "y must hold numbers"),
    ],
)
def test_fit_raises_when_y_does_not_fit_x(y, message):
    """Y has its own messages."""
    with pytest.raises(ValueError, match=message):
        small_model().fit(U, y)


def test_fit_raises_when_y_records_mix_dimensions():
    """Predictions could not go back in the same form."""
    with pytest.raises(ValueError, match="the same for all"):
        small_model().fit([U, U], [Y, Y[:, None]])
    with pytest.raises(ValueError, match="same output channels in every record"):
        small_model().fit([U, U], [Y[:, None], np.column_stack([Y, Y])])


@pytest.mark.parametrize("y_init", [np.ones(121), np.empty(0), [np.ones(5)], np.full(5, np.nan)])
def test_simulate_raises_when_y_init_does_not_fit(y_init):
    """The initial outputs belong to the first steps of X."""
    model = small_model().fit(U, Y)
    with pytest.raises(ValueError, match="y_init must"):
        model.simulate(U, y_init)


@pytest.mark.parametrize(("steps", "error"), [(0, ValueError), (1.5, TypeError), ("3", TypeError)])
def test_predict_ahead_raises_when_steps_is_no_positive_integer(steps, error):
    """Zero steps ahead would return the measurement itself."""
    with pytest.raises(error, match="steps must be"):
        small_model().fit(U, Y).predict_ahead(U, Y, steps)


def test_frame_columns_must_match_those_of_fit():
    """Swapped columns are the easiest way to a silent wrong answer."""
    frame = pd.DataFrame(U, columns=["valve", "heater"])
    model = small_model().fit(frame, Y)
    assert model.feature_names_in_.tolist() == ["valve", "heater"]
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(frame[["heater", "valve"]])
    with pytest.raises(ValueError, match="unseen at fit time:\n- flow"):
        model.predict(frame.rename(columns={"valve": "flow"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(U)
    with pytest.raises(ValueError, match="same column names in every record"):
        model.predict([frame, frame.rename(columns={"valve": "flow"})])
