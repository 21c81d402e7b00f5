"""Distances between keyframes."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.gop import gop
from camagent.observe.timing import measured_frame_rate
from tests.floor import judged, not_vacuous
from tests.observe.media.tables import TICKS_25HZ, regular, table

TICKS = [row * TICKS_25HZ for row in range(125)]


def test_a_regular_gop_is_exact() -> None:
    gop_facts = gop(regular(frames=126, gop=25))
    assert (gop_facts.length_frames, gop_facts.length_s, gop_facts.keyframes) == (25, 1.0, 6)
    assert gop_facts.at_least_s is None


def test_mjpeg_has_a_gop_of_one() -> None:
    assert gop(regular(gop=1)).length_frames == 1


def test_a_keyframe_a_minute_gives_only_a_lower_bound() -> None:
    """H.264+, H.265+, Zipstream (crumbvms#114): never "offline", and never a length that nobody saw."""
    none = gop(table(TICKS))
    assert (none.length_frames, none.length_s, none.keyframes) == (None, None, 0)
    assert none.at_least_s == pytest.approx(4.96)
    one = gop(table(TICKS, keyframes=[25]))
    assert one.length_s is None and one.at_least_s == pytest.approx(99 / 25)


def test_loss_shortens_the_lower_bound() -> None:
    """The lost packet may have been a keyframe's."""
    assert gop(table(TICKS, damaged=[60])).at_least_s == pytest.approx(64 / 25)


def test_gops_with_loss_do_not_count_beside_whole_ones() -> None:
    """The keyframe at 75 was lost: 50 to 100 looks like one GOP."""
    gop_facts = gop(table(TICKS, keyframes=[0, 25, 50, 100], damaged=[76]))
    assert (gop_facts.length_frames, gop_facts.length_s) == (25, 1.0)


def test_where_every_gop_has_loss_the_median_counts() -> None:
    gop_facts = gop(table(TICKS, keyframes=[0, 25, 50, 100], damaged=[3, 30, 76]))
    assert gop_facts.length_frames == 25


def test_a_gop_that_lost_whole_frames_has_no_length() -> None:
    """Frames 20 and 75 never came, and 75 was a keyframe: neither 24 nor 49 is the length, and 2 s is not the
    time."""
    rows = [row for row in range(101) if row not in (20, 75)]
    places = {row: place for place, row in enumerate(rows)}
    shortened = table(
        [TICKS_25HZ * row for row in rows], keyframes=[0, places[50]], damaged=[places[21], places[76]]
    )
    gop_facts = gop(shortened)
    assert (gop_facts.length_frames, gop_facts.length_s, gop_facts.keyframes) == (None, None, 2)
    assert gop_facts.at_least_s == pytest.approx(29 / 25)  # from the loss at 21 to the keyframe at 50
    beside = table(
        [TICKS_25HZ * row for row in rows], keyframes=[0, places[25], places[50]], damaged=[places[21]]
    )
    assert gop(beside).length_frames == 25


def test_an_open_gop_is_measured_as_shown() -> None:
    """The CRA picture is sent before three leading pictures that are shown before it."""
    shown = [0, 4, 1, 2, 3, 8, 5, 6, 7, 12, 9, 10, 11]
    gop_facts = gop(table([TICKS[i] for i in shown], [row / 25 for row in range(13)], keyframes=[0, 5]))
    assert (gop_facts.length_frames, gop_facts.length_s) == (8, pytest.approx(0.32))  # type: ignore[comparison-overlap]


def test_a_keyframe_at_the_end_whose_leading_pictures_are_still_to_come_does_not_count() -> None:
    shown = [0, 4, 1, 2, 3, 8, 5, 6, 7, 12]
    rows = table([TICKS[i] for i in shown], [row / 25 for row in range(10)], keyframes=[0, 5, 9])
    assert gop(rows).length_frames == 8


def test_gradual_refresh_is_not_a_keyframe() -> None:
    gop_facts = gop(table(TICKS, keyframes=[0], recovery_points=[0, 25, 50, 75, 100]))
    assert gop_facts.length_frames is None and gop_facts.keyframes == 1 and gop_facts.recovery_points == 4


def test_a_jump_in_a_gop_leaves_its_frames_but_not_its_time() -> None:
    ticks = [t if row < 60 else t + 10**9 for row, t in enumerate(TICKS)]
    gop_facts = gop(table(ticks, [row / 25 for row in range(125)], keyframes=[0, 25, 50, 75, 100]))
    assert (gop_facts.length_frames, gop_facts.length_s) == (25, 1.0)


def test_an_empty_table_knows_nothing() -> None:
    gop_facts = gop(table([]))
    assert (gop_facts.length_frames, gop_facts.at_least_s, gop_facts.keyframes) == (None, None, 0)


@not_vacuous(0.15)
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-(2**40), 2**40), st.booleans(), st.booleans(), st.booleans()), max_size=50
    )
)
def test_any_table_gives_a_gop(rows: list[tuple[int, bool, bool, bool]]) -> None:
    chosen = [[i for i, row in enumerate(rows) if row[column]] for column in (1, 2, 3)]
    gop_facts = gop(
        table(
            [row[0] for row in rows],
            [float(i) for i in range(len(rows))],
            keyframes=chosen[0],
            recovery_points=chosen[1],
            damaged=chosen[2],
        )
    )
    assert gop_facts.keyframes == len(chosen[0])
    stamps = [row[0] for row in rows]
    plain = stamps == sorted(stamps) and not any(row[3] for row in rows)
    judged(plain or gop_facts.length_frames is not None)
    assert not plain or (gop_facts.length_frames is None) == (gop_facts.keyframes < 2)
    assert gop_facts.length_frames is None or gop_facts.keyframes >= 2
    assert gop_facts.length_frames is None or gop_facts.length_frames >= 1


@pytest.mark.parametrize("ticks", [0, 40, 1800, 3600, 36_000])
def test_stamps_that_lie_do_not_time_the_gop(ticks: int) -> None:
    """50 frames at 12.5 fps are 4 s, whether the stamps stand still, count milliseconds or say 25 fps."""
    sizes = [60_000 if row % 50 == 0 else 3000 for row in range(126)]
    stamps, arrivals = [row * ticks for row in range(126)], [row / 12.5 for row in range(126)]
    lying = table(stamps, arrivals, keyframes=[0, 50, 100], sizes_bytes=sizes)
    gop_facts = gop(lying, measured_frame_rate(lying))
    assert (gop_facts.length_frames, gop_facts.length_s) == (50, pytest.approx(4.0, rel=0.001))  # type: ignore[comparison-overlap]


def test_a_slow_line_does_not_lengthen_the_gop() -> None:
    """Twelve seconds of arrivals, one of stamps: the GOP is at least that one second."""
    sizes = [60_000, *[3000] * 24]
    ends = list(accumulate(8 * size / 88_000 for size in sizes))
    slow = table(TICKS[:25], [0.0, *ends[:-1]], keyframes=[0], sizes_bytes=sizes)
    gop_facts = gop(slow, measured_frame_rate(slow))
    assert gop_facts.at_least_s == pytest.approx(0.96)
