"""Cameras whose packets mislead, and a checker that is itself too slow: the numbers stay true, or are not
believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamFacts
from camagent.model.uri import StreamUri
from camagent.observe.rtcp import GOODBYE
from camagent.observe.rtsp.client import StepLimits
from tests.observe.wire.camera import (
    P_BODY,
    PPS,
    SPS,
    SSRC,
    Asked,
    Camera,
    fragments,
    on_channel,
    rtp,
    running,
)
from tests.observe.wire.watching import KeepingJudge, doors, measured, watch

RECOVERY_SEI = b"\x06\x06\x01\xc4\x80"  # recovery_frame_cnt 1 … a gradual refresh, no keyframe


def seen_by(camera: Camera, **options: Any) -> StreamFacts:
    async def look() -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, **options)

    return asyncio.run(look())


def test_a_burst_at_the_start_is_not_the_rate() -> None:
    """blakeblackshear/frigate#6097: more than 100 fps after connecting, because the last GOP comes at
    once."""

    class Bursting(Camera):
        async def media(self) -> AsyncIterator[bytes]:
            for number in range(30):
                yield b"".join(self.frame(number))
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            for number in range(30, 1000):
                yield b"".join(self.frame(number))
                await asyncio.sleep(began_s + (number - 29) / self.fps - loop.time())

    burst, steady = measured(seen_by(Bursting(), window_s=1.5)), measured(seen_by(Camera(), window_s=1.5))
    assert burst.frame_rate_hz == pytest.approx(50.0, rel=0.01)
    assert burst.bitrate_bps == pytest.approx(steady.bitrate_bps, rel=0.3)


def test_a_declared_rate_is_not_the_measured_one() -> None:
    """SharpRTSP#39, frigate#8881: the description says 25 for ever."""
    camera = Camera(fps=12)
    camera.sdp += "a=framerate:25\r\n"
    facts = seen_by(camera, window_s=1.5)
    assert measured(facts).frame_rate_hz == pytest.approx(12.0, rel=0.02)
    assert facts.declared is not None and facts.declared.sdp_frame_rate_hz == 25.0


def test_time_stamps_that_lie_are_found_out_by_arrivals() -> None:
    """roflcoopter/viseron#7: 180000 fps."""

    class Lying(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            yield on_channel(rtp(self.next_sequence(), number, b"\x41" + P_BODY, marker=True))

    figures = measured(seen_by(Lying(), window_s=2.0))
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.3)


def test_gradual_refresh_is_not_a_keyframe_and_not_a_fault() -> None:
    class Refreshing(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            payloads = [SPS, PPS, RECOVERY_SEI] if number % 10 == 0 else []
            payloads += fragments(b"\x41" + P_BODY)
            for at, payload in enumerate(payloads):
                stamp = number * 1800
                yield on_channel(rtp(self.next_sequence(), stamp, payload, marker=at == len(payloads) - 1))

    facts = seen_by(Refreshing(), door=doors(pictures=KeepingJudge()))
    figures = measured(facts)
    assert (figures.keyframes, facts.image) == (0, None) and figures.recovery_points >= 2
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01)


def test_packets_of_an_old_session_are_not_ours() -> None:
    """live555 before 2017-06 goes on with the session of the client before (scottlamb/retina#17)."""

    class Haunted(Camera):
        def options(self, asked: Asked) -> bytes:
            old = b"".join(on_channel(rtp(n, n, b"\x41" + P_BODY, ssrc=1)) for n in range(20))
            return old + super().options(asked)

    figures = measured(seen_by(Haunted()))
    assert figures.stray_packets == 20 and figures.rtp_lost_packets == 0
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01)


def test_other_packets_do_not_hide_that_the_video_stopped() -> None:
    """Metadata of another payload type on the video channel (retina v0.3.1, GeoVision) goes on for ever."""

    class Metadata(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            if number < 8:
                yield from super().frame(number)
            yield on_channel(rtp(number, number, b"ptz", payload_type=50))

    facts = seen_by(Metadata(), window_s=1.5)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED


def test_a_goodbye_followed_by_silence_is_believed_at_once() -> None:
    class Leaving(Camera):
        async def media(self) -> AsyncIterator[bytes]:
            for number in range(6):
                yield b"".join(self.frame(number))
                await asyncio.sleep(1 / self.fps)
            yield on_channel(bytes((0x81, GOODBYE, 0, 1)) + SSRC.to_bytes(4, "big"), 1)

    facts = seen_by(Leaving(), window_s=6.0, budget_s=20.0, limits=StepLimits(stall_s=15.0))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED
    assert facts.measured.elapsed_s < 10.0


def test_our_own_slowness_is_told_with_the_numbers() -> None:
    async def look() -> StreamFacts:
        async with running(Camera()) as uri:
            asyncio.get_running_loop().call_later(0.4, time.sleep, 0.8)
            return await watch(uri, window_s=2.0)

    assert "loop_lag" in measured(asyncio.run(look())).limits


def test_a_server_that_gave_us_up_while_we_slept_is_not_a_stream_that_stopped() -> None:
    class Impatient(Camera):
        async def send(self, writer: asyncio.StreamWriter) -> None:
            await super().send(writer)
            writer.transport.abort()

    async def look() -> StreamFacts:
        async with running(Impatient(frames=30)) as uri:
            asyncio.get_running_loop().call_later(0.3, time.sleep, 0.8)
            return await watch(uri, window_s=2.0)

    facts = asyncio.run(look())
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.BUDGET_SPENT


def test_a_peer_that_answers_by_drops_costs_one_step() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        try:
            for byte in b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n" + b"X: y\r\n" * 1000:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            writer.close()

    async def look() -> StreamFacts:
        server = await asyncio.start_server(dripping, "127.0.0.1", 0)
        try:
            return await watch(StreamUri("rtsp", "127.0.0.1", server.sockets[0].getsockname()[1], "/"))
        finally:
            server.close()

    facts = asyncio.run(look())
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.TIMEOUT
    assert facts.measured.elapsed_s < 6.0


def test_addresses_of_version_six_are_reached() -> None:
    async def look() -> StreamFacts:
        camera = Camera()
        server = await asyncio.start_server(camera.serve, "::1", 0)
        camera.uri = StreamUri("rtsp", "::1", server.sockets[0].getsockname()[1], "/live")
        try:
            return await watch(camera.uri)
        finally:
            server.close()

    assert measured(asyncio.run(look())).frames > 2
