"""UDP with loss and strangers, receiver reports, and TLS old and new."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.secret import Credential
from camagent.model.stream import StreamFacts, TransportChoice
from camagent.model.uri import StreamUri
from camagent.observe.rtcp import SENDER_REPORT, parse_rtcp
from camagent.observe.rtsp.datagrams import open_pair
from tests.observe.wire.camera import P_BODY, Asked, Camera, on_channel, rtp, running
from tests.observe.wire.test_gstreamer import certificate
from tests.observe.wire.test_track import receiver
from tests.observe.wire.watching import CREDENTIAL, doors, measured, watch

Wire = Callable[[int, bytes], list[bytes]]


class UdpCamera(Camera):
    """Sends its packets through `wire`, which may lose, double or swap them; keeps the reports that it
    gets."""

    def __init__(
        self, wire: Wire = lambda number, packet: [packet], source: str = "127.0.0.1", **fields: Any
    ) -> None:
        super().__init__(**fields)
        self.wire, self.source = wire, source
        self.reports: list[bytes] = []

    def setup(self, asked: Asked) -> bytes:
        self.client_port = int(asked["transport"].partition("client_port=")[2].partition("-")[0])
        if self.pair is None:
            return self.status(asked, "500 No ports")
        ports = self.pair.ports
        return self.ok(
            asked,
            "Session: 1",
            f"Transport: {asked['transport']};server_port={ports.rtp_port}-{ports.rtcp_port}",
        )

    async def send(self, writer: asyncio.StreamWriter) -> None:
        assert self.pair is not None
        number = 0
        async for data in self.media():
            for packet in self.wire(number, data[4:]):
                self.pair._rtp.sendto(packet, ("127.0.0.1", self.client_port))
            number += 1

    async def look(self, **options: Any) -> StreamFacts:
        self.pair = open_pair(self.source, "127.0.0.1")
        assert self.pair is not None
        asyncio.get_running_loop().add_reader(
            self.pair._rtcp,
            lambda: self.reports.append(self.pair._rtcp.recv(2048)),  # type: ignore[union-attr]
        )
        try:
            async with running(self) as uri:
                return await watch(uri, **{"transport": TransportChoice.UDP, **options})
        finally:
            self.pair.close()


def test_udp_in_order_is_measured_and_reported_back() -> None:
    camera = UdpCamera()
    figures = measured(asyncio.run(camera.look(window_s=2.8)))
    assert figures.transport == "udp" and figures.rtp_lost_packets == 0 and figures.stray_packets == 0
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01) and figures.limits == ()
    # mediamtx#1403: silence stops the camera
    assert camera.reports and not parse_rtcp(camera.reports[0]).malformed


@pytest.mark.parametrize("number_of", [lambda n: 7, lambda n: -n], ids=["all alike", "backwards"])
def test_datagrams_whose_numbers_count_nothing_are_measured(number_of: Callable[[int], int]) -> None:
    """No network turns nine packets of ten round: they are taken as they come, and loss is not told."""

    def renumbered(number: int, packet: bytes) -> list[bytes]:
        return [packet[:2] + (number_of(number) & 0xFFFF).to_bytes(2, "big") + packet[4:]]

    figures = measured(asyncio.run(UdpCamera(renumbered).look(window_s=1.5)))
    assert (figures.packets_numbered, figures.rtp_lost_packets, figures.transport) == (False, 0, "udp")
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.05) and figures.gop_length_frames == 10


@pytest.mark.parametrize(("lost_ratio", "jitter"), [(0.5, 0.0), (0.0, 50.0), (0.3, 200.0)])
def test_datagrams_that_are_lost_and_overtaken_are_numbered(lost_ratio: float, jitter: float) -> None:
    rng = random.Random(4)
    numbers = sorted(range(3000), key=lambda n: n + rng.uniform(0, jitter))
    track = receiver()
    for number in numbers:
        if rng.random() >= lost_ratio:
            packet = bytearray(rtp(number, number // 3 * 1800, b"\x41" + P_BODY, marker=number % 3 == 2))
            track.feed_datagram(packet, len(packet), number / 150)
    assert track.is_numbered


class Undecided(UdpCamera):
    """Stamps claim twice as many frames as come; small frames of one size show nothing of how they came."""

    def __init__(self) -> None:
        super().__init__(fps=40, gop=10_000)

    def frame(self, number: int) -> Iterator[bytes]:
        stamp = number * 90_000 // (2 * self.fps)
        yield on_channel(rtp(self.next_sequence(), stamp, b"\x41" + P_BODY, marker=True))

    def setup(self, asked: Asked) -> bytes:
        self.inside = "interleaved" in asked["transport"]
        return Camera.setup(self, asked) if self.inside else super().setup(asked)

    async def send(self, writer: asyncio.StreamWriter) -> None:
        await (Camera.send(self, writer) if self.inside else super().send(writer))


@pytest.mark.parametrize("transport", [TransportChoice.AUTO, TransportChoice.TCP])
def test_what_tcp_leaves_undecided_is_looked_at_over_datagrams(
    transport: TransportChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One session at a time, the first torn down; only where the operator allows datagrams."""
    monkeypatch.setattr("camagent.observe.watch.SECOND_WINDOW_S", 1.5)
    camera = Undecided()
    figures = measured(asyncio.run(camera.look(window_s=1.4, transport=transport, budget_s=20.0)))
    session = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert figures.transport == "tcp"
    if transport is TransportChoice.TCP:
        assert (camera.methods(), figures.frame_rate_hz) == (session, None)
        return
    assert camera.methods() == 2 * session
    assert figures.frame_rate_hz == pytest.approx(
        40.0, abs=max(2.0, figures.frame_rate_uncertainty_hz or 0.0)
    )
    assert (figures.frame_rate_basis, figures.rate_decided_over_udp) == ("arrivals", True)


@pytest.mark.slow
def test_a_report_tells_the_loss_since_the_one_before() -> None:
    """RFC 3550 §6.4.1: a camera that adapts to its reports must not hear of old loss for ever."""

    def wire(number: int, packet: bytes) -> list[bytes]:
        return [] if 20 <= number < 60 and number % 2 else [packet]

    camera = UdpCamera(wire)
    figures = measured(asyncio.run(camera.look(window_s=8.5, budget_s=20.0)))
    reports = [report for report in camera.reports if report[1] == 201 and report[0] & 0x1F]
    assert figures.rtp_lost_packets == 20 and len(reports) == 2
    assert reports[0][12] > 0 and reports[1][12] == 0
    assert [int.from_bytes(report[13:16], "big") for report in reports] == [20, 20]


def test_reports_go_where_the_cameras_come_from_if_it_named_no_port() -> None:
    class Silent(UdpCamera):
        def setup(self, asked: Asked) -> bytes:
            super().setup(asked)
            return self.ok(asked, "Session: 1", f"Transport: {asked['transport']}")

        async def send(self, writer: asyncio.StreamWriter) -> None:
            assert self.pair is not None
            report = bytes((0x80, SENDER_REPORT, 0, 6)) + bytes(24)
            self.pair._rtcp.sendto(report, ("127.0.0.1", self.client_port + 1))
            await super().send(writer)

    camera = Silent()
    measured(asyncio.run(camera.look(window_s=3.0, budget_s=20.0)))
    assert camera.reports


def test_lost_packets_are_the_networks_and_not_the_cameras() -> None:
    """bluenviron/mediamtx#1328: loss looks like a bad camera."""
    figures = measured(
        asyncio.run(UdpCamera(lambda n, p: [] if n % 20 == 13 else [p], fps=100).look(window_s=1.0))
    )
    expected = (figures.rtp_packets + figures.rtp_lost_packets) / 20
    assert abs(figures.rtp_lost_packets - expected) <= 2
    assert figures.frame_rate_hz == pytest.approx(100.0, rel=0.01)


def test_swapped_and_doubled_packets_are_put_right() -> None:
    held: list[bytes] = []

    def swapping(number: int, packet: bytes) -> list[bytes]:
        if number % 10 == 4:
            held.append(packet)
            return []
        late = [held.pop()] if held else []
        return [packet, *late, packet] if number % 10 == 8 else [packet, *late]

    figures = measured(asyncio.run(UdpCamera(swapping, fps=100).look(window_s=1.0)))
    assert (
        figures.rtp_lost_packets == 0
        and figures.rtp_reordered_packets > 10
        and figures.rtp_duplicate_packets > 10
    )


def test_packets_from_another_address_are_not_the_cameras() -> None:
    figures = asyncio.run(UdpCamera(source="127.0.0.2").look())
    assert isinstance(figures.measured, Fault) and figures.measured.code is FaultCode.NO_VIDEO


def test_a_port_pair_is_even_and_odd() -> None:
    async def ports() -> tuple[int, int]:
        pair = open_pair("127.0.0.1", "127.0.0.1")
        assert pair is not None
        rtp, rtcp = pair.ports.rtp_port, pair.ports.rtcp_port
        pair.close()
        return rtp, rtcp

    rtp, rtcp = asyncio.run(ports())
    assert rtp % 2 == 0 and rtcp == rtp + 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_datagrams_that_found_no_room_are_our_loss() -> None:
    async def dropped() -> tuple[int, int]:
        pair = open_pair("127.0.0.1", "127.0.0.1")
        assert pair is not None
        pair._rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = pair.dropped()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(100):
                sender.sendto(bytes(1000), ("127.0.0.1", pair.ports.rtp_port))
        after = pair.dropped()
        pair.close()
        return before, after

    before, after = asyncio.run(dropped())
    assert before == 0 and after > 50


def test_reports_and_the_senders_clock_over_tcp() -> None:
    class Reporting(Camera):
        def frame(self, number: int):  # type: ignore[no-untyped-def]
            yield from super().frame(number)
            if number == 5:
                now = 2_208_988_800 + 1_000_000_000  # September 2001: a camera with an empty battery
                fields = (0x1234ABCD, now, 0, 0, 0, 0)
                yield on_channel(
                    bytes((0x80, SENDER_REPORT, 0, 6)) + b"".join(f.to_bytes(4, "big") for f in fields), 1
                )

    async def look() -> StreamFacts:
        async with running(Reporting()) as uri:
            return await watch(uri)

    offset = measured(asyncio.run(look())).sender_clock_offset_s
    assert offset is not None and offset < -20 * 365 * 86_400


# --- TLS
# --------------------------------------------------------------------------------------------------------


def server_context(folder: Path, *, oldest: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if oldest:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate(folder))
    return context


async def over_tls(
    camera: Camera, context: ssl.SSLContext, credential: Credential | None, **door: Any
) -> StreamFacts:
    async with running(camera, context) as uri:
        return await watch(uri, credential, doors(**door))


class BasicCamera(Camera):
    def is_right(self, asked: Asked) -> bool:
        return asked["authorization"].startswith("Basic ")


@pytest.mark.parametrize("oldest", [False, True])
def test_tls_old_and_new_is_spoken(tmp_path: Path, oldest: bool) -> None:
    camera = Camera()
    facts = asyncio.run(over_tls(camera, server_context(tmp_path, oldest=oldest), None))
    assert measured(facts).frames > 2
    assert (
        facts.access is not None
        and facts.access.encrypted
        and len(facts.access.tls_fingerprint_sha256 or "") == 64
    )


def test_basic_is_answered_inside_tls_to_a_certificate_of_an_earlier_run(tmp_path: Path) -> None:
    camera = BasicCamera(user="viewer", challenges=('Basic realm="cam"',))
    context = server_context(tmp_path)
    first = asyncio.run(over_tls(camera, context, CREDENTIAL))
    assert isinstance(first.measured, Fault) and first.measured.code is FaultCode.AUTH_WOULD_LEAK
    assert first.access is not None and first.access.tls_fingerprint_sha256
    facts = asyncio.run(over_tls(camera, context, CREDENTIAL, tls=first.access.tls_fingerprint_sha256))
    assert measured(facts).frames > 2 and facts.access is not None and facts.access.used == "basic"


def test_a_certificate_that_changed_gets_no_basic_login(tmp_path: Path) -> None:
    camera = BasicCamera(user="viewer", challenges=('Basic realm="cam"',))
    facts = asyncio.run(over_tls(camera, server_context(tmp_path), CREDENTIAL, tls="00" * 32))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.AUTH_WOULD_LEAK
    assert not any("authorization" in asked.headers for asked in camera.asked)


@pytest.mark.parametrize("greeting", [b"RTSP/1.0 400 Bad Request\r\n\r\n", b""])
def test_a_plain_server_behind_rtsps_is_a_tls_failure(greeting: bytes) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(greeting)
        writer.close()

    async def look() -> StreamFacts:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await watch(StreamUri("rtsps", "127.0.0.1", port, "/"))
        finally:
            server.close()

    facts = asyncio.run(look())
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.TLS_FAILED


def test_a_silent_server_behind_rtsps_costs_one_step() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async def look() -> StreamFacts:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await watch(StreamUri("rtsps", "127.0.0.1", port, "/"), budget_s=0.5)
        finally:
            server.close()

    facts = asyncio.run(look())
    assert isinstance(facts.measured, Fault) and facts.measured.code in (
        FaultCode.TIMEOUT,
        FaultCode.TLS_FAILED,
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b"])
def test_a_name_that_nobody_has_is_unreachable(host: str) -> None:
    facts = asyncio.run(watch(StreamUri("rtsp", host, 554, "/"), budget_s=5.0))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.UNREACHABLE


def test_an_address_without_a_port_for_streams_is_not_asked() -> None:
    facts = asyncio.run(watch(StreamUri("http", "127.0.0.1", 80, "/")))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.UNSUPPORTED


async def endless(camera: Camera) -> AsyncIterator[bytes]:
    number = 0
    while True:
        yield b"".join(camera.frame(number))
        number += 1
        await asyncio.sleep(0)


@pytest.mark.slow
def test_a_peer_that_floods_costs_its_window_and_no_more() -> None:
    class Flooding(Camera):
        def media(self) -> AsyncIterator[bytes]:
            return endless(self)

    async def look() -> StreamFacts:
        async with running(Flooding()) as uri:
            return await watch(uri, window_s=0.3)

    facts = asyncio.run(look())
    assert isinstance(facts.measured, Fault) or facts.measured.frames > 20
