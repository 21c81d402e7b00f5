"""The order of time stamps: runs without a jump, frames shown in another order than sent, bursts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise, repeat
from statistics import median

from camagent.observe.frames import FrameTable

# a step back, or ahead of the arrivals, of a second and of more frames than any reordering is a jump
MIN_JUMP_S = 1.0
MIN_BESIDE, LEVEL_SHARE = 4, 0.75  # frames before and behind, level beside it, show a smaller step back
REORDER_FRAMES = 16  # H.264 and H.265 hold at most 16 pictures back


def reordered(table: FrameTable) -> bool:
    """Frames are shown in another order than they are sent: B-frames. The first frame's stamp is not
    trusted."""
    segments, _ = steady_segments(table, 1)
    stamps = table.timestamps
    return any(stamps[b] < stamps[a] for a, b in chain.from_iterable(map(pairwise, segments)))


def steady_segments(table: FrameTable, first: int = 0) -> tuple[list[range], int]:
    """Runs of rows, from row `first` on, in which the time stamps go on without a jump; and the number of
    jumps."""
    stamps, arrivals, tick_s = table.timestamps, table.arrivals_s, 1 / table.clock_hz
    steps = [b - a for a, b in pairwise(stamps[first:])]
    if steps and min(steps) >= 0 and max(steps) * tick_s <= MIN_JUMP_S:
        return [range(first, len(table))], 0  # as nearly always
    jump_s = _jump_s(arrivals[first:])
    cuts = [first]
    for row in range(first + 1, len(table)):
        step_s = (stamps[row] - stamps[row - 1]) * tick_s
        if step_s < -jump_s or (
            step_s > jump_s and step_s - max(0.0, arrivals[row] - arrivals[row - 1]) > jump_s
        ):
            cuts.append(row)
    back = [row for row in range(first + 1, len(table)) if stamps[row] < stamps[row - 1]]
    if first == 0 and back == [1] and len(table) > 2 and 1 not in cuts:
        cuts.append(1)  # the very first stamp is junk (home-assistant/core PR #42277); no B-frames follow it
    if len(back) * REORDER_FRAMES <= max(REORDER_FRAMES, len(table)):  # B-frames step back all the time
        cuts += [row for row in back if row not in cuts and _is_set_back(table, row)]
    cuts = [*sorted(cuts), len(table)]
    return [range(a, b) for a, b in pairwise(cuts) if b > a], len(cuts) - 2


def _is_set_back(table: FrameTable, row: int) -> bool:
    """The clock was set by less than a jump: every frame from here on is later by it than every one before.

    A frame that is shown before one sent earlier stands back alone; over a slow line each is later than the
    one before.
    """
    near = range(max(0, row - REORDER_FRAMES), min(len(table), row + REORDER_FRAMES))
    if row - near.start < MIN_BESIDE or near.stop - row < MIN_BESIDE:
        return False
    delays_s = [table.arrivals_s[i] - table.timestamps[i] / table.clock_hz for i in near]
    waits_s = [table.arrivals_s[i] - table.arrivals_s[i - 1] for i in near[1:]]
    place = row - near.start
    before_s, behind_s = delays_s[:place], delays_s[place:]
    steps_s = [abs(table.timestamps[i] - table.timestamps[i - 1]) / table.clock_hz for i in near[1:]]
    has_waited = waits_s[place - 1] > MISSING_RATIO * median(steps_s)
    if has_waited or min(behind_s) - max(before_s) <= median(waits_s) + waits_s[place - 1]:
        return False
    set_s = median(behind_s) - median(before_s)
    return max(max(part) - min(part) for part in (before_s, behind_s)) < LEVEL_SHARE * set_s


def segment_numbers(segments: Sequence[range]) -> list[int]:
    """For each row, the number of its segment."""
    return list(chain.from_iterable(repeat(number, len(rows)) for number, rows in enumerate(segments)))


def _jump_s(arrivals_s: Sequence[float]) -> float:
    if len(arrivals_s) < 2:
        return MIN_JUMP_S
    return max(MIN_JUMP_S, REORDER_FRAMES * median(b - a for a, b in pairwise(arrivals_s)))


def presentation_intervals(table: FrameTable, segment: range) -> list[int]:
    """Ticks between neighbours in order of presentation, where nothing was lost between them in order of
    sending."""
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
    """How many frames may stand, when shown, before the first whole picture group of a window, and behind its
    last.

    Where a window begins and ends, some of the frames between those shown first or last were sent outside it.
    """
    stamps = [table.timestamps[row] for row in segment]
    if all(a <= b for a, b in pairwise(stamps)):
        return 0, 0
    ahead = behind = 0
    for place, stamp in enumerate(stamps):
        ahead = max(ahead, sum(later < stamp for later in stamps[place + 1 : place + 1 + REORDER_FRAMES]))
        behind = max(
            behind, sum(earlier > stamp for earlier in stamps[max(0, place - REORDER_FRAMES) : place])
        )
    return ahead, behind


def _running_count(flags: Sequence[bool]) -> list[int]:
    counts = [0]
    for flag in flags:
        counts.append(counts[-1] + flag)
    return counts


# of the usual frame interval: a longer one near lost packets is a frame that did not come
MISSING_RATIO = 1.5
