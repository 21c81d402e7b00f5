"""How fast the time stamps run against the arrivals, and what a line that is too slow looks like. Pure.

A network can only hold a frame back, never bring it early. So the least delayed frame of each stretch of the
window tells how the sender's clock runs, whatever jitter, bursts and stalls lie above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from statistics import fmean, median

MAX_BLOCKS = 9
MIN_BLOCKS = 3  # two points are always in line
MIN_FRAMES = 5  # fewer say nothing of how a clock runs
GAPS_PER_BLOCK = 1.5  # a stretch must be longer than the longest silence, or it holds late frames only
CLOCK_STEP_S = 0.002  # reads come when the machine finds the time
FULL_LINE = 0.5  # bytes tell the arrivals so much better than stamps do: the line sets the pace
PACKET_BYTES = 1400  # a frame is noticed when its first packet is whole
CHANCE = 3.0  # standard errors
EXPLAINED = 0.5  # of the waits' variance may be left: a line that sets the pace leaves little
MIN_WAITS = 12  # fewer agree by chance
MIN_SIZE_SPREAD = 0.05  # of the mean size: less is lost in the rhythm of the line
EVEN_LINE_S = 0.05  # a line that is always busy follows the bytes so closely
LARGE_FRAME_BYTES = 6000  # five packets: a smaller frame shows nothing of how it was sent
LONG_FRAME_S, LONG_TURNS = 0.5, 3.0  # no sender spreads a frame over the turns of the next ones
MIN_LARGE_FRAMES = 5
BUSY, IDLE = 0.75, 0.3  # share of the time in which packets of large frames were coming
MIN_REPORT_SPAN_S = 2.0
MIN_DRIFT_S = 0.1  # less is within the delay of any network


@dataclass(frozen=True, slots=True)
class ArrivalPace:
    """How the arrivals drift away from a sender's clock, in seconds a second of arrivals."""

    drift: float
    """0: both run alike; 0.16: 25 claimed, 21 sent; negative: the clock runs faster than what arrives."""
    uncertainty: float
    misfit_s: float
    """How far the least delayed frame of a stretch lies from a steady drift, at worst."""
    span_s: float
    growth_s: float
    """How much later than at the beginning the least delayed frames of some stretch came."""
    late_s: float
    """How much later than the least delayed frame of the window the latest one came."""

    @property
    def steady(self) -> bool:
        """The drift goes on from beginning to end: a queue that fills or empties, or a stall, does not."""
        return self.misfit_s <= 0.25 * abs(self.drift) * self.span_s


def pace(arrivals_s: Sequence[float], sent_s: Sequence[float]) -> tuple[ArrivalPace, ...]:
    """The drift over the whole window, then over its first and its last two thirds where those are long
    enough.

    Returns: nothing where so few frames, or frames so rare, tell nothing.
    """
    count = len(arrivals_s)
    if count < MIN_FRAMES or arrivals_s[-1] <= arrivals_s[0]:
        return ()
    delays = [a - s for a, s in zip(arrivals_s, sent_s, strict=True)]
    lowest = _least_delayed(arrivals_s, delays)
    if len(lowest) < MIN_BLOCKS:
        return ()
    each = count / len(lowest)
    above = median(delays) - min(delays) if count < 2 * len(lowest) else _spread_s(arrivals_s, delays, lowest)
    noise_s = above / math.sqrt(each)
    late_s = max(delays) - min(delays)
    whole = _fitted(lowest, noise_s, late_s)
    part = max(MIN_BLOCKS, (2 * len(lowest) + 2) // 3)
    if part >= len(lowest):
        return (whole,)
    return whole, _fitted(lowest[:part], noise_s, late_s), _fitted(lowest[-part:], noise_s, late_s)


def _least_delayed(arrivals_s: Sequence[float], delays_s: Sequence[float]) -> list[tuple[float, float]]:
    """(arrival, delay) of the least delayed frame in each of a few equal stretches."""
    start_s, span_s = arrivals_s[0], arrivals_s[-1] - arrivals_s[0]
    gap_s = max(b - a for a, b in pairwise(arrivals_s))
    blocks = int(span_s / (GAPS_PER_BLOCK * gap_s)) if gap_s > 0 else MIN_BLOCKS
    blocks = min(MAX_BLOCKS, max(MIN_BLOCKS, blocks))
    lowest: dict[int, tuple[float, float]] = {}
    each_s = span_s / (blocks - 0.001)  # the very last frame belongs to the last stretch
    for arrival, delay in zip(arrivals_s, delays_s, strict=True):
        block = int((arrival - start_s) / each_s)
        if block not in lowest or delay < lowest[block][1]:
            lowest[block] = (arrival, delay)
    return [lowest[block] for block in sorted(lowest)]


def _spread_s(
    arrivals_s: Sequence[float], delays_s: Sequence[float], lowest: Sequence[tuple[float, float]]
) -> float:
    """How far an ordinary frame lies above the least delayed ones."""
    slope = _slope(lowest)
    level = median(delay - slope * arrival for arrival, delay in lowest)
    return max(0.0, median(d - slope * a for a, d in zip(arrivals_s, delays_s, strict=True)) - level)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes of all pairs (Theil and Sen): one stretch without a timely frame does not bend
    it."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return median(slopes) if slopes else 0.0


def _fitted(points: Sequence[tuple[float, float]], noise_s: float, late_s: float) -> ArrivalPace:
    slope = _slope(points)
    level = median(y - slope * x for x, y in points)
    misfit_s = max(abs(y - slope * x - level) for x, y in points)
    span_s = points[-1][0] - points[0][0]
    slack_s = 2 * misfit_s + 2 * noise_s + CLOCK_STEP_S
    uncertainty = slack_s / span_s if span_s > 0 else math.inf
    growth_s = max(y for _, y in points) - points[0][1]
    return ArrivalPace(slope, uncertainty, misfit_s, span_s, growth_s, late_s)


def line_sets_the_pace(
    arrivals_s: Sequence[float], sent_s: Sequence[float], sizes_bytes: Sequence[int], ends_s: Sequence[float]
) -> bool | None:
    """Frames come when the line has room for them and not when they are sent: so many bytes a second, never
    idle.

    A sender whose stamps lie differs: its frames come at equal distances whatever their size, with pauses
    between. Returns: None where frames of one size, too small to tell how they came, allow both.
    """
    if len(arrivals_s) < MIN_FRAMES:
        return _outlasts_its_turn(arrivals_s, sent_s, sizes_bytes, ends_s)
    before = accumulate((0, *sizes_bytes[:-1]))
    through = [b + min(size, PACKET_BYTES) for b, size in zip(before, sizes_bytes, strict=True)]
    by_bytes = _misfit(through, arrivals_s)
    by_stamps = _misfit(sorted(sent_s), arrivals_s)  # B-frames: as shown
    busy = _busy_ratio(arrivals_s, sizes_bytes, ends_s)
    if busy is not None and busy <= IDLE:
        return False
    if by_bytes + CLOCK_STEP_S < FULL_LINE * by_stamps:
        return True
    if by_stamps + CLOCK_STEP_S < FULL_LINE * by_bytes:
        return False
    waits = _waits_for_bytes(through, arrivals_s)
    if waits is not None:
        return waits
    # a camera that spreads each frame over its whole turn looks busy too: its frames keep the stamps' rhythm
    follows = by_bytes <= min(EVEN_LINE_S, by_stamps + CLOCK_STEP_S)
    return True if follows and busy is not None and busy >= BUSY else None


def _outlasts_its_turn(
    arrivals_s: Sequence[float], sent_s: Sequence[float], sizes_bytes: Sequence[int], ends_s: Sequence[float]
) -> bool | None:
    """A large frame took several times as long to come as its sender took to the next: few, but they fill the
    line."""
    if len(arrivals_s) < 2 or len(ends_s) != len(arrivals_s):
        return None
    turn_s = max(b - a for a, b in pairwise(sorted(sent_s)))
    rows = zip(arrivals_s, ends_s, sizes_bytes, strict=True)
    took_s = max((end - start for start, end, size in rows if size >= LARGE_FRAME_BYTES), default=0.0)
    return True if took_s > max(LONG_FRAME_S, LONG_TURNS * turn_s) else None


def _misfit(x: Sequence[float], y: Sequence[float]) -> float:
    """Root mean square of what a straight line leaves of y."""
    mean_x, mean_y = fmean(x), fmean(y)
    xx = math.fsum((a - mean_x) ** 2 for a in x)
    xy = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    slope = xy / xx if xx > 0 else 0.0
    return math.sqrt(fmean((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True)))


def _waits_for_bytes(through_bytes: Sequence[float], arrivals_s: Sequence[float]) -> bool | None:
    """Whether a larger frame makes the next one wait, as long as the mean rate of the line would.

    Returns: None for few frames, for frames of one size, and where chance allows both.
    """
    sizes = [b - a for a, b in pairwise(through_bytes)]
    waits = [b - a for a, b in pairwise(arrivals_s)]
    if len(waits) < MIN_WAITS or not sum(waits):
        return None
    expected = [size * sum(waits) / sum(sizes) for size in sizes]
    middle_x, middle_y = fmean(expected), fmean(waits)
    xx = math.fsum((x - middle_x) ** 2 for x in expected)
    if xx < len(waits) * (MIN_SIZE_SPREAD * middle_x) ** 2:
        return None
    share = math.fsum((x - middle_x) * (y - middle_y) for x, y in zip(expected, waits, strict=True)) / xx
    left = math.fsum(
        (y - middle_y - share * (x - middle_x)) ** 2 for x, y in zip(expected, waits, strict=True)
    )
    chance = CHANCE * math.sqrt(left / (len(waits) - 2) / xx)
    if share - chance > 1 / 2:
        all_of_it = math.fsum((y - middle_y) ** 2 for y in waits)
        spaced = sum(wait > CLOCK_STEP_S for wait in waits)
        # a keyframe beside a pause is no rule, nor is what came in a few heaps
        return True if left < EXPLAINED * all_of_it and spaced >= MIN_WAITS else None
    return False if share + chance < 1 / 2 else None


def _busy_ratio(
    arrivals_s: Sequence[float], sizes_bytes: Sequence[int], ends_s: Sequence[float]
) -> float | None:
    """Share of the time of large frames in which their packets were coming; None without enough of them."""
    if len(ends_s) != len(arrivals_s):
        return None
    rows = zip(
        arrivals_s, arrivals_s[1:], ends_s, sizes_bytes, strict=False
    )  # the last frame has no next one
    large = [(end - start, then - start) for start, then, end, size in rows if size >= LARGE_FRAME_BYTES]
    coming, total = sum(took_s for took_s, _ in large), sum(turn_s for _, turn_s in large)
    return coming / total if len(large) >= MIN_LARGE_FRAMES and total > 0 else None


def reports_are_queued(reports_s: Sequence[tuple[float, float]], drift: float) -> bool | None:
    """Sender reports (sender's wall clock, our arrival) wait as much longer as frames do: a queue, not a lie.

    Returns: None where there are not two reports far enough apart, or the sender's clock was set between
    them.
    """
    if len(reports_s) < 2:
        return None
    (first_sent, first_came), (last_sent, last_came) = reports_s[0], reports_s[-1]
    came_s, sent_s = last_came - first_came, last_sent - first_sent
    expected_s = drift * came_s
    if came_s < MIN_REPORT_SPAN_S or abs(expected_s) < MIN_DRIFT_S or all(s == int(s) for s, _ in reports_s):
        return None
    share = (came_s - sent_s) / expected_s
    if abs(share) < 1 / 3:
        return False
    return True if 2 / 3 < share < 4 / 3 else None
