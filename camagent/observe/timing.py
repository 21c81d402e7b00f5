"""Frame rates out of a table of frames, and which clock is believed. Pure: no clock, no sockets.

Loss never lowers a rate: only intervals without a lost packet count. Three worlds look alike and are told
apart here:
stamps that lie (arrivals drift away from them from beginning to end, in frame-sized bursts: the arrivals
count), a line that is too slow (arrivals follow the bytes: the stamps count, and `slow_line` says so), and a
camera that cannot keep up (gaps in stamps that agree with the arrivals). What fits none of them has no rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from camagent.observe.frames import FrameTable
from camagent.observe.rate_doubt import (
    HONEST_DRIFT,
    MAX_DOUBT,
    between,
    end_to_end,
    has_level_ground,
    is_bent,
    may_fill_a_queue,
    stretched,
    unseen,
)
from camagent.observe.slow_line import LATER_S, long_frames_show_it, slow_for_a_while
from camagent.observe.stamp_order import MISSING_RATIO, steady_segments
from camagent.observe.stamp_pace import MIN_FRAMES, ArrivalPace, line_sets_the_pace, pace, reports_are_queued
from camagent.observe.stamp_rate import MAX_RATE_HZ, possible_hz, stamp_rate
from camagent.observe.variance import variance

# servers empty their buffer at the start: intervals below a quarter of the usual are that burst
BURST_RATIO = 0.25
FASTEST_HZ = 65.0  # cameras reach 60; who stamps a burst as it is sent is faster
IN_TIME = 0.5  # of the time in which they came: what was sent at once is stamped seconds apart, or not at all
MIN_FRAMES_FOR_BURST = 8  # fewer frames cannot show what is usual
MIN_SPAN_FOR_DRIFT_S = 1.0  # shorter than this, jitter of the network looks like a lie
MOST_LOST = 0.5  # of the datagrams: whole frames are missing, and nothing shows how many
NOTHING_TOLD = 0.5  # of a rate by arrivals: with so much doubt it tells nothing
# of the arrivals' span, where nothing finer can be seen; B-frames cut off at its ends are less
FAR_APART = 0.5
# of the whole window's drift: a part known that well shows that the stamps do not lie everywhere
FLAT_SHARE = 0.5
SLOW_GROWTH_S = 0.25  # frames came later and later by more than a keyframe's burst explains
LEAST_LOST = 0.25  # of the stretch: whole frames are lost too, and the stamps' drift is not exact
LOSSLESS_QUEUE_S = 0.5  # switches and access points hold a tenth of a second, and drop the rest
SKIPPED_SHARE, MIN_SKIPPED = 0.05, 3  # of the intervals: a camera whose buffer is full leaves out frames
COVERAGE = 2.0  # two standard deviations: about 95 %


@dataclass(frozen=True, slots=True)
class Witness:
    """What else than the frames speaks of the clock."""

    arrivals_tell: bool = True
    """False for a file, where arrivals are made of the stamps."""
    reports_s: tuple[tuple[float, float], ...] = ()
    """Sender reports over TCP: (sender's wall clock, our arrival)."""
    datagrams_lost: float | None = None
    """Of the packets, where frames came as datagrams; None: inside a connection."""


@dataclass(frozen=True, slots=True)
class FrameRate:
    """How often frames come."""

    mean_hz: float | None
    """By the clock that is believed; None where stamps and arrivals contradict and neither shows itself
    right."""
    uncertainty_hz: float
    """Half the width of an interval that holds the truth."""
    min_hz: float
    """1 / longest frame interval."""
    max_hz: float
    """1 / shortest frame interval of those that a camera could mean."""
    irregularity_ratio: float
    """Standard deviation of frame intervals over their mean."""
    arrival_hz: float | None
    """The mean of arrivals; None where everything arrived at once."""
    stamped_hz: float | None
    """The mean of time stamps, believed or not."""
    jumps: int
    """Steps in the time stamps that are no frame intervals."""
    timestamps_credible: bool
    slow_line: bool
    """The line brings fewer bits a second than the camera sends, always or for a while: arrivals say nothing
    of the camera."""
    intervals: int
    """Frame intervals that the mean rests on."""

    @property
    def basis(self) -> str | None:
        """The clock that is believed: "stamps" or "arrivals"; None: neither."""
        if self.mean_hz is None:
            return None
        return "stamps" if self.timestamps_credible else "arrivals"


@dataclass(frozen=True, slots=True)
class _Belief:
    """Which clock counts, and how far it may be wrong (a ratio)."""

    stamps: bool
    doubt: float
    """At least; infinite: neither shows itself right."""
    slow_line: bool = False
    """From beginning to end."""
    slow_in_part: bool = False
    arrivals_tell: bool = True
    or_stamps: bool = False
    """What the other clock says is possible too."""


def measured_frame_rate(table: FrameTable, witness: Witness = Witness()) -> FrameRate | None:
    """The frame rate of one window.

    Returns: None without a single interval.
    """
    first = burst_frames(table)
    segments, jumps = steady_segments(table, first)
    stamp_hz, ticks = stamp_rate(table, segments, first)
    arrivals = _arrival_intervals_s(table, first)
    belief = _belief(table, segments, witness) if stamp_hz is not None else _Belief(False, 0.0)
    by_stamps = belief.stamps or belief.slow_line
    if by_stamps:
        intervals, mean_hz, doubt = [tick / table.clock_hz for tick in ticks], stamp_hz, belief.doubt
    else:
        intervals, (mean_hz, doubt) = arrivals, _arrival_rate(table, first, arrivals)
    unresolved = math.isinf(belief.doubt) or (not by_stamps and doubt >= NOTHING_TOLD)
    unresolved |= (witness.datagrams_lost or 0.0) >= MOST_LOST
    if unresolved and mean_hz is None:
        intervals, mean_hz, doubt = [tick / table.clock_hz for tick in ticks], stamp_hz, 1.0
    if mean_hz is None or not intervals:
        return None
    irregularity = math.sqrt(variance(intervals)) * mean_hz
    possible = [interval for interval in intervals if interval * MAX_RATE_HZ >= 1]
    came_hz = possible_hz(len(arrivals), math.fsum(arrivals))
    doubt = max(doubt, _other_clock(belief, stamp_hz, mean_hz, came_hz if jumps else None))
    shown = irregularity if by_stamps else 0.0  # arrivals: what is late once is early next, and `doubt` knows
    spread_hz = _uncertainty_hz(mean_hz, shown, len(intervals), table.clock_hz)
    return FrameRate(
        mean_hz=None if unresolved else mean_hz,
        uncertainty_hz=min(spread_hz + doubt * mean_hz, max(spread_hz, MAX_DOUBT * mean_hz)),
        min_hz=1 / max(intervals),
        max_hz=1 / min(possible, default=1 / MAX_RATE_HZ),
        irregularity_ratio=irregularity,
        arrival_hz=came_hz,
        stamped_hz=stamp_hz,
        jumps=jumps,
        timestamps_credible=belief.stamps,
        slow_line=belief.slow_line or belief.slow_in_part,
        intervals=len(intervals),
    )


def _other_clock(belief: _Belief, stamp_hz: float | None, mean_hz: float, came_hz: float | None) -> float:
    """How far (a ratio) the rate may be from what the clock that is not believed says.

    `came_hz`: by arrivals, where the stamps jump.
    """
    least = 0.0 if math.isinf(belief.doubt) else belief.doubt
    if belief.or_stamps and stamp_hz is not None:
        return max(least, stamp_hz / mean_hz - 1)
    if (belief.stamps or belief.slow_line) and belief.arrivals_tell and came_hz is not None:
        return max(least, abs(came_hz / mean_hz - 1))  # the time of a jump may have passed without a frame
    return least


def burst_frames(table: FrameTable) -> int:
    """How many frames at the start came in one burst (frigate#6097): they say nothing about the rate."""
    count = len(table)
    if count < MIN_FRAMES_FOR_BURST:
        return 0
    arrivals = [b - a for a, b in pairwise(table.arrivals_s)]
    usual = median(arrivals[-max(4, len(arrivals) // 4) :])
    burst = next((i for i, interval in enumerate(arrivals) if interval >= BURST_RATIO * usual), len(arrivals))
    if burst > count * 3 // 4 or burst == 0:
        return 0
    arrived_s = table.arrivals_s[burst] - table.arrivals_s[0]
    stamped_s = (table.timestamps[burst] - table.timestamps[0]) / table.clock_hz
    in_time = abs(stamped_s - arrived_s) <= IN_TIME * arrived_s and arrived_s * FASTEST_HZ >= burst
    return 0 if in_time else burst  # as fast as they were made: it is the rest that comes slowly


def _arrival_intervals_s(table: FrameTable, first: int) -> list[float]:
    arrivals = table.arrivals_s
    if not any(table.damaged):
        intervals = [b - a for a, b in pairwise(arrivals[first:])]
        if min(intervals, default=0.0) >= 0:
            return intervals  # as nearly always
    rows = range(first + 1, len(table))
    return [max(0.0, arrivals[row] - arrivals[row - 1]) for row in rows if not table.damaged[row]]


@dataclass(frozen=True, slots=True)
class _FrameRun:
    """The longest run of frames without a jump in their stamps: columns of equal length."""

    arrivals_s: Sequence[float]
    stamped_s: Sequence[float]
    sizes_bytes: Sequence[int]
    ends_s: Sequence[float]


def _longest_run(table: FrameTable, segments: Sequence[range]) -> _FrameRun:
    rows = max(segments, key=len)
    some = slice(rows.start, rows.stop)
    stamped_s = [stamp / table.clock_hz for stamp in table.timestamps[some]]
    return _FrameRun(table.arrivals_s[some], stamped_s, table.sizes_bytes[some], table.ends_s[some])


def _belief(table: FrameTable, segments: Sequence[range], witness: Witness) -> _Belief:
    """Whether the stamps of the longest run without a jump can be believed."""
    if not witness.arrivals_tell:
        return _Belief(True, 0.0, arrivals_tell=False)
    run = _longest_run(table, segments)
    paces = pace(run.arrivals_s, run.stamped_s)
    belief = _of_whole_window(run, paces, witness)
    is_settled = belief.slow_line or witness.datagrams_lost is not None
    if not is_settled and (_comes_late(run, paces) or (table.long_frames and long_frames_show_it(table))):
        return replace(belief if belief.stamps else _Belief(False, math.inf), slow_in_part=True)
    if belief.stamps and not belief.slow_line and not any(table.damaged):
        return replace(belief, doubt=max(belief.doubt, end_to_end(run.arrivals_s, run.stamped_s)))
    return belief


def _comes_late(run: _FrameRun, paces: Sequence[ArrivalPace]) -> bool:
    if paces and paces[0].late_s < LATER_S:
        return False  # as nearly always
    return slow_for_a_while(run.arrivals_s, run.stamped_s, run.sizes_bytes, run.ends_s)


def _of_whole_window(run: _FrameRun, paces: Sequence[ArrivalPace], witness: Witness) -> _Belief:
    """The same from the window as a whole."""
    arrivals_s, stamped_s = run.arrivals_s, run.stamped_s
    span_s = arrivals_s[-1] - arrivals_s[0]
    full = line_sets_the_pace(arrivals_s, stamped_s, run.sizes_bytes, run.ends_s)
    if full is None and paces:
        full = reports_are_queued(witness.reports_s, paces[0].drift)
    lossless = bool(paces) and _loses_too_little(paces[0], witness.datagrams_lost)
    if full and not lossless and _falls_behind(arrivals_s, stamped_s, paces):
        return _Belief(True, 0.0, slow_line=True)
    if not paces or span_s < MIN_SPAN_FOR_DRIFT_S:
        stamped_span_s, doubt = max(stamped_s) - min(stamped_s), unseen(arrivals_s)
        apart = abs(stamped_span_s - span_s) > max(doubt, FAR_APART) * span_s
        return _Belief(not apart, math.inf if apart else max(doubt, stretched(arrivals_s, stamped_span_s)))
    whole = paces[0]
    fits = [p for p in paces if abs(p.drift) <= max(p.uncertainty, HONEST_DRIFT)]
    if whole not in fits:
        fits = [p for p in fits if p.uncertainty <= FLAT_SHARE * abs(whole.drift)]
    if fits:
        return _Belief(True, min(abs(p.drift) + p.uncertainty for p in fits))
    # what a queue held back ends with the queue
    no_queue = lossless and whole.growth_s >= LOSSLESS_QUEUE_S
    lies = no_queue or full is False or (full is None and whole.drift < 0)
    bent = is_bent(arrivals_s, stamped_s, whole)
    if whole.steady and lies and not bent:
        return _Belief(False, 0.0, or_stamps=witness.datagrams_lost is None and may_fill_a_queue(whole))
    doubt = abs(whole.drift) + whole.uncertainty
    level = doubt < NOTHING_TOLD and has_level_ground(arrivals_s, stamped_s, whole.drift)
    return _Belief(True, doubt) if level else _Belief(False, math.inf)


def _loses_too_little(whole: ArrivalPace, lost_ratio: float | None) -> bool:
    """A line that is too slow for datagrams loses the share that it does not carry, but for its queue."""
    return lost_ratio is not None and lost_ratio < LEAST_LOST * whole.drift


def _falls_behind(
    arrivals_s: Sequence[float], stamped_s: Sequence[float], paces: Sequence[ArrivalPace]
) -> bool:
    """Frames come later and later, or some are left out; and the last ones are not early."""
    if not paces:
        delays = [a - t for a, t in zip(arrivals_s, stamped_s, strict=True)]
        return delays[-1] - min(delays) > SLOW_GROWTH_S
    whole, last = paces[0], paces[-1]
    is_level = last is not whole and abs(last.drift) + last.uncertainty < HONEST_DRIFT
    grows = whole.growth_s > SLOW_GROWTH_S and not is_level
    return whole.drift > -HONEST_DRIFT and (grows or _skips(stamped_s))


def _skips(stamped_s: Sequence[float]) -> bool:
    """The camera left out frames more than now and then."""
    stamps = sorted(stamped_s)
    steps = [b - a for a, b in pairwise(stamps) if b > a]
    if not steps:
        return False
    usual = median(steps)
    skipped = sum(step > MISSING_RATIO * usual for step in steps)
    return skipped >= max(MIN_SKIPPED, SKIPPED_SHARE * len(steps))


def _arrival_rate(table: FrameTable, first: int, intervals_s: Sequence[float]) -> tuple[float | None, float]:
    """(rate, how far it may be wrong as a ratio) by arrivals alone, from the frames that were held back
    least."""
    mean_hz = possible_hz(len(intervals_s), math.fsum(intervals_s))
    if mean_hz is None:
        return None, 1.0
    arrivals_s = table.arrivals_s[first:]
    if len(arrivals_s) < MIN_FRAMES:
        return None, 1.0
    if any(table.damaged[first:]):
        return mean_hz, COVERAGE * math.sqrt(variance(intervals_s)) * mean_hz / math.sqrt(len(intervals_s))
    paces = pace(arrivals_s, [row / mean_hz for row in range(len(arrivals_s))])
    if not paces:
        return mean_hz, unseen(arrivals_s)
    # of the first or the last frame, at worst
    held_back = max(intervals_s) / (arrivals_s[-1] - arrivals_s[0])
    steady_hz = mean_hz * (1 - paces[0].drift)
    return steady_hz, max(paces[0].uncertainty, between(mean_hz, steady_hz, arrivals_s)) + held_back


def _uncertainty_hz(mean_hz: float, irregularity: float, intervals: int, clock_hz: int) -> float:
    """Spread of the mean of so many intervals; one or two intervals show no spread, so they count as a whole
    frame."""
    spread = irregularity / math.sqrt(intervals)
    resolution = mean_hz / clock_hz / intervals
    return mean_hz * max(COVERAGE * spread + resolution, 1 / intervals if intervals < 3 else 0.0)
