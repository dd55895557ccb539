"""A clock for CPU and wall time that stands still while a model is being scored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from threadpoolctl import threadpool_limits


class Stopwatch:
    """CPU seconds of this process (all threads) and wall seconds, with pauses.

    Examples
    --------
    >>> with Stopwatch() as clock:
    ...     total = sum(range(1000))
    ...     with clock.paused():
    ...         time.sleep(0.01)
    >>> clock.wall < 0.01
    True
    """

    def __init__(self) -> None:
        self._cpu = 0.0
        self._wall = 0.0
        self._since: tuple[float, float] | None = None

    def __enter__(self) -> Stopwatch:
        self._resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._halt()

    @property
    def cpu(self) -> float:
        """CPU seconds so far, pauses left out."""
        return (
            self._cpu if self._since is None else self._cpu + time.process_time() - self._since[0]
        )

    @property
    def wall(self) -> float:
        """Wall seconds so far, pauses left out."""
        return (
            self._wall if self._since is None else self._wall + time.perf_counter() - self._since[1]
        )

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the enclosed block out of both times."""
        self._halt()
        try:
            yield
        finally:
            self._resume()

    def _resume(self) -> None:
        self._since = (time.process_time(), time.perf_counter())

    def _halt(self) -> None:
        if self._since is not None:
            self._cpu, self._wall, self._since = self.cpu, self.wall, None


@contextmanager
def blas_threads(n_threads: int) -> Iterator[None]:
    """Hold NumPy's and SciPy's BLAS to `n_threads` inside the block."""
    import scipy.linalg  # noqa: F401  its BLAS must be loaded before it can be limited

    with threadpool_limits(n_threads):
        yield


def count_cpu_time() -> None:
    """From now on `time_limit` counts CPU seconds: for timings on a machine with other work."""
    from fastlstm.solvers.problem import Clock

    Clock.wall = Clock.cpu  # type: ignore[method-assign]
