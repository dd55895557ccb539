"""Progress of `fit` through the callbacks of scikit-learn, where the installed version has them.

Their interface came with scikit-learn 1.9 and is marked experimental; nothing outside this module
knows it. With an older version there is no `set_callbacks`, and nothing is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from fastlstm.progress import FitCallback, FitProgress

Result = TypeVar("Result")
Method = TypeVar("Method", bound=Callable[..., Any])

if TYPE_CHECKING:

    class CallbackSupportMixin:
        """The one of scikit-learn, as far as it is used here."""

        _init_callback_context: Callable[..., Any]

    def with_callbacks(method: Method) -> Method:
        """Leave the type of the method as it is."""
        ...

else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:

        class CallbackSupportMixin:
            """Nothing to call before scikit-learn 1.9."""

        def with_callbacks(method):
            """Leave the method as it is."""
            return method


N_STEPS = 100  # subtasks of a fit: iterations are not known beforehand, the part done is


class CallbackMixin(CallbackSupportMixin):
    """Tells the callbacks given to `set_callbacks` how far a fit has come."""

    @with_callbacks
    def _watched(
        self,
        train: Callable[[FitCallback | None], Result],
        callback: FitCallback | None,
        X: Any,
        y: Any,
        metadata: dict[str, Any],
    ) -> Result:
        """Train while callbacks look on; return what `train` returns.

        Parameters
        ----------
        train : callable
            Does the work; is given the function to call after every accepted iteration.
        callback : callable or None
            The one that `fit` was given.
        X, y, metadata
            As `fit` was given them, the latter by name.
        """
        if not getattr(self, "_skl_callbacks", None):
            return train(callback)
        given = {name: value for name, value in metadata.items() if value is not None}
        data = {"X": X, "y": y, "metadata": given or None}
        steps = _Steps(self, data)
        result = train(steps.joined(callback))
        steps.end()
        return result


class _Steps:
    """The fit as the root task; every hundredth of the expected work is a subtask of it."""

    def __init__(self, estimator: CallbackMixin, data: dict[str, Any]) -> None:
        self._told = {"estimator": estimator, **data}
        self._context = estimator._init_callback_context(max_subtasks=N_STEPS)
        self._n_done = 0
        self._context.call_on_fit_task_begin(**self._told)

    def joined(self, callback: FitCallback | None) -> FitCallback:
        """Call the callback of `fit`, then those of scikit-learn."""

        def both(progress: FitProgress) -> None:
            if callback is not None:
                callback(progress)
            self._report(progress)

        return both

    def _report(self, progress: FitProgress) -> None:
        """Begin and end the steps that are due; the last of them can show the model so far.

        Raises
        ------
        KeyboardInterrupt
            If a callback wants to stop: the best model so far is then kept, as after Ctrl-C.
        """
        due = min(int(N_STEPS * progress.fraction), N_STEPS)
        stop = False
        while self._n_done < due:
            self._n_done += 1
            step = self._context.subcontext(task_name="hundredth")
            step.call_on_fit_task_begin(**self._told)
            shown = {}
            if self._n_done == due:
                shown = {"reconstruction_attributes": lambda: _learned(progress.model())}
            stop |= bool(step.call_on_fit_task_end(**self._told, **shown))
        if stop:
            raise KeyboardInterrupt

    def end(self) -> None:
        """Tell that the model is there."""
        self._context.call_on_fit_task_end(**self._told, reconstruction_attributes={})


def _learned(model: Any) -> dict[str, Any]:
    """Return what `fit` has set: all but the arguments of the constructor."""
    parameters = model.get_params(deep=False)
    return {name: value for name, value in vars(model).items() if name not in parameters}
