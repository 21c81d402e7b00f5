"""Streams over lines that are too slow for them, or that break: the line is named, the camera is not
blamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamFacts
from camagent.model.uri import StreamUri
from camagent.simulator.load import LoadOrder, open_load
from tests.network.impaired import Line, carried, tcp_line
from tests.observe.wire.camera import Camera, running
from tests.observe.wire.watching import measured, watch


async def through(line: Line, clip: str, window_s: float) -> StreamFacts:
    async with open_load(LoadOrder(1, clip, False, "127.0.0.1", 0)) as server:
        with tcp_line(("127.0.0.1", server.port), line) as (host, port):
            limits = {"budget_s": 40.0}
            return await watch(StreamUri("rtsp", host, port, "/0"), window_s=window_s, **limits)  # type: ignore[arg-type]


@pytest.mark.first_case
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
    assert figures.arrival_frame_rate_hz is not None and figures.arrival_frame_rate_hz < truth_hz / 1.5
    assert figures.gop_at_least_s is None or figures.gop_at_least_s < 3.0


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
