"""The official protocol: windows, units, steady state, seeds, Ctrl-C, JSON."""

import dataclasses
import json
import math
import os

import numpy as np
import pytest
from toy_set import load_toy, make_record

from fastlstm import LSTMRegressor
from fastlstm.datasets import DAISY_SETS, LOADERS, Dataset
from fastlstm.official import find_sets, run_official, simulate_test


class Recorder:
    """Stands for a fitted model: remembers what it was asked to simulate."""

    def __init__(self):
        self.calls = []

    def simulate(self, u, y_init=None):
        self.calls.append((u, y_init))
        return np.arange(float(len(u)))


def test_measured_outputs_of_the_window_set_the_state():
    """`y_init` is the official window, and no output beyond it is seen."""
    data, model = load_toy(), Recorder()
    y_sim = simulate_test(model, data, "b")
    (u, y_init), record = model.calls[0], data.tests["b"]
    assert u is record.u and y_sim.shape == record.y.shape
    np.testing.assert_array_equal(y_init, record.y[:10])


def test_record_without_window_is_simulated_from_rest():
    """Then no measured output may be used."""
    model = Recorder()
    simulate_test(model, dataclasses.replace(load_toy(), init_window=0), "a")
    assert model.calls[0][1] is None and len(model.calls[0][0]) == 200


def test_periodic_record_is_scored_in_its_second_period():
    """A steady state has no beginning: the first period brings the model there."""
    test = dataclasses.replace(make_record(40, 3, "steady"), periodic=True)
    data = Dataset("periodic", (test,), {"steady": test}, "nobody")
    model = Recorder()
    y_sim = simulate_test(model, data, "steady")
    np.testing.assert_array_equal(model.calls[0][0], np.concatenate([test.u, test.u]))
    np.testing.assert_array_equal(y_sim[:, 0], np.arange(40.0, 80.0))


def test_diverged_model_scores_infinity_and_says_so():
    """A failure is a result: it must not stop the other sets."""

    class Diverging:
        def simulate(self, u, y_init=None):
            raise ValueError("the outputs leave float64")

    data = load_toy()
    with pytest.warns(UserWarning, match="leave float64"):
        y_sim = simulate_test(Diverging(), data, "a")
    assert data.score("a", y_sim) == math.inf


def test_scores_are_those_of_fit_and_simulate(fast):
    """The protocol adds nothing to what a user can do by hand."""
    data = load_toy()
    result = run_official([data], seeds=[3], **fast)
    model = LSTMRegressor(random_state=3, **fast).fit(data.X, data.y)
    y_sim = model.simulate(data.tests["a"].u, y_init=data.tests["a"].y[:10])
    assert result.runs[0].scores["a"] == data.score("a", y_sim) > 0.0
    assert result.runs[0].cpu_time > 0.0 and result.runs[0].n_weights == len(model.params_)


def test_every_seed_trains_once_and_the_table_shows_the_median(fast):
    """Median, range and number of seeds; in mV, since the set says so."""
    events = []
    result = run_official([load_toy()], seeds=range(3), callback=events.append, **fast)
    scores = [run.scores["b"] for run in result.runs]
    assert [run.seed for run in result.runs] == [0, 1, 2] and len(set(scores)) == 3
    assert result.median_score("toy", "b") == sorted(scores)[1]
    line = next(line for line in result.table().splitlines() if line.startswith("toy, b"))
    assert f"{sorted(scores)[1]:.4g}" in line and "mV" in line
    assert f"{min(scores):.4g} - {max(scores):.4g}" in line and line.split()[-1] == "3"
    assert {(event.method, event.n_runs) for event in events} == {("toy", 3)}


def test_table_prints_published_errors_with_their_source(fast):
    """Beside ours, with a number that leads to the source."""
    data = dataclasses.replace(load_toy(), name="ced", unit="ticks/s")
    tests = {"1": data.tests["a"], "2": data.tests["b"]}
    text = run_official([dataclasses.replace(data, tests=tests)], seeds=[0], **fast).table()
    assert "arXiv:2405.10779" in text and "Published errors:" in text
    row = next(line for line in text.splitlines() if line.startswith("  CT-SUBNET"))
    assert "0.115" in row and "[2]" in row


def test_json_holds_runs_settings_and_machine(fast, tmp_path):
    """What the page of results is generated from; infinity is no JSON."""
    result = run_official([load_toy()], seeds=[0, 1], **fast)
    broken = dataclasses.replace(result.runs[1], scores={"a": math.inf, "b": 1.0})
    result = dataclasses.replace(result, runs=(result.runs[0], broken))
    result.to_json(tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    (toy,) = found["sets"]
    assert (toy["name"], toy["unit"], toy["init_window"]) == ("toy", "mV", 10)
    assert toy["test_steps"] == {"a": 200, "b": 120} and "Toys" in toy["citation"]
    assert [run["scores"]["a"] for run in toy["runs"]] == [result.runs[0].scores["a"], None]
    assert found["settings"]["solver"] == "readout" and "random_state" not in found["settings"]
    assert found["machine"]["cores"] >= 1 and found["interrupted"] is False


def test_ctrl_c_keeps_the_sets_that_are_done(fast, monkeypatch):
    """The second training is interrupted: the first stays, nothing is half there."""
    finished = LSTMRegressor.fit

    def fit(self, *arguments, **options):
        if self.random_state == 1:
            raise KeyboardInterrupt
        return finished(self, *arguments, **options)

    monkeypatch.setattr(LSTMRegressor, "fit", fit)
    result = run_official([load_toy()], seeds=range(5), **fast)
    assert result.interrupted and [run.seed for run in result.runs] == [0]
    with pytest.raises(KeyboardInterrupt):
        run_official([load_toy()], seeds=[1], **fast)


def test_training_cut_short_opens_no_test_record(fast, monkeypatch):
    """Ctrl-C inside `fit` returns an unfinished model: it is not scored, and the series ends."""
    finished = LSTMRegressor.fit

    def fit(self, *arguments, **options):
        finished(self, *arguments, **options)
        self.status_ = "interrupted" if self.random_state == 1 else self.status_
        return self

    monkeypatch.setattr(LSTMRegressor, "fit", fit)
    result = run_official([load_toy()], seeds=range(3), **fast)
    assert result.interrupted and [run.seed for run in result.runs] == [0]


def test_nothing_to_train_is_an_error():
    """An empty table would look like a result."""
    with pytest.raises(ValueError, match="must not be empty"):
        run_official([load_toy()], seeds=[])


def test_sets_without_files_are_named_with_source_and_citation(monkeypatch, tmp_path):
    """The user learns which file, from where, whom to cite and which variable to set."""
    monkeypatch.delenv("FASTLSTM_DATA", raising=False)
    monkeypatch.setitem(LOADERS, "toy", load_toy)
    found, missing = find_sets(["emps", "toy"], tmp_path)
    assert [data.name for data in found] == ["toy"] and list(missing) == ["emps"]
    for part in ("DATA_EMPS.mat", "nonlinearbenchmark.org", "FASTLSTM_DATA", "Cite: A. Janot"):
        assert part in missing["emps"]


def test_name_of_a_group_stands_for_its_sets(monkeypatch):
    """`daisy` is thirteen sets, each once, in the place of the word; without names it is none."""
    loaded = []
    for name in LOADERS:
        monkeypatch.setitem(LOADERS, name, lambda folder, name=name: loaded.append(name))
    find_sets(["emps", "winding", "daisy"])
    assert loaded[:2] == ["emps", "winding"] and sorted(loaded[1:]) == sorted(DAISY_SETS)
    loaded.clear()
    find_sets()
    assert "wh2009" in loaded and not set(loaded) & set(DAISY_SETS)


def test_table_says_whose_split_it_is(fast):
    """A score on a split of our own must not pass for an official one."""
    ours = dataclasses.replace(load_toy(), name="mine", note="the split is ours")
    also = dataclasses.replace(ours, name="too")
    result = run_official([ours, load_toy(), also], seeds=[0], **fast)
    assert "mine, too: the split is ours." in result.table().splitlines()
    assert [found["note"] for found in result.as_dict()["sets"]] == [ours.note, "", ours.note]


def test_unknown_set_is_an_error_that_lists_the_known():
    """A misspelt name must not be left out in silence."""
    with pytest.raises(ValueError, match=r"wh2009.*got wh2010"):
        find_sets(["wh2010"])


@pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)
def test_cascaded_tanks_beat_the_mean_of_the_output():
    """The published set end to end: half a second is enough for half the spread of the output."""
    found, missing = find_sets(["cascaded_tanks"])
    (run,) = run_official(found, seeds=[0], time_limit=0.5).runs
    assert not missing and run.scores["test"] < 0.5 * found[0].tests["test"].y.std()
