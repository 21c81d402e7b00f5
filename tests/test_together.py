"""Several sessions with a recorder, one with a camera, fewer where they disturb each other; nothing wrong for
it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import chain

import pytest

from camagent.cli.demo import demo_config, demo_order
from camagent.model.device import DeviceTarget
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import CameraResult
from camagent.model.secret import Credential, Secret
from camagent.model.stream import MeasuredStream, StreamFacts
from camagent.observe.receiver import TrackReceiver
from camagent.observe.watch import WatchOptions
from camagent.platform.system_clock import SystemClock
from camagent.run.context import RunPeriod
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job
from camagent.run.recognition import finish
from camagent.run.together import AT_ONCE, RECORDER_SOURCES, Together, at_once
from camagent.run.visit import DeviceCheck
from camagent.simulator.recorder import recorder
from camagent.simulator.school import SimulatedSchool
from tests.builders import NOW, fault, measured_stream, stream_facts
from tests.simulator.schools import PASSWORD, in_school

BUSY = stream_facts(measured=fault(FaultCode.BUSY))
LOSSY = stream_facts(measured=measured_stream(rtp_lost_packets=7))
GONE = stream_facts(measured=fault(FaultCode.NOT_FOUND))


@dataclass
class Device:
    """Serves `bears` sessions; a stream beyond that is seen as `beyond`."""

    bears: int
    beyond: StreamFacts = BUSY
    always: dict[int, StreamFacts] = field(default_factory=dict)
    playing: int = 0
    most: int = 0
    asked: list[int] = field(default_factory=list)

    async def watch(self, number: int) -> StreamFacts:
        self.asked.append(number)
        self.playing += 1
        self.most = max(self.most, self.playing)
        is_beyond = self.playing > self.bears
        await asyncio.sleep(0)
        self.playing -= 1
        return self.always.get(number) or (self.beyond if is_beyond else stream_facts())


def watched(device: Device, streams: int, width: int = AT_ONCE) -> tuple[list[StreamFacts], int]:
    together = Together(device.watch, width)
    return asyncio.run(together.watch(range(streams))), together.at_once


def test_a_camera_gets_one_session_and_a_recorder_a_few() -> None:
    assert [at_once(sources) for sources in (0, 1, RECORDER_SOURCES - 1, RECORDER_SOURCES, 128)] == [
        1,
        1,
        1,
        4,
        4,
    ]


@pytest.mark.parametrize("beyond", [BUSY, LOSSY, stream_facts(measured=fault(FaultCode.STALLED))])
@pytest.mark.parametrize(("bears", "width"), [(4, 4), (3, 2), (2, 2), (1, 1)])
def test_it_backs_off_until_nothing_is_disturbed(beyond: StreamFacts, bears: int, width: int) -> None:
    device = Device(bears, beyond)
    looks, left = watched(device, 16)
    assert (len(looks), left) == (16, width)
    assert all(stream.measured == stream_facts().measured for stream in looks)
    assert device.most <= AT_ONCE


def test_what_is_wrong_alone_too_is_told_and_slows_nothing() -> None:
    device = Device(4, always={2: BUSY, 5: LOSSY, 9: GONE})
    looks, left = watched(device, 12)
    assert (looks[2], looks[5], looks[9], left) == (BUSY, LOSSY, GONE, 4)
    # a channel that is not there is not asked again
    assert sorted(device.asked) == sorted([*range(12), 2, 5])


@pytest.mark.parametrize("code", [FaultCode.AUTH_REJECTED, FaultCode.LOCKED_OUT, FaultCode.AUTH_WOULD_LEAK])
def test_a_refused_log_in_is_never_tried_again(code: FaultCode) -> None:
    device = Device(4, always=dict.fromkeys(range(4), stream_facts(measured=fault(code))))
    watched(device, 4)
    assert device.asked == [0, 1, 2, 3]


def test_one_at_a_time_asks_nothing_twice() -> None:
    device = Device(1, always={0: BUSY})
    assert watched(device, 3, width=1)[0][0] == BUSY
    assert device.asked == [0, 1, 2] and device.most == 1


def check_recorder(
    channels: int, bears: int | None, password: str = PASSWORD
) -> tuple[DeviceCheck, int, int]:
    """A simulated recorder, watched for real; also the most sessions that it had at a time, and wrong
    log-ins."""
    camera = replace(
        recorder(channels, PASSWORD, bears), address="127.10.99.7", http_port=0, rtsp_port=0, https_port=0
    )

    async def act(school: SimulatedSchool) -> tuple[DeviceCheck, int, int]:
        (running,) = school.running
        assert running.rtsp is not None and running.onvif is not None
        most = 0

        async def count() -> None:
            nonlocal most
            while True:
                most = max(most, running.rtsp.sessions if running.rtsp else 0)
                await asyncio.sleep(0.02)

        counting = asyncio.create_task(count())
        target = DeviceTarget(running.camera.address, running.camera.http_port)
        options = FleetOptions(watch=WatchOptions(window_s=1.0, pictures=0))
        async with Fleet(FleetLimits(), SystemClock()) as fleet:
            (check,) = await fleet.check([Job(target, Credential("camagent", Secret(password)))], options)
        counting.cancel()
        wrong = running.rtsp.keeper.wrong_answers
        return check, most, wrong

    return in_school([camera], act)


@pytest.mark.slow
@pytest.mark.parametrize(("bears", "most"), [(None, AT_ONCE), (2, 2), (1, 1)])
def test_a_recorder_is_seen_whole_however_few_sessions_it_bears(bears: int | None, most: int) -> None:
    check, sessions, _ = check_recorder(4, bears)
    assert len(check.sources) == 4 and sessions == most
    for source in check.sources:
        rates = [s.measured.frame_rate_hz for s in source.streams if isinstance(s.measured, MeasuredStream)]
        lost = [s.measured.rtp_lost_packets for s in source.streams if isinstance(s.measured, MeasuredStream)]
        assert len(rates) == 2 and lost == [0, 0]
        assert rates[0] == pytest.approx(25.0, abs=0.3)


@pytest.mark.slow
def test_a_mistake_of_ours_with_one_source_is_that_sources_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as ours: no stall, no lag of the neighbours, no doubt of the other cameras."""
    feed, first = TrackReceiver.feed_interleaved, list[TrackReceiver]()

    def fails(track: TrackReceiver, buffer: bytearray, at: int, end: int, now_s: float) -> int:
        first[:] = first or [track]
        if track is first[0]:
            raise IndexError("a mistake of ours")
        return feed(track, buffer, at, end, now_s)

    monkeypatch.setattr(TrackReceiver, "feed_interleaved", fails)
    check, _, _ = check_recorder(4, None)
    assert check.defect is None and len(check.sources) == 4
    broken = [source for source in check.sources if any(s.defect is not None for s in source.streams)]
    assert len(broken) == 1
    faults = [stream.fault.code for stream in check.streams if stream.fault is not None]
    assert faults == [FaultCode.DEFECT]
    limits = {s.measured.limits for s in check.streams if isinstance(s.measured, MeasuredStream)}
    assert limits == {()}
    run = finish([check], demo_order(demo_config(2.0), (), PASSWORD), RunPeriod(NOW, NOW, "check", None))
    defects = [_defects(camera) for camera in run.result.cameras]
    assert sorted(defects) == [[], [], [], [Outcome.DEFECT]]
    (its,) = (camera for camera in run.result.cameras if _defects(camera))
    assert its.verdict is Verdict.UNDETERMINED
    findings = chain.from_iterable(camera.findings for camera in run.result.cameras)
    assert "findings.fault_stalled" not in {finding.message.key for finding in findings}


def _defects(camera: CameraResult) -> list[Outcome]:
    return [finding.outcome for finding in camera.findings if finding.rule == "CAMAGENT"]


def test_a_wrong_password_is_sent_to_a_recorder_once() -> None:
    check, _, wrong = check_recorder(4, None, "Sai-mat-khau")
    assert wrong <= 1 and not any(isinstance(s.measured, MeasuredStream) for s in check.streams)


def test_of_several_streams_at_a_time_only_one_sends_a_refused_log_in() -> None:
    # the recorder's own log-in is the right one over ONVIF, and its RTSP door has another
    camera = replace(recorder(4, PASSWORD), address="127.10.99.8", http_port=0, rtsp_port=0, https_port=0)

    async def act(school: SimulatedSchool) -> int:
        (running,) = school.running
        assert running.rtsp is not None
        running.rtsp.keeper.door = replace(camera.door, password="Mat-khau-khac")
        target = DeviceTarget(running.camera.address, running.camera.http_port)
        options = FleetOptions(watch=WatchOptions(window_s=1.0, pictures=0))
        async with Fleet(FleetLimits(), SystemClock()) as fleet:
            await fleet.check([Job(target, Credential("camagent", Secret(PASSWORD)))], options)
        return running.rtsp.keeper.wrong_answers

    assert in_school([camera], act) == 1
