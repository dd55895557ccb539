"""`compare`: same data and budget for all, the test part opened once, nothing lost on Ctrl-C."""

from __future__ import annotations

import importlib.util
import json
import math

import numpy as np
import pytest

import fastlstm
from fastlstm.comparison.runs import Curve
from fastlstm.exceptions import DataWarning
from fastlstm.metrics import fit_percent, rmse
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.solvers import SOLVERS
from fastlstm.starts.linear import identify
from plants import make_record, make_records
from readout_solver import ReadoutSolver

SMALL = {"hidden_sizes": (8,), "head_sizes": (), "time_limit": 60.0, "torch": False}


def run(X, y, *rest, **changes):
    return fastlstm.compare(X, y, *rest, **{**SMALL, "solvers": ["readout"], **changes})


class Interrupting(ReadoutSolver):
    """Solver during which the user loses patience."""

    def run(self, problem, start, rng, tracker):
        yield from super().run(problem, start, rng, tracker)
        raise KeyboardInterrupt


@pytest.mark.usefixtures("readout_solver")
class TestCompare:
    def test_scores_are_those_of_the_models(self, record):
        """The table must say what a user gets by predicting with the model himself."""
        u_test, y_test = make_record(200, seed=7)
        result = run(*record, [u_test], [y_test], washout=15)
        model = result.typical("readout").model
        del model.feature_names_in_
        y_sim = model.predict(u_test)
        row = result.row("readout")
        assert row.rmse[0] == pytest.approx(rmse(y_test[:, None], y_sim, washout=15)[0])
        assert row.fit_percent == pytest.approx(fit_percent(y_test[:, None], y_sim, washout=15)[0])
        assert row.n_weights == model.network_.n_params

    def test_linear_model_of_the_training_part_is_the_yardstick(self, record):
        """It is always there, identified on the training part alone."""
        u, y = record
        u_test, y_test = make_record(200, seed=7)
        result = run(u, y, u_test, y_test, washout=15)
        train = Records.from_lists([u], [y[:, None]])
        scaling = Scaling.of(train)
        linear = identify(scaling.scale(train), washout=15)
        test = Records(scaling.scale_inputs(u_test), None, np.array([0, 200]))
        y_sim = scaling.unscale_outputs(linear.simulate(test))
        assert result.row("linear").rmse[0] == pytest.approx(
            rmse(y_test[:, None], y_sim, washout=15)[0]
        )
        assert result.baseline == "linear"

    def test_test_part_influences_no_model(self, record):
        """Opened once, after training: other test data give the same weights at every moment."""
        models, snapshots = [], []
        for seed in (7, 8):
            result = run(*record, *make_record(200, seed=seed))
            models.append(result.typical("readout").model.params_)
            snapshots.append(len(result.typical("readout").curve.nrmse))
        np.testing.assert_array_equal(*models)
        assert snapshots[0] == snapshots[1]

    def test_a_quarter_is_set_aside_when_there_is_no_test_data(self, record):
        """The tail of a record, whole records from five on; training sees none of it."""
        result = run(*record, washout=10)
        assert result.exam.train.lengths.tolist() == [225]
        assert result.exam.test.n_total - result.exam.test_washout == 75
        np.testing.assert_array_equal(result.exam.test.u[-75:], record[0][225:])
        many = run(*make_records([80, 81, 82, 83, 84, 85, 86, 87]))
        assert many.exam.test.n_records == 2 and many.exam.train.n_records == 6
        assert not set(many.exam.test.lengths) & set(many.exam.train.lengths)

    def test_curve_ends_at_the_finished_model_and_keeps_time_order(self, record):
        """The last point is what the table shows."""
        result = run(*record)
        for method in result.methods:
            scored = result.typical(method)
            assert np.all(np.diff(scored.curve.cpu_time) > 0)
            assert scored.curve.nrmse[-1] == scored.nrmse
            assert scored.curve.cpu_time[-1] == scored.cpu_time

    def test_test_part_is_opened_after_the_last_training(self, record, monkeypatch):
        """So scoring costs no method any time, and no training can look at its score."""
        from fastlstm.comparison.exam import Exam

        order, original = [], Exam.rmse

        def scored(self, y_sim):
            order.append("scored")
            return original(self, y_sim)

        monkeypatch.setattr(Exam, "rmse", scored)
        run(*record, seeds=(0, 1), callback=lambda _: order.append("training"))
        assert order == sorted(order, reverse=True) and {"scored", "training"} == set(order)

    def test_methods_have_names_of_their_own(self, record):
        """Chains, instances and repetitions can stand side by side."""
        solvers = ["readout", ReadoutSolver(), ["readout", "readout"]]
        result = run(*record, solvers=solvers)
        assert result.methods == ["linear", "readout", "readout (2)", "readout+readout"]
        np.testing.assert_array_equal(
            result.typical("readout").rmse, result.typical("readout (2)").rmse
        )

    def test_all_solvers_take_part_by_default(self, record, monkeypatch):
        """A solver that is registered appears by itself."""
        another = type("Another", (ReadoutSolver,), {})
        monkeypatch.setitem(SOLVERS, "another", another)
        few = {name: SOLVERS[name] for name in ("readout", "another")}
        monkeypatch.setattr("fastlstm.comparison.contest.SOLVERS", few)
        result = run(*record, solvers=None)
        assert result.methods == ["linear", "readout", "another"]

    def test_seeds_give_medians(self, record):
        """Three seeds: the row is the middle one, the range spans the others."""
        result = run(*record, seeds=(0, 1, 2))
        errors = sorted(one.nrmse for one in result.of("readout"))
        row = result.row("readout")
        assert (row.nrmse_low, row.nrmse, row.nrmse_high) == tuple(errors) and row.n_seeds == 3
        assert result.typical("readout").nrmse == row.nrmse
        alone = run(*record, seeds=(1,))
        assert alone.typical("readout").nrmse == result.of("readout")[1].nrmse

    def test_channels_are_scored_one_by_one(self):
        """Two outputs in different units: RMSE each, fit as the mean of both."""
        u, y = make_record(400, n_inputs=2)
        both = np.column_stack([y, 1000.0 * np.roll(y, 1)])
        result = run(u, both, washout=20)
        row = result.row("linear")
        y_test, y_sim = result.exam.test.y, result.typical("linear").y_sim
        expected = fit_percent(y_test, y_sim, washout=result.exam.test_washout)
        assert len(row.rmse) == 2 and row.fit_percent == pytest.approx(np.mean(expected))

    def test_interrupt_keeps_the_methods_done_and_the_one_under_way(self, record, monkeypatch):
        """Ctrl-C in the second of three methods: two rows, and a note that it was cut short."""
        monkeypatch.setitem(SOLVERS, "slow", Interrupting)
        result = run(*record, solvers=["readout", "slow", "lm"])
        assert result.interrupted and result.methods == ["linear", "readout", "slow"]
        assert result.row("slow").status == "interrupted"
        assert math.isfinite(result.row("slow").nrmse)

    def test_interrupt_outside_a_solver_keeps_the_methods_done(self, record):
        """Between two trainings, or in a callback of the torch baseline."""

        def impatient(event):
            if event.number == 3:
                raise KeyboardInterrupt

        result = run(*record, solvers=["readout", "readout"], callback=impatient)
        assert result.interrupted and "readout" in result.methods

    def test_interrupt_before_anything_is_done_is_passed_on(self, record, monkeypatch):
        """There is nothing to keep."""
        from fastlstm.comparison import contestants

        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(contestants, "identify", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(*record)

    def test_callback_sees_every_training(self, record):
        """Name, number and fit, so that a bar can be drawn; never the test part."""
        events = []
        run(*record, seeds=(0, 1), callback=events.append)
        assert {(event.method, event.number) for event in events} == {
            ("readout", 2),
            ("readout", 3),
        }
        assert all(event.n_runs == 3 and 0.0 <= event.fraction <= 1.0 for event in events)
        assert all(math.isfinite(event.fit_percent) for event in events)

    def test_warning_about_the_data_comes_once(self, record):
        """Five solvers would repeat it five times."""
        u, y = record
        constant = np.column_stack([u, np.ones(len(u))])
        with pytest.warns(DataWarning) as caught:
            result = run(constant, y, solvers=["readout", "readout"])
        assert len([w for w in caught if "constant" in str(w.message)]) == 1
        assert any("constant" in note for note in result.notes)

    def test_names_of_columns_are_kept(self, record):
        """Reports speak of valve and level, not of u and y."""
        import pandas as pd

        u, y = record
        result = run(pd.DataFrame(u, columns=["valve"]), pd.DataFrame({"level": y}))
        assert result.exam.input_names == ("valve",) and result.exam.output_names == ("level",)

    def test_json_holds_rows_and_curves_and_null_for_what_is_not_finite(self, record, tmp_path):
        """Readable by any JSON parser: infinity and NaN do not exist there."""
        result = run(*record)
        text = result.to_json(tmp_path / "out.json")
        assert (tmp_path / "out.json").read_text(encoding="utf-8") == text

        def refuse(name):
            raise AssertionError(name)

        data = json.loads(text, parse_constant=refuse)
        assert {row["method"] for row in data["rows"]} == {"linear", "readout"}
        assert data["baseline"] == "linear" and data["best"] == result.best
        by_name = {one["method"]: one for one in data["runs"]}
        curve = by_name["readout"]["curve"]
        assert len(curve["cpu_time"]) == len(curve["nrmse"]) == len(curve["rmse"])

    def test_table_lists_every_method_best_first(self, record):
        """What the command line prints."""
        result = run(*record)
        lines = result.table().splitlines()
        assert lines[1].startswith(result.best) and len(lines) == 1 + len(result.methods)


def test_time_to_an_error_is_the_first_moment_it_was_reached():
    """Even if the error rose again later; infinite if it was never reached."""
    times, errors = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.9, 0.5, 0.7, 0.3])
    curve = Curve(times, times, errors[:, None], errors)
    assert curve.time_to(0.5) == 2.0 and curve.time_to(0.4) == 4.0
    assert curve.time_to(0.2) == math.inf


MISTAKES = {
    "unknown solver": ({"solvers": ["adam"]}, ValueError, "solver must be"),
    "no seeds": ({"seeds": ()}, ValueError, "seeds must be"),
    "negative seed": ({"seeds": (-1,)}, ValueError, "random_state must be"),
    "no time": ({"time_limit": 0.0}, ValueError, "time_limit must be"),
    "no limit": ({"time_limit": None}, ValueError, "time_limit must be"),
    "torch": ({"torch": "yes"}, ValueError, "torch must be"),
    "washout": ({"washout": 300}, ValueError, "washout must be"),
    "washout text": ({"washout": "some"}, ValueError, "washout must be"),
    "sizes": ({"hidden_sizes": (0,)}, ValueError, "hidden_sizes must be"),
    "half a test": ({"X_test": np.ones((9, 1))}, ValueError, "belong together"),
    "test channels": (
        {"X_test": np.ones((9, 2)), "y_test": np.ones(9)},
        ValueError,
        "X_test must have the 1 channels",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_is_named_before_anything_is_trained(record, case):
    """Which argument, what it was, and what to do."""
    changes, error, message = MISTAKES[case]
    with pytest.raises(error, match=message):
        fastlstm.compare(*record, **{**SMALL, "solvers": ["lm"], **changes})


def test_data_that_cannot_be_compared_is_refused():
    """Too short to split, or nothing that moves."""
    with pytest.raises(ValueError, match="long enough to set a quarter aside"):
        fastlstm.compare(np.arange(5.0)[:, None], np.arange(5.0), solvers=["lm"], torch=False)
    with pytest.raises(ValueError, match="X must vary"):
        fastlstm.compare(np.ones((99, 1)), np.arange(99.0), solvers=["lm"], torch=False)


def test_torch_is_asked_for_but_missing(record, monkeypatch):
    """The message says what to install; by default its absence is no error."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for changes in ({"torch": True}, {"solvers": ["torch"], "torch": "auto"}):
        with pytest.raises(ImportError, match=r"fastlstm\[torch\]"):
            fastlstm.compare(*record, **{**SMALL, "solvers": ["lm"], **changes})
