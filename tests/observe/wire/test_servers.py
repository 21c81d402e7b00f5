"""Servers as they are: sent on, refused for a slash or a range, silent, a number or a length off by one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamAccess, StreamFacts
from camagent.model.uri import StreamUri
from camagent.observe.rtsp.client import StepLimits
from camagent.observe.rtsp.request_urls import sent_on
from tests.observe.wire.camera import SDP, Asked, Camera, running
from tests.observe.wire.test_gstreamer import certificate
from tests.observe.wire.watching import greet, measured, watch


def seen_by(camera: Camera, **options: Any) -> StreamFacts:
    async def look() -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, **options)

    return asyncio.run(look())


class Moved(Camera):
    """Sends DESCRIBE on to `to`, as written there."""

    to: Callable[[StreamUri], str] = staticmethod(lambda uri: f"rtsp://127.0.0.1:{uri.port}/live/real")
    times: int = 1

    def describe(self, asked: Asked) -> bytes:
        if not asked.uri.endswith("/real") or self.times > 1:
            return self.status(asked, "302 Moved Temporarily", f"Location: {type(self).to(self.uri)}")
        return super().describe(asked)


@pytest.mark.parametrize(
    "written",
    [
        "rtsp://127.0.0.1:{port}/live/real",
        "//127.0.0.1:{port}/live/real",
        "/live/real",
        " rtsp://127.0.0.1:{port}/real ",
    ],
)
def test_a_redirect_to_the_same_host_is_followed_once(written: str) -> None:
    class Other(Moved):
        to = staticmethod(lambda uri: written.format(port=uri.port))

    camera = Other()
    facts = seen_by(camera)
    assert measured(facts).frames > 2 and camera.connections == 2
    assert [fault.code for fault in facts.faults] == [FaultCode.REFUSED_BY_POLICY]


def test_a_relative_redirect_is_relative_to_the_folder_that_was_asked_for() -> None:
    for written, path in (("real", "/a/real"), ("/real", "/real"), ("b/real?x=1", "/a/b/real?x=1")):
        moved = sent_on(written, StreamUri("rtsp", "192.0.2.1", 554, "/a/live?channel=/1"), None)
        assert moved is not None and moved.path == path


def test_a_redirect_to_another_port_goes_there() -> None:
    second = Camera()

    async def look() -> StreamFacts:
        async with running(second) as there:

            class Elsewhere(Moved):
                to = staticmethod(lambda uri: str(there))

            async with running(Elsewhere()) as uri:
                return await watch(uri)

    assert measured(asyncio.run(look())).frames > 2 and "PLAY" in second.methods()


@pytest.mark.parametrize(
    "location", ["rtsp://192.0.2.9/live/real", "http://127.0.0.1/real", "rtsp://", "", "x y"]
)
def test_a_redirect_elsewhere_is_refused(location: str) -> None:
    class Away(Moved):
        to = staticmethod(lambda uri: location)

        def describe(self, asked: Asked) -> bytes:
            return self.status(asked, "301 Moved Permanently", f"Location: {location}")

    camera = Away()
    facts = seen_by(camera)
    if location:
        assert camera.connections <= 2
    assert isinstance(facts.measured, Fault) and facts.measured.code in (
        FaultCode.REFUSED_BY_POLICY,
        FaultCode.UNREACHABLE,
    )


def test_a_circle_of_redirects_ends_after_one() -> None:
    camera = Moved()
    camera.times = 2
    facts = seen_by(camera)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.REFUSED_BY_POLICY
    assert camera.connections <= 2


def test_the_greeting_follows_too() -> None:
    async def look() -> StreamAccess | Fault:
        async with running(Moved()) as uri:
            return await greet(uri)

    assert isinstance(asyncio.run(look()), StreamAccess)


class Particular(Camera):
    """Refuses PLAY with `line` where `refuses` says so."""

    line = "405 Method Not Allowed"

    def refuses(self, asked: Asked) -> bool:
        return asked.uri.endswith("/")

    def play(self, asked: Asked) -> bytes:
        return self.status(asked, self.line) if self.refuses(asked) else super().play(asked)

    def played(self) -> list[tuple[str, str]]:
        return [(asked.uri, asked["range"]) for asked in self.asked if asked.method == "PLAY"]


REFUSALS = (400, 403, 404, 405, 451, 454, 455, 456, 460, 500, 501, 551)


@pytest.mark.parametrize("line", [f"{status} No" for status in REFUSALS])
def test_play_is_tried_without_the_trailing_slash(line: str) -> None:
    camera = Particular()
    camera.line = line
    assert measured(seen_by(camera)).frames > 2
    first, second = camera.played()
    assert first[0] == second[0] + "/" and camera.asked[-1].uri == second[0]  # and TEARDOWN names what worked


def test_play_is_tried_with_a_trailing_slash_where_there_is_none() -> None:
    class Folder(Particular):
        def describe(self, asked: Asked) -> bytes:
            return self.ok(asked, f"Content-Base: {self.uri}", body=self.sdp.encode())

        def refuses(self, asked: Asked) -> bool:
            return not asked.uri.endswith("/")

    camera = Folder()
    assert measured(seen_by(camera)).frames > 2
    assert [uri for uri, _ in camera.played()] == [str(camera.uri), f"{camera.uri}/"]


@pytest.mark.parametrize("status", [457, *REFUSALS])
def test_play_is_tried_without_a_range(status: int) -> None:
    class NoRange(Particular):
        line = f"{status} No"

        def refuses(self, asked: Asked) -> bool:
            return bool(asked["range"])

    camera = NoRange()
    assert measured(seen_by(camera)).frames > 2 and [bool(r) for _, r in camera.played()][-2:] == [
        True,
        False,
    ]


def test_play_is_tried_at_the_track_where_there_is_no_slash() -> None:
    class Track(Particular):
        def describe(self, asked: Asked) -> bytes:
            return self.ok(asked, f"Content-Base: {self.uri}", body=self.sdp.encode())

        def refuses(self, asked: Asked) -> bool:
            return "trackID" not in asked.uri

    camera = Track()
    assert measured(seen_by(camera)).frames > 2 and len(camera.played()) == 4


def test_a_play_that_is_refused_always_is_asked_four_times_at_most() -> None:
    class Never(Particular):
        def refuses(self, asked: Asked) -> bool:
            return True

    camera = Never()
    facts = seen_by(camera)
    assert isinstance(facts.measured, Fault) and facts.measured.status == 405 and len(camera.played()) == 4


@pytest.mark.parametrize("off", [-1, 1, 7])
def test_a_sequence_number_off_by_one_is_an_answer(off: int) -> None:
    class Miscounting(Camera):
        def status(self, asked: Asked, line: str, *headers: str, body: bytes = b"") -> bytes:
            asked.headers["cseq"] = str(int(asked["cseq"]) + off)
            return super().status(asked, line, *headers, body=body)

    assert measured(seen_by(Miscounting())).frames > 2


def test_options_that_are_never_answered_are_no_obstacle() -> None:
    class Silent(Camera):
        def options(self, asked: Asked) -> bytes:
            return b""

    assert measured(seen_by(Silent())).frames > 2


def test_a_server_that_hangs_up_at_options_is_asked_without_it() -> None:
    class Touchy(Camera):
        async def read(self, reader: asyncio.StreamReader) -> Asked | None:
            asked = await super().read(reader)
            return None if asked is not None and asked.method == "OPTIONS" else asked

        def setup(self, asked: Asked) -> bytes:
            return super().setup(asked).replace(b"timeout=60", b"timeout=1")

        def get_parameter(self, asked: Asked) -> bytes:
            return self.status(asked, "405 Method Not Allowed")

    camera = Touchy()
    figures = measured(seen_by(camera, window_s=2.5))
    assert figures.frames > 100 and camera.connections == 2
    assert "GET_PARAMETER" in camera.methods() and "OPTIONS" not in camera.methods()

    async def greeted() -> StreamAccess | Fault:
        async with running(Touchy()) as uri:
            return await greet(uri)

    assert isinstance(asyncio.run(greeted()), StreamAccess)


@pytest.mark.parametrize("length", [1, 2, 4, 30])
def test_a_length_without_a_body_in_front_of_packets_costs_none_of_them(length: int) -> None:
    class Wordless(Camera):
        def play(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 7F3A", f"Content-Length: {length}")

    figures = measured(seen_by(Wordless()))
    assert figures.frames > 2 and figures.rtp_lost_packets == 0


@pytest.mark.parametrize("off", [-25, -3, -1, 1, 2, 30])
def test_a_length_that_is_a_little_wrong_costs_nothing(off: int) -> None:
    class Wrong(Camera):
        def describe(self, asked: Asked) -> bytes:
            whole = super().describe(asked)
            length = len(self.sdp.encode())
            return whole.replace(
                f"Content-Length: {length}".encode(), f"Content-Length: {length + off}".encode()
            )

    assert measured(seen_by(Wrong(), limits=StepLimits(reply_s=4.0, first_packet_s=2.0))).frames > 2


@pytest.mark.parametrize("line", ["453 Not Enough Bandwidth", "401 Unauthorized"])
def test_a_play_that_no_other_way_mends_is_asked_once(line: str) -> None:
    class Never(Particular):
        def refuses(self, asked: Asked) -> bool:
            return True

    camera = Never()
    camera.line = line
    seen_by(camera, budget_s=4.0)
    assert len(camera.played()) == 1


@pytest.mark.parametrize("stated", ["", "Content-Length: 0\r\n"])
def test_a_description_without_its_length_ends_with_silence(stated: str) -> None:
    class Wrong(Camera):
        def describe(self, asked: Asked) -> bytes:
            length = f"Content-Length: {len(self.sdp.encode())}\r\n".encode()
            return super().describe(asked).replace(length, stated.encode())

    assert measured(seen_by(Wrong(), limits=StepLimits(reply_s=4.0, first_packet_s=2.0))).frames > 2


def test_a_server_that_says_it_is_still_at_it_has_not_answered() -> None:
    class Continuing(Camera):
        def status(self, asked: Asked, line: str, *headers: str, body: bytes = b"") -> bytes:
            answer = super().status(asked, line, *headers, body=body)
            return super().status(asked, "100 Continue") + answer

    assert measured(seen_by(Continuing())).frames > 2


def test_a_track_that_the_stated_base_does_not_lead_to_is_asked_for_under_our_address() -> None:
    class Elsewhere(Camera):
        def describe(self, asked: Asked) -> bytes:
            return self.ok(asked, "Content-Base: rtsp://0.0.0.0/", body=self.sdp.encode())

        def setup(self, asked: Asked) -> bytes:
            right = asked.uri.startswith(str(self.uri))
            return super().setup(asked) if right else self.status(asked, "404 Not Found")

        def play(self, asked: Asked) -> bytes:
            right = asked.uri.startswith(str(self.uri))
            return super().play(asked) if right else self.status(asked, "404 Not Found")

    camera = Elsewhere()
    assert measured(seen_by(camera)).frames > 2
    assert camera.methods().count("SETUP") == 2 and camera.methods().count("PLAY") == 1


@pytest.mark.parametrize(("channel", "sent"), [("0-1", 2), ("2-3", 0), ("0-1", 1), ("0-1", 255)])
def test_video_on_another_channel_than_promised_is_taken(channel: str, sent: int) -> None:
    class Swapped(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 7F3A", f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}")

        def frame(self, number: int) -> Iterator[bytes]:
            for packet in super().frame(number):
                yield packet[:1] + bytes((sent,)) + packet[2:]

    facts = measured(seen_by(Swapped()))
    assert facts.frames > 2 and facts.rtp_lost_packets == 0


@pytest.mark.parametrize(("refused", "inside"), [(False, True), (True, True), (False, False), (True, False)])
def test_srtp_is_asked_for_as_plain_rtp(tmp_path: Path, refused: bool, inside: bool) -> None:
    class Secure(Camera):
        def setup(self, asked: Asked) -> bytes:
            assert asked["transport"].startswith("RTP/AVP/TCP")
            return self.status(asked, "461 Unsupported Transport") if refused else super().setup(asked)

    camera = Secure(sdp=SDP.replace("RTP/AVP", "RTP/SAVP"))

    async def look() -> StreamFacts:
        context = None
        if inside:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate(tmp_path))
        async with running(camera, context) as uri:
            return await watch(uri)

    facts = asyncio.run(look())
    if not refused:
        assert measured(facts).frames > 2
    else:
        assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.UNSUPPORTED
