"""Many connections at once are read in turns: the same facts, and the same ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamFacts
from camagent.observe.receiver import TrackReceiver
from camagent.observe.rtsp.batching import MIN_CONNECTIONS
from tests.observe.wire.camera import P_BODY, SDP, Camera, fragments, on_channel, rtp, running
from tests.observe.wire.watching import doors, measured, watch

CAMERAS = MIN_CONNECTIONS + 4


class HangsUp(Camera):
    async def send(self, writer: asyncio.StreamWriter) -> None:
        await super().send(writer)
        writer.close()


class Resets(Camera):
    async def send(self, writer: asyncio.StreamWriter) -> None:
        await super().send(writer)
        writer.transport.abort()


def many(make: Callable[[], Camera]) -> tuple[list[Camera], list[StreamFacts]]:
    cameras, facts = attempts(make)
    assert all(isinstance(each, StreamFacts) for each in facts), facts
    return cameras, [each for each in facts if isinstance(each, StreamFacts)]


def attempts(make: Callable[[], Camera]) -> tuple[list[Camera], list[StreamFacts | BaseException]]:
    async def one(camera: Camera) -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, door=door, window_s=1.5)

    async def look() -> list[StreamFacts | BaseException]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: pytest.fail(str(context)))
        return await asyncio.gather(*(one(camera) for camera in cameras), return_exceptions=True)

    door, cameras = doors(), [make() for _ in range(CAMERAS)]
    return cameras, asyncio.run(look())


def test_many_at_once_are_measured_and_torn_down() -> None:
    cameras, facts = many(Camera)
    for camera, each in zip(cameras, facts, strict=True):
        figures = measured(each)
        assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.01) and figures.rtp_lost_packets == 0
        assert camera.methods()[-1] == "TEARDOWN"


@pytest.mark.parametrize("kind", [HangsUp, Resets])
def test_many_that_hang_up_are_all_noticed(kind: Callable[..., Camera]) -> None:
    _, facts = many(lambda: kind(frames=10))
    codes = {each.measured.code for each in facts if isinstance(each.measured, Fault)}
    assert codes == {FaultCode.STALLED} and len(facts) == CAMERAS


def test_frames_larger_than_a_read_are_no_sign_of_slowness() -> None:
    """MJPEG of 4K: 600 kB a frame, ten times a second; one read of a turn holds 256 kB."""

    class Heavy(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            for at in range(10):
                payload = fragments(b"\x41" + P_BODY, 1)[0] if at == 0 else bytes((0x5C, 1)) + bytes(60_000)
                stamp = self.first_timestamp + number * 90_000 // self.fps
                yield on_channel(rtp(self.next_sequence(), stamp, payload, marker=at == 9))

    made: list[Camera] = []

    def make() -> Camera:
        made.append(Heavy(fps=10) if len(made) == 3 else Camera())
        return made[-1]

    _, facts = many(make)
    figures = measured(facts[3])
    assert figures.limits == () and figures.rtp_lost_packets == 0
    assert figures.frame_rate_hz == pytest.approx(10.0, rel=0.01)
    assert figures.bitrate_bps is None  # this sender has no keyframe: there is no whole group to sum up


def test_a_mistake_of_ours_costs_the_one_camera_that_met_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Camera] = []
    feed = TrackReceiver.feed_interleaved

    def mistaken(self: TrackReceiver, buffer: bytearray, at: int, end: int, now_s: float) -> int:
        if self.builder.timestamp > 900_000 and self.plan.payload_type == 111:
            raise RuntimeError("a mistake of ours")
        return feed(self, buffer, at, end, now_s)

    class Special(Camera):
        def frame(self, number: int) -> Iterator[bytes]:
            for packet in super().frame(number):
                yield packet[:5] + bytes((packet[5] & 0x80 | 111,)) + packet[6:]

    def make() -> Camera:
        odd = Special(sdp=SDP.replace("96", "111"), first_timestamp=900_000 - 10 * 1800)
        made.append(odd if len(made) == 3 else Camera())
        return made[-1]

    monkeypatch.setattr(TrackReceiver, "feed_interleaved", mistaken)
    cameras, facts = attempts(make)
    assert [isinstance(each, RuntimeError) for each in facts] == [number == 3 for number in range(CAMERAS)]
    for camera, each in zip(cameras, facts, strict=True):
        assert camera.methods()[-1] == "TEARDOWN"
        if isinstance(each, StreamFacts):
            assert (
                measured(each).frame_rate_hz == pytest.approx(50.0, rel=0.01) and measured(each).limits == ()
            )


def test_one_that_goes_silent_among_many_is_noticed() -> None:
    made: list[Camera] = []

    def make() -> Camera:
        made.append(Camera(frames=10) if len(made) == 3 else Camera())
        return made[-1]

    _, facts = many(make)
    assert [isinstance(each.measured, Fault) for each in facts] == [number == 3 for number in range(CAMERAS)]
