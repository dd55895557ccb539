"""Time stamps: the step between them, and when there is none."""

import numpy as np
import pytest

from fastlstm.sampling import (
    is_time_name,
    same_sampling_time,
    sampling_time_of,
    seconds_per,
    text_to_seconds,
    to_seconds,
)


@pytest.mark.parametrize("step", [1e-6, 1 / 300, 0.1, 1.0, 3600.0])
@pytest.mark.parametrize("digits", [9, 3])
def test_step_of_rounded_stamps_is_the_mean_step(step, digits):
    """A logger that rounds to a millisecond samples regularly all the same."""
    if step < 10.0**-digits:
        pytest.skip("nothing is left of the steps")
    times = np.round(17.0 + step * np.arange(2000), digits)
    assert sampling_time_of(times) == pytest.approx(step, rel=1e-3)


@pytest.mark.parametrize("step", [1e-3, 1 / 300, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("digits", [9, 3])
def test_lost_sample_is_found_however_stamps_are_rounded(step, digits):
    """One missing line of a log shifts everything behind it."""
    times = np.delete(np.round(step * np.arange(500), digits), 123)
    with pytest.raises(ValueError, match=r"equal steps; step 122 to 123 of monday lasts"):
        sampling_time_of(times, " of monday")


@pytest.mark.parametrize(
    "times", [[0.0, 1.0, 1.0, 2.0], [0.0, 2.0, 1.0, 3.0], [0.0, 1.0, 2.2, 3.3], [3.0, 2.0, 1.0]]
)
def test_time_that_stands_still_runs_back_or_changes_pace_is_refused(times):
    """None of them is a sampled record."""
    with pytest.raises(ValueError, match="equal steps"):
        sampling_time_of(np.array(times))


def test_missing_stamp_is_refused_with_its_place():
    """A hole in the stamps may be a hole in the record."""
    with pytest.raises(ValueError, match="the one of step 1 is missing"):
        sampling_time_of(np.array([0.0, np.nan, 2.0]))


def test_sampling_times_are_the_same_within_one_percent():
    """A clock is that good; another sampling time is not that near."""
    assert same_sampling_time(0.1, 0.1009) and same_sampling_time(0.1009, 0.1)
    assert not same_sampling_time(0.1, 0.102)


def test_dates_durations_and_text_are_seconds():
    """Differences between the forms in which programs write time."""
    dates = np.array(["2026-01-01T00:00:00", "2026-01-01T00:01:00"], dtype="datetime64[ms]")
    for stamps in (dates, dates - dates[0], np.array([0, 60], dtype="timedelta64[s]")):
        np.testing.assert_allclose(to_seconds(stamps), [0.0, 60.0])
    np.testing.assert_allclose(text_to_seconds(["1.5", "2"]), [1.5, 2.0])
    zoned = ["2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"]  # clocks go forward
    np.testing.assert_allclose(text_to_seconds(zoned), [0.0, 1.0])


def test_units_and_names_of_time():
    """Only what can mean nothing else."""
    assert seconds_per("Minutes") == 60.0 and seconds_per("msec") == 1e-3
    assert seconds_per("m") is None
    assert all(map(is_time_name, ["time", "Time", "TIME [ms]", "time (s)"]))
    assert not any(map(is_time_name, ["t", "timer", "downtime", "time constant", 3]))
