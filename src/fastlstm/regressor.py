"""`LSTMRegressor`: from measured u(t) -> y(t) records to a free-run simulation model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from fastlstm.continuing import ContinuingMixin
from fastlstm.fit_warnings import warn_about_channels, warn_about_excitation, warn_about_solution
from fastlstm.grouping import opened_and_cut
from fastlstm.known import Known
from fastlstm.learned import LearnedMixin
from fastlstm.notebook import NotebookMixin
from fastlstm.persistence import save_model
from fastlstm.prediction import PredictionMixin
from fastlstm.progress import FitCallback, Reporter
from fastlstm.sklearn_callbacks import CallbackMixin
from fastlstm.snapshot import snapshot
from fastlstm.solvers.base import AbstractSolver
from fastlstm.stability.mixin import StabilityMixin
from fastlstm.stream import Stream
from fastlstm.summary import SummaryMixin
from fastlstm.trained import Trained
from fastlstm.training import Task
from fastlstm.warm_start import start_from, structure_of


class LSTMRegressor(
    CallbackMixin,
    NotebookMixin,
    ContinuingMixin,
    LearnedMixin,
    PredictionMixin,
    StabilityMixin,
    SummaryMixin,
    MultiOutputMixin,
    RegressorMixin,
    BaseEstimator,
):
    """Deep LSTM + MLP trained by second-order methods on the free-run error.

    Parameters
    ----------
    hidden_sizes : tuple of int or "auto", default="auto"
        Width of each LSTM layer, from the input upwards. With "auto" here and for the head, a
        short record gets the average of a few small networks, written as one network; a long
        one gets (6,), or (6, 6) if the plant is of high order, made wider while validation gains
        by it, and averaged with other fits while there is time. `summary` tells. Given sizes with
        many weights for the data are a limit within which the same is done; of those with too many
        for the time, a part is trained first and grown into the rest.
    head_sizes : tuple of int or "auto", default="auto"
        Widths of the tanh layers of the MLP head; () for a linear readout. See above; where
        `hidden_sizes` are given, "auto" means (8,).
    solver : str, solver instance, or list of these, default="auto"
        Names in `fastlstm.solvers.SOLVERS`; "auto" takes Levenberg-Marquardt, "lm". An instance
        such as `Split(path="none")` has its own settings. Several run one after the other, each
        from the best weights that the ones before found: ``["ridge", "lm"]``.
    alpha : float or "auto", default="auto"
        Ridge: the cost is the sum of squared errors plus alpha times the squared distance of the
        weights from their anchor. "auto" is 1e-4 at first; in "lm" it follows the squared
        validation error, which is what weights of variance one want.
    max_iter : int, default=3000
        Most iterations of a solver given by name.
    tol : float, default=1e-4
        Relative decrease of the cost per iteration below which such a solver stops.
    washout : int or "auto", default="auto"
        First steps of each record that drive the state and enter neither cost nor score; "auto" is
        a tenth of the shortest record, at most 200 steps, or what the plant remembers where that is
        longer, at most a third; and 0 where at least three records begin alike. On short records
        "auto" leaves out nothing in the cost: initial states are fitted.
    validation_fraction : float, default=0.2
        Part of the data that chooses among starts and stops the training: whole records from five
        on, else the tail of each; 0 for none.
    stability : {None, "incremental", "iss"}, default=None
        Train a network that is certified for the inputs seen in training, see `stability_report`:
        "incremental" forgets its initial state whatever the inputs; "iss" is weaker. It costs
        accuracy; by constraint in "lm" and "split", by scaling the result in other solvers.
    input_delays : "auto", 0 or tuple of int, default="auto"
        Steps by which each input acts late. "auto" finds delays of 3 steps and more where the
        records show them clearly; 0 for none.
    input_lags : int, tuple of int or "auto", default=0
        How many earlier values of each input the network sees besides, behind its delay; "auto"
        finds on held-out data whether any help.
    samples_per_step : int or "auto", default="auto"
        Samples that one step of the network spans. "auto" finds as many as lose next to nothing
        where the plant moves slowly against its samples, else 1: then the network sees the means of
        the inputs, and outputs between its steps are interpolated. 1 for a model that answers every
        sample anew when it is exported or streams.
    missing_target : {"raise", "mask"}, default="raise"
        What NaN in y means: an error, or an output that was not measured and counts nowhere.
    loss : {"squared", "huber", "soft_l1"}, default="squared"
        Cost of an error; the latter two are proportional to large errors, for y with outliers.
    output_weights : sequence of float, default=None
        How much each standardised output counts; all alike when None.
    time_limit : float, default=None
        Wall seconds after which the best model so far is taken.
    n_jobs : int, default=1
        Threads, -1 for all cores. The result has the same bits for every value.
    random_state : int, RandomState or None, default=None
        Seed of the random starts.
    verbose : int, default=0
        1 prints a line every half second, 2 one per iteration.

    Attributes
    ----------
    network_ : Network
        Structure of the trained network.
    params_ : array of shape (n_params,)
        Its weights, in the order of `Network.shapes`.
    scaling_ : Scaling
        Means and standard deviations of the channels.
    input_range_ : array of shape (2, n_inputs)
        Smallest and largest value of every input seen in training, in the unit of X.
    frame_ : Frame
        Delays and lags of the inputs, integrators behind the network and its time base, where the
        plant needs them.
    input_lags_ : tuple of int
        Earlier values that the network sees of each input.
    initial_state_ : InitialState
        State in which a record begins of which only the inputs are known.
    error_model_ : ErrorModel
        Autoregression of the free-run error, used by `predict_ahead`.
    washout_ : int
        Steps left out at the beginning of each training record.
    solver_, status_, message_, start_ : str
        Solver used, why it stopped, and the start that won.
    n_iter_ : int
        Iterations done.
    loss_curve_ : list of float
        Mean squared error on the training records (standardised) after each accepted iteration.
    history_ : tuple of HistoryRow
        The same in detail; empty after `load`.
    rmse_train_, rmse_validation_ : float
        Free-run RMSE on the records trained on and held out (NaN without), in standardised units;
        of means over a step where it spans several samples and blocks were held out.
    fit_time_, cpu_time_ : float
        Wall and process CPU seconds of `fit`, without callbacks.
    n_features_in_, n_outputs_ : int
        Input and output channels.
    feature_names_in_ : array of str
        Names of the input channels, where X was a DataFrame.
    output_names_ : array of str
        Names of the output channels, where y was a DataFrame.
    input_units_, output_units_ : array of str
        Units of the channels, where known.
    sampling_time_ : float or None
        Seconds between steps, where known; other records are refused.
    training_record_ : dict or None
        Hash of the data, seed, settings, versions, metrics and date of the fit; in the model file
        too.

    Notes
    -----
    Rows of X are consecutive samples of one record: predictions depend on their order.

    Examples
    --------
    >>> import numpy as np
    >>> u = np.sin(np.arange(400.0) ** 1.3)[:, None]
    >>> y = np.convolve(u[:, 0], [0.5, 0.3, 0.2])[:400]
    >>> model = LSTMRegressor((2,), (), random_state=0, time_limit=1.0).fit(u, y)
    >>> model.predict(u).shape
    (400,)
    """

    # what scikit-learn passes on by default where its metadata routing is on
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        hidden_sizes: Sequence[int] | str = "auto",
        head_sizes: Sequence[int] | str = "auto",
        *,
        solver: str | AbstractSolver | Sequence[str | AbstractSolver] = "auto",
        alpha: float | str = "auto",
        max_iter: int = 3000,
        tol: float = 1e-4,
        washout: int | str = "auto",
        validation_fraction: float = 0.2,
        stability: str | None = None,
        input_delays: Sequence[int] | int | str = "auto",
        input_lags: Sequence[int] | int | str = 0,
        samples_per_step: int | str = "auto",
        missing_target: str = "raise",
        loss: str = "squared",
        output_weights: Sequence[float] | None = None,
        time_limit: float | None = None,
        n_jobs: int | None = 1,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.head_sizes = head_sizes
        self.solver = solver
        self.alpha = alpha
        self.max_iter = max_iter
        self.tol = tol
        self.washout = washout
        self.validation_fraction = validation_fraction
        self.stability = stability
        self.input_delays = input_delays
        self.input_lags = input_lags
        self.samples_per_step = samples_per_step
        self.missing_target = missing_target
        self.loss = loss
        self.output_weights = output_weights
        self.time_limit = time_limit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any = None,
        callback: FitCallback | None = None,
        start: LSTMRegressor | None = None,
        *,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Train on one or many records.

        Parameters
        ----------
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
            Inputs: one record, records of unequal length, or (n_records, n_timesteps, n_inputs).
            Also xarray objects, torch tensors, and objects that hold u and y.
        y : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
            Measured outputs, in the form of X. Left out where X holds them.
        callback : callable, optional
            Called with a `FitProgress` after every accepted iteration; its time does not count.
        start : LSTMRegressor, optional
            Fitted model of the same structure to begin from, whatever its scaling. The result is
            at least as good on the validation records.
        groups : array of shape (n_timesteps,), optional
            Label of the record that each row of a single array belongs to: a new record begins
            wherever it changes. With scikit-learn's metadata routing it is asked for by default.
        sample_weight : array of shape (n_timesteps,), or one number or array per record, optional
            How much each step counts; 0 only drives the state. A common factor changes nothing.

        Returns
        -------
        self

        Warns
        -----
        DataWarning
            If a channel is constant, or an output does not follow the inputs.
        ConvergenceWarning
            If the solver ran out of iterations, was interrupted, or fell back to a simpler model.
        """
        known = None
        if start is not None:
            known = Known(network=structure_of(start), frame=start.frame_)
        given = opened_and_cut(groups, X, y, sample_weight)
        task = Task.of(self.get_params(deep=False), given, known)
        warn_about_channels(task.scaling)
        params = None if start is None else start_from(start, task.problem.network, task.scaling)
        metadata = {"groups": groups, "sample_weight": sample_weight}
        trained = self._watched(
            lambda tell: self._train(task, tell, params), callback, X, y, metadata
        )
        warn_about_solution(trained)
        warn_about_excitation(trained)
        return self

    def _train(self, task: Task, callback: FitCallback | None, start: Any) -> Trained:
        reporter = Reporter(lambda progress: snapshot(self, task, progress), task, callback)
        solution = task.solve(reporter if reporter.wanted else None, start)
        trained = Trained(task, solution)
        self._learn(trained)
        return trained

    def stream(self, eta: float = 0.1, path: Literal["cell", "none"] = "none") -> Stream:
        """Return the model as an object that goes on sample by sample and may learn, see `Stream`.

        Parameters
        ----------
        eta : float, default=0.1
            Normalised rate in [0, 1] at which ``step(u, y)`` learns; 0 never learns.
        path : {"cell", "none"}, default="none"
            What remains of the gradient in time.
        """
        return Stream(self, eta, path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a safetensors file that `fastlstm.load` reads.

        At any moment the old file or the new one is there, whole.

        Parameters
        ----------
        path : path-like
            In an existing folder; an existing file is replaced.
        """
        check_is_fitted(self)
        save_model(self, path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
