"""Many connections at once are read in turns: the same facts, and the same ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamFacts
from camagent.observe.rtsp.batching import MIN_CONNECTIONS
from tests.observe.wire.camera import Camera, running
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
    async def one(camera: Camera) -> StreamFacts:
        async with running(camera) as uri:
            return await watch(uri, door=door, window_s=1.5)

    async def look() -> list[StreamFacts]:
        return await asyncio.gather(*(one(camera) for camera in cameras))

    door, cameras = doors(), [make() for _ in range(CAMERAS)]
    return cameras, asyncio.run(look())


def test_many_at_once_are_measured_and_torn_down() -> None:
    cameras, facts = many(Camera)
    for camera, each in zip(cameras, facts, strict=True):
        seen = measured(each)
        assert seen.frame_rate_hz == pytest.approx(50.0, rel=0.01) and seen.rtp_lost_packets == 0
        assert camera.methods()[-1] == "TEARDOWN"


@pytest.mark.parametrize("kind", [HangsUp, Resets])
def test_many_that_hang_up_are_all_noticed(kind: Callable[..., Camera]) -> None:
    _, facts = many(lambda: kind(frames=10))
    codes = {each.measured.code for each in facts if isinstance(each.measured, Fault)}
    assert codes == {FaultCode.STALLED} and len(facts) == CAMERAS


def test_one_that_goes_silent_among_many_is_noticed() -> None:
    made: list[Camera] = []

    def make() -> Camera:
        made.append(Camera(frames=10) if len(made) == 3 else Camera())
        return made[-1]

    _, facts = many(make)
    assert [isinstance(each.measured, Fault) for each in facts] == [number == 3 for number in range(CAMERAS)]
