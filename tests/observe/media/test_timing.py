"""Frame rates: what time stamps and arrivals can do to us, and that the number survives it."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.gop import gop
from camagent.observe.stamp_order import reordered
from camagent.observe.timing import Witness, burst_frames, measured_frame_rate
from tests.floor import judged, not_vacuous
from tests.observe.media.tables import TICKS_25HZ, regular, table

TICKS = [row * TICKS_25HZ for row in range(125)]


def test_a_regular_stream_has_its_exact_rate() -> None:
    for hz, ticks in ((25.0, 3600), (10.0, 9000), (30.0, 3000), (15.0, 6000), (12.5, 7200)):
        rate = measured_frame_rate(regular(ticks=ticks))
        assert rate is not None
        assert (rate.mean_hz, rate.min_hz, rate.max_hz) == pytest.approx((hz, hz, hz), rel=1e-9)
        assert rate.mean_hz == hz  # not 9.999999999999998: a minimum of 10 must not fail on rounding
        assert rate.irregularity_ratio == pytest.approx(0, abs=1e-9)
        assert rate.uncertainty_hz < 0.001 * hz
        assert rate.timestamps_credible


def test_ntsc_rates_are_within_their_uncertainty() -> None:
    rate = measured_frame_rate(table([round(row * 90_000 * 1001 / 30_000) for row in range(150)]))
    assert rate is not None
    assert abs(rate.mean_hz - 30_000 / 1001) <= rate.uncertainty_hz + 1e-9  # type: ignore[operator]


def test_no_frames_and_one_frame_have_no_rate() -> None:
    assert measured_frame_rate(table([])) is None
    assert measured_frame_rate(table([0])) is None


def test_loss_does_not_lower_the_rate() -> None:
    kept = [row for row in range(250) if row % 7 != 3]
    ticks = [row * TICKS_25HZ for row in kept]
    after_loss = [i for i, row in enumerate(kept) if i and kept[i - 1] != row - 1]
    rate = measured_frame_rate(table(ticks, damaged=after_loss))
    assert rate is not None and rate.mean_hz == 25.0 and rate.min_hz == 25.0
    unmarked = measured_frame_rate(table(ticks))
    assert (
        unmarked is not None and unmarked.mean_hz < 24  # type: ignore[operator]
    )  # the sender itself left frames out: that is its rate


def test_a_stream_damaged_throughout_has_the_rate_of_its_grid() -> None:
    """One packet in five lost leaves no frame whole; stamps at whole multiples of one interval still tell."""
    kept = [row for row in range(125) if row % 9 not in (3, 4)]
    rate = measured_frame_rate(
        table([TICKS[row] for row in kept], [row / 25 for row in kept], damaged=range(len(kept)))
    )
    assert rate is not None and rate.mean_hz == 25.0 and rate.basis == "stamps"
    rng = random.Random(1)
    loose = list(accumulate(rng.randrange(1000, 9000) for _ in range(125)))
    assert (
        measured_frame_rate(table(loose, damaged=range(125))) is None
    )  # no grid: what was lost is not known


def test_b_frames_are_sorted_before_they_are_measured() -> None:
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14]
    stream = table([TICKS[i] for i in order], [row / 25 for row in range(16)])
    rate = measured_frame_rate(stream)
    assert rate is not None and rate.mean_hz == 25.0 and rate.irregularity_ratio == pytest.approx(0, abs=1e-9)
    assert reordered(stream)
    assert not reordered(regular())


@pytest.mark.parametrize("stamp_ticks", [0, 1, 500, 1800, 3600])
def test_timestamps_that_lie_give_way_to_arrivals(stamp_ticks: int) -> None:
    """180000 fps, all zero, or 25 fps claimed on what comes 12 times a second (viseron#7, SharpRTSP#39)."""
    sizes = [40_000 if row % 12 == 0 else 3000 for row in range(60)]
    stamps, arrivals = [row * stamp_ticks for row in range(60)], [row / 12 for row in range(60)]
    rate = measured_frame_rate(table(stamps, arrivals, sizes_bytes=sizes))
    assert rate is not None
    assert not rate.timestamps_credible and rate.basis == "arrivals"
    assert rate.mean_hz == pytest.approx(12, rel=1e-6)
    assert rate.arrival_hz == pytest.approx(12, rel=1e-6)


def test_a_stalled_network_does_not_make_timestamps_liars() -> None:
    """TCP holds two of five seconds back, then delivers them at once."""
    arrivals = [max(t / 90_000, 3.5) if 1.5 < t / 90_000 < 3.5 else t / 90_000 for t in TICKS]
    rate = measured_frame_rate(table(TICKS, arrivals))
    assert rate is not None and rate.timestamps_credible and rate.mean_hz == 25.0


def test_a_burst_at_the_start_is_left_out() -> None:
    """frigate#6097: more than 100 fps after a reconnect, whether the stamps of the burst are right or its
    arrivals'."""
    arrivals = [0.001 * row for row in range(30)] + [0.03 + 0.04 * row for row in range(1, 96)]
    honest = table(TICKS, arrivals)
    stamped_on_sending = table([round(a * 90_000) for a in arrivals], arrivals)
    assert burst_frames(honest) == 29
    for stream in (honest, stamped_on_sending):
        rate = measured_frame_rate(stream)
        assert rate is not None
        assert rate.mean_hz == pytest.approx(25, rel=1e-3)
        assert rate.arrival_hz == pytest.approx(25, rel=1e-3)
        assert rate.max_hz < 26


def test_arrivals_in_pairs_are_no_burst() -> None:
    assert burst_frames(table(TICKS, [0.08 * (row // 2) for row in range(125)])) <= 1


@pytest.mark.parametrize("jump", [10**9, -(10**9), -(2**32)])
def test_a_jump_is_counted_and_cut_out(jump: int) -> None:
    ticks = [t if row < 60 else t + jump for row, t in enumerate(TICKS)]
    rate = measured_frame_rate(table(ticks, [row / 25 for row in range(125)]))
    assert rate is not None
    assert rate.mean_hz == 25.0 and rate.jumps == 1 and rate.timestamps_credible


def test_a_pause_of_the_camera_is_an_interval_and_no_jump() -> None:
    ticks = [t if row < 60 else t + 3 * 90_000 for row, t in enumerate(TICKS)]
    rate = measured_frame_rate(table(ticks))
    assert rate is not None
    assert rate.jumps == 0 and rate.mean_hz < 20 and rate.min_hz < 0.4 and rate.irregularity_ratio > 0.2  # type: ignore[operator]


def test_a_first_stamp_of_junk_is_left_out() -> None:
    """home-assistant/core PR #42277: 22530, then 3780 and on."""
    rate = measured_frame_rate(table([22_530, *(3780 + t for t in TICKS)], [row / 25 for row in range(126)]))
    assert rate is not None and rate.mean_hz == 25.0 and rate.jumps == 1


def test_a_repeated_stamp_hardly_moves_the_mean() -> None:
    ticks = [t if row != 60 else TICKS[59] for row, t in enumerate(TICKS)]
    rate = measured_frame_rate(table(ticks, [row / 25 for row in range(125)]))
    assert rate is not None and rate.mean_hz == 25.0 and rate.max_hz == 25.0


def test_variable_rate_shows_in_irregularity_and_limits() -> None:
    steps = [3600, 3600, 9000, 18_000] * 20
    rate = measured_frame_rate(table([0, *accumulate(steps)]))
    assert rate is not None
    assert rate.min_hz == 5.0 and rate.max_hz == 25.0
    assert rate.mean_hz == pytest.approx(90_000 / 8550) and rate.irregularity_ratio > 0.5


def test_the_uncertainty_covers_the_truth_under_jitter() -> None:
    covered = 0
    for seed in range(100):
        rng = random.Random(seed)
        steps = [3600 * rng.uniform(0.6, 1.4) for _ in range(100)]
        rate = measured_frame_rate(table([0, *(round(t) for t in accumulate(steps))]))
        assert rate is not None
        covered += abs(rate.mean_hz - 25) <= rate.uncertainty_hz  # type: ignore[operator]
    assert covered >= 88  # a 95 % interval, with room for the luck of a hundred draws


def test_two_frames_are_hardly_a_rate() -> None:
    rate = measured_frame_rate(table([0, 3600]))
    assert rate is not None and rate.mean_hz == 25.0 and rate.uncertainty_hz >= 25.0


@not_vacuous(0.03)
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-(2**40), 2**40), st.floats(0, 1e6), st.booleans()),
        max_size=60,
    )
)
def test_any_table_gives_a_rate_or_none(rows: list[tuple[int, float, bool]]) -> None:
    arrivals = sorted(a for _, a, _ in rows)
    rate = measured_frame_rate(
        table([t for t, _, _ in rows], arrivals, damaged=[i for i, r in enumerate(rows) if r[2]])
    )
    judged(rate is not None and rate.mean_hz is not None)
    assert rate is None or (rate.min_hz > 0 and 0 <= rate.uncertainty_hz < 1e9)
    assert rate is None or rate.mean_hz is None or 0 < rate.mean_hz <= 1000.001
    assert rate is None or rate.min_hz <= rate.max_hz * 1.001 <= 1001.01
    reordered(table([t for t, _, _ in rows], arrivals))


def test_a_frame_a_second_with_b_frames_has_no_jumps() -> None:
    """Its reordering goes back two seconds: only steps beyond any reordering are jumps."""
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11]
    rate = measured_frame_rate(table([i * 90_000 for i in order], [float(row) for row in range(13)]))
    assert rate is not None and (rate.mean_hz, rate.jumps, rate.irregularity_ratio) == (1.0, 0, 0)


@pytest.mark.parametrize("cut", range(4, 13))
@pytest.mark.parametrize("start", range(0, 4))
def test_a_window_may_begin_and_end_between_b_frames(start: int, cut: int) -> None:
    """Frames that are shown inside the window and sent outside it are not missing."""
    order = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11, 16, 14, 13, 15, 20, 18, 17, 19]
    rows = order[start : len(order) - 12 + cut]
    rate = measured_frame_rate(table([TICKS[i] for i in rows], [row / 25 for row in range(len(rows))]))
    assert rate is not None and rate.mean_hz == 25.0 and rate.min_hz == 25.0


@pytest.mark.parametrize("buffered_s", [1, 4, 8, 14])
def test_a_proxy_that_sends_its_buffer_first_does_not_make_timestamps_liars(buffered_s: int) -> None:
    """A restreamer begins with everything since its last keyframe, then goes on live for five seconds."""
    backlog = 25 * buffered_s
    ticks = [row * TICKS_25HZ for row in range(backlog + 125)]
    arrivals = [0.002 * row for row in range(backlog)] + [0.002 * backlog + row / 25 for row in range(125)]
    rate = measured_frame_rate(table(ticks, arrivals))
    assert rate is not None and rate.timestamps_credible and rate.mean_hz == 25.0
    if buffered_s < 14:
        assert rate.arrival_hz == pytest.approx(25, rel=0.02)


@not_vacuous(0.6)
@settings(max_examples=150, deadline=None)
@given(
    fps=st.sampled_from([12, 15, 25, 30, 50]),
    b_frames=st.integers(0, 3),
    groups=st.integers(2, 12),
    start=st.integers(0, 40),
    late_s=st.sampled_from([0.0, 0.3]),
    lost=st.sets(st.integers(0, 249), max_size=25),
)
def test_neither_loss_nor_delay_nor_b_frames_bend_the_numbers(
    fps: int, b_frames: int, groups: int, start: int, late_s: float, lost: set[int]
) -> None:
    """Rate and GOP are those of the encoder, or not told: AlexxIT/go2rtc#1471, frigate#6266."""
    length = groups * (b_frames + 1)
    anchors = range(0, 400 + start, b_frames + 1)
    sent = [(anchors[0], True)]
    for before, anchor in pairwise(anchors):
        sent += [(anchor, anchor % length == 0), *((shown, False) for shown in range(before + 1, anchor))]
    window = list(enumerate(sent[start : start + 5 * fps]))
    kept = [(row, shown, key) for row, (shown, key) in window if row not in lost]
    stalled = [max(row / fps, 2 + late_s) if row / fps > 2 else row / fps for row, _, _ in kept]
    damaged = [place for place, (a, b) in enumerate(pairwise(row for row, _, _ in kept), 1) if b != a + 1]
    frames = table(
        [shown * 90_000 // fps for _, shown, _ in kept],
        stalled,
        keyframes=[place for place, (_, _, key) in enumerate(kept) if key],
        damaged=damaged,
    )
    rate, gop_facts = measured_frame_rate(frames), gop(frames)
    judged(rate is not None and gop_facts.length_frames is not None)
    assert rate is None or rate.mean_hz == pytest.approx(fps, abs=max(0.01 * fps, rate.uncertainty_hz))
    assert gop_facts.length_frames is None or gop_facts.length_frames == pytest.approx(length, abs=0.01)
    assert gop_facts.at_least_s is None or gop_facts.at_least_s <= length / fps + late_s + 0.001


SIZES = [60_000 if row % 50 == 0 else 4000 + 97 * (row % 7) for row in range(600)]


def jittery(real_hz: float, window_s: float, jitter_s: float, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    arrivals = [row / real_hz + rng.uniform(0, jitter_s) for row in range(round(window_s * real_hz))]
    return list(accumulate(arrivals, max))


@pytest.mark.parametrize("jitter_s", [0.001, 0.02])
@pytest.mark.parametrize("speed", [1 / 3, 0.5, 0.8, 0.9, 0.95, 0.97, 1.03, 1.05, 1.1, 1.19, 1.3, 2.0, 3.0])
def test_a_lie_of_three_per_cent_is_seen_in_ten_seconds(speed: float, jitter_s: float) -> None:
    """open-nvr#229 stamps 25 and ships 21: what arrives is what the school gets."""
    arrivals = jittery(21.0, 10, jitter_s)
    stamps = [round(row * 90_000 / 21 / speed) for row in range(len(arrivals))]
    rate = measured_frame_rate(table(stamps, arrivals, sizes_bytes=SIZES[: len(stamps)]))
    assert rate is not None and rate.basis == "arrivals"
    assert rate.mean_hz == pytest.approx(21, rel=0.01)
    assert abs(rate.mean_hz - 21) <= rate.uncertainty_hz  # type: ignore[operator]
    assert rate.stamped_hz == pytest.approx(21 * speed, rel=0.001)


@pytest.mark.parametrize("window_s", [2, 5])
@pytest.mark.parametrize("jitter_s", [0.001, 0.08])
def test_a_short_window_says_how_little_it_knows(window_s: float, jitter_s: float) -> None:
    for speed in (0.7, 0.9, 0.97, 1.03, 1.1, 1.3):
        arrivals = jittery(21.0, window_s, jitter_s)
        stamps = [round(row * 90_000 / 21 / speed) for row in range(len(arrivals))]
        rate = measured_frame_rate(table(stamps, arrivals, sizes_bytes=SIZES[: len(stamps)]))
        assert rate is not None and (rate.mean_hz is None or abs(rate.mean_hz - 21) <= rate.uncertainty_hz)


def queued(
    line_bps: float, frames: int, sizes: list[int], left_out_s: float = 1e9
) -> tuple[list[float], list[int]]:
    """(arrivals, which frames) of 25 fps over a line of so many bits a second; frames later than that are
    left out."""
    free_s, arrivals, rows = 0.0, [], []
    for row in range(frames):
        due_s = row / 25
        if free_s - due_s > left_out_s:
            continue
        free_s = max(free_s, due_s)
        arrivals.append(free_s + 8 * min(1400, sizes[row]) / line_bps)
        rows.append(row)
        free_s += 8 * sizes[row] / line_bps
    return arrivals, rows


@pytest.mark.parametrize("line_bps", [64_000, 256_000, 512_000, 900_000])
@pytest.mark.parametrize("left_out_s", [1e9, 2.0])
def test_a_line_that_is_too_slow_is_no_lie(line_bps: float, left_out_s: float) -> None:
    """Stamps are true and arrivals follow the bytes; a camera whose buffer is full leaves out frames."""
    arrivals, rows = queued(line_bps, 250, SIZES, left_out_s)
    shown = [place for place, arrival in enumerate(arrivals) if arrival <= 10.0]
    kept = [rows[place] for place in shown]
    slow = table(
        [TICKS_25HZ * row for row in kept],
        [arrivals[i] for i in shown],
        sizes_bytes=[SIZES[row] for row in kept],
    )
    rate = measured_frame_rate(slow)
    assert rate is not None and rate.slow_line and rate.basis == "stamps"
    if left_out_s > 1e6:
        assert rate.mean_hz == 25.0


@pytest.mark.parametrize("stamped_hz", [20.0, 25.0, 31.6])
def test_frames_that_came_in_a_few_heaps_are_no_slow_line(stamped_hz: float) -> None:
    """A keyframe, a second of nothing, all the rest at once: a stall, and the next wait fits the size too."""
    heaps_s = [0.0, 0.04, 1.05, 1.05, *(1.94 + 0.00002 * row for row in range(46))]
    rng = random.Random(2)
    sizes = [3300, 24_000, 2900, 5000, *(rng.randint(1500, 3900) for _ in range(46))]
    stamps = [round(row * 90_000 / stamped_hz) for row in range(50)]
    rate = measured_frame_rate(table(stamps, heaps_s, keyframes=[1], sizes_bytes=sizes))
    assert rate is not None and not rate.slow_line
    assert rate.mean_hz is None or abs(rate.mean_hz - 25) <= max(rate.uncertainty_hz, 0.75)


def test_a_line_that_carries_the_stream_is_not_slow() -> None:
    """Keyframes take their time, and the line is idle before the next one."""
    arrivals, rows = queued(2_500_000, 250, SIZES)
    rate = measured_frame_rate(table([TICKS_25HZ * row for row in rows], arrivals, sizes_bytes=SIZES[:250]))
    assert rate is not None and not rate.slow_line and rate.mean_hz == 25.0 and rate.basis == "stamps"


def test_frames_of_one_size_are_told_apart_by_the_line_being_busy() -> None:
    """MJPEG: a slow line is never idle, a lying camera sends each frame at once."""
    stamps, arrivals = [row * TICKS_25HZ for row in range(125)], [row / 15 for row in range(125)]
    sizes = [30_000] * 125
    busy = replace(table(stamps, arrivals, sizes_bytes=sizes), ends_s=tuple(a + 0.06 for a in arrivals))
    idle = replace(table(stamps, arrivals, sizes_bytes=sizes), ends_s=tuple(a + 0.002 for a in arrivals))
    slow, lying, unknown = (
        measured_frame_rate(busy),
        measured_frame_rate(idle),
        measured_frame_rate(table(stamps, arrivals, sizes_bytes=sizes)),
    )
    assert slow is not None and slow.slow_line and slow.mean_hz == 25.0
    assert lying is not None and lying.basis == "arrivals" and lying.mean_hz == pytest.approx(15, rel=0.001)
    assert unknown is not None and unknown.mean_hz is None and unknown.basis is None


@pytest.mark.parametrize(("waiting_s", "slow"), [(3.3, True), (0.0, False)])
def test_sender_reports_tell_a_queue_from_a_lie(waiting_s: float, slow: bool) -> None:
    """Reports over TCP stand in the same queue as the frames."""
    stamps, arrivals = [row * TICKS_25HZ for row in range(125)], [row / 15 for row in range(125)]
    reports = ((1000.25, 0.1), (1008.25 - waiting_s, 8.1))
    rate = measured_frame_rate(table(stamps, arrivals), Witness(reports_s=reports))
    assert rate is not None and rate.slow_line is slow
    assert rate.mean_hz == pytest.approx(25.0 if slow else 15.0)


@pytest.mark.parametrize("period_s", [0.5, 1.0])
def test_bursts_of_a_second_do_not_become_rates(period_s: float) -> None:
    arrivals = [math.ceil((row + 1) / 25 / period_s) * period_s for row in range(250)]
    rate = measured_frame_rate(
        table([TICKS_25HZ * row for row in range(250)], arrivals, sizes_bytes=SIZES[:250])
    )
    assert rate is not None and rate.mean_hz == 25.0 and rate.basis == "stamps"


def test_gaps_in_true_stamps_are_the_cameras_rate() -> None:
    """A camera that cannot keep up: every third frame is missing, arrivals and stamps agree."""
    rows = [row for row in range(250) if row % 3]
    rate = measured_frame_rate(
        table([TICKS_25HZ * row for row in rows], [row / 25 for row in rows], sizes_bytes=SIZES[:166])
    )
    assert rate is not None and rate.basis == "stamps" and not rate.slow_line
    assert rate.mean_hz == pytest.approx(25 * 2 / 3, rel=0.01)


def test_a_file_has_no_arrivals_to_contradict_its_stamps() -> None:
    rate = measured_frame_rate(table(TICKS, [row / 12 for row in range(125)]), Witness(arrivals_tell=False))
    assert rate is not None and rate.mean_hz == 25.0 and rate.basis == "stamps"
