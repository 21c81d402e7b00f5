"""Frame rates out of a table of frames. Pure: no clock, no sockets.

Loss never lowers a rate: only intervals without a lost packet count. Time stamps are believed as long as they advance
like the arrivals; where they do not (claims of 180000 fps, all zero, 25 fps on a camera that sends 12) the arrivals
count instead, and `timestamps_credible` says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, pstdev

from camagent.observe.frames import FrameTable

MIN_JUMP_S = 1.0  # a step back, or ahead of the arrivals, of a second and of more frames than any reordering is a jump
BURST_RATIO = 0.25  # servers empty their buffer at the start: intervals below a quarter of the usual are that burst
MIN_FRAMES_FOR_BURST = 8  # fewer frames cannot show what is usual
CREDIBLE_SPEED = (0.8, 1.25)  # time stamps against arrivals: crystals differ by 1e-4, lies by factors
MIN_FRAMES_FOR_SPEED = 5
MIN_SPAN_FOR_SPEED_S = 1.0  # shorter than this, jitter of the network looks like a lie
SPEED_LAG_S = 0.5  # pairs of frames so far apart are compared: longer than jitter, shorter than a stall in the window
MISSING_RATIO = 1.5  # of the usual frame interval: a longer one near lost packets is a frame that did not come
REORDER_FRAMES = 16  # H.264 and H.265 hold at most 16 pictures back
MAX_RATE_HZ = 1000.0  # faster than any network camera: a clock or a burst is speaking, not the sensor
COVERAGE = 2.0  # two standard deviations: about 95 %


@dataclass(frozen=True, slots=True)
class FrameRate:
    """How often frames come."""

    mean_hz: float
    """From time stamps where they are credible, else from arrivals."""
    uncertainty_hz: float
    """Half the width of a 95 % interval about the mean."""
    min_hz: float
    """1 / longest frame interval."""
    max_hz: float
    """1 / shortest frame interval of those that a camera could mean."""
    irregularity_ratio: float
    """Standard deviation of frame intervals over their mean."""
    arrival_hz: float | None
    """The mean of arrivals; None where everything arrived at once."""
    jumps: int
    """Steps in the time stamps that are no frame intervals."""
    timestamps_credible: bool
    intervals: int
    """Frame intervals that the mean rests on."""


def frame_rate(table: FrameTable) -> FrameRate | None:
    """The frame rate of one window.

    Returns: None without a single undamaged interval.
    """
    first = burst_frames(table)
    segments, jumps = steady_segments(table, first)
    ticks = [i for segment in segments for i in _presentation_intervals(table, segment)]
    arrivals = _arrival_intervals_s(table, first)
    arrival_hz = _possible_hz(len(arrivals), math.fsum(arrivals))
    stamp_hz = _possible_hz(len(ticks) * table.clock_hz, sum(ticks))  # of whole ticks: 10 Hz is exactly 10
    credible = stamp_hz is not None and _advances_like_arrivals(table, segments)
    mean_hz = stamp_hz if credible else arrival_hz
    intervals = [tick / table.clock_hz for tick in ticks] if credible else arrivals
    if mean_hz is None:
        return None
    irregularity = pstdev(intervals) * mean_hz
    possible = [interval for interval in intervals if interval * MAX_RATE_HZ >= 1]
    return FrameRate(
        mean_hz=mean_hz,
        uncertainty_hz=_uncertainty_hz(mean_hz, irregularity, len(intervals), table.clock_hz),
        min_hz=1 / max(intervals),
        max_hz=1 / min(possible, default=1 / MAX_RATE_HZ),
        irregularity_ratio=irregularity,
        arrival_hz=arrival_hz,
        jumps=jumps,
        timestamps_credible=credible,
        intervals=len(intervals),
    )


def reordered(table: FrameTable) -> bool:
    """Frames are shown in another order than they are sent: B-frames. The first frame's stamp is not trusted."""
    segments, _ = steady_segments(table, 1)
    stamps = table.timestamps
    return any(stamps[b] < stamps[a] for segment in segments for a, b in pairwise(segment))


def burst_frames(table: FrameTable) -> int:
    """How many frames at the start came in one burst (frigate#6097): they say nothing about the rate."""
    count = len(table)
    if count < MIN_FRAMES_FOR_BURST:
        return 0
    arrivals = [b - a for a, b in pairwise(table.arrivals_s)]
    usual = median(arrivals[-max(4, len(arrivals) // 4) :])
    burst = next((i for i, interval in enumerate(arrivals) if interval >= BURST_RATIO * usual), len(arrivals))
    return 0 if burst > count * 3 // 4 else burst


def steady_segments(table: FrameTable, first: int = 0) -> tuple[list[range], int]:
    """Runs of rows, from row `first` on, in which the time stamps go on without a jump; and the number of jumps."""
    stamps, arrivals, tick_s = table.timestamps, table.arrivals_s, 1 / table.clock_hz
    jump_s = _jump_s(arrivals[first:])
    cuts = [first]
    for row in range(first + 1, len(table)):
        step_s = (stamps[row] - stamps[row - 1]) * tick_s
        if step_s < -jump_s or (step_s > jump_s and step_s - max(0.0, arrivals[row] - arrivals[row - 1]) > jump_s):
            cuts.append(row)
    back = [row for row in range(first + 1, len(table)) if stamps[row] < stamps[row - 1]]
    if first == 0 and back == [1] and len(table) > 2 and 1 not in cuts:
        cuts.append(1)  # the very first stamp is junk (home-assistant/core PR #42277); no B-frames follow it
    cuts = [*sorted(cuts), len(table)]
    return [range(a, b) for a, b in pairwise(cuts) if b > a], len(cuts) - 2


def _jump_s(arrivals_s: Sequence[float]) -> float:
    if len(arrivals_s) < 2:
        return MIN_JUMP_S
    return max(MIN_JUMP_S, REORDER_FRAMES * median(b - a for a, b in pairwise(arrivals_s)))


def _presentation_intervals(table: FrameTable, segment: range) -> list[int]:
    """Ticks between neighbours in order of presentation, where nothing was lost between them in order of sending."""
    stamps, losses = table.timestamps, _running_count(table.damaged)
    order = sorted(segment, key=stamps.__getitem__)
    ahead, behind = reorder_depths(table, segment)
    neighbours = list(pairwise(order[ahead : len(order) - behind]))
    if not losses[-1]:
        return [stamps[b] - stamps[a] for a, b in neighbours]
    near = max(ahead, behind)  # a lost frame was to be shown so far from where it was sent
    long_ticks = MISSING_RATIO * median(stamps[b] - stamps[a] for a, b in neighbours) if neighbours else 0.0

    def is_sound(a: int, b: int) -> bool:
        reach = near if stamps[b] - stamps[a] > long_ticks else 0
        first, last = max(0, min(a, b) + 1 - reach), min(len(table), max(a, b) + 1 + reach)
        return losses[first] == losses[last]

    return [stamps[b] - stamps[a] for a, b in neighbours if is_sound(a, b)]


def reorder_depths(table: FrameTable, segment: range) -> tuple[int, int]:
    """How many frames may stand, when shown, before the first whole picture group of a window, and behind its last.

    Where a window begins and ends, some of the frames between those shown first or last were sent outside it.
    """
    stamps = [table.timestamps[row] for row in segment]
    if all(a <= b for a, b in pairwise(stamps)):
        return 0, 0
    ahead = behind = 0
    for place, stamp in enumerate(stamps):
        ahead = max(ahead, sum(later < stamp for later in stamps[place + 1 : place + 1 + REORDER_FRAMES]))
        behind = max(behind, sum(earlier > stamp for earlier in stamps[max(0, place - REORDER_FRAMES) : place]))
    return ahead, behind


def _running_count(flags: Sequence[bool]) -> list[int]:
    counts = [0]
    for flag in flags:
        counts.append(counts[-1] + flag)
    return counts


def _arrival_intervals_s(table: FrameTable, first: int) -> list[float]:
    arrivals = table.arrivals_s
    rows = range(first + 1, len(table))
    return [max(0.0, arrivals[row] - arrivals[row - 1]) for row in rows if not table.damaged[row]]


def _possible_hz(intervals: float, span: float) -> float | None:
    """Intervals over their span; None where that is more than any camera sends, or nothing at all."""
    return intervals / span if 0 < intervals <= span * MAX_RATE_HZ else None


def _advances_like_arrivals(table: FrameTable, segments: Sequence[range]) -> bool:
    """The median speed of the time stamps against arrivals is near 1, over the window or over its last third.

    A proxy may first send seconds out of its buffer: it is at the end that arrivals show the camera's pace. Lies are
    told from beginning to end.
    Returns: True where the window is too short to tell.
    """
    speeds = [speed for segment in segments for speed in _speeds(table, segment)]
    if not speeds:
        return True
    low, high = CREDIBLE_SPEED
    return low <= median(speeds) <= high or low <= median(speeds[-(len(speeds) // 3 + 1) :]) <= high


def _speeds(table: FrameTable, segment: range) -> list[float]:
    arrivals = table.arrivals_s
    rows = list(segment)
    if len(rows) < MIN_FRAMES_FOR_SPEED or arrivals[rows[-1]] - arrivals[rows[0]] < MIN_SPAN_FOR_SPEED_S:
        return []
    mean_interval = fmean(b - a for a, b in pairwise(arrivals[rows[0] : rows[-1] + 1]))
    lag = max(1, min(len(rows) // 2, round(SPEED_LAG_S / mean_interval)))
    pairs = zip(rows, rows[lag:], strict=False)
    return [
        (table.timestamps[b] - table.timestamps[a]) / table.clock_hz / (arrivals[b] - arrivals[a])
        for a, b in pairs
        if arrivals[b] > arrivals[a]
    ]


def _uncertainty_hz(mean_hz: float, irregularity: float, intervals: int, clock_hz: int) -> float:
    """Spread of the mean of so many intervals; one or two intervals show no spread, so they count as a whole frame."""
    spread = irregularity / math.sqrt(intervals)
    resolution = mean_hz / clock_hz / intervals
    return mean_hz * max(COVERAGE * spread + resolution, 1 / intervals if intervals < 3 else 0.0)
