"""The methods of a fitted estimator that turn inputs into outputs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastlstm._core import simulate
from fastlstm.beginning import Beginning
from fastlstm.checks import Layout, check_inputs, check_outputs, output_labels
from fastlstm.containers import opened_inputs, opened_outputs, opened_pair
from fastlstm.error_model import ErrorModel
from fastlstm.frame import Frame
from fastlstm.grouping import cut, opened_and_cut
from fastlstm.initial_state import InitialState, states_before
from fastlstm.labels import check_input_labels, check_output_labels
from fastlstm.metrics import r2
from fastlstm.network import Network
from fastlstm.records import Records, auto_washout
from fastlstm.scaling import Scaling
from fastlstm.settings import check_count, check_n_jobs, check_washout
from fastlstm.weights import check_missing_target, check_sample_weight

FloatArray = NDArray[np.float64]
NOISE_FLOOR = 1e-8  # of a standardised output, so that the state stays regularised


class PredictionMixin:
    """Free run, simulation, k-step prediction and score of a fitted `LSTMRegressor`."""

    network_: Network
    params_: FloatArray
    scaling_: Scaling
    frame_: Frame
    input_range_: FloatArray
    initial_state_: InitialState
    error_model_: ErrorModel
    washout_: int
    rmse_train_: float
    n_features_in_: int
    n_outputs_: int
    washout: int | str
    n_jobs: int | None
    missing_target: str
    _one_column: bool

    # what scikit-learn passes on by default where its metadata routing is on
    __metadata_request__predict = {"groups": True}  # noqa: RUF012
    __metadata_request__score = {"groups": True}  # noqa: RUF012

    def predict(self, X: Any, *, groups: Any = None) -> Any:
        """Free run: outputs from inputs alone.

        The run begins in the state that was typical in training when the input was what the record
        begins with, see `InitialState`; the plant may have begun elsewhere, so the first `washout_`
        steps may be off. With measured outputs use `simulate`. With ``washout=0`` the run begins at
        rest, and so it does where records begin alike and rest fits these better.

        Parameters
        ----------
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        groups : array of shape (n_timesteps,), optional
            Label of the record that each row of a single array belongs to: the state starts anew
            wherever it changes.

        Returns
        -------
        y_pred : array or list of arrays
            In the form of X, with as many dimensions per record as y had in `fit`.
        """
        given = opened_inputs(X)
        parts, _ = cut(groups, given)
        records, layout = self._check_inputs(parts)
        y_pred = self._restore(self._free_run(records), records, layout)
        return y_pred if parts is given else np.concatenate(y_pred)

    def simulate(self, X: Any, y_init: Any = None) -> Any:
        """Free run from an initial state estimated from the first measured outputs.

        Parameters
        ----------
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        y_init : array of shape (n_init,) or (n_init, n_outputs), or one per record, optional
            Measured outputs of the first steps; NaN where one is missing, see `missing_target`.
            Without it this is `predict`.

        Returns
        -------
        y_sim : array or list of arrays
            All steps of X, in its form; those of `y_init` are simulated too.

        Notes
        -----
        The state is found by regularised nonlinear least squares, so a handful of steps is enough
        to improve the start; use about as many as the plant has memory.
        """
        records, layout = self._check_inputs(X)
        if y_init is None:
            return self._restore(self._free_run(records), records, layout)
        given = self._check_outputs(y_init, records, layout, "y_init", full=False)
        found = [
            self._beginning(u, np.where(np.isnan(y), y, self.scaling_.scale_outputs(y))).found()
            for u, y in zip(records.split(records.u), given, strict=True)
        ]
        states, levels = (np.stack(parts) for parts in zip(*found, strict=True))
        return self._restore(self._free_run(records, states, levels), records, layout)

    def predict_ahead(self, X: Any, y: Any = None, steps: int = 1) -> Any:
        """Predict each output from the inputs and the outputs measured up to `steps` before.

        The free run is corrected by what its error `steps` and more before says about its error
        now, see `ErrorModel`. As `steps` grows this tends to `predict`.

        Parameters
        ----------
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        y : array or one per record
            Measured outputs of all steps of X; one that is missing (NaN, see `missing_target`)
            corrects nothing. Left out where X holds them.
        steps : int, default=1
            Horizon, at least 1.

        Returns
        -------
        y_pred : array or list of arrays
            In the form of X; the first `steps` steps of every record are the free run.
        """
        steps = check_count(steps, "steps", minimum=1)
        X, y = opened_pair(X, y)
        records, layout = self._check_inputs(X)
        measured = self._check_outputs(y, records, layout, "y")
        known = np.concatenate(measured)
        known = np.where(np.isnan(known), np.nan, self.scaling_.scale_outputs(known))
        y_sim = self._free_run(records, levels=self._first_levels(records, known))
        model = self.error_model_
        forecasts = [
            model.forecast(model.completed(part), steps) for part in records.split(known - y_sim)
        ]
        return self._restore(y_sim + np.concatenate(forecasts), records, layout)

    def score(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, groups: Any = None
    ) -> float:
        """Coefficient of determination of the free run, mean over the outputs.

        The first steps of each record do not count: `washout_` of them, with washout="auto" at most
        a tenth of the shortest record.

        Parameters
        ----------
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        y : array or one per record
            Measured outputs of all steps of X; NaN where one is missing, see `missing_target`. Left
            out where X holds them.
        sample_weight : array of shape (n_timesteps,), or one number or array per record, optional
            Weights of the squared errors and of the squares around the mean of y.
        groups : array of shape (n_timesteps,), optional
            As in `predict`; each record then has its own washout.

        Returns
        -------
        float
            1 is perfect, 0 as good as the mean of y; NaN where no output varies.
        """
        X, y, sample_weight = opened_and_cut(groups, X, y, sample_weight)
        records, layout = self._check_inputs(X)
        measured = self._check_outputs(y, records, layout, "y")
        washout = self.washout_
        if self.washout == "auto":
            washout = min(washout, auto_washout(records.lengths))
        check_washout(washout, records.lengths)
        y_pred = records.split(self.scaling_.unscale_outputs(self._free_run(records)))
        weights = check_sample_weight(sample_weight, records.lengths, layout)
        per_output = r2(
            measured,
            y_pred,
            washout=washout,
            sample_weight=None if weights is None else records.split(weights),
            missing_target=self.missing_target,
        )
        varying = np.isfinite(per_output)
        return float(np.mean(per_output[varying])) if np.any(varying) else float("nan")

    def _check_inputs(self, X: Any) -> tuple[Records, Layout]:
        """Standardised inputs."""
        check_is_fitted(self)
        u_list, layout = check_inputs(X)
        check_input_labels(self, layout.labels)
        for record, u in enumerate(u_list):
            if u.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {u.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.n_features_in_} features as input{layout.where(record)}. "
                    "Pass the channels used in fit, in the same order."
                )
        records = Records.from_lists(u_list)
        self.scaling_.warn_about_moved_inputs(records.u)
        return self.scaling_.scale(records), layout

    def _check_outputs(
        self, y: Any, records: Records, layout: Layout, name: str, full: bool = True
    ) -> list[FloatArray]:
        y = opened_outputs(y)
        masks = check_missing_target(self.missing_target)
        y_list, _ = check_outputs(y, records.split(records.u), layout, name, full, masks)
        check_output_labels(self, output_labels(y, name), name)
        if y_list[0].shape[1] != self.n_outputs_:
            raise ValueError(
                f"{name} has {y_list[0].shape[1]} output channels, but this "
                f"{type(self).__name__} was fitted with {self.n_outputs_}. "
                "Pass the channels used in fit, in the same order."
            )
        return y_list

    def _free_run(
        self, records: Records, states: FloatArray | None = None, levels: FloatArray | None = None
    ) -> FloatArray:
        """Standardised outputs of all records, by default from what their first input tells."""
        reduced = self.frame_.reduce(records)
        if states is None:
            states = states_before(self, reduced.u[reduced.offsets[:-1]])
        y, _ = simulate(
            self.network_,
            self.params_,
            reduced.u,
            reduced.offsets,
            states,
            float32=False,
            n_threads=check_n_jobs(self.n_jobs),
        )
        return self.frame_.expand(y, records.offsets, levels)

    def _first_levels(self, records: Records, known: FloatArray) -> FloatArray:
        """Levels of integrating outputs from the first measured value, (n_records, n_outputs)."""
        levels = known[records.offsets[:-1]]
        if not np.isnan(known).any():
            return levels
        none = np.zeros_like(levels)
        rise = self._free_run(records, levels=none) if np.any(self.frame_.integrating) else known
        for record, rows in enumerate(records.slices()):
            for k in np.flatnonzero(np.isnan(levels[record])):
                measured = np.flatnonzero(~np.isnan(known[rows, k]))
                levels[record, k] = self.frame_.levels[k]
                if len(measured):
                    first = rows.start + measured[0]
                    levels[record, k] = known[first, k] - rise[first, k]
        return levels

    def _beginning(self, u: FloatArray, y: FloatArray) -> Beginning:
        """One record and its first outputs, standardised."""
        # imported weights have no training error: NaN, which fmax passes over
        noise = float(np.fmax(self.rmse_train_**2, NOISE_FLOOR))
        guess = partial(states_before, self)
        return Beginning(self.network_, self.params_, self.frame_, noise, u, y, guess)

    def _restore(self, y_scaled: FloatArray, records: Records, layout: Layout) -> Any:
        y = self.scaling_.unscale_outputs(y_scaled)
        if not np.isfinite(y).all():
            raise ValueError(
                "X and y must stay near the range seen in fit; got values for which the outputs "
                "leave float64. Check the unit of X and y."
            )
        return layout.restore(records.split(y), self._one_column)
