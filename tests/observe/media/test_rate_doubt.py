"""Stamps and arrivals that part for a while, at the end or by a step: what is stated holds both."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import accumulate

import pytest

from camagent.observe.frames import FrameTable
from camagent.observe.gop import gop
from camagent.observe.timing import FrameRate, Witness, measured_frame_rate
from tests.observe.media.tables import TICKS_25HZ, regular, table

# frames of one size could as well come over a line that they fill
SIZES = [500 + 700 * (row * row % 7) for row in range(250)]


def counted(waits_s: Sequence[float]) -> FrameTable:
    """A camera of 25 fps whose stamps are counted on, whatever time has passed between its frames."""
    arrivals_s = [0.0, *accumulate(waits_s)]
    return table([row * TICKS_25HZ for row in range(len(arrivals_s))], arrivals_s)


def of(stream: FrameTable, datagrams_lost: float | None = None) -> FrameRate:
    rate = measured_frame_rate(stream, Witness(datagrams_lost=datagrams_lost))
    assert rate is not None
    return rate


def holds(rate: FrameRate, truth_hz: float) -> bool:
    """The rate is near the truth, or says so little that the truth is in it, or is not stated."""
    return rate.mean_hz is None or abs(rate.mean_hz - truth_hz) <= max(rate.uncertainty_hz, 0.03 * truth_hz)


@pytest.mark.parametrize("usual", [20, 60, 100, 140, 180, 220, 240, 247, 249])
@pytest.mark.parametrize("slower", [1.3, 2.0, 3.0, 4.0])
def test_stamps_that_are_counted_on_after_the_rate_has_changed_say_no_wrong_rate(
    usual: int, slower: float
) -> None:
    """By night each exposure takes longer, and the stamps are counted on as by day; and back."""
    waits_s = [0.04] * usual + [0.04 * slower] * max(1, int((250 - usual) / slower))
    for stream in (counted(waits_s), counted(waits_s[::-1])):
        rate = of(stream)
        assert holds(rate, (len(stream) - 1) / stream.arrivals_s[-1]), (rate.mean_hz, rate.uncertainty_hz)


def test_frames_left_out_at_chance_under_stamps_that_are_counted_on() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        share = rng.uniform(0.05, 0.4)
        stream = counted([0.04 * (1 + (rng.random() < share)) for _ in range(rng.choice((50, 120, 240)))])
        rate = of(stream)
        assert holds(rate, (len(stream) - 1) / stream.arrivals_s[-1]), (seed, rate)


@pytest.mark.parametrize("begins", [30, 60, 90])
def test_a_camera_that_cannot_keep_up_for_a_spell_keeps_its_stamps(begins: int) -> None:
    """Frames come in time until some moment, then later and later: a lie would have been one before."""
    late_s = [max(0.0, 0.02 * (row - begins)) for row in range(125)]
    arrivals_s = [row / 25 + late for row, late in enumerate(late_s)]
    rate = of(table([row * TICKS_25HZ for row in range(125)], arrivals_s))
    assert rate.basis == "stamps" and holds(rate, 25.0)
    assert holds(rate, 124 / arrivals_s[-1])


def test_so_little_and_so_short_both_clocks_are_possible_over_tcp() -> None:
    """25 fps stamped, 21 come: for 4 s that may be an encoder whose queue fills; for 10 s it is a lie."""
    stretched = [row / 21 for row in range(211)]
    ticks = [row * TICKS_25HZ for row in range(211)]
    short_table = table(ticks[:84], stretched[:84], sizes_bytes=SIZES[:84])
    short = of(short_table)
    assert short.mean_hz is not None and short.mean_hz == pytest.approx(21.0, rel=0.01)
    assert short.basis == "arrivals" and short.mean_hz + short.uncertainty_hz >= 25.0
    long = of(table(ticks, stretched, sizes_bytes=SIZES[:211]))
    assert long.mean_hz == pytest.approx(21.0, rel=0.01) and long.uncertainty_hz < 1.0
    second_look = of(short_table, 0.0)
    assert second_look.mean_hz == pytest.approx(21.0, rel=0.01) and second_look.uncertainty_hz < 1.0


def test_a_lie_of_three_percent_in_ten_seconds_is_told_from_a_bend() -> None:
    for claimed in (0.97, 1.03, 0.965, 1.035):
        ticks = [round(row * TICKS_25HZ * claimed) for row in range(250)]
        rate = of(table(ticks, [row / 25 for row in range(250)], sizes_bytes=SIZES))
        assert rate.basis == "arrivals" and rate.mean_hz == pytest.approx(25.0, rel=0.005), claimed


@pytest.mark.parametrize("set_s", [-0.9, -0.5, -0.3, -0.2, 0.3, 0.5, 0.9])
def test_a_clock_that_is_set_once_by_less_than_a_second(set_s: float) -> None:
    """A time server sets the camera's clock in mid-window: neither rate nor GOP is wrong."""
    ticks = [row * TICKS_25HZ + (round(set_s * 90_000) if row >= 110 else 0) for row in range(250)]
    stream = table(ticks, [row / 25 for row in range(250)], keyframes=range(0, 250, 50))
    rate = of(stream)
    assert holds(rate, 25.0)
    if set_s < 0:
        assert rate.jumps == 1 and rate.mean_hz == pytest.approx(25.0, rel=1e-6)
    assert gop(stream, rate).length_frames == 50


def test_a_frame_shown_before_one_sent_earlier_is_no_clock_that_was_set() -> None:
    """A stall in mid-stream of B-frames, and a line on which each frame is later than the one before."""
    order = [row + 2 if row % 3 == 0 else row - 1 for row in range(120)]
    for late in ([0.0] * 61 + [0.9] * 59, [0.05 * row for row in range(120)]):
        arrivals_s = [row / 25 + late[row] for row in range(120)]
        rate = of(table([place * TICKS_25HZ for place in order], arrivals_s))
        assert rate.jumps == 0


def test_time_without_a_frame_inside_a_jump_is_in_the_uncertainty() -> None:
    """A camera behind a slow line leaves out two seconds of frames, and what it kept comes at once."""
    ticks = [row * TICKS_25HZ + (180_000 if row >= 60 else 0) for row in range(120)]
    arrivals_s = [row * 7.0 / 119 for row in range(120)]
    rate = of(table(ticks, arrivals_s))
    assert rate.jumps == 1 and holds(rate, 119 / ((ticks[-1] - ticks[0]) / 90_000))


def test_most_datagrams_lost_tell_no_rate() -> None:
    stream = regular()
    assert of(stream, 0.45).mean_hz == 25.0
    rate = of(stream, 0.55)
    assert rate.mean_hz is None and rate.stamped_hz == 25.0 and not math.isnan(rate.uncertainty_hz)


def test_intervals_shorter_than_the_usual_one_are_no_grid() -> None:
    """Of every two frames one is lost whole, nearly always: the usual interval is that of two."""
    kept = [row for row in range(200) if row % 2 == 0 or row % 20 == 5]
    ticks = [row * TICKS_25HZ for row in kept]
    rate = measured_frame_rate(table(ticks, [row / 25 for row in kept], damaged=range(len(kept))))
    assert rate is None or rate.mean_hz is None
