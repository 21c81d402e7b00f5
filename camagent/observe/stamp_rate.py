"""The mean rate by the sender's stamps, and the intervals that it is made of. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from statistics import median

from camagent.observe.frames import FrameTable
from camagent.observe.stamp_order import presentation_intervals

MAX_RATE_HZ = 1000.0  # faster than any network camera: a clock or a burst is speaking, not the sensor
MIN_SOUND_RATIO = 0.2  # of the intervals without loss; with fewer, the grid of the stamps tells the rate
GRID_RATIO = 0.1  # an interval so near to a whole number of the usual one is on the grid
MIN_ON_GRID = 0.9
SHORTEST = 0.75  # of the usual one: stamps that are only unsteady differ less
MIN_SINGLE = 0.4  # … of the intervals are single ones
MIN_STEPS = 8  # fewer show no grid


def stamp_rate(table: FrameTable, segments: Sequence[range], first: int) -> tuple[float | None, list[int]]:
    """The mean rate by the sender's stamps, None where it is impossible, and the intervals it is made of."""
    ticks = list(chain.from_iterable(presentation_intervals(table, segment) for segment in segments))
    stamp_hz = possible_hz(len(ticks) * table.clock_hz, sum(ticks))  # of whole ticks: 10 Hz is exactly 10
    if len(ticks) < MIN_SOUND_RATIO * (len(table) - first):
        return _grid(table, segments, stamp_hz, ticks)
    return stamp_hz, ticks


def possible_hz(intervals: float, span: float) -> float | None:
    """Intervals over their span; None where that is more than any camera sends, or nothing at all."""
    return intervals / span if 0 < intervals <= span * MAX_RATE_HZ else None


def _grid(
    table: FrameTable, segments: Sequence[range], stamp_hz: float | None, ticks: list[int]
) -> tuple[float | None, list[int]]:
    """Where hardly a frame came whole: stamps at whole multiples of one interval were so many frames
    apart."""
    stamps = (sorted(table.timestamps[segment.start : segment.stop]) for segment in segments)
    steps = [b - a for a, b in chain.from_iterable(map(pairwise, stamps)) if b > a]
    if len(steps) < MIN_STEPS:
        return stamp_hz, ticks
    unit = _unit(steps)
    counts = [max(1, round(step / unit)) for step in steps]
    if min(steps) < SHORTEST * unit:
        return stamp_hz, ticks  # the usual one is not that of a single frame
    on_grid = sum(abs(step / unit - count) <= GRID_RATIO for step, count in zip(steps, counts, strict=True))
    if on_grid < MIN_ON_GRID * len(steps) or counts.count(1) < MIN_SINGLE * len(steps):
        return stamp_hz, ticks
    single = [step for step, count in zip(steps, counts, strict=True) if count == 1]
    return possible_hz(sum(counts) * table.clock_hz, sum(steps)), single


def _unit(steps: Sequence[int]) -> float:
    """The interval of one frame: the median of the shorter half, which single intervals fill."""
    shorter = sorted(steps)[: (len(steps) + 1) // 2]
    return median(shorter)
