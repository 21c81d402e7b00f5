"""RTSP text, headers and descriptions: read as cameras write them, harmless whatever they are."""

from __future__ import annotations

import base64
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camagent.model.rtp_numbers import NTP_TO_UNIX_S
from camagent.model.uri import StreamUri, parse_stream_uri
from camagent.observe.rtcp import (
    Reception,
    SenderReport,
    parse_rtcp,
    render_receiver_report,
)
from camagent.observe.rtsp.messages import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    Request,
    Response,
    head_end,
    parse_head,
    public_methods,
    session_of,
)
from camagent.observe.rtsp.request_urls import base_uri, control_uri, ways
from camagent.observe.rtsp.transport import parse_transport
from camagent.observe.sdp import MAX_MEDIA, parse_sdp
from camagent.wire.headers import MAX_HEADERS
from camagent.wire.redaction import redact
from tests.floor import judged, not_vacuous
from tests.observe.wire.camera import PPS, SDP, SPS

URI = StreamUri("rtsp", "192.0.2.7", 554, "/live?channel=1")

# --- messages
# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 3\r\nA: b\r\n\r\n",
        b"RTSP/1.0 401 Unauthorized \r\ncseq:3  \r\nA:b   \r\n\r\n",  # trailing blanks (retina PR #77)
        b"RTSP/1.0 401\r\nCSeq : 3\r\nA :\tb\r\n\r\n",
        b"RTSP/1.0  401 Unauthorized\nCSEQ: 3\nA: b\n\n",
        b"RTSP/2.0 401 Unauthorized\r\nCSeq: 3\r\nnonsense\r\nA:\r\n b\r\n\r\n",
    ],
)
def test_heads_are_read_as_cameras_write_them(head: bytes) -> None:
    read = parse_head(head)
    assert read is not None and read.status == 401 and read.cseq() == 3
    assert Response(401, "", read.headers).header("a") == "b"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 20 OK\r\n\r\n",
        b"\x00\x01",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * MAX_HEAD_BYTES,
    ],
)
def test_what_is_no_rtsp_is_none(head: bytes) -> None:
    assert parse_head(head) is None


@not_vacuous(0.1)
@given(st.binary(max_size=400) | st.builds(lambda b: b"RTSP/1.0 200 OK\r\n" + b, st.binary(max_size=400)))
def test_any_bytes_are_a_head_or_none_and_its_headers_are_printable(data: bytes) -> None:
    head = parse_head(data)
    if judged(head is not None) and head is not None:
        assert len(head.headers) <= MAX_HEADERS and 0 <= head.content_length <= MAX_BODY_BYTES
        assert all(name.isprintable() and value.isprintable() for name, value in head.headers)
    end = head_end(data, 0, len(data))
    assert end is None or data[:end].endswith((b"\n\n", b"\n\r\n"))


def test_a_request_is_one_head() -> None:
    data = Request("DESCRIBE", str(URI), (("Accept", "application/sdp"),)).render(9, [("Session", "5")])
    head = parse_head(data)
    assert head is not None and head.method == "DESCRIBE" and head.cseq() == 9
    assert ("Session", "5") in head.headers and head_end(data, 0, len(data)) == len(data)


@pytest.mark.parametrize(
    ("value", "session", "timeout_s"),
    [
        ("12345678", "12345678", None),
        ("1 ;timeout=60", "1", 60.0),
        ("AB;Timeout = 20;x", "AB", 20.0),
        ('AB;timeout="20"', "AB", 20.0),
        (";timeout=-1", None, None),
    ],
)
def test_session_headers(value: str, session: str | None, timeout_s: float | None) -> None:
    assert session_of(Response(200, "", (("Session", value),))) == (session, timeout_s)


def test_public_methods_are_a_set_of_capitals() -> None:
    answer = Response(200, "", (("Public", "OPTIONS, describe,,"), ("Allow", "GET_PARAMETER")))
    assert public_methods(answer) == {"OPTIONS", "DESCRIBE", "GET_PARAMETER"}


# --- addresses
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://192.0.2.7/live/", "trackID=1", "rtsp://192.0.2.7/live/trackID=1"),
        ("rtsp://192.0.2.7/live", "trackID=1", "rtsp://192.0.2.7/live/trackID=1"),
        ("rtsp://192.0.2.7/live?channel=1", "trackID=1", "rtsp://192.0.2.7/live?channel=1/trackID=1"),
        ("rtsp://192.0.2.7/live", "/trackID=1", "rtsp://192.0.2.7/live/trackID=1"),
        ("rtsp://192.0.2.7/live", "?t=1", "rtsp://192.0.2.7/live?t=1"),
        ("rtsp://192.0.2.7/live", "*", "rtsp://192.0.2.7/live"),
        ("rtsp://192.0.2.7/live", None, "rtsp://192.0.2.7/live"),
        ("rtsp://192.0.2.7/live", "rtsp://evil.example:99/steal", "rtsp://192.0.2.7/steal"),
        ("rtsp://192.0.2.7/live", "rtsp://u:p@192.0.2.7/x", "rtsp://192.0.2.7/x"),
        ("rtsp://192.0.2.7/live", "a b", None),
        ("rtsp://192.0.2.7/live", "x" * 3000, None),
    ],
)
def test_controls_are_joined_and_pinned(base: str, control: str | None, expected: str | None) -> None:
    assert control_uri(base, control, URI) == expected


@not_vacuous(0.15)
@given(st.text(max_size=100), st.text(max_size=60) | st.none())
@example("rtsp://evil.example/", "http://evil.example/")
@example("//evil.example/x", "rtsp://[::1]:1/")
@example("/\x1b[2J", None)
@example("/" + 5000 * "a", "/ b")
def test_no_answer_leads_to_another_host(stated: str, control: str | None) -> None:
    base = base_uri(Response(200, "", (("Content-Base", stated),)), URI)
    joined = control_uri(base, control, URI)
    judged(joined is not None)
    for address in (base, joined or base):
        parsed = parse_stream_uri(address)
        assert address.startswith("rtsp://192.0.2.7") and " " not in address and address.isprintable()
        assert parsed is None or (parsed[0].host, parsed[0].port, parsed[1]) == ("192.0.2.7", 554, None)


@not_vacuous(0.1)
@given(st.text(max_size=60), st.text(max_size=40) | st.none(), st.text(max_size=60) | st.none())
@example("/\x1b", None, "rtsp://192.0.2.7:99/a\tb")
@example("rtsp://192.0.2.7/live?a=1", "*", "../x")
@example("", "rtsp://192.0.2.7:99/", "rtsp://evil.example:99/x")
def test_every_way_to_a_track_is_an_address_of_our_host(
    stated: str, whole: str | None, part: str | None
) -> None:
    addresses = ways(Response(200, "", (("Content-Base", stated),)), (whole, part), URI)
    judged(bool(addresses))
    for address in chain.from_iterable((way.track_uri, way.aggregate_uri) for way in addresses):
        parsed = parse_stream_uri(address)
        assert " " not in address and address.isprintable() and parsed is not None, address
        assert parsed[0].host == "192.0.2.7" and parsed[1] is None


# --- transport
# --------------------------------------------------------------------------------------------------


def test_a_transport_header_in_any_order() -> None:
    granted = parse_transport("ssrc= 1a2B ; interleaved=2-3;server_port=6000 ;unicast; RTP/AVP/TCP")
    assert (granted.tcp, granted.channels, granted.server_ports) == (True, (2, 3), (6000, 6001))


PAIRS = st.tuples(
    st.sampled_from(("interleaved", "server_port")), st.integers(-1, 300), st.integers(0, 70_000)
)
FIELDS = PAIRS.map(lambda pair: f"{pair[0]}={pair[1]}-{pair[2]}") | st.text(max_size=8)


@not_vacuous(0.1)
@given(st.text(max_size=120) | st.lists(FIELDS, max_size=4).map(";".join))
def test_any_text_is_a_transport(value: str) -> None:
    granted = parse_transport(value)
    judged(granted.channels is not None or granted.server_ports is not None)
    assert granted.channels is None or all(0 <= channel <= 255 for channel in granted.channels)
    assert granted.server_ports is None or all(0 <= port <= 65_535 for port in granted.server_ports)


# --- descriptions
# -----------------------------------------------------------------------------------------------


def test_a_description_with_everything() -> None:
    sprop = ",".join(base64.b64encode(nal).decode() for nal in (SPS, PPS))
    text = SDP.replace("a=control:*", "a=control:rtsp://h/x").replace(
        "a=control:trackID=1",
        f"a=fmtp:96 packetization-mode=1; profile-level-id=64001F;sprop-parameter-sets={sprop}\r\n"
        "a=framerate:12.5\r\na=framesize:96 640-360\r\na=control:trackID=1",
    )
    description = parse_sdp(text.encode())
    assert description is not None and description.control == "rtsp://h/x"
    video = description.video()
    assert video is not None and (video.control, video.frame_rate_hz) == ("trackID=1", 12.5)
    assert (video.width_px, video.height_px) == (640, 360)
    assert video.formats[0].codec == "h264" and video.formats[0].parameter_sets() == (SPS, PPS)


@pytest.mark.parametrize(
    ("line", "codec", "clock_hz"),
    [
        ("m=video 0 RTP/AVP 26", "mjpeg", 90_000),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000", "h265", 90_000),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 hevc/90000 ", "h265", 90_000),
        ("m=video 0 RTP/AVP 96\na=rtpmap: 96  H264 / 90000", "h264", 90_000),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 MP4V-ES/0", "mpeg4", 90_000),
        ("m=video 0 RTP/AVP\na=rtpmap:98 H264/90000", "h264", 90_000),
        ("m=video 0 RTP/AVP 97 96\na=rtpmap:97 VP8/90000\na=rtpmap:96 H264/90000", "h264", 90_000),
    ],
)
def test_codecs_are_recognised(line: str, codec: str, clock_hz: int) -> None:
    description = parse_sdp(line.encode())
    video = description.video() if description else None
    assert video is not None
    chosen = next(f for f in video.formats if f.codec)
    assert (chosen.codec, chosen.clock_hz) == (codec, clock_hz)


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ("a=x-dimensions:1920,1080", (1920, 1080)),
        ("a=framesize:96 2560-1440", (2560, 1440)),
        ("a=cliprect:0,0,720,1280", (1280, 720)),
        ("a=framesize:96 0-0", (None, None)),
        ("a=x-dimensions:junk", (None, None)),
    ],
)
def test_sizes_of_the_description(attribute: str, size: tuple[int | None, int | None]) -> None:
    description = parse_sdp(f"m=video 0 RTP/AVP 96\n{attribute}".encode())
    assert description is not None
    assert (description.media[0].width_px, description.media[0].height_px) == size


def test_start_codes_in_sprop_are_seen_through() -> None:
    """V380 (scottlamb/retina#68, #108)."""
    both = base64.b64encode(b"\x00\x00\x00\x01" + SPS + b"\x00\x00\x00\x01" + PPS).decode()
    text = f"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets={both},"
    description = parse_sdp(text.encode())
    assert description is not None and description.media[0].formats[0].parameter_sets() == (SPS, PPS)


@not_vacuous(0.08)
@given(
    st.binary(max_size=500)
    | st.lists(
        st.sampled_from(
            [
                "m=video 0 RTP/AVP 96 26 x",
                "m=",
                "a=rtpmap:96 H264/90000",
                "a=fmtp:96 sprop-parameter-sets=Z0IA",
            ]
        )
        | st.from_regex(r"[a-z]=[a-z-]{0,12}:?[0-9 ,;=/.a-z-]{0,30}"),
        max_size=30,
    ).map(lambda lines: "\n".join(lines).encode())
)
def test_any_bytes_are_a_description_or_none(data: bytes) -> None:
    description = parse_sdp(data)
    if judged(description is not None) and description is not None:
        assert 1 <= len(description.media) <= MAX_MEDIA
        for media in description.media:
            for each in media.formats:
                assert each.clock_hz > 0 and all(each.parameter_sets())


def test_a_description_without_end_is_bounded() -> None:
    description = parse_sdp(b"m=video 0 RTP/AVP 96\n" * 100_000)
    assert description is not None and len(description.media) == MAX_MEDIA


# --- RTCP
# -------------------------------------------------------------------------------------------------------


def sender_report(ntp_s: int) -> bytes:
    return (
        b"\x80\xc8\x00\x06"
        + (7).to_bytes(4, "big")
        + ntp_s.to_bytes(4, "big")
        + bytes(4)
        + (9).to_bytes(4, "big")
        + bytes(8)
    )


def test_a_compound_of_report_and_goodbye() -> None:
    contents = parse_rtcp(
        sender_report(NTP_TO_UNIX_S + 1_700_000_000) + b"\x81\xcb\x00\x01" + (7).to_bytes(4, "big")
    )
    assert contents.goodbye == (7,) and not contents.malformed
    (report,) = contents.sender_reports
    assert report.unix_s == 1_700_000_000.0


@pytest.mark.parametrize("ntp_s", [0, 3600, 86_400 * 365])
def test_a_sender_without_a_wall_clock_has_none(ntp_s: int) -> None:
    assert parse_rtcp(sender_report(ntp_s)).sender_reports[0].unix_s is None


def test_a_clock_at_1970_is_a_clock() -> None:
    assert SenderReport(NTP_TO_UNIX_S << 32).unix_s == 0.0


@given(st.binary(max_size=300))
def test_any_bytes_are_rtcp_of_some_kind(data: bytes) -> None:
    contents = parse_rtcp(data)
    assert len(contents.sender_reports) <= 32 and len(contents.goodbye) <= 75


def test_our_report_is_a_compound_that_anybody_can_read() -> None:
    reception = Reception(7, 0.25, 300, 70_000, 90, 0xABCD1234, 1.5)
    data = render_receiver_report(5, reception)
    assert len(data) % 4 == 0 and not parse_rtcp(data).malformed
    assert data[:4] == b"\x81\xc9\x00\x07" and data[8:12] == (7).to_bytes(4, "big")
    assert data[12] == 64 and int.from_bytes(data[13:16], "big") == 300
    assert data[32 + 8 : 32 + 18] == b"\x01\x08camagent"
    assert not parse_rtcp(render_receiver_report(5, None)).malformed


# --- secrets
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'Authorization: Digest username="admin", response="hunter2"',
        "authorization: Basic aHVudGVyMg==hunter2",
        "Content-Base: rtsp://admin:hunter2@192.0.2.7/live",
        "DESCRIBE rtsp://192.0.2.7/user=admin_password=hunter2_channel=1.sdp RTSP/1.0",
        "a=control:rtsp://192.0.2.7/h264?pwd=hunter2&x=1",
    ],
)
def test_transcripts_hold_no_secret(text: str) -> None:
    assert "hunter2" not in redact(f"X: y\r\n{text}\r\nZ: y") and "Z: y" in redact(f"X: y\r\n{text}\r\nZ: y")
