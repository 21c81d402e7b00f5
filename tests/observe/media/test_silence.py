"""How long a silence is no death."""

from __future__ import annotations

from itertools import accumulate

import pytest

from camagent.observe.rtsp.client import StepLimits
from camagent.observe.silence import Silence


@pytest.mark.parametrize("fps", [5, 25, 50])
def test_a_regular_stream_is_given_the_usual_time_in_mid_window_and_at_its_end(fps: int) -> None:
    arrivals = [row / fps for row in range(5 * fps)]
    assert Silence.seen(arrivals, arrivals[-1]).patience_s(5.0) == 5.0
    assert StepLimits().stall_s == 5.0  # living streams pause for four seconds


def test_a_stream_that_has_paused_is_given_three_times_as_long() -> None:
    arrivals = list(accumulate([0.04] * 50 + [1.5] + [0.04] * 50))
    assert Silence.seen(arrivals, arrivals[-1]).patience_s(4.0) == pytest.approx(4.5)


def test_a_frame_in_three_seconds_is_a_rate() -> None:
    assert Silence.seen([0.0, 3.0, 6.0], 6.0).patience_s(5.0) == 15.0


def test_nothing_seen_yet_is_given_the_least() -> None:
    assert Silence.seen([], 0.0).patience_s(2.0) == 3.0
    assert Silence.seen([1.0], 1.0).patience_s(0.8) == 3.0


def test_a_goodbye_is_believed_after_a_second_of_silence() -> None:
    arrivals = [row / 25 for row in range(100)]
    assert Silence.seen(arrivals, arrivals[-1]).after_goodbye_s() == 1.0
    assert Silence.seen([0.0, 1.0, 2.0], 2.0).after_goodbye_s() == 5.0
