"""From a capture to the facts, and a capture on paper and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import MeasuredStream
from camagent.observe.capture import (
    Capture,
    PacketCounts,
    SenderClock,
    TrackDescription,
    capture_to_json,
    is_whole,
)
from camagent.observe.frames import FrameTable
from camagent.observe.measure import declare, measure
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.stream_record import StreamRecord, record_from_text, record_to_text
from camagent.simulator.clips import load_clip
from tests.floor import judged, not_vacuous
from tests.observe.wire.camera import PPS, SPS

HD = load_clip("main_1080p_h264").parameter_sets[0]
STALLED = Fault(FaultCode.STALLED, Stage.OBSERVE, "PLAY", 3.0)


def table(count: int = 125, fps: float = 25.0, gop: int = 50, size: int = 1000) -> FrameTable:
    rows = range(count)
    return FrameTable(
        timestamps=tuple(round(row * 90_000 / fps) for row in rows),
        arrivals_s=tuple(10.0 + row / fps for row in rows),
        sizes_bytes=tuple(size for _ in rows),
        keyframes=tuple(row % gop == 0 for row in rows),
        recovery_points=tuple(False for _ in rows),
        damaged=tuple(False for _ in rows),
    )


def capture(**changes: Any) -> Capture:
    frames, lost = changes.pop("frames", table()), changes.pop("lost", 0)
    ordinary = Capture(
        description=TrackDescription("h264", "H264", 90_000, (SPS, PPS)),
        transport="tcp",
        frames=frames,
        counts=PacketCounts(500, lost, 2, 1, 4, restarts=1),
        connected_s=9.0,
        play_s=9.5,
        playing_s=9.75,
        first_packet_s=10.0,
        ended_s=15.0,
        parameter_sets=((0, SPS), (0, PPS)),
        sender_clock=SenderClock(1000.5, 1000.0),
    )
    return replace(ordinary, **changes)


def numbers(made: Capture, report: PictureReport | None = None) -> MeasuredStream:
    measured = measure(made, report)
    assert isinstance(measured, MeasuredStream)
    return measured


def test_every_number_stands_in_its_place() -> None:
    figures = numbers(capture(lost=3), PictureReport(2, 1, 640, 360, None))
    assert (figures.codec, figures.codec_profile, figures.width_px, figures.height_px) == (
        "h264",
        "High",
        640,
        360,
    )
    assert figures.frame_rate_hz == pytest.approx(25.0) and figures.frames == 125 and figures.window_s == 5.0
    assert figures.bitrate_bps == pytest.approx(8 * 25_000, rel=0.01)  # 3 of 503 packets lost
    assert figures.bitrate_uncertainty_bps is not None and figures.bitrate_uncertainty_bps < 0.03 * 8 * 25_000
    assert (figures.frame_rate_basis, figures.stamped_frame_rate_hz) == ("stamps", 25.0)
    assert figures.bitrate_peak_bps == pytest.approx(8 * 25_000, rel=0.05)
    assert (figures.gop_length_frames, figures.gop_length_s, figures.keyframes) == (50, 2.0, 3)
    assert (figures.keyframes_decoded, figures.decode_errors) == (2, 1)
    assert (figures.rtp_packets, figures.rtp_lost_packets, figures.rtp_duplicate_packets) == (500, 3, 2)
    assert (figures.rtp_reordered_packets, figures.stray_packets, figures.timestamp_jumps) == (1, 4, 1)
    assert (figures.time_to_first_packet_s, figures.time_to_first_keyframe_s, figures.connect_s) == (
        0.5,
        0.5,
        0.75,
    )
    assert (
        figures.sender_clock_offset_s == 0.5
        and figures.parameter_set_changes == 0
        and figures.b_frames is False
    )


def test_a_stream_that_stopped_is_no_measurement_however_much_of_it_was_seen() -> None:
    assert measure(capture(fault=STALLED)) is STALLED


def test_no_frame_is_no_video() -> None:
    fault = measure(capture(frames=table(0)))
    assert isinstance(fault, Fault) and fault.code is FaultCode.NO_VIDEO


def test_a_report_that_may_have_waited_for_us_tells_no_time() -> None:
    assert numbers(capture(limits=("loop_lag",))).sender_clock_offset_s is None


@pytest.mark.parametrize("fps", [1.0, 2.0, 12.0])
def test_the_bit_rate_counts_whole_frame_intervals(fps: float) -> None:
    """Five frames a second apart and one more, in 5 s: 6/5 would be a fifth too much."""
    count = int(5 * fps) + 1
    figures = numbers(capture(frames=table(count, fps, size=5000), ended_s=15.04))
    assert figures.bitrate_bps == pytest.approx(8 * 5000 * fps, rel=0.001)


def test_one_frame_has_no_rate() -> None:
    figures = numbers(capture(frames=table(1)))
    assert (figures.frame_rate_hz, figures.gop_length_frames, figures.b_frames) == (None, None, None)


def test_a_long_gop_is_at_least_as_long_as_the_window() -> None:
    """Smart codecs (badbread/crumbvms#114): a keyframe a minute is a finding, not a dead camera."""
    figures = numbers(capture(frames=table(gop=1000)))
    assert (
        figures.gop_length_s is None
        and figures.gop_at_least_s == pytest.approx(4.96)
        and figures.keyframes == 1
    )


def test_lost_frames_do_not_lower_the_rate() -> None:
    """AlexxIT/go2rtc#1471, frigate#6266."""
    whole = table()
    rows = [row for row in range(125) if row % 10 != 5]
    kept = {
        name: tuple(getattr(whole, name)[row] for row in rows)
        for name in ("timestamps", "arrivals_s", "sizes_bytes")
    }
    frames = FrameTable(
        **kept,  # type: ignore[arg-type]
        keyframes=tuple(whole.keyframes[row] for row in rows),
        recovery_points=(False,) * len(rows),
        damaged=tuple(row % 10 == 6 for row in rows),
    )
    assert numbers(capture(frames=frames)).frame_rate_hz == pytest.approx(25.0, rel=0.01)


def test_a_changed_size_is_the_latest_one_and_counted() -> None:
    figures = numbers(capture(parameter_sets=((0, SPS), (0, PPS), (50, HD))))
    assert (figures.width_px, figures.height_px, figures.parameter_set_changes) == (1920, 1080, 1)


def test_our_own_limits_travel_with_the_numbers() -> None:
    assert numbers(capture(limits=("loop_lag",))).limits == ("loop_lag",)


@pytest.mark.parametrize(
    ("sdp_sets", "in_band", "size", "sdp_size", "origin"),
    [
        ((SPS, PPS), (), (640, 360), (640, 360), "sdp"),
        ((), ((0, SPS),), (640, 360), (None, None), "in-band"),
        ((SPS,), ((0, SPS),), (640, 360), (640, 360), "both"),
        ((HD,), ((0, SPS),), (640, 360), (1920, 1080), "both-different"),
        (
            (b"\x67\x64",),
            ((0, SPS),),
            (640, 360),
            (None, None),
            "in-band",
        ),  # retina v0.4.3: invalid out of band
        ((), (), (None, None), (None, None), None),
    ],
)
def test_declared_sizes_say_where_they_come_from(
    sdp_sets: tuple[bytes, ...],
    in_band: tuple[tuple[int, bytes], ...],
    size: tuple[int | None, int | None],
    sdp_size: tuple[int | None, int | None],
    origin: str | None,
) -> None:
    declared = declare(TrackDescription("h264", "H264", 90_000, sdp_sets), in_band)
    assert (declared.width_px, declared.height_px) == size
    assert (declared.sdp_width_px, declared.sdp_height_px) == sdp_size
    assert declared.parameter_sets == origin


def test_a_description_alone_declares_what_it_says() -> None:
    declared = declare(TrackDescription("mjpeg", "JPEG", 90_000, (), 12.0, 1280, 720))
    assert (declared.codec, declared.width_px, declared.height_px, declared.frame_rate_hz) == (
        "mjpeg",
        1280,
        720,
        12.0,
    )


def test_a_capture_survives_paper() -> None:
    for made in (capture(), capture(fault=STALLED, sender_clock=None, first_packet_s=None, jpeg_size=(8, 8))):
        record = StreamRecord(datetime.now(UTC), None, (), None, None, made, None)
        assert record_from_text(record_to_text(record)) == record


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@not_vacuous(0.02)
@given(st.sampled_from(sorted(capture_to_json(capture()))), JSON)
def test_a_changed_paper_is_a_capture_or_none(key: str, value: Any) -> None:
    paper = json.loads(record_to_text(StreamRecord(datetime.now(UTC), None, (), None, None, capture(), None)))
    paper["capture"][key] = value
    record = record_from_text(json.dumps(paper))
    if judged(record is not None) and record is not None:
        assert isinstance(record.capture, Capture) and is_whole(record.capture)
