"""Streams over lines that are too slow for them, or that break: the line is named, the camera is not
blamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Outcome
from camagent.model.stream import StreamFacts, TransportChoice
from camagent.model.uri import StreamUri
from camagent.observe.rtsp.datagrams import open_pair
from camagent.simulator.load import LoadOrder, open_load
from tests.assess.judging import judged, with_main
from tests.network.impaired import Line, carried, tcp_line
from tests.observe.wire.camera import Asked, Camera, on_channel, rtp, running
from tests.observe.wire.test_transports import UdpCamera
from tests.observe.wire.watching import measured, watch


async def through(line: Line, clip: str, window_s: float) -> StreamFacts:
    async with open_load(LoadOrder(1, clip, False, "127.0.0.1", 0)) as server:
        with tcp_line(("127.0.0.1", server.port), line) as (host, port):
            limits = {"budget_s": 40.0}
            return await watch(StreamUri("rtsp", host, port, "/0"), window_s=window_s, **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clip", "rate_bps", "truth_hz"),
    [
        ("load_1080p_h264", 256_000, 25.0),
        ("load_1080p_h264", 900_000, 25.0),
        ("main_4mp_h265", 512_000, 25.0),
        ("old_720p_mjpeg", 512_000, 12.0),
    ],
)
def test_a_slow_line_is_named_and_its_camera_not_judged(clip: str, rate_bps: float, truth_hz: float) -> None:
    facts = asyncio.run(through(Line(rate_bps=rate_bps), clip, 4.0))
    figures = measured(facts)
    assert "network_slow" in figures.limits
    assert (figures.frame_rate_basis, figures.frame_rate_hz) == ("stamps", pytest.approx(truth_hz, rel=0.01))  # type: ignore[comparison-overlap]
    assert figures.arrival_frame_rate_hz is not None and figures.arrival_frame_rate_hz < truth_hz / 1.1
    assert figures.gop_at_least_s is None or figures.gop_at_least_s < 3.0


MBPS = 1e6


@pytest.mark.parametrize(
    "phases_bps",
    [
        ((5.0, 1.2 * MBPS),),
        ((3.0, 1.2 * MBPS), (6.0, 20 * MBPS)),
        tuple((2.0 * turn, 1.2 * MBPS if turn % 2 else 20 * MBPS) for turn in range(10)),
    ],
    ids=["from the middle on", "for a part", "by turns"],
)
def test_a_line_that_is_slow_for_a_part_of_the_window_is_named(
    phases_bps: tuple[tuple[float, float], ...],
) -> None:
    facts = asyncio.run(through(Line(rate_bps=20 * MBPS, phases_bps=phases_bps), "load_1080p_h264", 10.0))
    figures = measured(facts)
    assert "network_slow" in figures.limits
    rate_hz, doubt_hz = figures.frame_rate_hz, figures.frame_rate_uncertainty_hz
    assert rate_hz is None or abs(rate_hz - 25.0) <= max(0.75, doubt_hz or 0.0)


def test_a_line_on_which_hardly_a_frame_comes_whole_is_slow_and_its_camera_alive() -> None:
    figures = measured(asyncio.run(through(Line(rate_bps=64_000), "old_720p_mjpeg", 3.0)))
    assert figures.frames < 6 and "network_slow" in figures.limits
    finding = judged("stream_plays", with_main(measured=figures))
    assert finding.outcome in (Outcome.PASS, Outcome.NOT_ASSESSED)


def test_a_line_with_room_is_not_slow() -> None:
    figures = measured(asyncio.run(through(Line(rate_bps=12_000_000), "load_1080p_h264", 3.0)))
    assert "network_slow" not in figures.limits
    assert figures.frame_rate_hz == pytest.approx(25.0, rel=0.01)


def test_a_line_that_breaks_is_a_stream_that_stopped() -> None:
    facts = asyncio.run(through(Line(rate_bps=20_000_000, cut_after_s=1.0), "load_1080p_h264", 3.0))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED


class Pausing(Camera):
    """No frame between two moments; what was taken meanwhile is not sent later."""

    begins_s, lasts_s = 2.2, 1.4

    async def media(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(self.frames):
            at_s = number / self.fps
            if not self.begins_s <= at_s < self.begins_s + self.lasts_s:
                for packet in self.frame(number):
                    yield packet
            await asyncio.sleep(began_s + (number + 1) / self.fps - loop.time())


def test_a_pause_at_the_end_of_the_window_is_not_death() -> None:
    async def look() -> StreamFacts:
        async with running(Pausing()) as uri:
            return await watch(uri, window_s=2.5)

    figures = measured(asyncio.run(look()))
    assert figures.frames > 100 and figures.gop_length_frames == 10


def test_datagrams_are_lost_late_and_overtaken_as_planned() -> None:
    sent = [bytes([n]) * 1000 for n in range(200)]
    line = Line(lost_ratio=0.1, jitter_s=0.05, delay_s=0.2)
    came = carried(sent, line, every_s=0.01)
    assert came == carried(sent, line, every_s=0.01)  # a plan is a plan
    assert 160 <= len(came) <= 198 and all(at_s >= 0.2 for at_s, _ in came)
    order = [datagram[0] for _, datagram in came]
    assert order != sorted(order)
    slow = carried(sent, Line(rate_bps=80_000), every_s=0.01)
    assert slow[-1][0] == pytest.approx(200 * 0.1, rel=0.01)


class EvenFrames(UdpCamera):
    """Frames of one size, each a packet: inside a connection a slow line and stamps that lie look alike."""

    claimed_hz, host = 40, "127.0.0.9"

    def frame(self, number: int) -> Iterator[bytes]:
        kind = b"\x65\x88" if number == 0 else b"\x41\x9a"
        stamp = number * 90_000 // self.claimed_hz
        yield on_channel(rtp(self.next_sequence(), stamp, kind + bytes([33]) * 900, marker=True))

    def setup(self, asked: Asked) -> bytes:
        self.inside = "interleaved" in asked["transport"]
        return Camera.setup(self, asked) if self.inside else super().setup(asked)

    async def send(self, writer: asyncio.StreamWriter) -> None:
        if self.inside:
            return await Camera.send(self, writer)
        assert self.pair is not None
        async for data in self.media():
            self.pair._rtp.sendto(data[4:], (self.host, self.client_port))
        return None


class LyingEvenFrames(EvenFrames):
    claimed_hz = 60


@pytest.mark.parametrize(
    ("camera", "line", "basis", "limits"),
    [
        (EvenFrames, Line(rate_bps=180_000), "stamps", ("network_slow",)),
        (LyingEvenFrames, Line(lost_ratio=0.002, jitter_s=0.02, delay_s=0.03), "arrivals", ()),
    ],
)
def test_the_second_look_goes_over_the_same_bad_line(
    camera: type[EvenFrames], line: Line, basis: str, limits: tuple[str, ...]
) -> None:
    """Real sockets: TCP with back-pressure, datagrams that are lost, held back and dropped."""

    async def look() -> StreamFacts:
        sender = camera(fps=40, gop=100_000)
        sender.pair = open_pair("127.0.0.1", "127.0.0.9")
        async with running(sender) as uri:
            with tcp_line((uri.host, uri.port), line, camera.host, datagrams=True) as (host, port):
                return await watch(StreamUri("rtsp", host, port, "/live"), window_s=6.0, budget_s=40.0)

    figures = measured(asyncio.run(look()))
    assert figures.transport == "tcp" and figures.rate_decided_over_udp
    assert (figures.frame_rate_basis, figures.limits) == (basis, limits)
    doubt_hz = max(0.03 * 40, figures.frame_rate_uncertainty_hz or 0.0)
    assert figures.frame_rate_hz == pytest.approx(40.0, abs=doubt_hz) and doubt_hz < 8


@pytest.mark.parametrize(
    ("line", "least", "most"),
    [(Line(lost_ratio=0.01, jitter_s=0.01), 0.003, 0.03), (Line(jitter_s=0.03, delay_s=0.05), 0.0, 0.0)],
)
def test_the_simulated_camera_is_measured_over_a_careless_line(line: Line, least: float, most: float) -> None:
    """Datagrams that are lost and overtake each other: loss is told as it is, nothing else is bent."""

    async def look() -> StreamFacts:
        async with open_load(LoadOrder(1, "load_1080p_h264", True, "127.0.0.1", 0)) as server:
            with tcp_line(("127.0.0.1", server.port), line, "127.0.0.9", datagrams=True) as (host, port):
                uri = StreamUri("rtsp", host, port, "/0")
                return await watch(uri, window_s=5.0, budget_s=40.0, transport=TransportChoice.UDP)

    figures = measured(asyncio.run(look()))
    assert figures.transport == "udp" and figures.rtp_reordered_packets > 0 and figures.limits == ()
    lost_ratio = figures.rtp_lost_packets / (figures.rtp_packets + figures.rtp_lost_packets)
    assert least <= lost_ratio <= most
    assert figures.frame_rate_hz == pytest.approx(25.0, rel=0.01)
    assert figures.gop_length_frames in (50, None)
