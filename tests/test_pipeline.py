"""One device from address to verdict: main stream first, one session at a time, a locked device left
alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain, product
from pathlib import Path

import pytest

from camagent.model.device import DeviceFacts, DeviceTarget, MediaFacts
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Outcome, Severity, Verdict
from camagent.model.scan_result import verdict_of
from camagent.model.stream import FileTarget, StreamRole, StreamTarget
from camagent.run.turn import DEVICE_BUDGET_S
from camagent.run.visit import (
    DeviceCheck,
    Target,
    check_device,
    defect_finding,
    silence_of,
)
from tests.builders import (
    ADDRESS,
    device_facts,
    encoder_settings,
    fault,
    finding,
    media_profile,
    stream_facts,
    stream_uri,
    sub_profile,
)
from tests.fakes import FakeWorld


def check(target: Target, world: FakeWorld, budget_s: float = DEVICE_BUDGET_S) -> DeviceCheck:
    return asyncio.run(check_device(target, None, replace(world.doors(), budget_s=budget_s)))


def silent_device() -> object:
    gone = Fault(FaultCode.TIMEOUT, Stage.INTERROGATE, "GetSystemDateAndTime", 5.0)
    return device_facts(clock=gone, services=gone, information=gone, media=gone, network=gone, scopes=gone)


def test_every_channel_of_a_recorder_is_a_camera_of_its_own() -> None:
    profiles = tuple(
        media_profile(token=f"P{n}", video_source=f"CH{n}", stream_uri=stream_uri(path=f"/{n}"))
        for n in range(12)
    )
    world = FakeWorld({ADDRESS: device_facts(media=MediaFacts("media2", profiles))})
    visit = check(DeviceTarget(ADDRESS), world)
    assert [source.video_source for source in visit.sources] == [f"CH{n}" for n in range(12)]
    assert world.asked == [f"onvif {ADDRESS}", *(f"rtsp /{n}" for n in range(12))]


def recorder(channels: int) -> DeviceFacts:
    """Each channel with a main and a sub stream."""
    profiles = [
        make(token=f"P{n}{kind}", video_source=f"CH{n}", stream_uri=stream_uri(path=f"/{n}/{kind}"))
        for n, (kind, make) in product(range(channels), (("main", media_profile), ("sub", sub_profile)))
    ]
    return device_facts(media=MediaFacts("media2", tuple(profiles)))


def test_a_recorder_with_more_streams_than_time_shows_every_main_stream_first() -> None:
    world = FakeWorld({ADDRESS: recorder(4)})
    visit = check(DeviceTarget(ADDRESS), world, budget_s=6.0)  # a watch takes a second
    assert world.asked[1:] == [
        "rtsp /0/main",
        "rtsp /1/main",
        "rtsp /2/main",
        "rtsp /3/main",
        "rtsp /0/sub",
        "rtsp /1/sub",
    ]
    assert [[stream.role for stream in source.streams] for source in visit.sources] == [
        [StreamRole.MAIN, StreamRole.SUB]
    ] * 4
    unseen = [
        stream
        for stream in chain.from_iterable(source.streams for source in visit.sources)
        if stream.fault is not None
    ]
    assert [stream.target.uri.path for stream in unseen] == ["/2/sub", "/3/sub"]  # type: ignore[union-attr]
    assert all(stream.fault.code is FaultCode.BUDGET_SPENT and stream.configured for stream in unseen)  # type: ignore[union-attr]
    assert isinstance(visit.device, DeviceFacts)


def test_a_channel_that_refuses_is_left_alone_and_the_others_are_not() -> None:
    world = FakeWorld({ADDRESS: recorder(2)}, {"/0/main": stream_facts(measured=fault(FaultCode.BUSY))})
    check(DeviceTarget(ADDRESS), world)
    assert world.asked[1:] == ["rtsp /0/main", "rtsp /1/main", "rtsp /1/sub"]


def test_what_onvif_configured_stands_beside_what_was_measured() -> None:
    world = FakeWorld({ADDRESS: device_facts()})
    main = check(DeviceTarget(ADDRESS), world).sources[0].streams[0]
    assert main.configured is not None and main.configured.bitrate_bps == 3_000_000
    assert world.admitted_bps == [3_000_000, 512_000]


@pytest.mark.parametrize("code", [FaultCode.LOCKED_OUT, FaultCode.AUTH_REJECTED, FaultCode.BUSY])
def test_a_device_that_refused_is_left_alone(code: FaultCode) -> None:
    refused = stream_facts(measured=fault(code))
    world = FakeWorld({ADDRESS: device_facts()}, {stream_uri().path: refused})
    visit = check(DeviceTarget(ADDRESS), world)
    assert len(visit.sources[0].streams) == 1


def test_a_device_that_never_answered_is_a_fault_and_has_no_stream() -> None:
    world = FakeWorld({ADDRESS: silent_device()})  # type: ignore[dict-item]
    visit = check(DeviceTarget(ADDRESS), world)
    assert isinstance(visit.device, Fault) and visit.device.code is FaultCode.TIMEOUT
    assert world.asked == [f"onvif {ADDRESS}"]


def test_a_device_that_said_anything_is_not_silent() -> None:
    gone = Fault(FaultCode.TIMEOUT, Stage.INTERROGATE, "GetProfiles", 5.0)
    assert silence_of(device_facts(clock=gone, services=gone, media=gone)) is None


def test_a_named_stream_and_a_file_have_no_onvif_side() -> None:
    for target in (StreamTarget(stream_uri()), FileTarget(Path("clip.mp4"))):
        visit = check(target, FakeWorld())
        assert visit.device is None
        assert len(visit.sources[0].streams) == 1


def test_a_defect_of_ours_keeps_the_camera_undetermined() -> None:
    assert verdict_of((finding(), defect_finding("TypeError x.py:1"))) is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("outcome", "severity", "manual", "verdict"),
    [
        (Outcome.FAIL, Severity.BLOCKER, False, Verdict.NOT_READY),
        (Outcome.FAIL, Severity.MAJOR, False, Verdict.NOT_READY),
        (Outcome.FAIL, Severity.MINOR, False, Verdict.READY),
        (Outcome.NOT_ASSESSED, Severity.MAJOR, False, Verdict.UNDETERMINED),
        (Outcome.NOT_ASSESSED, Severity.MINOR, False, Verdict.READY),
        (Outcome.NOT_ASSESSED, Severity.BLOCKER, True, Verdict.READY),
        (Outcome.WARN, Severity.BLOCKER, False, Verdict.READY),
        (Outcome.NOT_APPLICABLE, Severity.BLOCKER, False, Verdict.READY),
    ],
)
def test_the_verdict_follows_the_weightiest_finding(
    outcome: Outcome, severity: Severity, manual: bool, verdict: Verdict
) -> None:
    assert verdict_of((finding(), finding(outcome=outcome, severity=severity, manual=manual))) is verdict


def test_nothing_judged_is_never_ready() -> None:
    assert verdict_of(()) is Verdict.UNDETERMINED
    assert verdict_of((finding(severity=Severity.INFO),)) is Verdict.UNDETERMINED


def test_an_encoder_without_a_bit_rate_is_admitted_with_a_cautious_one() -> None:
    quiet = media_profile(encoder=encoder_settings(bitrate_bps=None))
    world = FakeWorld({ADDRESS: device_facts(media=MediaFacts("media2", (quiet,)))})
    check(DeviceTarget(ADDRESS), world)
    assert world.admitted_bps == [8_000_000.0]
