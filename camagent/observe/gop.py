"""Distances between keyframes out of a table of frames. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean, median

from camagent.observe.frames import FrameTable
from camagent.observe.stamp_order import MISSING_RATIO, reorder_depths, segment_numbers, steady_segments
from camagent.observe.timing import FrameRate

MISSING_MOST = 0.3  # of the packets: what is left of damaged groups does not show how long they were
UNSURE_RATIO = 0.2  # of a rate: a clock known no better bounds nothing alone


@dataclass(frozen=True, slots=True)
class Gop:
    """How far keyframes are apart."""

    length_frames: float | None
    """Mean distance of neighbouring keyframes; None with fewer than two, or with whole frames lost between
    any two."""
    length_s: float | None
    """The same in time by the clock that is believed; None also where there is none, or it jumps in every
    GOP."""
    at_least_s: float | None
    """Where there is no length: the longest stretch seen without a keyframe and without loss."""
    keyframes: int
    recovery_points: int
    """Points of gradual refresh that are not keyframes."""


def gop(table: FrameTable, rate: FrameRate | None = None, missing_ratio: float = 0.0) -> Gop:
    """The GOP of one window; `rate` says whose clock is believed (without it: the time stamps').

    `missing_ratio`: of the packets.

    GOPs with loss inside count only where there is no other, by their median. One in which a whole frame is
    missing does not count at all: it is too short by that frame, or twice too long if the frame was a
    keyframe. Nor does one at the end of the window some of whose frames, though shown before its last
    keyframe, are still to be sent.
    """
    keys = [row for row, key in enumerate(table.keyframes) if key]
    recovery = sum(
        point and not key for point, key in zip(table.recovery_points, table.keyframes, strict=True)
    )
    if len(keys) < 2:
        return Gop(None, None, _stretch_s(table, rate), len(keys), recovery)
    spans = list(pairwise(keys))
    segments, _ = steady_segments(table)
    shown = _presentation_ranks(table, segments)
    ahead, behind = reorder_depths(table, range(len(table)))
    # with every frame shown before them
    sent = [(a, b) for a, b in spans if len(table) - 1 - shown[b] >= behind]
    whole = [(a, b) for a, b in sent if not any(table.damaged[a + 1 : b + 1 + ahead])]
    groups = whole or (_with_every_frame(table, spans) if missing_ratio < MISSING_MOST else [])
    if not groups:
        return Gop(None, None, _stretch_s(table, rate), len(keys), recovery)
    frames = [shown[b] - shown[a] if shown[b] > shown[a] else b - a for a, b in groups]
    average: Callable[[Sequence[float]], float] = fmean if whole else median
    length_frames = average(frames)
    if rate is not None and rate.basis != "stamps":
        length_s = length_frames / rate.mean_hz if rate.mean_hz else None
        return Gop(length_frames, length_s, None, len(keys), recovery)
    segment_of = segment_numbers(segments)
    timed = [
        (table.timestamps[b] - table.timestamps[a]) / table.clock_hz
        for a, b in groups
        if segment_of[a] == segment_of[b]
    ]
    length_s = average(timed) if timed else None
    return Gop(length_frames, length_s, None, len(keys), recovery)


def _with_every_frame(table: FrameTable, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those in which no frame is missing from the time stamps; one of which any packet came shows its
    kind."""
    stamps = sorted(table.timestamps)
    steps = [b - a for a, b in pairwise(stamps)]
    usual = median(steps)
    holes = [0, *accumulate(step > MISSING_RATIO * usual for step in steps)]

    def holes_before(row: int) -> int:
        return holes[bisect_left(stamps, table.timestamps[row])]

    return [(a, b) for a, b in spans if usual > 0 and holes_before(a) == holes_before(b)]


def _presentation_ranks(table: FrameTable, segments: Sequence[range]) -> list[int]:
    """Each frame's place when shown: an open GOP's keyframe is sent before frames that are shown earlier."""
    ranks: list[int] = []
    for segment in segments:
        order = sorted(segment, key=table.timestamps.__getitem__)
        rank_of = {row: segment.start + rank for rank, row in enumerate(order)}
        ranks += [rank_of[row] for row in segment]
    return ranks


def _stretch_s(table: FrameTable, rate: FrameRate | None) -> float | None:
    """The longest time without a keyframe and without loss: a lost packet may have been a keyframe's."""
    if not len(table):
        return None
    longest, start = 0.0, 0
    for row in range(1, len(table)):
        if table.damaged[row] or table.keyframes[row]:
            if table.keyframes[row] and not table.damaged[row]:
                longest = max(longest, _between_s(table, rate, start, row))
            start = row
        longest = max(longest, _between_s(table, rate, start, row))
    return longest


def _between_s(table: FrameTable, rate: FrameRate | None, a: int, b: int) -> float:
    """By arrivals; by time stamps where they say a little less, because a frame that is late arrives late.

    Stamps that lie say nothing. Where stamps are believed they are so however much later the frames came:
    over a line that is too slow, arrivals say nothing.
    """
    arrived_s = table.arrivals_s[b] - table.arrivals_s[a]
    stamped_s = (table.timestamps[b] - table.timestamps[a]) / table.clock_hz
    if rate is None:
        return stamped_s if arrived_s / 2 < stamped_s < arrived_s else arrived_s
    sure = rate.mean_hz is not None and rate.uncertainty_hz < UNSURE_RATIO * rate.mean_hz
    if rate.basis == "arrivals" and sure and rate.mean_hz is not None:
        return min(arrived_s, (b - a) / (rate.mean_hz + rate.uncertainty_hz))
    if not sure:
        arrived_s -= max(
            (b - a for a, b in pairwise(table.arrivals_s)), default=0.0
        )  # it came late, or all did
    return max(0.0, min(arrived_s, stamped_s))
