"""Short records: networks from several starts along their ridge paths, and the best averaged."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm.merging import Member
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.bent_paths import BentPaths
from fastlstm.solvers.bent_start import bends_for
from fastlstm.solvers.choice import Choice, Entry, choose, pooled_rmse
from fastlstm.solvers.folds import Fold, held_out_rows
from fastlstm.solvers.free_trial import FreeTrial
from fastlstm.solvers.joined import Joined
from fastlstm.solvers.problem import Problem, Status, Whole
from fastlstm.solvers.ridge_path import STEPS, RidgePath
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.starts.bends import MANY, UNITS
from fastlstm.starts.embedding import embed
from fastlstm.starts.integrating import increments_of
from fastlstm.starts.lagged import with_lagged, without_lagged
from fastlstm.starts.linear import LinearModel
from fastlstm.starts.near_linear import near_linear_start
from fastlstm.starts.robust import identify_by

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Course = Generator[Iterate, float, None]

STARTS = (("linear", 0.1), ("random", None), ("livelier linear", 0.3))  # name, scale of h
BENT = "bent linear"  # comes first where there is reason for it, see `bends_for`
MIN_WIDTH, HEAD = 4, (4,)  # of the members of an average
MAX_WIDTH = 12  # that many inputs alone make them; the cost of a step grows with its sixth power
FEWER_STEPS = 6  # iterations at one strength of the ridge, where rounds are averaged
ROUNDS = 4  # searches that are averaged, if there is time
MAX_UNITS = 100  # of a layer of the average, beyond which there is no further round
TRIAL = 2.0  # times the first round, at most, for the first fit of a trial
ENOUGH = 0.5  # of the time of the longest round so far, for a round of fewer networks
CLEARLY = 0.9  # of the held-out error (RMSE) of the average
SEARCH_SHARE = 0.75  # of the time of a search; the rest is for the last fit on all rows
LINEAR_SCALE = 0.005  # of h where a network has to equal the linear model
SEARCHED, STRETCH = 6000, 2000  # steps for the search, in stretches in which a drift shows
SLOW_ROWS, SLOW_RECORDS = 2000, 100  # that tell about a slow plant, in the search
DENSER = 10  # times as many rows of a slow plant are in the last fit
REFITTED = 10_000_000  # numbers in the Jacobian of the last fit, at most


@dataclass
class Committee:
    """The search on one problem; what it has found can be asked for at any time.

    1. A linear model of all rows gives the order; one for each fold is start and yardstick.
    2. Networks from several kinds of start follow their ridge paths on every fold.
    3. The average of kinds, the linear model among them, that is best on held-out rows is chosen.
    4. Its networks, one per kind and fold, are fitted to all rows.
    5. While there is time for it, 2 to 4 are repeated with other random numbers. All that was
       chosen is averaged and written as one network, unless that becomes too wide.

    Where the structure is fixed, a single network is chosen instead of an average. Of long records
    of a plant that integrates, 1 to 3 see stretches only.

    Parameters
    ----------
    problem : Problem
    whole : Whole
        Its records.
    tracker : Tracker
    rng : numpy Generator
    rival : Rival or None
        The answer where its held-out error is clearly smaller: where noise is most of both errors
        an average is nearer to the plant than one network.
    trial : FreeTrial or None
        What comes after the first round, if errors still fall where its paths end.
    """

    problem: Problem
    whole: Whole
    tracker: Tracker
    rng: np.random.Generator
    rival: Rival | None = None
    trial: FreeTrial | None = None
    rounds: list[list[Entry]] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)  # of those that are done, of the budget
    folds: list[Fold] = field(default_factory=list)
    bent: BentPaths | None = None

    @cached_property
    def records(self) -> Records:
        """Records of the search."""
        records = self._spread(SEARCHED, STRETCH)
        return records.some(SLOW_RECORDS) if self.whole.is_slow else records

    @cached_property
    def scored(self) -> BoolArray:
        """Rows of them that may be used."""
        return self._rows(self.records, SLOW_ROWS)

    @cached_property
    def everything(self) -> Fold:
        """All rows of all records, none held out."""
        rows = self.whole.records.scored(self.whole.washout)
        return self._fold(self.whole.records, rows, np.zeros_like(rows), self.whole.linear)

    def run(self, start: FloatArray | None) -> Generator[Iterate, float, Status]:
        """Search, fit the chosen networks to all rows, decide.

        The decision is also made when the run is closed before its end. With a start the search
        is a descent from there, and the start is the answer if nothing was better.
        """
        if start is not None:
            return (yield from self._go_on(start))
        try:
            self._fold_records()
            self.bent = self._behind_bends()
            while self._has_time():
                yield from self._round()
                if self.trial is not None and self._ends_early and self._has_plenty:
                    most = TRIAL * self.durations[0]
                    yield from self.trial.run(self._choice(self.rounds[0]).rmse, most)
                    if self.trial.found is not None:
                        break
        finally:
            status = self._decide()
        return status

    def _has_time(self) -> bool:
        """Whether another round is wanted, and time for a good part of one is left."""
        if not self.rounds:
            return True
        if self._has_one_round or len(self.rounds) == ROUNDS:
            return False
        n_units = self._network.hidden_sizes[0] * len(STARTS) * len(self.folds)
        enough = (len(self.rounds) + 1) * n_units <= MAX_UNITS
        return enough and self.tracker.used + ENOUGH * max(self.durations) <= 1.0

    @property
    def _has_one_round(self) -> bool:
        """Whether nothing is averaged over rounds.

        Drifts of integrating plants have heavy tails: one bad round spoils an average.
        """
        return not self.problem.may_widen or bool(np.any(self.whole.gains))

    @property
    def _has_plenty(self) -> bool:
        """Whether all rounds find time behind a trial."""
        return (ROUNDS + TRIAL) * self.durations[0] <= 1.0

    @property
    def _ends_early(self) -> bool:
        """Whether the weakest ridge is the best for half of what the first round has chosen."""
        if len(self.rounds) > 1 or self.bent is not None:
            return False
        entries = self._choice(self.rounds[0]).entries
        at_end = [entry.best == min(map(len, entry.points)) - 1 for entry in entries]
        return 2 * sum(at_end) >= len(entries) > 0

    def _round(self) -> Course:
        begun, entries = self.tracker.used, []
        self.rounds.append(entries)
        yield from self._search(entries, begun + SEARCH_SHARE * (1.0 - begun))
        choice = self._choice(entries)
        if all(entry.name != BENT for entry in choice.entries):
            self.bent = None  # further rounds have more time without it
        yield from self._refit(choice)
        self.durations.append(self.tracker.used - begun)

    def _go_on(self, start: FloatArray) -> Generator[Iterate, float, Status]:
        held = held_out_rows(self.records, self.scored, self.whole.from_rest)[0]
        fold = self._fold(self.records, self.scored, held, self.whole.linear)
        path = RidgePath("start", self._objective(self.problem.network, fold, start), fold)
        points = [path.first_point()]
        try:
            yield from path.follow(points)
        finally:
            best = min(points, key=lambda point: point.held_error)
            errors = np.sqrt(best.error), np.sqrt(best.held_error)
            weights = path.objective.weights(best.x)
            self.tracker.decide(self.problem.network, weights, "start", *errors)
        return Status.DONE

    def _spread(self, max_steps: int, length: int) -> Records:
        """All records, or stretches of long ones of a plant that integrates."""
        records = self.whole.records
        return records.spread(max_steps, length) if np.any(self.whole.gains) else records

    def _rows(self, records: Records, enough: int) -> BoolArray:
        """Rows that may be used; of a slow plant, whose neighbouring rows say the same, enough."""
        stride = max(1, records.n_total // enough) if self.whole.is_slow else 1
        return records.scored(self.whole.washout) & (np.arange(records.n_total) % stride == 0)

    def _fold(
        self, records: Records, scored: BoolArray, held: BoolArray, linear: LinearModel
    ) -> Fold:
        gains, loss = self.whole.gains, self.problem.loss
        rows = records, scored & ~held, held
        return Fold.of(*rows, linear, gains, loss, self.whole.from_rest)

    def _fold_records(self) -> None:
        linear, n_lagged = self.whole.linear, self.problem.n_lagged
        records = without_lagged(self.records, n_lagged)
        for held in held_out_rows(records, self.scored, self.whole.from_rest):
            if not np.any(self.whole.gains):
                linear = identify_by(
                    self.problem.loss, records, order=linear.order, rows=self.scored & ~held
                )
                linear = with_lagged(linear, n_lagged)
            self.folds.append(self._fold(self.records, self.scored, held, linear))

    def _search(self, entries: list[Entry], limit: float) -> Course:
        for name, scale in self._starts:
            entry = Entry(name)
            entries.append(entry)
            for number, fold in enumerate(self.folds):
                named = f"{name} {number + 1}"
                if name == BENT and self.bent is not None:
                    entry.paths.append(self.bent.path(named, number))
                else:
                    entry.paths.append(self._path(named, fold, scale))
                entry.points.append([])
                for iterate in entry.paths[-1].follow(entry.points[-1]):
                    yield iterate
                    if self.tracker.used > limit:
                        return

    def _behind_bends(self) -> BentPaths | None:
        """Paths behind bent inputs, where outputs ask for it and it is worth it."""
        bends = bends_for(self.problem, self.records, self.whole.washout, (UNITS, MANY))
        if bends is None:
            return None
        search = self.problem, self.records, self.folds, bends
        paths = BentPaths(*search, (MIN_WIDTH, HEAD), self.rng)
        return paths if paths.are_worth_it else None

    @property
    def _starts(self) -> tuple[tuple[str, float | None], ...]:
        """Kinds of start in the order in which they are searched."""
        return STARTS if self.bent is None else ((BENT, None), *STARTS)

    def _path(self, name: str, fold: Fold, scale: float | None) -> RidgePath:
        network = self._network
        if scale is None:
            targets = increments_of(self.records, self.whole.gains)
            anchor = near_linear_start(network, targets, self.rng)
        else:
            anchor = embed(fold.linear, network, rng=self.rng, scale=scale)
        steps = STEPS if self._has_one_round else FEWER_STEPS
        return RidgePath(name, self._objective(network, fold, anchor), fold, steps)

    def _objective(self, network: Network, fold: Fold, anchor: FloatArray) -> WholeRecords:
        part = self.records, fold.fitted
        return WholeRecords.of(self.problem, network, part, fold.linear, anchor, fold.noise)

    @property
    def _network(self) -> Network:
        """Structure of the members: small ones where several may be averaged."""
        network = self.problem.network
        if not self.problem.may_widen:
            return network
        n_channels = network.n_inputs - self.problem.n_lagged
        width = max(MIN_WIDTH, min(n_channels, MAX_WIDTH), network.n_outputs)
        return Network(network.n_inputs, network.n_outputs, (width, width), HEAD)

    def _choice(self, entries: list[Entry]) -> Choice:
        return choose(entries, self.folds, averaging=self.problem.may_widen)

    def _refit(self, choice: Choice) -> Course:
        for entry in choice.entries:
            for fold in self._folds_of(entry):
                path, point = entry.paths[fold], entry.points[fold][entry.best]
                most = REFITTED // (path.network.n_params * path.network.n_outputs)
                records = self._spread(max(SEARCHED, most), most)
                rows = self._rows(records, SLOW_ROWS * DENSER)
                others = None if records is self.records else records
                entry.refitted[fold] = yield from path.refit(entry.best, point.x, others, rows)

    def _folds_of(self, entry: Entry) -> list[int]:
        walked = [k for k, points in enumerate(entry.points) if len(points) > entry.best]
        return walked if self.problem.may_widen else walked[:1]

    def _decide(self) -> Status:
        """Tell the tracker what the fit returns: the average of the rounds that are done."""
        done = self.rounds[: len(self.durations)] or self.rounds[:1] or [[]]
        choices = [self._choice(entries) for entries in done]
        joined, names, linear = Joined(), [], 0.0
        for choice in choices:
            share = 1.0 / (len(choices) * (len(choice.entries) + choice.with_linear))
            linear += share * choice.with_linear
            for entry in choice.entries:
                chosen = [entry.member(fold) for fold in self._folds_of(entry)]
                for objective, point in chosen:
                    joined.add_point(objective, point, share / len(chosen))
                names.append(entry.name)
        joined.weigh(self.records)
        if linear > 0.0:
            joined.add(self._linear(), linear, self.everything.noise)
            names.append("linear model")
        rmse = pooled_rmse(choices, self.folds)
        rival = self.rival if self.trial is None else self.trial.found
        if rival is not None and not rmse * CLEARLY < rival.rmse:
            errors_of = rival.rmse_train, rival.rmse
            self.tracker.decide(rival.network, rival.params, rival.phase, *errors_of)
            return Status.DONE
        phase = ", ".join(dict.fromkeys(names))
        self.tracker.decide(*joined.member(), phase, joined.rmse_train, rmse)
        return Status.DONE if any(choice.entries for choice in choices) else Status.FALLBACK

    def _linear(self) -> Member:
        """Network that equals the linear model of all rows, as far as it has room."""
        linear, network = self.everything.linear, self.problem.network
        if self.problem.may_widen:
            widths = (max(linear.order, network.n_outputs), network.n_outputs)
            network = Network(network.n_inputs, network.n_outputs, widths, (1,))
        rng = np.random.default_rng(0)
        return network, embed(linear, network, rng=rng, scale=LINEAR_SCALE, gate_spread=0.0)
