"""Bit rates out of a table of frames: over whole groups of pictures, with how far the truth may lie. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from camagent.observe.frames import FrameTable
from camagent.observe.stamp_order import segment_numbers, steady_segments
from camagent.observe.timing import FrameRate
from camagent.observe.variance import variance

MIN_PEAK_WINDOW_S = 2.0  # a peak over whole seconds says nothing in a shorter window
MAX_UNEVEN_RATIO = 0.1  # where no whole group was seen: the keyframe may not matter more than this
COVERAGE_OF_BITS = 3.5  # standard deviations: sizes have long tails
FEW_FRAMES = 10.0  # more where a handful of frames shows little of how they differ (Student's t)
FEW_GROUPS = 3.0  # more where one or two groups show little of how keyframes differ
MANY_KEYFRAMES = 10
LOSS_FACTOR = 3.0  # what is lost in bursts may be more, or less, of the keyframes than their share
MAX_MISSING_RATIO = 0.5  # with more lost than came, what came says nothing of what was sent


@dataclass(frozen=True, slots=True)
class BitRate:
    """Payload bits a second as sent."""

    mean_bps: float
    uncertainty_bps: float


def bit_rate(table: FrameTable, rate: FrameRate | None, missing_ratio: float = 0.0) -> BitRate | None:
    """From keyframe to keyframe; without two of them only where the one seen can hardly matter.

    Returns: None where that is not so, and where no clock is believed.
    """
    if rate is None or rate.mean_hz is None or missing_ratio > MAX_MISSING_RATIO:
        return None
    keys = [row for row, key in enumerate(table.keyframes) if key]
    estimate = _whole_groups(table, rate, keys) if len(keys) > 1 else _without_group(table, rate, keys)
    if estimate is None:
        return None
    mean_bps = estimate.mean_bps / (1 - missing_ratio)
    doubt = rate.uncertainty_hz / rate.mean_hz
    return BitRate(mean_bps, estimate.uncertainty_bps + mean_bps * (doubt + LOSS_FACTOR * missing_ratio))


def _whole_groups(table: FrameTable, rate: FrameRate, keys: list[int]) -> BitRate | None:
    segments, _ = steady_segments(table)
    segment_of = segment_numbers(segments)
    groups = [(a, b) for a, b in pairwise(keys) if segment_of[a] == segment_of[b]]
    span_s = math.fsum(_between_s(table, rate, a, b) for a, b in groups)
    size = sum(sum(table.sizes_bytes[a:b]) for a, b in groups)
    if span_s <= 0:
        return None
    frames = sum(b - a for a, b in groups)
    spread = math.sqrt(
        len(groups) * _variance(table, True) + (frames - len(groups)) * _variance(table, False)
    )
    factor = COVERAGE_OF_BITS + FEW_GROUPS / len(groups)
    return BitRate(8 * size / span_s, 8 * factor * spread / span_s)


def _without_group(table: FrameTable, rate: FrameRate, keys: list[int]) -> BitRate | None:
    """The group is at least as long as what was seen of it: that bounds the keyframe's share."""
    others = [size for size, key in zip(table.sizes_bytes, table.keyframes, strict=True) if not key]
    if rate.mean_hz is None or not others or not (keys or any(table.recovery_points)):
        return None
    low_bytes = fmean(others)
    high_bytes = low_bytes
    for key in keys:
        longest = max(key, len(table) - key)
        high_bytes += (table.sizes_bytes[key] - low_bytes) / longest
    mean_bytes, half_bytes = (low_bytes + high_bytes) / 2, abs(high_bytes - low_bytes) / 2
    if half_bytes > MAX_UNEVEN_RATIO * mean_bytes:
        return None
    factor = COVERAGE_OF_BITS + FEW_FRAMES / len(others)
    half_bytes += factor * math.sqrt(variance(others) / len(others))
    return BitRate(8 * mean_bytes * rate.mean_hz, 8 * half_bytes * rate.mean_hz)


def _variance(table: FrameTable, key: bool) -> float:
    """Of keyframes' sizes, or of the others'; a few keyframes may be alike by chance: they differ as others
    do."""
    sizes, others = (
        [size for size, its in zip(table.sizes_bytes, table.keyframes, strict=True) if its is kind]
        for kind in (key, not key)
    )
    own = variance(sizes) if len(sizes) > 1 else 0.0
    if not key or len(sizes) >= MANY_KEYFRAMES or len(others) < 2:
        return own
    return max(own, variance(others) * (fmean(sizes) / fmean(others)) ** 2)


def _between_s(table: FrameTable, rate: FrameRate, a: int, b: int) -> float:
    if rate.basis == "stamps":
        return (table.timestamps[b] - table.timestamps[a]) / table.clock_hz
    return (b - a) / rate.mean_hz if rate.mean_hz else 0.0


def peak_bps(table: FrameTable, first: int, ended_s: float) -> float | None:
    """The highest of whole seconds as they arrived, from row `first` on; None in windows under two
    seconds."""
    start_s = table.arrivals_s[first]
    seconds = int(ended_s - start_s)
    if seconds < MIN_PEAK_WINDOW_S:
        return None
    totals = [0] * seconds
    for arrival, size in zip(table.arrivals_s[first:], table.sizes_bytes[first:], strict=True):
        if arrival - start_s < seconds:
            totals[int(arrival - start_s)] += size
    return 8.0 * max(totals)
