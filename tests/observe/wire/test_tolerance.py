"""Servers that bend RTSP, and that VLC or FFmpeg plays: each is measured like a healthy one."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import MeasuredStream
from camagent.observe.numbering import FEWEST, REMEMBERED, Numbering
from camagent.observe.rtsp.messages import parse_head
from camagent.observe.rtsp.transport import Interleaved, PortPair, parse_transport
from tests.each import each
from tests.observe.wire.camera import SDP, Asked, Camera, running
from tests.observe.wire.watching import QUICK, measured, watch

AT_ONCE = 12
PATIENT = replace(QUICK, reply_s=1.5, first_packet_s=1.5, stall_s=1.5)  # a busy machine answers late


class Server(Camera):
    """Its words go through `bend`, its descriptions through `describes`, its numbers through `counts`."""

    bend: Callable[[bytes], bytes] = staticmethod(lambda answer: answer)
    describes: Callable[[str], str] = staticmethod(lambda text: text)
    transport = "{asked}"
    session: str | None = "7F3A"
    base: str | None = "{uri}/"
    track: str | None = None
    """The only address under which SETUP is granted."""
    counts: Callable[[int], int] = staticmethod(lambda number: number)

    def placed(self, text: str) -> str:
        return text.format(uri=self.uri, port=self.uri.port)

    def status(self, asked: Asked, line: str, *headers: str, body: bytes = b"") -> bytes:
        return self.bend(super().status(asked, line, *headers, body=body))

    def describe(self, asked: Asked) -> bytes:
        base = [f"Content-Base: {self.placed(self.base)}"] if self.base else []
        text = self.placed(self.describes(SDP))
        return self.ok(asked, "Content-Type: application/sdp", *base, body=text.encode())

    def setup(self, asked: Asked) -> bytes:
        if self.track is not None and asked.uri != self.placed(self.track):
            return self.status(asked, "404 Not Found")
        session = [f"Session: {self.session}"] if self.session is not None else []
        granted = [f"Transport: {self.transport.format(asked=asked['transport'])}"] if self.transport else []
        return self.ok(asked, *session, *granted)

    def play(self, asked: Asked) -> bytes:
        session_id = (self.session or "").partition(";")[0].strip()
        return (
            self.ok(asked) if asked["session"] == session_id else self.status(asked, "454 Session Not Found")
        )

    def next_sequence(self) -> int:
        return self.counts(super().next_sequence())


def _in_head(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def bend(answer: bytes) -> bytes:
        head, _, body = answer.partition(b"\r\n\r\n")
        return change(head + b"\r\n\r\n") + body

    return bend


def _swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return _in_head(lambda head: re.sub(old, new, head))


def _text(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


_any_number = random.Random(1).randrange
RTPMAP, CONTROL = "a=rtpmap:96 H264/90000", "a=control:trackID=1"
SERVERS: dict[str, dict[str, object]] = {
    "HTTP's name": {"bend": _swap(rb"RTSP/1\.0", b"HTTP/1.0")},
    "HTTP's name for the description": {
        "bend": lambda answer: answer.replace(b"RTSP/1.0", b"HTTP/1.1") if b"sdp" in answer else answer
    },
    "small letters": {"bend": _swap(rb"RTSP/1\.0", b"rtsp/1.0")},
    "a version of one digit": {"bend": _swap(rb"RTSP/1\.0", b"RTSP/1")},
    "another version": {"bend": _swap(rb"RTSP/1\.0", b"RTSP/2.0")},
    "no blank before the reason": {"bend": _swap(rb" 200 OK", b" 200OK")},
    "no reason": {"bend": _swap(rb" 200 OK", b" 200")},
    "tabs": {"bend": _swap(rb" 200 OK", b"\t200\tOK")},
    "LF only": {"bend": _swap(rb"\r\n", b"\n")},
    "CR CR LF": {"bend": _swap(rb"\r\n", b"\r\r\n")},
    "LF CR": {"bend": _swap(rb"\r\n", b"\n\r")},
    "a blank line first": {"bend": lambda answer: b"\r\n\r\n" + answer},
    "no CSeq": {"bend": _swap(rb"CSeq: \d+\r\n", b"")},
    "CSeq is a word": {"bend": _swap(rb"CSeq: \d+", b"CSeq: abc")},
    "header names small, a tab behind": {
        "bend": _in_head(
            lambda head: re.sub(rb"\n([A-Z][\w-]+): ", lambda m: b"\n" + m[1].lower() + b" :\t", head)
        )
    },
    "header names without a blank": {"bend": _swap(rb": ", b":")},
    "a length with its unit": {"bend": _swap(rb"Length: (\d+)", rb"Length: \1 bytes")},
    "a quoted length": {"bend": _swap(rb"Length: (\d+)", rb'length: "\1"')},
    "a negative length": {"bend": _swap(rb"Length: \d+", b"Length: -1")},
    "multicast=0": {"transport": "{asked};multicast=0"},
    "multicast inside the connection": {"transport": "{asked};multicast"},
    "no lower transport": {"transport": "RTP/AVP;unicast"},
    "a server port beside channels": {"transport": "{asked};server_port=6970-6971"},
    "only a server port": {"transport": "RTP/AVP/TCP;unicast;server_port=6970"},
    "only channels": {"transport": "interleaved=0-1"},
    "channels in turn": {"transport": "RTP/AVP/TCP;unicast;interleaved=1-0"},
    "channels that cannot be": {"transport": "RTP/AVP/TCP;unicast;interleaved=300-301"},
    "blanks in Transport": {"transport": "rtp/avp/tcp ; UNICAST ; Interleaved = 0 - 1 "},
    "junk in Transport": {"transport": ";;;==,,"},
    "an empty multicast and unicast": {"transport": "RTP/AVP/TCP;unicast;multicast=;interleaved=0-1"},
    "several transports": {
        "transport": "RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;unicast;interleaved=0-1"
    },
    "no Transport": {"transport": ""},
    "seconds with a unit": {"session": "7F3A;timeout=60s"},
    "quoted seconds": {"session": '7F3A; timeout = "60"'},
    "no seconds": {"session": "7F3A;timeout="},
    "seconds below none": {"session": "7F3A;timeout=-1"},
    "zero seconds": {"session": "7F3A;timeout=0"},
    "many seconds": {"session": "7F3A;timeout=99999999999"},
    "half a second more": {"session": "7F3A;timeout=60.5"},
    "seconds behind a blank": {"session": "7F3A timeout=60"},
    "empty parameters": {"session": "7F3A;;;"},
    "no Session": {"session": None},
    "blanks in rtpmap": {"describes": _text(RTPMAP, "a=rtpmap: 96 H264 / 90000")},
    "tabs in rtpmap": {"describes": _text(RTPMAP, "a=rtpmap :\t96\th264/90000/1")},
    "blanks around the equals sign": {"describes": _text(RTPMAP, "a = rtpmap:96 H264/90000")},
    "capital letters": {"describes": _text("m=video", "M=VIDEO")},
    "no clock": {"describes": _text(RTPMAP, "a=rtpmap:96 H264")},
    "rtpmap of another number": {"describes": _text(RTPMAP, "a=rtpmap:97 H264/90000")},
    "a port and a count": {"describes": _text("m=video 0 ", "m=video 5004/2 ")},
    "description with LF": {"describes": _text("\r\n", "\n")},
    "description with CR": {"describes": _text("\r\n", "\r")},
    "an indented description": {"describes": _text("\r\n", "\r\n  ")},
    "a byte order mark": {"describes": lambda text: "\ufeff" + text},
    "no control": {"describes": _text(CONTROL + "\r\n", "")},
    "an empty control": {"describes": _text(CONTROL, "a=control:")},
    "blanks around control": {"describes": _text(CONTROL, "a=control: trackID=1 ")},
    "control at another host": {"describes": _text(CONTROL, "a=control:rtsp://10.1.1.1:8554/live/trackID=1")},
    "control at another port": {
        "describes": _text(CONTROL, "a=control:rtsp://127.0.0.1:8554/live/t1"),
        "track": "rtsp://127.0.0.1:8554/live/t1",
    },
    "control without the port": {
        "describes": _text(CONTROL, "a=control:rtsp://127.0.0.1/live/t1"),
        "track": "rtsp://127.0.0.1/live/t1",
    },
    "control at our port, told another": {
        "describes": _text(CONTROL, "a=control:rtsp://127.0.0.1:8554/live/t1"),
        "track": "rtsp://127.0.0.1:{port}/live/t1",
    },
    "base at the usual port, written": {
        "base": "rtsp://127.0.0.1:554/live/",
        "track": "rtsp://127.0.0.1:554/live/trackID=1",
    },
    "base with a query": {"base": "{uri}?a=1&b=2/", "track": "{uri}?a=1&b=2/trackID=1"},
    "base with blanks": {"base": "   {uri}/   ", "track": "{uri}/trackID=1"},
    "a quoted base": {"base": '"{uri}/"', "track": "{uri}/trackID=1"},
    "base with a path only": {"base": "/live/", "track": "{uri}/trackID=1"},
    "no base": {"base": None, "track": "{uri}/trackID=1"},
    "joined as RFC 3986 says": {"base": "{uri}/x", "track": "{uri}/trackID=1"},
    "base that leads nowhere": {"base": "{uri}/elsewhere/", "track": "{uri}/trackID=1"},
}
UNNUMBERED: dict[str, Callable[[int], int]] = {
    "the same number": lambda _number: 7,
    "zero": lambda _number: 0,
    "backwards": lambda number: 60_000 - number,
    "any number": lambda _number: _any_number(65_536),
    "every second number": lambda number: 2 * number,
    "bytes in turn": lambda number: (number & 255) << 8 | number >> 8 & 255,
    "hundreds": lambda number: 100 * number,
    "thousands": lambda number: 5000 * number,
    "two numbers": lambda number: number % 2,
}


def _wrong(figures: MeasuredStream | Fault) -> str | None:
    if isinstance(figures, Fault):
        return f"{figures.code} of {figures.doing}, {figures.status}"
    right = figures.frames > 5 and figures.rtp_lost_packets == 0
    # cut off by a busy machine, the keyframes of ten frames are few
    right = (
        right
        and figures.gop_length_frames in (10.0, None)
        and (figures.width_px, figures.codec) == (640, "h264")
    )
    return (
        None
        if right
        else f"{figures.frames} frames, GOP {figures.gop_length_frames}, {figures.rtp_lost_packets} lost"
    )


async def _look_at(servers: dict[str, Server], window_s: float) -> dict[str, MeasuredStream | Fault]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(server: Server) -> MeasuredStream | Fault:
        async with gate, running(server) as uri:
            return (await watch(uri, window_s=window_s, limits=PATIENT)).measured

    looks = await asyncio.gather(*map(look, servers.values()))
    return dict(zip(servers, looks, strict=True))


def _server(name: str, **bent: object) -> Server:
    still = {key: staticmethod(value) if callable(value) else value for key, value in bent.items()}
    kind: type[Server] = type(name, (Server,), still)
    return kind()


def test_what_a_player_plays_is_measured() -> None:
    servers = {name: _server(name, **bent) for name, bent in SERVERS.items()}
    streams = asyncio.run(_look_at(servers, window_s=0.5))
    wrong = {name: text for name, facts in streams.items() if (text := _wrong(facts)) is not None}
    assert not wrong, wrong
    numbered = {
        name
        for name, facts in streams.items()
        if isinstance(facts, MeasuredStream) and facts.packets_numbered
    }
    assert numbered == set(SERVERS)


def test_numbers_that_count_nothing_are_no_loss() -> None:
    """FFmpeg plays them inside the connection, where nothing can overtake."""
    servers = {name: _server(name, counts=counts) for name, counts in UNNUMBERED.items()}
    streams = asyncio.run(_look_at(servers, window_s=1.0))
    wrong = {name: text for name, facts in streams.items() if (text := _wrong(facts)) is not None}
    assert not wrong, wrong
    assert [name for name, facts in streams.items() if getattr(facts, "packets_numbered", True)] == []


def test_one_number_for_a_whole_frame_is_no_loss() -> None:
    class OneEach(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            for packet in super().frame(number):
                yield packet[:6] + (number & 0xFFFF).to_bytes(2, "big") + packet[8:]

    async def look() -> MeasuredStream:
        async with running(OneEach()) as uri:
            return measured(await watch(uri, window_s=1.0))

    stream = asyncio.run(look())
    assert (_wrong(stream), stream.packets_numbered) == (None, False)


def test_a_server_that_grants_datagrams_is_asked_for_them() -> None:
    """Inside the connection was asked for, and another way granted: one more SETUP, after TEARDOWN."""
    server = _server("datagrams", transport="RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6970-6971")

    async def look() -> MeasuredStream | Fault:
        async with running(server) as uri:
            return (await watch(uri)).measured

    stream = asyncio.run(look())
    assert isinstance(stream, Fault) and stream.code is FaultCode.NO_VIDEO  # this server sends none
    assert server.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "TEARDOWN", "SETUP", "PLAY", "TEARDOWN"]
    assert "client_port" in server.asked[4]["transport"] and not server.asked[4]["session"]


@pytest.mark.parametrize(
    ("granted", "inside", "datagrams"),
    [
        ("RTP/AVP;unicast", True, True),
        ("RTP/AVP/TCP;unicast", True, False),
        ("RTP/AVP;interleaved=2-3", True, False),
        ("RTP/AVP/UDP;unicast", False, True),
        ("RTP/AVP;unicast;client_port=1-2", False, True),
        ("RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001", False, False),
        ("RTP/AVP;unicast;multicast=0;client_port=1-2", False, True),
    ],
)
def test_what_is_granted_is_what_was_asked_for(granted: str, inside: bool, datagrams: bool) -> None:
    transport = parse_transport(granted)
    assert (transport.fits(Interleaved()), transport.fits(PortPair(1, 2))) == (inside, datagrams)


@each(
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nServer: nginx\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 12\r\nWWW-Authenticate: Basic\r\n\r\n",
    ],
    repr,
)
def test_a_web_server_is_none(head: bytes) -> None:
    assert parse_head(head) is None


def _noted(numbers: list[int]) -> Numbering:
    """As the receiver does it: what is in turn is not noted."""
    numbering, expected = Numbering(numbers[0]), numbers[0]
    for number in numbers:
        if number == expected & 0xFFFF:
            expected += 1
            continue
        numbering.note(number, expected, 0)
        expected = number + 1
        numbering.went_on(expected)
    return numbering


def test_gaps_of_a_sender_that_drops_packets_are_loss() -> None:
    """Three packets of ten are missing, alone and in bursts, or numbers begin anew now and then."""
    rng = random.Random(2)
    for ratio in (0.05, 0.3, 0.5):
        assert not _noted([n for n in range(2000) if rng.random() >= ratio or n < REMEMBERED]).senseless
    assert not _noted([n % 50 for n in range(2000)]).senseless
    assert not _noted([*range(FEWEST), *(2 * FEWEST,) * (FEWEST - 2), *range(17, 300)]).senseless
    assert _noted([0] * (FEWEST + 2)).senseless
    assert _noted([2 * n for n in range(FEWEST + 2)]).senseless
