"""Cameras are told of one by one as they are done, with the time left; a search can be ended and keeps what
it found."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camagent.app.requirements import load_profile
from camagent.cli.progress_bar import camera_line
from camagent.discover import search as searching
from camagent.discover.live_view import LiveView
from camagent.discover.multicast import DatagramQueue
from camagent.discover.neighbours import Neighbourhood
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.sweep import Sweep, TriedPorts
from camagent.discover.tcp_probe import PortAnswer, TriedPort
from camagent.model.credential_book import CredentialBook
from camagent.model.device import DeviceTarget
from camagent.model.discovery import RtspOnly, Sighting
from camagent.model.earlier_runs import Memory
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.scan_result import CameraResult
from camagent.observe.watch import WatchOptions
from camagent.run.context import JudgingContext
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job, Step
from camagent.run.onlooker import LOOK_AGAIN_AFTER_S, Onlooker, Remaining, first_guess_s
from camagent.run.site_run import check_targets, find_devices
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from camagent.text.quantities import left_text
from camagent.wire.login_ledger import LoginLedger
from tests import builders
from tests.builders import NOW, profile_stamp, site_facts
from tests.fakes import FakeClock

FIRST, SECOND, SILENT = (DeviceTarget(f"192.0.2.{n}", 80) for n in range(1, 4))


def an_order() -> JudgingContext:
    judge = Judge(load_profile("ubnd-3288"), site_facts())
    return JudgingContext(judge, profile_stamp(), CredentialBook(), (), Memory())


def test_each_camera_is_told_of_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    let_second_go = asyncio.Event()
    events: list[str] = []

    async def guarded(self: Fleet, job: Job, options: FleetOptions) -> DeviceCheck:
        options.stepped(job, Step.ASKING)
        if job.target == SECOND:
            await let_second_go.wait()
        source = WatchedSource(None, None, (builders.stream_facts(),))
        silent = Fault(FaultCode.UNREACHABLE, Stage.INTERROGATE, "check", 0.0)
        device = silent if job.target == SILENT else builders.device_facts()
        return DeviceCheck(job.target, device, (source,), NOW, 1.0)

    def cameras(job: Job, results: tuple[CameraResult, ...]) -> None:
        events.append(f"{job.host} {[camera.verdict.value for camera in results]}")
        if len(events) == 2:
            let_second_go.set()  # the others were told of before this one was done

    monkeypatch.setattr(Fleet, "_guarded", guarded)
    steps: list[str] = []
    onlooker = Onlooker(cameras=cameras, step=lambda job, step: steps.append(f"{job.host} {step}"))

    async def run() -> None:
        async with Fleet(FleetLimits(), FakeClock(), LoginLedger()) as fleet:
            jobs = [Job(target) for target in (FIRST, SECOND, SILENT)]
            result = (await check_targets(jobs, an_order(), fleet, FleetOptions(), onlooker)).result
            assert {camera.facts.address: camera.verdict.value for camera in result.cameras}[
                "192.0.2.1"
            ] in events[0]

    asyncio.run(run())
    assert events[0].startswith("192.0.2.1 ['") and events[1] == "192.0.2.3 []"
    assert events[2].startswith("192.0.2.2 ['") and len(events) == 3
    assert sorted(steps) == [f"192.0.2.{n} asking" for n in (1, 2, 3)]


def test_a_search_that_is_ended_keeps_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Sighting | RtspOnly, ...]] = []

    async def asks_for_ever(run: searching._SearchRun) -> object:
        run.sweep.tried_ports.add(TriedPort("192.0.2.7", 80, PortAnswer.ONVIF))
        run.sweep.tried_ports.add(TriedPort("192.0.2.8", 554, PortAnswer.RTSP))
        await asyncio.sleep(3600)
        return None

    monkeypatch.setattr(searching, "_ask_everybody", asks_for_ever)
    monkeypatch.setattr(searching, "LOOK_S", 0.01)
    plan = DiscoveryPlan((), (), ("192.0.2.7", "192.0.2.8"), onvif_ports=(80,), rtsp_ports=(554,))

    async def run() -> None:
        async with Fleet(FleetLimits(), FakeClock(), LoginLedger()) as fleet:

            def found(devices: tuple[Sighting | RtspOnly, ...]) -> None:
                calls.append(devices)
                fleet.stop()

            discovery = (await find_devices(plan, fleet, Onlooker(devices=found))).discovery
            assert [device.host for device in discovery.devices] == ["192.0.2.7"]
            assert [row.host for row in discovery.rtsp_only] == ["192.0.2.8"]
            assert "search_stopped" in {note.code for note in discovery.notes}
            assert discovery.subnets == ()

    asyncio.run(run())
    assert len(calls) == 1 and len(calls[0]) == 2


def test_every_device_is_told_of_once_while_the_search_runs() -> None:
    plan = DiscoveryPlan((), (), ("192.0.2.7",), onvif_ports=(80,), rtsp_ports=(554,))
    sweep = Sweep(plan, FakeClock(), DatagramQueue(), TriedPorts(), Neighbourhood(), 60.0)
    view = LiveView(sweep)
    assert view.fresh() == ()
    sweep.tried_ports.add(TriedPort("192.0.2.7", 554, PortAnswer.SILENT))
    assert view.fresh() == ()
    sweep.tried_ports.add(TriedPort("192.0.2.7", 554, PortAnswer.RTSP))
    (device,) = view.fresh()
    assert isinstance(device, RtspOnly) and device.host == "192.0.2.7"
    sweep.tried_ports.add(TriedPort("192.0.2.7", 80, PortAnswer.ONVIF))
    assert view.fresh() == ()


def test_the_time_left_follows_what_the_checks_took() -> None:
    remaining = Remaining(guess_s=30.0, at_once=2, waiting=6)
    remaining.begin("a", Step.ASKING, 0.0)
    remaining.begin("a", Step.WATCHING, 5.0)
    remaining.begin("b", Step.ASKING, 0.0)
    assert remaining.left_s(10.0) == 20.0 + 2 * 30.0  # four wait, two at a time
    for number, place in enumerate("abcdef"):
        remaining.begin(place, Step.WATCHING, 10.0 * number)
        remaining.end(place, (), 10.0 * number + 10.0)
    assert remaining.left_s(60.0) == 0.0


def test_what_outlives_the_estimate_is_never_said_to_be_done() -> None:
    remaining = Remaining(guess_s=10.0, at_once=4, waiting=1)
    remaining.begin("a", Step.ASKING, 0.0)
    assert remaining.left_s(100.0) > 0.0


def test_cameras_that_refuse_at_once_say_nothing_of_the_watched() -> None:
    """The first scan of a school whose log-in nobody gave: all refuse in a second, but one that is open."""
    remaining = Remaining(guess_s=26.0, at_once=64, waiting=20)
    for number in range(20):
        remaining.begin(str(number), Step.ASKING, 0.0)
    remaining.begin("19", Step.WATCHING, 1.0)
    for number in range(19):
        remaining.end(str(number), (), 1.0)
    assert remaining.left_s(6.0) == 20.0


def test_a_second_look_is_part_of_the_time_left() -> None:
    """From the first camera whose advice waits for it, through the pause, until it is over."""
    unsure = builders.camera_result()
    unsure = replace(unsure, upgrade=replace(unsure.upgrade, look_again=True))
    remaining = Remaining(guess_s=26.0, at_once=64, waiting=4)
    for place in "abcd":
        remaining.begin(place, Step.WATCHING, 0.0)
    for place in "abc":
        remaining.end(place, (), 26.0)
    assert remaining.left_s(26.0) == 3.0
    remaining.end("d", (unsure,), 26.0)
    assert remaining.left_s(26.0) == LOOK_AGAIN_AFTER_S + 26.0
    remaining.begin_second(1, 26.0)
    assert remaining.left_s(30.0) == LOOK_AGAIN_AFTER_S - 4.0 + 26.0
    remaining.begin("d", Step.ASKING, 36.0)
    assert remaining.left_s(46.0) == 16.0


def test_the_first_guess_knows_the_window() -> None:
    short, long = (FleetOptions(watch=WatchOptions(window_s=window_s)) for window_s in (5.0, 10.0))
    assert first_guess_s(long) == first_guess_s(short) + 2 * 5.0


@pytest.mark.parametrize(
    ("left_s", "vi", "en"),
    [
        (1.0, "còn khoảng 5 giây", "about 5 s left"),
        (23.0, "còn khoảng 25 giây", "about 25 s left"),
        (58.0, "còn khoảng 1:00 phút", "about 1:00 min left"),
        (200.0, "còn khoảng 3:15 phút", "about 3:15 min left"),
    ],
)
def test_the_time_left_is_as_coarse_as_the_estimate(left_s: float, vi: str, en: str) -> None:
    assert left_text(left_s, "vi") == vi and left_text(left_s, "en") == en


def test_a_finished_camera_is_one_line_with_its_whole_address() -> None:
    line = camera_line(builders.camera_result(facts=builders.camera_facts(address="192.168.100.200")))
    assert "192.168.100.200" in line and "\n" not in line
