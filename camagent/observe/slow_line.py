"""What a line that is too slow for a while leaves behind: few frames that come all the time, or a stretch of
the window in which each frame comes later than the one before. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import fmean, median

from camagent.observe.frames import FrameTable, LongFrame
from camagent.observe.stamp_pace import BUSY, LARGE_FRAME_BYTES, LONG_TURNS, MIN_FRAMES, PACKET_BYTES
from camagent.observe.variance import variance

# a keyframe that has not come whole in so long a time is on a line of a few hundred kbit/s at most
LONG_COMING_S = 2.0
STEADY = 0.3  # of that time without a packet at most: longer is a stall in the middle of a frame
NARROW = 0.9  # of the stream's bits a second: a line of fewer is too slow for it

LATER_S = 0.5  # frames came so much later than others: less is a keyframe's burst, or Wi-Fi
RISE_S, FALL_S = 0.25, 0.12  # of the delay: what a rise is, and what ends one
FALL_RATIO = 0.25  # … of what it has risen
EDGE_S, EDGE_RATIO = 0.03, 0.1  # so near to its least and its greatest, a rise has not begun, and is over
ONE_STEP = 0.5  # of a rise in one step may be a stall …
BESIDE_S = 0.2  # … unless so much came in others beside it: one large keyframe on a slow line
FLAT_S = 0.3  # outside the rises the delay grew by so much less than inside: stamps that lie do so always
MIN_STRETCHES = 6  # of the time between packets; fewer follow the bytes by chance
# of the variance of the waits: a line leaves little to chance, and of first packets alone a little more
LEFT_OF_PACKETS, LEFT_OF_FRAMES = 0.3, 0.6


def few_frames_fill_the_line(table: FrameTable) -> bool:
    """So few frames came that they tell no rate, and nearly all the time large ones were coming.

    A window is three times as long where so few come: a camera that sends a frame now and then leaves the
    line idle between them.
    """
    if len(table) >= MIN_FRAMES or not table.long_frames:
        return False
    began_s = min((table.long_frames[0].arrival_s, *table.arrivals_s))
    span_s = max((table.long_frames[-1].last_s, *table.ends_s)) - began_s
    coming_s = sum(each.last_s - each.arrival_s for each in table.long_frames if _is_steady(each))
    return span_s >= LONG_COMING_S and coming_s >= BUSY * span_s


def long_frames_show_it(table: FrameTable) -> bool:
    """A large frame came for longer than its sender takes to several, with hardly a pause, and at fewer bits
    a second than the stream has.

    How many those are is known from keyframe to keyframe; else the frame must have come for seconds.
    """
    turn_s, mean_bps = _turn_s(table), _mean_bps(table)
    for each in filter(_is_steady, table.long_frames):
        took_s = each.last_s - each.arrival_s
        least_s = 0.0 if mean_bps is not None else LONG_COMING_S
        narrow = mean_bps is None or 8 * each.size_bytes < NARROW * mean_bps * took_s
        if narrow and took_s > max(least_s, LONG_TURNS * turn_s):
            return True
    return False


def _is_steady(frame: LongFrame) -> bool:
    took_s = frame.last_s - frame.arrival_s
    return frame.size_bytes >= LARGE_FRAME_BYTES and frame.silence_s <= STEADY * took_s


def _turn_s(table: FrameTable) -> float:
    """The usual time from frame to frame by the stamps."""
    shown = sorted(table.timestamps)
    return median([b - a for a, b in pairwise(shown)]) / table.clock_hz if len(shown) > 1 else 0.0


def _mean_bps(table: FrameTable) -> float | None:
    """From the first keyframe to the last, by the stamps; None without two of them."""
    keys = [row for row, key in enumerate(table.keyframes) if key]
    if len(keys) < 2:
        return None
    span_s = (table.timestamps[keys[-1]] - table.timestamps[keys[0]]) / table.clock_hz
    return 8 * sum(table.sizes_bytes[keys[0] : keys[-1]]) / span_s if span_s > 0 else None


def slow_for_a_while(
    arrivals_s: Sequence[float], sent_s: Sequence[float], sizes_bytes: Sequence[int], ends_s: Sequence[float]
) -> bool:
    """In a part of the window each frame came later than the one before, and as late as its bytes explain.

    A stall is one step, after which all that waited comes at once; a camera that cannot keep up sends at
    times that have nothing to do with sizes; stamps that lie do so from beginning to end.
    """
    delays_s = [a - s for a, s in zip(arrivals_s, sorted(sent_s), strict=True)]
    if len(ends_s) != len(arrivals_s) or max(delays_s) - min(delays_s) < LATER_S:
        return False
    rises = [rise for rise in _rises(delays_s) if _has_many_steps(delays_s, rise)]
    grown_s = sum(delays_s[rise.stop] - delays_s[rise.start] for rise in rises)
    if grown_s < LATER_S:
        return False
    rising_s = sum(arrivals_s[rise.stop] - arrivals_s[rise.start] for rise in rises)
    elsewhere_s = arrivals_s[-1] - arrivals_s[0] - rising_s
    if grown_s / rising_s * elsewhere_s - (delays_s[-1] - delays_s[0] - grown_s) < FLAT_S:
        return False
    by_frames, by_packets = _Waits([], []), _Waits([], [])
    for row in chain.from_iterable(rises):
        size, then = sizes_bytes[row], min(sizes_bytes[row + 1], PACKET_BYTES)
        first, wait_s = min(size, PACKET_BYTES), arrivals_s[row + 1] - arrivals_s[row]
        by_frames.add(wait_s, size - first + then)
        end_s = min(ends_s[row], arrivals_s[row + 1])
        if size > first and end_s > arrivals_s[row]:
            by_packets.add(end_s - arrivals_s[row], size - first)
            by_packets.add(arrivals_s[row + 1] - end_s, then)
        else:
            by_packets.add(wait_s, size - first + then)
    few = len(by_packets.waits_s) < MIN_STRETCHES
    return not few and by_packets.left() < LEFT_OF_PACKETS and by_frames.left() < LEFT_OF_FRAMES


@dataclass(frozen=True, slots=True)
class _Waits:
    """Times between packets, and the bytes that came in each."""

    waits_s: list[float]
    sizes_bytes: list[int]

    def add(self, wait_s: float, size_bytes: int) -> None:
        self.waits_s.append(wait_s)
        self.sizes_bytes.append(size_bytes)

    def left(self) -> float:
        """Of the waits' variance: what a line of one rate does not explain."""
        second_bytes = sum(self.sizes_bytes) / sum(self.waits_s)
        rows = zip(self.waits_s, self.sizes_bytes, strict=True)
        whole = variance(self.waits_s)
        return fmean([(wait - size / second_bytes) ** 2 for wait, size in rows]) / whole if whole else 1.0


def _rises(delays_s: Sequence[float]) -> list[range]:
    """Stretches in which the delay grew, without the level ground before and behind: rows that the growth
    leads away from."""
    rises: list[range] = []
    low = high = 0
    for row, delay in enumerate((*delays_s, float("-inf"))):
        grown_s = delays_s[high] - delays_s[low]
        if row < len(delays_s) and delay >= delays_s[high]:
            high = row
        elif delay < delays_s[low] or delay < delays_s[high] - max(FALL_S, FALL_RATIO * grown_s):
            if grown_s >= RISE_S:
                rises.append(_steep(delays_s, low, high))
            low = high = row
    return rises


def _steep(delays_s: Sequence[float], low: int, high: int) -> range:
    near_s = max(EDGE_S, EDGE_RATIO * (delays_s[high] - delays_s[low]))
    start = max(row for row in range(low, high) if delays_s[row] <= delays_s[low] + near_s)
    stop = min(row for row in range(start + 1, high + 1) if delays_s[row] >= delays_s[high] - near_s)
    return range(start, stop)


def _has_many_steps(delays_s: Sequence[float], rise: range) -> bool:
    """The delay did not grow at once."""
    grown_s = delays_s[rise.stop] - delays_s[rise.start]
    step_s = max(delays_s[row + 1] - delays_s[row] for row in rise)
    return grown_s - step_s >= min(BESIDE_S, ONE_STEP * grown_s)
