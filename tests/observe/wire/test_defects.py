"""A mistake of ours on the packets' way is told as ours; a loud peer takes a bounded share of our time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Outcome
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.model.uri import StreamUri
from camagent.observe.receiver import TrackReceiver
from camagent.observe.rtsp.connection import RtspConnection
from camagent.observe.rtsp.effort import BUDGET_S, MAX_RESTS, NOTED_S, PERIOD_S, Effort
from camagent.observe.watch import WatchOptions
from camagent.platform.system_clock import SystemClock
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job
from camagent.run.visit import defect_finding
from tests.observe.wire.camera import SPS, Camera, on_channel, rtp, running
from tests.observe.wire.test_transports import UdpCamera
from tests.observe.wire.watching import measured, watch


def broken(self: TrackReceiver, *_: Any) -> int:
    raise IndexError("a mistake of ours")


def silent_loop() -> list[dict[str, Any]]:
    """What asyncio would have printed as a traceback."""
    printed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: printed.append(context))
    return printed


def test_over_tcp_the_watch_ends_with_the_bug_and_the_camera_is_left_politely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = Camera()

    async def look() -> list[dict[str, Any]]:
        printed = silent_loop()
        async with running(camera) as uri:
            with pytest.raises(IndexError):
                await watch(uri)
            await asyncio.wait_for(camera.torn_down.wait(), 60)
        return printed

    monkeypatch.setattr(TrackReceiver, "feed_interleaved", broken)
    assert asyncio.run(look()) == []


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("owner", "step", "printed"),
    [
        (Effort, "note", 0),
        (RtspConnection, "_timed_read", 0),
        (RtspConnection, "_begin", 0),
        (RtspConnection, "get_buffer", 1),  # asyncio itself tells of it, and hangs up
        (TrackReceiver, "finish", 0),
    ],
)
def test_wherever_it_happens_no_fault_of_the_camera_stands_for_it(
    owner: type, step: str, printed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camagent.observe.rtsp.effort.NOTED_S", -1.0)

    async def look() -> int:
        contexts = silent_loop()
        async with running(Camera()) as uri:
            with pytest.raises(IndexError):
                await watch(uri)
        return len(contexts)

    monkeypatch.setattr(owner, step, broken)
    assert asyncio.run(look()) <= printed


def test_a_session_whose_number_we_cannot_read_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera()

    async def look() -> None:
        async with running(camera) as uri:
            with pytest.raises(IndexError):
                await watch(uri)
            await asyncio.wait_for(camera.torn_down.wait(), 60)

    monkeypatch.setattr("camagent.observe.rtsp.session.session_of", broken)
    asyncio.run(look())


def test_a_mistake_that_looks_like_a_time_limit_is_told_as_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any) -> int:
        raise TimeoutError

    async def look() -> str | None:
        async with running(Camera()) as uri, Fleet(FleetLimits(), SystemClock()) as fleet:
            options = FleetOptions(watch=WatchOptions(window_s=0.5, pictures=0))
            (check,) = await fleet.check([Job(StreamTarget(uri), None)], options)
            return check.defect

    monkeypatch.setattr(TrackReceiver, "feed_interleaved", late)
    where = asyncio.run(look())
    assert where is not None and where.startswith("TimeoutError")


def test_over_udp_too(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = UdpCamera()

    async def look() -> list[dict[str, Any]]:
        printed = silent_loop()
        with pytest.raises(IndexError):
            await camera.look()
        await asyncio.wait_for(camera.torn_down.wait(), 60)
        return printed

    monkeypatch.setattr(TrackReceiver, "feed_datagram", broken)
    assert asyncio.run(look()) == []


def test_a_broken_report_reader_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reports(Camera):
        async def media(self) -> AsyncIterator[bytes]:
            yield on_channel(b"\x80\xc8\x00\x06" + bytes(24), 1)
            async for packet in super().media():
                yield packet

    def wrong(data: bytes) -> None:
        raise ValueError("a mistake of ours")

    async def look() -> None:
        async with running(Reports()) as uri:
            with pytest.raises(ValueError, match="a mistake of ours"):
                await watch(uri)

    monkeypatch.setattr("camagent.observe.rtsp.window.parse_rtcp", wrong)
    asyncio.run(look())


def test_the_fleet_tells_a_defect_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> str | None:
        async with running(Camera()) as uri, Fleet(FleetLimits(), SystemClock()) as fleet:
            options = FleetOptions(watch=WatchOptions(window_s=0.5, pictures=0))
            (check,) = await fleet.check([Job(StreamTarget(uri), None)], options)
            assert not any(stream.faults for stream in check.streams)
            return check.defect

    monkeypatch.setattr(TrackReceiver, "feed_interleaved", broken)
    where = asyncio.run(look())
    assert where is not None and where.startswith("IndexError")
    assert defect_finding(where).outcome is Outcome.DEFECT


class Loud(Camera):
    """Sends what costs us most, as fast as it goes."""

    noise = b""

    async def media(self) -> AsyncIterator[bytes]:
        began_s = asyncio.get_running_loop().time()
        number = 0
        while True:
            if asyncio.get_running_loop().time() > began_s + number / self.fps:
                for packet in self.frame(number):
                    yield packet
                number += 1
            yield self.noise
            await asyncio.sleep(0)


class Zeros(Loud):
    noise = on_channel(b"") * 16_000


class Aggregates(Loud):
    """STAP-A of one-byte SPS."""

    noise = on_channel(rtp(7, 7, b"\x18" + b"\x00\x01\x67" * 450)) * 20

    def frame(self, number: int) -> Any:
        for packet in super().frame(number):
            yield packet
            yield on_channel(
                rtp(
                    self.next_sequence(),
                    self.first_timestamp + number * 1800,
                    b"\x18" + b"\x00\x01\x67" * 450,
                )
            )


@pytest.mark.first_case
@pytest.mark.parametrize("make", [Zeros, Aggregates])
def test_a_loud_camera_does_not_make_its_neighbour_late(make: type[Loud]) -> None:
    loud, calm = make(fps=25), Camera()

    async def look() -> tuple[StreamFacts, StreamFacts]:
        async with running(loud) as its, running(calm) as other:
            one = asyncio.create_task(watch(its, window_s=2.0))
            return await one, await watch_calm(other)

    async def watch_calm(uri: StreamUri) -> StreamFacts:
        return await watch(uri, window_s=1.0)

    messages, facts = asyncio.run(look())
    assert measured(facts).limits == ()
    if isinstance(messages.measured, Fault):
        assert messages.measured.code in (
            FaultCode.BUDGET_SPENT,
            FaultCode.MALFORMED_REPLY,
        )  # never "stalled"
    else:
        assert messages.measured.frame_rate_hz is None or messages.measured.limits or make is Zeros


def test_the_share_of_one_connection() -> None:
    effort = Effort()
    assert effort.spend(BUDGET_S / 2, 0.0) == 0.0 and effort.rests == 0
    assert effort.spend(BUDGET_S / 2, 0.1) == pytest.approx(PERIOD_S - 0.1) and effort.rests == 1
    assert effort.spend(BUDGET_S / 2, 1.1) == 0.0 and not effort.too_much
    for number in range(MAX_RESTS):
        effort.spend(3.0, 2.0 + 4 * number)
    assert effort.too_much and effort.costly


def test_who_is_suspected_takes_much_of_the_processor_or_is_let_go() -> None:
    effort = Effort()
    effort.note(NOTED_S / 2)
    assert not effort.suspected
    effort.note(NOTED_S / 2, reads=8)
    assert effort.suspected
    assert effort.spend(0.0001, 10.0, 8) == 0.0 and effort.suspected  # the machine did something else
    effort.spend(0.0001, 11.1, 8)
    assert not effort.suspected and effort.rests == 0
    effort.note(1.0)
    rested = [effort.spend(0.004, 20.0 + 0.01 * number, 8) for number in range(8)]
    assert effort.suspected and effort.rests == 1 and max(rested) > 0.5
    assert SPS
