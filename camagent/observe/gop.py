"""Distances between keyframes out of a table of frames. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from camagent.observe.frames import FrameTable
from camagent.observe.timing import reorder_depths, steady_segments


@dataclass(frozen=True, slots=True)
class Gop:
    """How far keyframes are apart."""

    length_frames: float | None
    """Mean distance of neighbouring keyframes; None with fewer than two."""
    length_s: float | None
    """The same in time; None also where the time stamps jump in every GOP."""
    at_least_s: float | None
    """With fewer than two keyframes: the longest stretch seen without one and without loss; None with two or more."""
    keyframes: int
    recovery_points: int
    """Points of gradual refresh that are not keyframes."""


def gop(table: FrameTable) -> Gop:
    """The GOP of one window.

    GOPs with loss inside may have lost their keyframe: they count only where there is no other, by their median.
    """
    keys = [row for row, key in enumerate(table.keyframes) if key]
    recovery = sum(point and not key for point, key in zip(table.recovery_points, table.keyframes, strict=True))
    if len(keys) < 2:
        return Gop(None, None, _stretch_s(table), len(keys), recovery)
    spans = list(pairwise(keys))
    shown = _presentation_ranks(table)
    _, behind = reorder_depths(table, range(len(table)))
    sent = [(a, b) for a, b in spans if len(table) - 1 - shown[b] >= behind]  # with every frame shown before them
    whole = [(a, b) for a, b in sent if not any(table.damaged[a + 1 : b + 1])]
    frames = [shown[b] - shown[a] if shown[b] > shown[a] else b - a for a, b in whole or sent or spans]
    length_frames = fmean(frames) if whole else median(frames)
    segment_of = _segment_numbers(table)
    timed = [
        (table.timestamps[b] - table.timestamps[a]) / table.clock_hz
        for a, b in whole or spans
        if segment_of[a] == segment_of[b]
    ]
    length_s = None if not timed else fmean(timed) if whole else median(timed)
    return Gop(length_frames, length_s, None, len(keys), recovery)


def _presentation_ranks(table: FrameTable) -> list[int]:
    """Each frame's place when shown: an open GOP's keyframe is sent before frames that are shown earlier."""
    ranks: list[int] = []
    segments, _ = steady_segments(table)
    for segment in segments:
        order = sorted(segment, key=lambda row: table.timestamps[row])
        rank_of = {row: segment.start + rank for rank, row in enumerate(order)}
        ranks += [rank_of[row] for row in segment]
    return ranks


def _segment_numbers(table: FrameTable) -> list[int]:
    segments, _ = steady_segments(table)
    return [number for number, segment in enumerate(segments) for _ in segment]


def _stretch_s(table: FrameTable) -> float | None:
    """The longest time without a keyframe and without loss: a lost packet may have been a keyframe's."""
    if not len(table):
        return None
    longest, start = 0.0, 0
    for row in range(1, len(table)):
        if table.damaged[row] or table.keyframes[row]:
            if table.keyframes[row] and not table.damaged[row]:
                longest = max(longest, table.arrivals_s[row] - table.arrivals_s[start])
            start = row
        longest = max(longest, table.arrivals_s[row] - table.arrivals_s[start])
    return longest
