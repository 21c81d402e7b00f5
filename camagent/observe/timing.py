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
from itertools import chain, pairwise
from statistics import median

from camagent.observe.frames import FrameTable
from camagent.observe.slow_line import LATER_S, long_frames_show_it, slow_for_a_while
from camagent.observe.stamp_order import MISSING_RATIO, presentation_intervals, steady_segments
from camagent.observe.stamp_pace import MIN_FRAMES, ArrivalPace, line_sets_the_pace, pace, reports_are_queued
from camagent.observe.variance import variance

# servers empty their buffer at the start: intervals below a quarter of the usual are that burst
BURST_RATIO = 0.25
FASTEST_HZ = 65.0  # cameras reach 60; who stamps a burst as it is sent is faster
IN_TIME = 0.5  # of the time in which they came: what was sent at once is stamped seconds apart, or not at all
MIN_FRAMES_FOR_BURST = 8  # fewer frames cannot show what is usual
HONEST_DRIFT = 0.015  # crystals differ by 1e-4; lies that somebody meant, by 3 % and more
MIN_SPAN_FOR_DRIFT_S = 1.0  # shorter than this, jitter of the network looks like a lie
NOTHING_TOLD = 0.5  # of a rate by arrivals: with so much doubt it tells nothing
# of the arrivals' span, where nothing finer can be seen; B-frames cut off at its ends are less
FAR_APART = 0.5
MAX_DOUBT = 3.0  # of a rate: nobody's stamps run three times too slow
LONG_WAIT = 3.0  # of the usual wait for a frame: something was held back
UNSEEN_DELAY_S = 0.1  # what the network may have added where it cannot be seen
# of the whole window's drift: a part known that well shows that the stamps do not lie everywhere
FLAT_SHARE = 0.5
SLOW_GROWTH_S = 0.25  # frames came later and later by more than a keyframe's burst explains
LEAST_LOST = 0.25  # of the stretch: whole frames are lost too, and the stamps' drift is not exact
LOSSLESS_QUEUE_S = 0.5  # switches and access points hold a tenth of a second, and drop the rest
SKIPPED_SHARE, MIN_SKIPPED = 0.05, 3  # of the intervals: a camera whose buffer is full leaves out frames
MAX_RATE_HZ = 1000.0  # faster than any network camera: a clock or a burst is speaking, not the sensor
COVERAGE = 2.0  # two standard deviations: about 95 %
MIN_SOUND_RATIO = 0.2  # of the intervals without loss; with fewer, the grid of the stamps tells the rate
GRID_RATIO = 0.1  # an interval so near to a whole number of the usual one is on the grid
MIN_ON_GRID = 0.9
MIN_SINGLE = 0.4  # … of the intervals are single ones


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
    slow_line: bool = False
    """From beginning to end."""
    slow_in_part: bool = False


def measured_frame_rate(table: FrameTable, witness: Witness = Witness()) -> FrameRate | None:
    """The frame rate of one window.

    Returns: None without a single interval.
    """
    first = burst_frames(table)
    segments, jumps = steady_segments(table, first)
    stamp_hz, ticks = _stamp_rate(table, segments, first)
    arrivals = _arrival_intervals_s(table, first)
    belief = _belief(table, segments, witness) if stamp_hz is not None else None
    by_stamps = belief is not None and (belief.stamps or belief.slow_line)
    if belief is not None and by_stamps:
        intervals, mean_hz, doubt = [tick / table.clock_hz for tick in ticks], stamp_hz, belief.doubt
    else:
        intervals, (mean_hz, doubt) = arrivals, _arrival_rate(table, first, arrivals)
    unresolved = (belief is not None and math.isinf(belief.doubt)) or (
        not by_stamps and doubt >= NOTHING_TOLD
    )
    if unresolved and mean_hz is None:
        intervals, mean_hz, doubt = [tick / table.clock_hz for tick in ticks], stamp_hz, 1.0
    if mean_hz is None or not intervals:
        return None
    irregularity = math.sqrt(variance(intervals)) * mean_hz
    possible = [interval for interval in intervals if interval * MAX_RATE_HZ >= 1]
    shown = irregularity if by_stamps else 0.0  # arrivals: what is late once is early next, and `doubt` knows
    spread_hz = _uncertainty_hz(mean_hz, shown, len(intervals), table.clock_hz)
    return FrameRate(
        mean_hz=None if unresolved else mean_hz,
        uncertainty_hz=min(spread_hz + doubt * mean_hz, max(spread_hz, MAX_DOUBT * mean_hz)),
        min_hz=1 / max(intervals),
        max_hz=1 / min(possible, default=1 / MAX_RATE_HZ),
        irregularity_ratio=irregularity,
        arrival_hz=_possible_hz(len(arrivals), math.fsum(arrivals)),
        stamped_hz=stamp_hz,
        jumps=jumps,
        timestamps_credible=belief is not None and belief.stamps,
        slow_line=belief is not None and (belief.slow_line or belief.slow_in_part),
        intervals=len(intervals),
    )


def _stamp_rate(table: FrameTable, segments: Sequence[range], first: int) -> tuple[float | None, list[int]]:
    """The mean rate by the sender's stamps, None where it is impossible, and the intervals it is made of."""
    ticks = list(chain.from_iterable(presentation_intervals(table, segment) for segment in segments))
    stamp_hz = _possible_hz(len(ticks) * table.clock_hz, sum(ticks))  # of whole ticks: 10 Hz is exactly 10
    if len(ticks) < MIN_SOUND_RATIO * (len(table) - first):
        return _grid(table, segments, stamp_hz, ticks)
    return stamp_hz, ticks


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


def _possible_hz(intervals: float, span: float) -> float | None:
    """Intervals over their span; None where that is more than any camera sends, or nothing at all."""
    return intervals / span if 0 < intervals <= span * MAX_RATE_HZ else None


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


def _belief(table: FrameTable, segments: Sequence[range], witness: Witness) -> _Belief | None:
    """Whether the stamps of the longest run without a jump can be believed; None: they lie."""
    if not witness.arrivals_tell:
        return _Belief(True, 0.0)
    run = _longest_run(table, segments)
    paces = pace(run.arrivals_s, run.stamped_s)
    belief = _of_whole_window(run, paces, witness)
    is_settled = (belief is not None and belief.slow_line) or witness.datagrams_lost is not None
    if is_settled or not (_comes_late(run, paces) or (table.long_frames and long_frames_show_it(table))):
        return belief
    return replace(belief or _Belief(False, math.inf), slow_in_part=True)


def _comes_late(run: _FrameRun, paces: Sequence[ArrivalPace]) -> bool:
    if paces and paces[0].late_s < LATER_S:
        return False  # as nearly always
    return slow_for_a_while(run.arrivals_s, run.stamped_s, run.sizes_bytes, run.ends_s)


def _of_whole_window(run: _FrameRun, paces: Sequence[ArrivalPace], witness: Witness) -> _Belief | None:
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
        stamped_span_s, doubt = max(stamped_s) - min(stamped_s), _unseen(arrivals_s)
        apart = abs(stamped_span_s - span_s) > max(doubt, FAR_APART) * span_s
        return _Belief(not apart, math.inf if apart else max(doubt, _stretched(arrivals_s, stamped_span_s)))
    whole = paces[0]
    fits = [p for p in paces if abs(p.drift) <= max(p.uncertainty, HONEST_DRIFT)]
    if whole not in fits:
        fits = [p for p in fits if p.uncertainty <= FLAT_SHARE * abs(whole.drift)]
    if fits:
        return _Belief(True, min(abs(p.drift) + p.uncertainty for p in fits))
    # what a queue held back ends with the queue
    no_queue = lossless and whole.growth_s >= LOSSLESS_QUEUE_S
    lies = no_queue or full is False or (full is None and whole.drift < 0)
    return None if whole.steady and lies else _Belief(False, math.inf)


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
    whole = paces[0]
    return whole.drift > -HONEST_DRIFT and (whole.growth_s > SLOW_GROWTH_S or _skips(stamped_s))


def _unseen(arrivals_s: Sequence[float]) -> float:
    """How far a rate may be wrong (a ratio) where nothing shows what the network held back."""
    span_s = arrivals_s[-1] - arrivals_s[0]
    longest_s = max((b - a for a, b in pairwise(arrivals_s)), default=0.0)
    return (longest_s + UNSEEN_DELAY_S) / span_s if span_s > 0 else 1.0


def _stretched(arrivals_s: Sequence[float], stamped_span_s: float) -> float:
    """How far too slow the stamps may be (a ratio), if what came after a silence had waited through it."""
    waits = [b - a for a, b in pairwise(arrivals_s)]
    usual_s = median(waits) if waits else 0.0
    held_back_s = sum(wait - usual_s for wait in waits if wait > LONG_WAIT * usual_s)
    sent_s = arrivals_s[-1] - arrivals_s[0] - held_back_s
    return min(MAX_DOUBT, stamped_span_s / sent_s - 1) if sent_s > 0 else MAX_DOUBT


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
    mean_hz = _possible_hz(len(intervals_s), math.fsum(intervals_s))
    if mean_hz is None:
        return None, 1.0
    arrivals_s = table.arrivals_s[first:]
    if len(arrivals_s) < MIN_FRAMES:
        return None, 1.0
    if any(table.damaged[first:]):
        return mean_hz, COVERAGE * math.sqrt(variance(intervals_s)) * mean_hz / math.sqrt(len(intervals_s))
    paces = pace(arrivals_s, [row / mean_hz for row in range(len(arrivals_s))])
    if not paces:
        return mean_hz, _unseen(arrivals_s)
    # of the first or the last frame, at worst
    held_back = max(intervals_s) / (arrivals_s[-1] - arrivals_s[0])
    return mean_hz * (1 - paces[0].drift), paces[0].uncertainty + held_back


def _grid(
    table: FrameTable, segments: Sequence[range], stamp_hz: float | None, ticks: list[int]
) -> tuple[float | None, list[int]]:
    """Where hardly a frame came whole: stamps at whole multiples of one interval were so many frames
    apart."""
    stamps = (sorted(table.timestamps[segment.start : segment.stop]) for segment in segments)
    steps = [b - a for a, b in chain.from_iterable(map(pairwise, stamps)) if b > a]
    if len(steps) < MIN_FRAMES_FOR_BURST:
        return stamp_hz, ticks
    unit = _unit(steps)
    counts = [max(1, round(step / unit)) for step in steps]
    on_grid = sum(abs(step / unit - count) <= GRID_RATIO for step, count in zip(steps, counts, strict=True))
    if on_grid < MIN_ON_GRID * len(steps) or counts.count(1) < MIN_SINGLE * len(steps):
        return stamp_hz, ticks
    single = [step for step, count in zip(steps, counts, strict=True) if count == 1]
    return _possible_hz(sum(counts) * table.clock_hz, sum(steps)), single


def _unit(steps: Sequence[int]) -> float:
    """The interval of one frame: the median of the shorter half, which single intervals fill."""
    shorter = sorted(steps)[: (len(steps) + 1) // 2]
    return median(shorter)


def _uncertainty_hz(mean_hz: float, irregularity: float, intervals: int, clock_hz: int) -> float:
    """Spread of the mean of so many intervals; one or two intervals show no spread, so they count as a whole
    frame."""
    spread = irregularity / math.sqrt(intervals)
    resolution = mean_hz / clock_hz / intervals
    return mean_hz * max(COVERAGE * spread + resolution, 1 / intervals if intervals < 3 else 0.0)
