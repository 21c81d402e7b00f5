"""A line that is too slow for a part of the window, or for whole frames; and what only looks so."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import accumulate

import pytest

from camagent.model.fault import Fault
from camagent.model.stream import MeasuredStream
from camagent.observe.frames import FrameTable, LongFrame
from camagent.observe.gop import gop
from camagent.observe.measure import measure
from camagent.observe.slow_line import few_frames_fill_the_line, long_frames_show_it, slow_for_a_while
from camagent.observe.timing import burst_frames, measured_frame_rate
from tests.observe.media.tables import TICKS_25HZ, table
from tests.observe.wire.test_measure import capture

FRAMES = 250
DRAWN = random.Random(3)
SIZES = [40_000 if row % 50 == 0 else round(5000 * 2 ** DRAWN.uniform(-1, 1)) for row in range(FRAMES)]
MEAN_BPS = 8 * sum(SIZES) / 10


def over(phases: list[tuple[float, float]], frames: int = FRAMES) -> FrameTable:
    """25 fps over a line that from each moment on carries that share of the mean bit rate."""
    free_s, arrivals, ends = 0.0, list[float](), list[float]()
    for row in range(frames):
        free_s = max(free_s, row / 25)
        share = next(share for since_s, share in reversed(phases) if free_s >= since_s)
        first = min(1400, SIZES[row])
        arrivals.append(free_s + 8 * first / share / MEAN_BPS)
        free_s += 8 * SIZES[row] / share / MEAN_BPS
        ends.append(free_s)
    stamps = [row * TICKS_25HZ for row in range(frames)]
    keys = range(0, frames, 50)
    return replace(table(stamps, arrivals, sizes_bytes=SIZES[:frames], keyframes=keys), ends_s=tuple(ends))


def is_named(some: FrameTable) -> bool:
    return slow_for_a_while(
        some.arrivals_s, [stamp / 90_000 for stamp in some.timestamps], some.sizes_bytes, some.ends_s
    )


ROOM, NARROW = 10.0, 0.4


@pytest.mark.parametrize(
    "phases",
    [
        [(0.0, ROOM), (5.0, NARROW)],
        [(0.0, NARROW), (5.0, ROOM)],
        [(0.0, ROOM), (3.0, NARROW), (6.0, ROOM)],
        [(2.0 * turn, NARROW if turn % 2 else ROOM) for turn in range(8)],
    ],
    ids=["from the middle on", "recovers", "for a part", "by turns"],
)
def test_a_line_that_is_slow_for_a_part_is_named(phases: list[tuple[float, float]]) -> None:
    some = over(phases)
    rate = measured_frame_rate(some)
    assert is_named(some) and rate is not None and rate.slow_line
    assert rate.mean_hz is None or rate.mean_hz == 25.0


def test_a_line_with_room_is_not_named() -> None:
    assert not is_named(over([(0.0, 2.0)]))


@pytest.mark.parametrize("longest_s", [0.6, 2.0])
def test_stalls_after_which_all_comes_at_once_are_no_slow_line(longest_s: float) -> None:
    some = over([(0.0, ROOM)])
    rng, late_s, arrivals, ends = random.Random(5), 0.0, list[float](), list[float]()
    for at_s, end_s in zip(some.arrivals_s, some.ends_s, strict=True):
        if rng.random() < 0.03:
            late_s = max(late_s, at_s + rng.uniform(0.3, longest_s))
        arrivals.append(max(at_s, late_s))
        ends.append(max(end_s, late_s))
    assert not is_named(replace(some, arrivals_s=tuple(arrivals), ends_s=tuple(ends)))


def test_a_camera_that_cannot_keep_up_for_a_while_is_no_slow_line() -> None:
    """Each picture takes it longer than its turn, whatever its size, and then it leaves some out."""
    arrivals, rows, free_s = list[float](), list[int](), 0.0
    for row in range(FRAMES):
        if free_s - row / 25 <= 0.8:
            busy = 50 <= row < 150
            free_s = max(free_s, row / 25) + (0.07 if busy else 0.01)
            arrivals.append(free_s)
            rows.append(row)
    stamps = [row * TICKS_25HZ for row in rows]
    some = table(stamps, arrivals, sizes_bytes=[SIZES[row] for row in rows])
    some = replace(some, ends_s=tuple(at_s + 0.003 for at_s in arrivals))
    assert max(a - row / 25 for a, row in zip(arrivals, rows, strict=True)) > 0.7
    assert not is_named(some)


@pytest.mark.parametrize("speed", [0.5, 1.03, 1.19, 2.5])
def test_stamps_that_lie_from_beginning_to_end_are_no_slow_line(speed: float) -> None:
    some = over([(0.0, ROOM)])
    lying = replace(some, timestamps=tuple(round(stamp * speed) for stamp in some.timestamps))
    assert not is_named(lying)
    rate = measured_frame_rate(lying)
    assert rate is not None and not rate.slow_line


def test_packets_that_come_all_the_time_without_a_whole_frame_are_a_slow_line() -> None:
    """8 Mbit/s on 64 kbit/s: one keyframe fills three windows. It is no dead camera."""
    pending = LongFrame(arrival_s=1.0, last_s=31.0, silence_s=0.2, size_bytes=240_000)
    nothing = replace(table([]), long_frames=(pending,))
    figures = measure(capture(frames=nothing))
    assert isinstance(figures, MeasuredStream)
    assert (figures.frames, figures.frame_rate_hz, figures.limits) == (0, None, ("network_slow",))
    assert isinstance(measure(capture(frames=table([]))), Fault)


@pytest.mark.parametrize(
    ("last_s", "silence_s", "size_bytes"), [(1.4, 0.0, 240_000), (31.0, 20.0, 240_000), (31.0, 0.2, 900)]
)
def test_a_frame_that_stands_still_or_is_soon_there_shows_no_slow_line(
    last_s: float, silence_s: float, size_bytes: int
) -> None:
    pending = LongFrame(1.0, last_s, silence_s, size_bytes)
    assert not few_frames_fill_the_line(replace(table([]), long_frames=(pending,)))


def test_a_keyframe_that_comes_for_seconds_names_the_line() -> None:
    """Its bits a second are fewer than the stream's, known from keyframe to keyframe."""
    some = over([(0.0, ROOM)])
    slow = LongFrame(4.0, 7.0, 0.1, round(0.4 * MEAN_BPS * 3 / 8))
    wide = LongFrame(4.0, 7.0, 0.1, round(1.5 * MEAN_BPS * 3 / 8))
    stalled = replace(slow, silence_s=2.0)
    shown = [long_frames_show_it(replace(some, long_frames=(each,))) for each in (slow, wide, stalled)]
    assert shown == [True, False, False]


def test_what_comes_fast_at_first_and_slowly_then_is_no_burst() -> None:
    """Stamps and arrivals agree; a burst that a server stamps as it sends it is faster than any camera."""
    steps = [0.04] * 60 + [0.4] * 20
    arrivals = list(accumulate(steps))
    assert burst_frames(table([round(a * 90_000) for a in arrivals], arrivals)) == 0


def test_a_gop_is_no_longer_than_its_stamps_say_however_late_it_came() -> None:
    """A line that brings heaps: the keyframe was not seen for eight seconds, and two seconds were sent."""
    stamps = [row * TICKS_25HZ for row in range(50)]
    some = table(stamps, [row / 25 if row < 25 else 7.0 + row / 25 for row in range(50)])
    rate = measured_frame_rate(some)
    assert rate is not None and rate.basis == "stamps"
    assert gop(some, rate).at_least_s == pytest.approx(49 / 25, abs=0.05)
