"""What cameras do in the RTSP conversation, one oddity a test (public sources in each)."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamFacts, TransportChoice
from camagent.model.uri import StreamUri
from tests.observe.wire.camera import SDP, Asked, Camera, on_channel, rtp, running
from tests.observe.wire.watching import CREDENTIAL, KeepingJudge, doors, greet, measured, watch


def seen_by(camera: Camera, credential: Credential | None = None, **options: Any) -> StreamFacts:
    async def look() -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, credential, **options)

    return asyncio.run(look())


def code_of(facts: StreamFacts) -> FaultCode:
    assert isinstance(facts.measured, Fault), facts.measured
    return facts.measured.code


def test_a_healthy_camera_is_measured() -> None:
    judge, camera = KeepingJudge(), Camera(gop=5)
    facts = seen_by(camera, window_s=1.0, door=doors(pictures=judge))
    figures = measured(facts)
    assert (figures.width_px, figures.height_px) == (640, 360)
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01)
    assert figures.gop_length_frames == 5 and figures.rtp_lost_packets == 0 and figures.stray_packets == 0
    assert len(judge.pictures) == 2 and all(picture[4] & 0x1F == 7 for _, picture in judge.pictures)
    assert camera.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert facts.faults == () and facts.access is not None and facts.access.anonymous is True


def test_greeting_asks_and_does_not_play() -> None:
    async def look() -> Any:
        async with running(camera) as uri:
            return await greet(uri)

    camera = Camera()
    access = asyncio.run(look())
    assert access.anonymous is True and camera.methods() == ["OPTIONS", "DESCRIBE"]


# --- who never answers
# ------------------------------------------------------------------------------------------


@dataclass
class Peer:
    """A TCP server that is no camera: sends something (or nothing) and waits, or hangs up."""

    greeting: bytes = b""
    hang_up: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(self.greeting)
        if not self.hang_up:
            await reader.read(-1)
        writer.close()


def meets(peer: Peer, **options: Any) -> StreamFacts:
    async def look() -> StreamFacts:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        try:
            return await watch(
                StreamUri("rtsp", "127.0.0.1", server.sockets[0].getsockname()[1], "/"), **options
            )
        finally:
            server.close()

    return asyncio.run(look())


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        pytest.param(Peer(), FaultCode.TIMEOUT, id="says nothing"),
        pytest.param(
            Peer(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"), FaultCode.TIMEOUT, id="stops in the middle of a head"
        ),
        pytest.param(
            Peer(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 90\r\n\r\nv="),
            FaultCode.TIMEOUT,
            id="stops in the middle of a body",
        ),
        pytest.param(Peer(hang_up=True), FaultCode.RTSP_ERROR, id="hangs up"),
        pytest.param(
            Peer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), FaultCode.MALFORMED_REPLY, id="is a web server"
        ),
        pytest.param(Peer(b"SSH-2.0-dropbear\r\n", True), FaultCode.MALFORMED_REPLY, id="is something else"),
        pytest.param(Peer(b"\x00\xff" * 100_000), FaultCode.MALFORMED_REPLY, id="talks without end"),
        pytest.param(
            Peer(b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 9999), FaultCode.MALFORMED_REPLY, id="endless head"
        ),
        pytest.param(
            Peer(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 9999999\r\n\r\n" + b"v" * 99_999),
            FaultCode.MALFORMED_REPLY,
            id="endless body",
        ),
    ],
)
def test_a_peer_that_is_no_camera_costs_one_step(peer: Peer, code: FaultCode) -> None:
    facts = meets(peer)
    assert code_of(facts) is code
    assert isinstance(facts.measured, Fault) and facts.measured.doing in ("OPTIONS", "DESCRIBE")
    assert facts.measured.elapsed_s < 6.0


def test_a_closed_port_is_refused() -> None:
    async def look() -> StreamFacts:
        server = await asyncio.start_server(Peer().serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return await watch(StreamUri("rtsp", "127.0.0.1", port, "/"))

    facts = asyncio.run(look())
    assert code_of(facts) is FaultCode.REFUSED and facts.access is None and facts.declared is None


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize(
    "reply", [b"", b"RTSP/1.0 200 OK\r\nCSe", b"RTSP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n1"]
)
def test_a_camera_that_falls_silent_costs_one_step_wherever_it_does(method: str, reply: bytes) -> None:
    camera = Camera(frames=0)
    setattr(camera, method.lower(), lambda asked: reply)
    facts = seen_by(camera)
    assert isinstance(facts.measured, Fault)
    assert (facts.measured.code, facts.measured.doing) == (
        FaultCode.TIMEOUT,
        method,
    ) and facts.measured.elapsed_s < 6.0
    assert ("TEARDOWN" in camera.methods()) == (method == "PLAY")  # before it there is no session to end


def test_the_budget_ends_everything() -> None:
    facts = meets(Peer(), budget_s=0.1)
    assert code_of(facts) is FaultCode.BUDGET_SPENT


# --- what it refuses
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("404 Not Found", FaultCode.NOT_FOUND),
        ("403 Forbidden", FaultCode.RTSP_ERROR),
        ("500 Internal Server Error", FaultCode.RTSP_ERROR),
        ("302 Moved", FaultCode.REFUSED_BY_POLICY),
    ],
)
def test_a_refused_describe_says_why(line: str, code: FaultCode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.observe.watch.BUSY_WAIT_S", 0.01)

    class Refusing(Camera):
        def describe(self, asked: Asked) -> bytes:
            return self.status(asked, line, "Location: rtsp://192.0.2.1/elsewhere")

    camera = Refusing()
    facts = seen_by(camera)
    assert code_of(facts) is code and facts.fault is not None and facts.fault.status == int(line[:3])
    assert camera.connections == (2 if line.startswith("500") else 1)


@pytest.mark.parametrize("line", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
def test_a_busy_camera_is_asked_once_more_and_no_more(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """frigate PR #4431, go2rtc#65: cameras with one session."""
    monkeypatch.setattr("camagent.observe.watch.BUSY_WAIT_S", 0.01)

    class Busy(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.status(asked, line)

    camera = Busy()
    facts = seen_by(camera)
    assert code_of(facts) is FaultCode.BUSY and camera.connections == 2 and len(facts.faults) == 2


@pytest.mark.parametrize("line", ["453 Busy", "503 Later", "500 Internal Server Error"])
def test_a_camera_that_was_busy_is_measured_later(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.observe.watch.BUSY_WAIT_S", 0.01)

    class BusyOnce(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.status(asked, line) if self.connections == 1 else super().setup(asked)

    facts = seen_by(BusyOnce())
    assert measured(facts).frames > 2 and [fault.status for fault in facts.faults] == [int(line[:3])]


def test_a_camera_that_refuses_options_is_asked_on() -> None:
    class NoOptions(Camera):
        def options(self, asked: Asked) -> bytes:
            return self.status(asked, "501 Not Implemented")

    assert measured(seen_by(NoOptions())).frames > 2


# --- what it describes
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sdp",
    [
        pytest.param(SDP.replace("o=- 0 0 IN IP4 127.0.0.1\r\n", ""), id="no origin line (retina#52)"),
        pytest.param(
            SDP.replace("H264/90000\r\n", "H264/90000  \r\n"), id="trailing blanks (moonfire-nvr#213)"
        ),
        pytest.param(
            SDP.replace(
                "a=rtpmap:96 H264/90000\r\na=control:trackID=1",
                "a=control:trackID=1\r\na=rtpmap:96 H264/90000",
            ),
            id="control first (retina#120)",
        ),
        pytest.param(SDP + "a=fmtp:96\r\n", id="empty fmtp (retina v0.4.4)"),
        pytest.param(SDP.replace("\r\n", "\n"), id="bare line feeds"),
        pytest.param(
            SDP + "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=!!!,\r\n", id="bad sprop (retina#42)"
        ),
        pytest.param("m=\r\nm=junk\r\n" + SDP, id="unparseable media (moonfire-nvr#238)"),
        pytest.param(
            SDP.replace("m=video", "m=audio 0 RTP/AVP 0\r\na=control:trackID=0\r\nm=video"), id="audio first"
        ),
        pytest.param(
            SDP.replace("a=control:trackID=1", "a=control:rtsp://192.168.1.10/live/trackID=1"), id="elsewhere"
        ),
        pytest.param(SDP.replace("a=control:trackID=1\r\n", ""), id="no control"),
    ],
)
def test_odd_descriptions_are_understood(sdp: str) -> None:
    camera = Camera(sdp=sdp)
    facts = seen_by(camera)
    assert measured(facts).frames > 2
    assert [a.uri.startswith(str(camera.uri)) for a in camera.asked] == [True] * len(camera.asked)
    assert camera.methods().count("SETUP") == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Content-Base: {uri}/",), "{uri}/trackID=1"),
        (("Content-Base: 127.0.0.1/other/",), "{root}/other/trackID=1"),  # moonfire-nvr#356
        (("Content-Base: rtsp://10.9.8.7:8554/nat/",), "{root}/nat/trackID=1"),
        (("Content-Location: {uri}/loc",), "{uri}/loc/trackID=1"),
        (("Content-Base: ",), "{uri}/trackID=1"),
        ((), "{uri}/trackID=1"),
    ],
)
def test_relative_controls_stay_at_the_camera(headers: tuple[str, ...], expected: str) -> None:
    class Based(Camera):
        def describe(self, asked: Asked) -> bytes:  # no Content-Type either (retina v0.4.7)
            return self.ok(asked, *(h.format(uri=self.uri) for h in headers), body=self.sdp.encode())

    camera = Based()
    assert measured(seen_by(camera)).frames > 2
    root = f"rtsp://{camera.uri.netloc}"
    setup = next(a for a in camera.asked if a.method == "SETUP")
    assert setup.uri == expected.format(uri=camera.uri, root=root)


@pytest.mark.parametrize(
    ("sdp", "code"),
    [
        ("", FaultCode.MALFORMED_REPLY),
        ("v=0\r\nm=audio 0 RTP/AVP 0\r\n", FaultCode.NO_VIDEO),
        (SDP.replace("H264", "VP8"), FaultCode.CODEC_UNSUPPORTED),
    ],
)
def test_what_we_cannot_watch_has_its_reason(sdp: str, code: FaultCode) -> None:
    camera = Camera(sdp=sdp)
    facts = seen_by(camera)
    assert code_of(facts) is code and "SETUP" not in camera.methods()


# --- what it grants
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["461 Unsupported Transport", "406 Not Acceptable"])
def test_auto_takes_udp_where_tcp_is_refused(line: str) -> None:
    """deepch/RTSPtoWeb#249, AlexxIT/go2rtc#1510."""

    class UdpOnly(Camera):
        def setup(self, asked: Asked) -> bytes:
            if "interleaved" in asked["transport"]:
                return self.status(asked, line)
            self.client_port = int(asked["transport"].partition("client_port=")[2].partition("-")[0])
            return self.ok(asked, "Session: 1", f"Transport: {asked['transport']};server_port=5000-5001")

        async def send(self, writer: asyncio.StreamWriter) -> None:
            loop = asyncio.get_running_loop()
            line, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=("127.0.0.1", self.client_port)
            )
            try:
                async for data in self.media():
                    line.sendto(data[4:])
            finally:
                line.close()

    facts = seen_by(UdpOnly())
    figures = measured(facts)
    assert figures.transport == "udp" and figures.frames > 2 and figures.rtp_lost_packets == 0
    assert [(fault.doing, fault.status) for fault in facts.faults] == [("SETUP", int(line[:3]))]
    refused = seen_by(UdpOnly(), transport=TransportChoice.TCP)
    assert code_of(refused) is FaultCode.RTSP_ERROR


@pytest.mark.parametrize(
    "transport",
    [
        "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= 1234ABCD",  # retina PR #128
        "ssrc=1;interleaved=0-1;RTP/AVP/TCP",  # retina#120
        'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=junk;mode="PLAY"',  # retina#79
        "RTP/AVP/TCP;interleaved=0",
    ],
)
def test_odd_transport_headers_are_understood(transport: str) -> None:
    class Odd(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session:  a b ; timeout = 10 ", f"Transport: {transport}")

    assert measured(seen_by(Odd())).frames > 2


def test_other_channels_than_asked_for_are_taken() -> None:
    class Channels(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5")

        async def media(self):  # type: ignore[no-untyped-def]
            async for data in super().media():
                yield data[:1] + b"\x04" + data[2:]

    assert measured(seen_by(Channels())).frames > 2


def test_multicast_is_no_transport_that_we_read() -> None:
    transport = "RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001"

    class Multicast(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 1", f"Transport: {transport}")

    camera = Multicast()
    assert code_of(seen_by(camera)) is FaultCode.RTSP_ERROR
    assert "TEARDOWN" in camera.methods()


def test_a_session_id_that_changes_is_followed() -> None:
    """retina changelog v0.4.6."""

    class Changing(Camera):
        def play(self, asked: Asked) -> bytes:
            assert asked["session"] == "7F3A"
            return self.ok(asked, "Session: 8888")

    camera = Changing()
    measured(seen_by(camera))
    assert camera.asked[-1].method == "TEARDOWN" and camera.asked[-1]["session"] == "8888"


@pytest.mark.parametrize(
    "info",
    [
        "",
        "RTP-Info: url=x;seq=0;rtptime=0;ssrc=1;",  # moonfire-nvr#224
        "RTP-Info: ;;;=,",
        "RTP-Info: url=trackID=1;rtptime=-1,url=;seq=70000",  # retina v0.4.6
    ],
)
def test_rtp_info_may_be_absent_or_junk(info: str) -> None:
    class Info(Camera):
        def play(self, asked: Asked) -> bytes:
            return self.ok(asked, *([info] if info else []))

    assert measured(seen_by(Info())).frames > 2


def test_per_track_play_is_tried_where_the_whole_is_not_allowed() -> None:
    class TrackOnly(Camera):
        def play(self, asked: Asked) -> bytes:
            if "trackID" not in asked.uri:
                return self.status(asked, "459 Aggregate Operation Not Allowed")
            return super().play(asked)

    camera = TrackOnly()
    assert measured(seen_by(camera)).frames > 2
    assert camera.asked[-1].method == "TEARDOWN" and "trackID" in camera.asked[-1].uri


# --- what it sends
# ----------------------------------------------------------------------------------------------


def test_an_ok_without_packets_is_no_video() -> None:
    """cameradar's --framecheck: 200 OK even when the route is wrong."""
    camera = Camera(frames=0)
    facts = seen_by(camera)
    assert code_of(facts) is FaultCode.NO_VIDEO and camera.methods()[-1] == "TEARDOWN"


@pytest.mark.parametrize("frames", [3, 10, 25])
def test_video_that_stops_is_stalled_wherever_it_stops(frames: int) -> None:
    facts = seen_by(Camera(frames=frames), window_s=1.5)
    assert code_of(facts) is FaultCode.STALLED


@pytest.mark.parametrize("frames", [0, 5])
def test_a_server_that_hangs_up_is_stalled(frames: int) -> None:
    class HangsUp(Camera):
        async def send(self, writer: asyncio.StreamWriter) -> None:
            await super().send(writer)
            writer.close()

    assert code_of(seen_by(HangsUp(frames=frames), window_s=1.5)) is FaultCode.STALLED


def test_packets_of_others_are_counted_and_ignored() -> None:
    """Payload type 50 while the camera turns (retina v0.3.1), data on channels of nobody
    (moonfire-nvr#213)."""

    class Noisy(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            yield from super().frame(number)
            yield on_channel(rtp(1, 1, b"x" * 30, payload_type=50))
            yield on_channel(rtp(number, 1, b"x" * 30), channel=9)

    figures = measured(seen_by(Noisy()))
    assert figures.stray_packets >= figures.frames and figures.rtp_lost_packets == 0
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01)


def test_data_before_the_answer_to_play_is_watched() -> None:
    """retina v0.3.6."""

    class Early(Camera):
        def play(self, asked: Asked) -> bytes:
            return b"".join(self.frame(0)) + super().play(asked)

    figures = measured(seen_by(Early()))
    assert figures.stray_packets == 0 and figures.keyframes >= 1


def test_odd_bytes_between_messages_are_skipped() -> None:
    class Padded(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            yield b"\x00\r\n"
            yield from super().frame(number)

    figures = measured(seen_by(Padded()))
    assert figures.frames > 2 and figures.rtp_lost_packets == 0


def test_a_request_of_the_server_is_answered_politely() -> None:
    class Asking(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            if number == 3:
                yield b"OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 77\r\n\r\n"
            yield from super().frame(number)

        async def read(self, reader: asyncio.StreamReader) -> Asked | None:
            try:
                return await super().read(reader)
            except ValueError:  # a status line where a request should be
                self.answered = True
                return await super().read(reader)

    camera = Asking()
    assert measured(seen_by(camera)).frames > 2 and camera.answered


def test_packets_after_teardown_do_no_harm() -> None:
    """live555 before 2017-06 (scottlamb/retina#17)."""

    class Stubborn(Camera):
        def teardown(self, asked: Asked) -> bytes:
            return b"".join(b"".join(self.frame(n)) for n in range(200)) + super().teardown(asked)

    camera = Stubborn()
    assert measured(seen_by(camera)).frames < 100 and camera.methods()[-1] == "TEARDOWN"


def test_teardown_is_sent_when_the_watch_is_cancelled() -> None:
    async def look() -> Camera:
        camera = Camera()
        async with running(camera) as uri:
            task = asyncio.create_task(watch(uri, window_s=30.0, budget_s=60.0))
            while "PLAY" not in camera.methods():
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            await asyncio.wait_for(camera.torn_down.wait(), 60)
        return camera

    assert asyncio.run(look()).methods()[-1] == "TEARDOWN"


def test_a_server_that_never_answers_teardown_is_left() -> None:
    class Silent(Camera):
        def teardown(self, asked: Asked) -> bytes:
            return b""

    assert measured(seen_by(Silent())).frames > 2


# --- keeping the session
# ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public", "refused", "expected"),
    [
        ("OPTIONS, GET_PARAMETER", False, ["GET_PARAMETER", "GET_PARAMETER"]),
        ("OPTIONS", False, ["OPTIONS", "OPTIONS"]),
        (
            "GET_PARAMETER",
            True,
            ["GET_PARAMETER", "OPTIONS", "OPTIONS"],
        ),  # retina v0.4.1 (rtsp-simple-server)
    ],
)
def test_the_session_is_kept_alive_at_half_its_time(public: str, refused: bool, expected: list[str]) -> None:
    """bluenviron/mediamtx#449: sessions of 20 s under keep-alives of 30 s."""

    class Short(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 5;timeout=2", f"Transport: {asked['transport']}")

        def get_parameter(self, asked: Asked) -> bytes:
            return self.status(asked, "405 Method Not Allowed") if refused else self.ok(asked)

    camera = Short(public=public)
    measured(seen_by(camera, window_s=2.7))
    between = camera.methods()[camera.methods().index("PLAY") + 1 : -1]
    assert between == expected


# --- logging in
# -------------------------------------------------------------------------------------------------


def locked_camera(**changes: Any) -> Camera:
    return Camera(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal(), **changes)


MD5 = 'Digest realm="cam", nonce="n1"'
SHA256 = 'Digest realm="cam", nonce="n2", algorithm=SHA-256, qop="auth"'
SHA512 = 'Digest realm="cam", nonce="n3", algorithm=SHA-512-256, qop="auth"'


@pytest.mark.parametrize(
    ("challenges", "used"),
    [
        pytest.param((MD5,), "digest-md5", id="RFC 2069 (retina#62)"),
        pytest.param((SHA256,), "digest-sha-256", id="SHA-256 only (go2rtc PR #2344)"),
        pytest.param((SHA512,), "digest-sha-512-256", id="SHA-512-256 only"),
        pytest.param((MD5, SHA256), "digest-sha-256", id="MD5 then SHA-256 (go2rtc PR #2451)"),
        pytest.param((SHA256, MD5), "digest-sha-256", id="SHA-256 then MD5"),
        pytest.param(('Basic realm="cam"', SHA256), "digest-sha-256", id="Basic first"),
        pytest.param((f'{MD5}, Basic realm="cam"',), "digest-md5", id="two in one line"),
        pytest.param((MD5 + "  ",), "digest-md5", id="trailing blanks (retina PR #77)"),
    ],
)
def test_every_digest_lets_us_in(challenges: tuple[str, ...], used: str) -> None:
    camera = locked_camera(challenges=challenges)
    facts = seen_by(camera, CREDENTIAL)
    assert measured(facts).frames > 2
    assert facts.access is not None and (facts.access.anonymous, facts.access.used) == (False, used)
    assert camera.methods().count("DESCRIBE") == 2 and camera.methods().count("SETUP") == 1


@pytest.mark.parametrize("allow_basic", [False, True])
def test_every_character_may_stand_in_a_password(allow_basic: bool) -> None:
    """opencv-python#848, mediamtx#2069, go2rtc#1032: "#", "@", "/" and "%" end an address for others."""
    secret = "".join(map(chr, range(32, 127))) + "ậ€"

    class Door(Camera):
        def is_right(self, asked: Asked) -> bool:
            scheme, _, parameters = asked["authorization"].partition(" ")
            if allow_basic:
                return scheme == "Basic" and base64.b64decode(parameters).decode() == f"viewer:{secret}"
            return super().is_right(asked)

    challenge = 'Basic realm="cam"' if allow_basic else MD5
    camera = Door(user="viewer", password=secret, challenges=(challenge,))
    facts = seen_by(camera, Credential("viewer", Secret(secret), allow_basic=allow_basic))
    assert measured(facts).frames > 2
    assert not any("viewer" in asked.uri for asked in camera.asked)


def test_a_wrong_password_is_refused_once_and_remembered() -> None:
    async def look() -> tuple[StreamFacts, StreamFacts, Camera]:
        camera, door = locked_camera(), doors()
        wrong = Credential(CREDENTIAL.user, Secret("hunter2"))
        async with running(camera) as uri:
            return await watch(uri, wrong, door), await watch(uri, wrong, door), camera

    first, second, camera = asyncio.run(look())
    assert code_of(first) is code_of(second) is FaultCode.AUTH_REJECTED
    assert sum("authorization" in asked.headers for asked in camera.asked) == 1


@pytest.mark.parametrize(
    ("line", "challenges"),
    [
        ("401 Unauthorized", (MD5.replace("n1", "n9") + ", stale=true",)),
        ("401 Unauthorized", (MD5,)),
        ("403 No", ()),
    ],
)
def test_a_server_that_refuses_for_ever_gets_two_answers_at_most(
    line: str, challenges: tuple[str, ...]
) -> None:
    class Never(Camera):
        def refusal(self, asked: Asked) -> bytes | None:
            if asked.method == "OPTIONS":
                return None
            if "authorization" not in asked.headers:
                return self.status(asked, "401 Unauthorized", f"WWW-Authenticate: {MD5}")
            return self.status(asked, line, *(f"WWW-Authenticate: {c}" for c in challenges))

    camera = Never()
    assert code_of(seen_by(camera, CREDENTIAL)) is FaultCode.AUTH_REJECTED
    assert sum("authorization" in asked.headers for asked in camera.asked) <= 2


@pytest.mark.parametrize("stale", [", stale=true", ""])
def test_a_nonce_that_expires_in_mid_session_is_renewed(stale: str) -> None:
    """Axis M5525 refuses keep-alives after a while and does not say stale (ngraziano/SharpRTSP#126)."""

    class Expiring(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 5;timeout=2", f"Transport: {asked['transport']}")

        def refusal(self, asked: Asked) -> bytes | None:
            nonce = "later" if "PLAY" in self.methods() else "first"
            fresh = f'nonce="{nonce}"' in asked["authorization"]
            if asked.method == "OPTIONS" or (fresh and self.is_right(asked)):
                return None
            later = stale if nonce == "later" else ""
            return self.status(
                asked, "401 Unauthorized", f'WWW-Authenticate: Digest realm="c", nonce="{nonce}"{later}'
            )

    camera = Expiring(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal())
    facts = seen_by(camera, CREDENTIAL, window_s=1.2)
    assert measured(facts).frames > 2
    assert camera.torn_down.is_set() and camera.refusal(camera.asked[-1]) is None


def test_a_login_asked_for_at_setup_only_is_given() -> None:
    class LateDoor(Camera):
        def refusal(self, asked: Asked) -> bytes | None:
            return None if asked.method == "DESCRIBE" else super().refusal(asked)

    facts = seen_by(LateDoor(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal()), CREDENTIAL)
    assert measured(facts).frames > 2
    assert facts.access is not None and facts.access.anonymous is True and facts.access.used == "digest-md5"


@pytest.mark.parametrize(
    ("challenges", "code"),
    [
        (('Basic realm="cam"',), FaultCode.AUTH_WOULD_LEAK),
        (("Negotiate",), FaultCode.AUTH_UNSUPPORTED),
        (('Digest realm="a", nonce="b", algorithm=SHA3',), FaultCode.AUTH_UNSUPPORTED),
        ((), FaultCode.AUTH_UNSUPPORTED),
    ],
)
def test_what_cannot_be_answered_safely_is_not_answered(challenges: tuple[str, ...], code: FaultCode) -> None:
    camera = locked_camera(challenges=challenges)
    assert code_of(seen_by(camera, CREDENTIAL)) is code
    assert not any("authorization" in asked.headers for asked in camera.asked)


def test_a_keep_alive_that_nobody_may_send_is_answered_once_more_and_no_more() -> None:
    """Every refusal names a new nonce: it is not the nonce's age that is wrong, and each answer may count as
    a try."""

    class Guarded(Camera):
        def setup(self, asked: Asked) -> bytes:
            return self.ok(asked, "Session: 5;timeout=2", f"Transport: {asked['transport']}")

        def refusal(self, asked: Asked) -> bytes | None:
            if asked.method == "GET_PARAMETER":
                challenge = f'Digest realm="cam", nonce="{len(self.asked)}"'
                return self.status(asked, "401 Unauthorized", f"WWW-Authenticate: {challenge}")
            return super().refusal(asked)

    camera = Guarded(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal())
    assert measured(seen_by(camera, CREDENTIAL, window_s=2.7)).frames > 2
    kept_alive = [
        asked for asked in camera.asked if asked.method == "GET_PARAMETER" and asked["authorization"]
    ]
    assert len(kept_alive) == 2


@pytest.mark.parametrize("method", ["SETUP", "PLAY"])
def test_a_login_that_is_refused_later_on_is_not_tried_again(method: str) -> None:
    """A viewer who may look at the description only: the rest of the session goes on without the log-in."""

    class Half(Camera):
        def refusal(self, asked: Asked) -> bytes | None:
            if asked.method in (method, "TEARDOWN"):
                return self.status(
                    asked, "401 Unauthorized", *(f"WWW-Authenticate: {c}" for c in self.challenges)
                )
            return super().refusal(asked)

    camera = Half(user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal())
    assert code_of(seen_by(camera, CREDENTIAL)) is FaultCode.AUTH_REJECTED
    refused = [asked for asked in camera.asked if camera.refusal(asked) and asked["authorization"]]
    assert [asked.method for asked in refused] == [method]
    assert (camera.methods()[-1] == "TEARDOWN") == (method == "PLAY")


def test_basic_goes_out_where_the_operator_allowed_it() -> None:
    class BasicCamera(Camera):
        def is_right(self, asked: Asked) -> bool:
            return asked["authorization"].startswith("Basic ")

    allowed = Credential(CREDENTIAL.user, CREDENTIAL.secret, allow_basic=True)
    facts = seen_by(BasicCamera(user="viewer", challenges=('Basic realm="cam"',)), allowed)
    assert measured(facts).frames > 2 and facts.access is not None and facts.access.used == "basic"


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("401 Locked: too many attempts", ()),
        ("401 illegal login, 3 times left", ()),
        ("401 Remaining times: 4", ()),
        ("401 Tài khoản bị khóa", ()),
        ("403 còn 3 lần thử", ()),
        ("401 Retry after 1800", ()),
        ("401 Unauthorized", ("Retry-After: 1800",)),
    ],
)
def test_a_camera_that_speaks_of_a_lock_is_left_alone(line: str, more: tuple[str, ...]) -> None:
    class Locking(Camera):
        def refusal(self, asked: Asked) -> bytes | None:
            if asked.method == "OPTIONS":
                return None
            answered = "authorization" in asked.headers
            challenge = f"WWW-Authenticate: {MD5}"
            return (
                self.status(asked, line, challenge, *more)
                if answered
                else self.status(asked, "401 Unauthorized", challenge)
            )

    async def look() -> tuple[StreamFacts, StreamFacts, bool]:
        camera, door = Locking(), doors()
        other = Credential("other", Secret("other"))
        async with running(camera) as uri:
            first, second = await watch(uri, CREDENTIAL, door), await watch(uri, other, door)
        assert sum("authorization" in asked.headers for asked in camera.asked) == 1
        return first, second, door.ledger.is_locked("127.0.0.1")

    first, second, locked = asyncio.run(look())
    assert code_of(first) is code_of(second) is FaultCode.LOCKED_OUT and locked
