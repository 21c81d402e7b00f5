"""Bit rates: whole groups of pictures, or how little is known."""

from __future__ import annotations

import random

import pytest

from bench.truth import trial, watch
from camagent.model.stream import MeasuredStream
from camagent.observe.bit_rate import BitRate, bit_rate
from camagent.observe.frames import FrameTable
from camagent.observe.measure import measure
from camagent.observe.timing import measured_frame_rate
from tests.observe.media.tables import TICKS_25HZ, table


def still_scene(
    gop: int, start: int, frames: int, key_bytes: int = 100_000, jitter: float = 0.0
) -> FrameTable:
    """Keyframes of 100 kB, others of 1.5 kB, at 25 fps, watched from the so-many-th frame of a group on."""
    rng = random.Random(start)
    keys = [row for row in range(frames) if (row + start) % gop == 0]
    sizes = [
        round((key_bytes if row in keys else 1500) * rng.uniform(1 - jitter, 1 + jitter))
        for row in range(frames)
    ]
    return table([row * TICKS_25HZ for row in range(frames)], keyframes=keys, sizes_bytes=sizes)


def rate_of(stream: FrameTable, lost_ratio: float = 0.0) -> BitRate | None:
    return bit_rate(stream, measured_frame_rate(stream), lost_ratio)


@pytest.mark.parametrize("gop", [25, 50, 100])
@pytest.mark.parametrize("start", [0, 1, 13, 24])
def test_whole_groups_are_counted_wherever_the_window_begins(gop: int, start: int) -> None:
    bits = rate_of(still_scene(gop, start, 250))
    assert bits is not None
    assert bits.mean_bps == pytest.approx(8 * 25 * (100_000 + (gop - 1) * 1500) / gop, rel=0.001)


@pytest.mark.parametrize("start", range(0, 125, 12))
def test_without_a_whole_group_an_uneven_stream_has_none(start: int) -> None:
    """GOP 125 in 5 s: where the window holds no two keyframes, one of them says +35 % or -40 %."""
    assert rate_of(still_scene(125, start, 124)) is None


def test_without_a_keyframe_nothing_is_known_of_what_one_weighs() -> None:
    assert rate_of(still_scene(500, 100, 125)) is None


def test_where_the_keyframe_hardly_matters_its_bound_is_the_uncertainty() -> None:
    truth_bps = 8 * 25 * (3000 + 249 * 1500) / 250
    bits = rate_of(still_scene(250, 200, 125, key_bytes=3000))
    assert bits is not None and abs(bits.mean_bps - truth_bps) <= bits.uncertainty_bps < 0.05 * truth_bps


def test_the_uncertainty_holds_the_truth() -> None:
    truth_bps = 8 * 25 * (100_000 + 49 * 1500) / 50
    for start in range(0, 5000, 37):
        bits = rate_of(still_scene(50, start, 150, jitter=0.3))
        assert bits is not None and abs(bits.mean_bps - truth_bps) <= bits.uncertainty_bps


def test_a_lying_clock_does_not_bend_the_bit_rate() -> None:
    """Stamps of 25 fps, 12.5 arrive: half as many bits a second."""
    honest = still_scene(50, 0, 150)
    lying = table(
        honest.timestamps,
        [row / 12.5 for row in range(150)],
        keyframes=[0, 50, 100],
        sizes_bytes=honest.sizes_bytes,
    )
    bits = rate_of(lying)
    assert bits is not None and bits.mean_bps == pytest.approx(
        8 * 12.5 * (100_000 + 49 * 1500) / 50, rel=0.001
    )


@pytest.mark.parametrize("number", [962, 1073, 1347, 1352])
def test_what_came_too_late_for_its_frame_is_in_no_frame_and_is_added_too(number: int) -> None:
    """Datagrams held back by up to 80 ms, 115 to a keyframe: few are lost, many are in no frame."""
    case = trial("lossy", number)
    capture, _, _ = watch(case)
    measured = measure(capture)
    assert isinstance(measured, MeasuredStream) and measured.bitrate_bps is not None
    assert capture.counts.late > capture.counts.received / 50
    assert abs(measured.bitrate_bps - case.camera.mean_bps) <= (measured.bitrate_uncertainty_bps or 0.0)


@pytest.mark.parametrize("camera", [("honest", 505), ("honest", 1529), ("lossy", 490), ("lying", 10)])
def test_chance_of_few_frames_is_within_the_uncertainty(camera: tuple[str, int]) -> None:
    """Sizes that three standard deviations of a normal distribution did not hold."""
    case = trial(*camera)
    measured = measure(watch(case)[0])
    assert isinstance(measured, MeasuredStream) and measured.bitrate_bps is not None
    assert abs(measured.bitrate_bps - case.camera.mean_bps) <= (measured.bitrate_uncertainty_bps or 0.0)


def test_what_was_lost_is_added_and_doubted() -> None:
    clean, lossy = rate_of(still_scene(50, 0, 150)), rate_of(still_scene(50, 0, 150), 0.05)
    assert clean is not None and lossy is not None
    assert lossy.mean_bps == pytest.approx(clean.mean_bps / 0.95)
    assert lossy.uncertainty_bps >= 0.05 * lossy.mean_bps
    assert rate_of(still_scene(50, 0, 150), 0.6) is None
