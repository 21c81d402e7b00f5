"""AV1 over RTP, against FFmpeg's encoder, its RTP muxer and its readers."""

from __future__ import annotations

import socket
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.filter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.model.stream import FileTarget, MeasuredStream
from camagent.observe.codec import av1, av1_headers
from camagent.observe.codec.codec import PictureSource
from camagent.observe.codec.table import codec_of, decodable_picture
from camagent.observe.decode_worker import Decoder, frame_bytes
from camagent.observe.media_files import FileOptions, watch_file
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.sdp import parse_sdp
from tests.observe.media.looking import look

WIDTH, HEIGHT, FRAMES, GOP, CLOCK = 322, 242, 50, 10, 90_000


def encode(target: str, form: str | None = None, **options: str) -> None:
    """A moving pattern by SVT-AV1, muxed by FFmpeg."""
    graph = av.filter.Graph()
    source = graph.add("testsrc2", f"size={WIDTH}x{HEIGHT}:rate=25")
    pixels, sink = graph.add("format", "pix_fmts=yuv420p"), graph.add("buffersink")
    source.link_to(pixels)
    pixels.link_to(sink)
    graph.configure()
    with av.open(target, "w", format=form, options=options) as out:
        stream: Any = out.add_stream("libsvtav1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "12", "g": str(GOP), "svtav1-params": "pred-struct=1:lp=1"}
        for number in range(FRAMES):
            frame: Any = graph.pull()
            frame.pts, frame.pict_type = number, 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@cache
def packets() -> tuple[bytes, ...]:
    """What FFmpeg's RTP muxer sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.bind(("127.0.0.1", 0))
        encode(f"rtp://127.0.0.1:{receiver.getsockname()[1]}?pkt_size=400", "rtp", strict="experimental")
        receiver.setblocking(False)
        payloads: list[bytes] = []
        while True:
            try:
                payloads.append(receiver.recv(65_536))
            except BlockingIOError:
                return tuple(packet for packet in payloads if not 200 <= packet[1] <= 204)


def watched(sent: tuple[bytes, ...]) -> TrackReceiver:
    track = TrackReceiver(TrackPlan(codec_of("av1"), sent[0][1] & 0x7F, CLOCK, picture_times_s=(0.0, 0.0)))
    for packet in sent:
        track.feed_datagram(bytearray(packet), len(packet), 0.0)
    track.finish()
    return track


def test_what_ffmpeg_sends_is_measured_and_decoded() -> None:
    track = watched(packets())
    table = track.builder.table(CLOCK)
    assert len(table) == FRAMES and not any(table.damaged)
    assert [row for row, key in enumerate(table.keyframes) if key] == list(range(0, FRAMES, GOP))
    assert {b - a for a, b in zip(table.timestamps, table.timestamps[1:], strict=False)} == {3600}
    header = av1_headers.parse_sequence_header(track.builder.parameter_sets[0][1])
    assert header is not None and len(track.builder.parameter_sets) == 1
    assert (header.codec_profile, header.codec_level) == ("Main", "2.0")
    assert (header.width_px, header.height_px, header.chroma, header.bit_depth) == (WIDTH, HEIGHT, "4:2:0", 8)
    units = [decodable_picture(kept.payloads, PictureSource("av1")) for kept in track.builder.pictures]
    assert len(units) == 2 and None not in units
    for unit in units:
        frame = Decoder().decode("av1", unit or b"")
        assert frame is not None and (frame.width, frame.height) == (WIDTH, HEIGHT)
        assert frame_bytes("av1", unit or b"") == WIDTH * HEIGHT * 3 // 2


def test_a_lost_packet_damages_its_frame_and_its_picture() -> None:
    sent = packets()
    stamps = [packet[4:8] for packet in sent]
    inside = next(n for n in range(1, len(sent) - 1) if stamps[n - 1] == stamps[n] == stamps[n + 1])
    track = watched((*sent[:inside], *sent[inside + 1 :]))
    assert sum(track.builder.table(CLOCK).damaged) == 1
    same = [packet[12:] for packet, stamp in zip(sent, stamps, strict=True) if stamp == stamps[inside]]
    assert decodable_picture(same, PictureSource("av1")) is not None
    # a middle piece leaves no trace but in the sequence numbers
    assert decodable_picture(same[1:], PictureSource("av1")) is None
    assert decodable_picture(same[:-1], PictureSource("av1")) is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_files_of_av1_are_read(tmp_path: Path, suffix: str) -> None:
    encode(str(tmp_path / f"a.{suffix}"))
    figures = watch_file(FileTarget(tmp_path / f"a.{suffix}"), FileOptions(), look).measured
    assert isinstance(figures, MeasuredStream)
    assert (figures.codec, figures.width_px, figures.height_px, figures.frames) == (
        "av1",
        WIDTH,
        HEIGHT,
        FRAMES,
    )
    assert (figures.codec_profile, figures.gop_length_frames, figures.decode_errors) == ("Main", GOP, 0)
    assert figures.keyframes_decoded == 2 and figures.frame_rate_hz == pytest.approx(25.0, rel=0.01)


def test_its_description_names_it() -> None:
    described = parse_sdp(
        b"v=0\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 AV1/90000\r\na=fmtp:98 profile=0;level-idx=5\r\n"
    )
    assert described is not None and described.media[0].formats[0].codec == "av1"


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 255))
def test_any_bytes_give_a_value(data: bytes, head: int) -> None:
    av1_headers.parse_sequence_header(bytes((0x08 | head & 6,)) + data)
    elements, _ = av1.elements(bytes((head,)) + data)
    assert sum(len(element.data) for element in elements) <= len(data)
    assert sum(map(len, av1_headers.split_obus(data))) <= len(data)
    decodable_picture([bytes((head,)) + data], PictureSource("av1"))
