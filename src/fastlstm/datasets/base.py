"""What every loader and every simulator returns: records, an official split and its score."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

METRICS = ("rmse", "mse_standardised")


@dataclass(frozen=True)
class Record:
    """One measured or simulated series.

    Parameters
    ----------
    u : array of shape (n_timesteps, n_inputs)
        Inputs, float64, finite.
    y : array of shape (n_timesteps, n_outputs)
        Outputs, float64, finite.
    name : str
        What the benchmark calls it.
    sampling_time : float or None
        Seconds between steps; None for a plant that has no clock.
    periodic : bool
        True if the record holds whole periods of a steady-state response: a model that starts at
        rest may be driven through one period of the same input before it is scored.

    Raises
    ------
    ValueError
        If u and y are not finite 2-D arrays of the same length.
    """

    u: FloatArray
    y: FloatArray
    name: str
    sampling_time: float | None = None
    periodic: bool = False

    def __post_init__(self) -> None:
        for label, array in (("u", self.u), ("y", self.y)):
            if array.ndim != 2 or 0 in array.shape or not np.isfinite(array).all():
                raise ValueError(
                    f"{label} of record {self.name!r} must be a finite array of shape "
                    f"(n_timesteps, n_channels); got shape {array.shape}. "
                    "Reshape it, and cut gaps out."
                )
        if len(self.u) != len(self.y):
            raise ValueError(
                f"u and y of record {self.name!r} must have the same length; got {len(self.u)} "
                f"and {len(self.y)} steps. Cut both to the steps they share."
            )

    def __len__(self) -> int:
        return len(self.u)

    def part(self, start: int, stop: int, name: str) -> Record:
        """Rows ``start:stop`` as a record of its own; no longer whole periods."""
        return Record(self.u[start:stop], self.y[start:stop], name, self.sampling_time)


@dataclass(frozen=True)
class Dataset:
    """Training and test records with the score the benchmark asks for.

    Parameters
    ----------
    name : str
        Name in ``LOADERS`` or ``SIMULATORS``.
    train : tuple of Record
        All that may be used to choose and fit a model.
    tests : dict of str to Record
        Test records in the order in which the benchmark reports them.
    citation : str
        Whom to cite.
    validation : tuple of Record
        Validation records where the benchmark has its own; often empty.
    init_window : int
        First steps of a test record whose measured y may set the state; they are not scored.
    unit : str
        Unit of the score.
    scale : float
        Factor from the unit of y (of the plain metric) to `unit`.
    metric : {"rmse", "mse_standardised"}
        Root mean square error, or mean square error after every output was divided by its
        standard deviation in the training records. Several outputs are averaged before the root.
    input_names, output_names : tuple of str
        One name per channel, with its unit.
    sampling_time : float or None
        Seconds between steps.
    note : str
        What tables of errors must say, such as that the split is nobody else's; often empty.

    Raises
    ------
    ValueError
        If the metric is unknown, or a test record leaves nothing to score.

    Examples
    --------
    >>> u, y = np.zeros((6, 1)), np.arange(6.0)[:, None]
    >>> record = Record(u, y, "ramp", sampling_time=0.1)
    >>> data = Dataset("ramp", (record,), {"test": record}, "nobody", init_window=2, unit="mV",
    ...                scale=1000.0)
    >>> data.score("test", y + 0.5)
    500.0
    """

    name: str
    train: tuple[Record, ...]
    tests: dict[str, Record]
    citation: str
    validation: tuple[Record, ...] = ()
    init_window: int = 0
    unit: str = "1"
    scale: float = 1.0
    metric: str = "rmse"
    input_names: tuple[str, ...] = field(default=("u",))
    output_names: tuple[str, ...] = field(default=("y",))
    sampling_time: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(
                f"metric of dataset {self.name!r} must be one of {METRICS}; got {self.metric!r}. "
                "Use 'rmse' unless the benchmark says otherwise."
            )
        for name, record in self.tests.items():
            if not 0 <= self.init_window < len(record):
                raise ValueError(
                    f"init_window of dataset {self.name!r} must be >= 0 and shorter than every "
                    f"test record; got init_window={self.init_window}, and test {name!r} has "
                    f"{len(record)} steps. Use a smaller window."
                )

    @property
    def X(self) -> list[FloatArray]:  # noqa: N802
        """Inputs of the training records, as `fit` takes them."""
        return [record.u for record in self.train]

    @property
    def y(self) -> list[FloatArray]:
        """Outputs of the training records, as `fit` takes them."""
        return [record.y for record in self.train]

    def score(self, test_name: str, y_pred: ArrayLike) -> float:
        r"""Error of a prediction of one test record, in `unit`; smaller is better.

        With :math:`e_t = \hat y_t - y_t` over the steps from `init_window` on, ``"rmse"`` is
        :math:`s \sqrt{\mathrm{mean}(e^2)}` and ``"mse_standardised"`` is
        :math:`s\, \mathrm{mean}((e / \sigma)^2)`, where s is `scale` and :math:`\sigma` the
        population standard deviation of each output over the training records.

        Parameters
        ----------
        test_name : str
            A key of `tests`.
        y_pred : array of shape (n_timesteps, n_outputs)
            Prediction of the whole record, or of shape (n_timesteps,) if there is one output.

        Returns
        -------
        score : float
            Infinite if the prediction is not finite where it is scored.

        Raises
        ------
        ValueError
            If the test is unknown or the shape differs from that of the record.
        """
        if test_name not in self.tests:
            raise ValueError(
                f"test_name must be one of {list(self.tests)} for dataset {self.name!r}; got "
                f"{test_name!r}. Pass one of these names."
            )
        y_true = self.tests[test_name].y
        y_pred = self._as_outputs(y_pred, y_true.shape, test_name)
        with np.errstate(over="ignore", invalid="ignore"):
            error = (y_pred - y_true)[self.init_window :]
            if self.metric == "mse_standardised":
                error = error / np.concatenate(self.y).std(axis=0)
            mean_square = float(np.mean(error**2))
        if not np.isfinite(mean_square):
            return float("inf")
        return self.scale * (mean_square**0.5 if self.metric == "rmse" else mean_square)

    def _as_outputs(self, y_pred: ArrayLike, shape: tuple[int, ...], test_name: str) -> FloatArray:
        array = np.asarray(y_pred, dtype=np.float64)
        if array.ndim == 1 and shape[1] == 1:
            array = array[:, None]
        if array.shape != shape:
            raise ValueError(
                f"y_pred must have shape {shape} for test {test_name!r} of dataset {self.name!r}; "
                f"got {np.shape(y_pred)}. Predict every step of the record, the first "
                f"{self.init_window} included."
            )
        return array
