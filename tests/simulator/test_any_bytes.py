"""Whatever a client sends, the simulated servers answer, refuse or wait; they never fall over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.simulator.bursts import BurstMaker, RtpIdentity, packetized
from camagent.simulator.clips import load_clip
from camagent.simulator.describe import Description
from camagent.simulator.doors import DoorKeeper, SimulatedDoor
from camagent.simulator.live_clip import LiveSource
from camagent.simulator.onvif_xml import NotSoap, SoapRequest, envelope, parse_soap_request
from camagent.simulator.probe_answers import parse_probe
from camagent.simulator.rtsp_connection import ServedConnection
from camagent.simulator.rtsp_messages import MAX_REQUEST_BYTES
from camagent.simulator.rtsp_server import RtspServer
from camagent.simulator.rtsp_shared import Mount, RtspSettings
from tests.floor import judged, not_vacuous

WORD = st.one_of(
    st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=30),
    st.sampled_from(["9" * 5000, "RTP/AVP;client_port=99999999-1", "RTP/AVP/TCP;interleaved=300-301"]),
)
METHOD = st.sampled_from(
    ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "TEARDOWN", "RECORD", ""]
)
URL = st.one_of(
    WORD,
    st.sampled_from(
        ["rtsp://h/live", "rtsp://h/live/trackID=1", "rtsp://[", "*", "rtsp://h/live/?a/trackID=2"]
    ),
)
HEADER = st.tuples(st.sampled_from(["CSeq", "Transport", "Session", "Content-Length", "Authorization"]), WORD)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    lines = [
        f"{draw(METHOD)} {draw(URL)} RTSP/1.0",
        *(f"{name}: {value}" for name, value in draw(st.lists(HEADER, max_size=4))),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Wire(asyncio.Transport):
    """A transport that only remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5) if name == "peername" else default

    def get_write_buffer_size(self) -> int:
        return 0


@not_vacuous(0.2)
@settings(max_examples=300)
@given(
    st.lists(st.one_of(requests(), st.binary(max_size=200), st.just(b"$\x00\x00\x04abcd")), max_size=8),
    st.integers(1, 50),
)
def test_an_rtsp_connection_survives_any_bytes_in_any_pieces(messages: list[bytes], piece: int) -> None:
    async def run() -> Wire:
        source = LiveSource(BurstMaker(packetized("sub_360p_h264"), RtpIdentity(1, 2, 3)))
        server = RtspServer(
            RtspSettings("127.0.0.1", 0), {"/live": Mount(source, Description(load_clip("sub_360p_h264")))}
        )
        connection, wire = ServedConnection(server), Wire()
        connection.connection_made(wire)
        stream = b"".join(messages)
        for at in range(0, len(stream), piece):
            connection.data_received(stream[at : at + piece])
        connection.connection_lost(None)
        await server.close()
        return wire

    wire = asyncio.run(run())
    judged(wire.sent != b"")
    assert wire.sent == b"" or wire.sent.startswith(b"RTSP/1.0 ")


def test_what_never_becomes_a_request_is_cut_off() -> None:
    async def run() -> bool:
        connection, wire = ServedConnection(RtspServer(RtspSettings("127.0.0.1", 0), {})), Wire()
        connection.connection_made(wire)
        connection.data_received(b"x" * (MAX_REQUEST_BYTES + 1))
        return wire.closed

    assert asyncio.run(run())


@not_vacuous(0.1)
@given(
    st.binary(max_size=300)
    | st.builds(
        lambda head, body: envelope(f"<{head}>{body}</{head}>"),
        st.from_regex(r"(tds:|trt:|q:)?[A-Za-z]{1,8}", fullmatch=True),
        st.text(max_size=40),
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_soap_is_a_request_or_refused(body: bytes) -> None:
    request = None
    with suppress(NotSoap):
        request = parse_soap_request(body)
        assert isinstance(request, SoapRequest)
    judged(request is not None)


@given(st.binary(max_size=300))
def test_a_datagram_is_a_probe_or_nothing(datagram: bytes) -> None:
    assert parse_probe(datagram) is None


@given(st.text(max_size=200))
def test_no_text_opens_the_door_by_chance(authorization: str) -> None:
    keeper = DoorKeeper(SimulatedDoor("admin", "hunter2", ("digest-md5", "basic")))
    keeper.challenge_lines()
    assert not keeper.admits("DESCRIBE", authorization)
    assert not keeper.admits("DESCRIBE", f"Digest {authorization}")
