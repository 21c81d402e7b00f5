"""What the agent keeps of its site: streams checked again, silence, moves, restarts, restored state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from camagent.agent import reachability as whereabouts
from camagent.agent import watched_site as site_module
from camagent.agent.site_settings import SiteSettings
from camagent.agent.watched_site import WatchedSite
from camagent.app.requirements import load_profile
from camagent.discover.tcp_probe import PortAnswer, TcpPort, TriedPort
from camagent.document.site_status import CameraStatus
from camagent.model.credential_book import BoundCredential, CredentialBook
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, Sighting
from camagent.model.earlier_runs import KnownDevice, Memory
from camagent.model.expected import DeviceWords, ExpectedCamera
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Verdict
from camagent.model.scan_result import Declaration
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamAccess, StreamTarget
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import FleetOptions, Job
from camagent.run.recognition import site_facts
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from tests import builders as build
from tests.agent.agent_fakes import START, WoundClock
from tests.publish.samples import status

HOST, OTHER = build.ADDRESS, "192.0.2.99"
SILENT = build.fault(FaultCode.UNREACHABLE, stage=Stage.INTERROGATE)
ACCESS = StreamAccess(False, ("digest-md5",), "digest-md5", False, None)


class FakeFleet:
    """Answers checks from a script: by host for devices, by URI for streams."""

    def __init__(self) -> None:
        self.clock = WoundClock()
        self.devices: dict[str, DeviceFacts | Fault] = {HOST: build.device_facts()}
        self.stream: Callable[[StreamTarget], Any] = lambda target: build.stream_facts(target=target)
        self.greeting: StreamAccess | Fault = ACCESS
        self.defect: str | None = None
        self.asked: list[Job] = []

    async def check(self, jobs: Sequence[Job], options: FleetOptions) -> tuple[DeviceCheck, ...]:
        self.asked += jobs
        return tuple(replace(self._check(job), key=job.key) for job in jobs)

    async def greet(self, jobs: Sequence[Job], options: FleetOptions) -> tuple[StreamAccess | Fault, ...]:
        return tuple(self.greeting for _ in jobs)

    def _check(self, job: Job) -> DeviceCheck:
        now = self.clock.now()
        if isinstance(job.target, StreamTarget):
            rounds = self.stream(job.target)
            streams = (rounds,) if rounds is not None else ()
            return DeviceCheck(job.target, None, (WatchedSource(None, None, streams),), now, 2.0, self.defect)
        assert isinstance(job.target, DeviceTarget)
        facts = self.devices.get(job.target.host, SILENT)
        # every conversation brings its own value
        device = replace(facts) if isinstance(facts, DeviceFacts) else facts
        streams = (build.stream_facts(), build.sub_stream()) if isinstance(device, DeviceFacts) else ()  # type: ignore[assignment]
        return DeviceCheck(job.target, device, (WatchedSource("VS1", None, streams),), now, 12.0)


def settings(*inventory: Declaration) -> SiteSettings:
    profile = load_profile("ubnd-3288")
    book = CredentialBook([BoundCredential("192.0.2.0/24", Credential("camagent", Secret("hunter2")))])
    judge = Judge(profile, site_facts(build.site(), None, START, Memory()))
    order = JudgingContext(
        judge, profile.stamp, book, inventory or (Declaration(name="Cổng chính", address=HOST),)
    )
    return SiteSettings(order, FleetOptions(), lambda: None)  # type: ignore[arg-type, return-value]


def found(*hosts: str) -> Discovery:
    sightings = tuple(Sighting(DeviceTarget(host), (FoundBy.MULTICAST,)) for host in hosts)
    return Discovery(sightings, (), ("192.0.2.0/24",), ("192.0.2.0/24",), ("eth0",), 254, len(hosts))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> tuple[WatchedSite, FakeFleet]:
    fleet = FakeFleet()
    watched = WatchedSite(settings(), fleet, lambda *_: None)  # type: ignore[arg-type]
    search_with(monkeypatch, HOST)
    ports_that_answer(monkeypatch, PortAnswer.SILENT)
    return watched, fleet


def search_with(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    async def search(plan: object, clock: object) -> Discovery:
        return found(*hosts)

    monkeypatch.setattr(site_module, "search", search)


def ports_that_answer(monkeypatch: pytest.MonkeyPatch, port_answer: PortAnswer) -> None:
    async def ask(door: TcpPort, path: str) -> TriedPort:
        return TriedPort(door.host, door.port, port_answer)

    monkeypatch.setattr(whereabouts, "ask_onvif", ask)


async def first_round(watched: WatchedSite) -> None:
    await watched.discover()
    for host in watched.hosts:
        await watched.interrogate(host)
    await watched.judge(START)


def test_a_discovered_camera_is_interrogated_judged_and_shown(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world
    asyncio.run(first_round(watched))
    (status,) = watched.statuses()
    assert (status.name, status.up, watched.is_complete) == ("Cổng chính", True, True)
    assert fleet.asked[0].credential == Credential("camagent", Secret("hunter2"))


def test_streams_are_checked_again_without_a_new_interrogation(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world
    slow = build.measured_stream(frame_rate_hz=12.0)

    async def scenario() -> None:
        await first_round(watched)
        fleet.asked.clear()
        fleet.stream = lambda target: build.stream_facts(target=target, measured=slow, configured=None)
        await watched.stream(HOST)
        run = await watched.judge(START)
        assert run is not None
        (camera,) = run.result.cameras
        assert all(isinstance(job.target, StreamTarget) for job in fleet.asked) and len(fleet.asked) == 2
        assert isinstance(camera.facts.device, DeviceFacts)
        assert camera.facts.streams[0].configured == build.stream_facts().configured
        measured = watched.statuses()[0].streams[0].measured
        assert measured is not None and measured.frame_rate_hz == 12.0

    asyncio.run(scenario())


def test_only_a_camera_that_changed_is_published_anew(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judgement is made every few seconds, mostly about one camera of many."""
    watched, fleet = world
    watched.settings = settings(Declaration(name="khác", address=OTHER))
    search_with(monkeypatch, HOST, OTHER)

    async def judged() -> dict[str, CameraStatus]:
        await fleet.clock.sleep(60)
        await watched.interrogate(OTHER)
        await watched.judge(START)
        return {status.address: status for status in watched.statuses()}

    async def scenario() -> None:
        await first_round(watched)
        before, after = await judged(), await judged()
        assert set(before) == set(after) == {HOST, OTHER}
        assert after[HOST] is before[HOST] and after[OTHER].checked_at != before[OTHER].checked_at

    asyncio.run(scenario())


def test_a_camera_that_went_silent_is_asked_everything_and_is_down(
    world: tuple[WatchedSite, FakeFleet],
) -> None:
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        key = watched.statuses()[0].id
        fleet.devices[HOST] = SILENT
        fleet.stream = lambda target: build.stream_facts(
            target=target, measured=build.fault(FaultCode.UNREACHABLE), image=None
        )
        await watched.stream(HOST)
        await watched.judge(START)
        (status,) = watched.statuses()
        assert (status.id, status.up, status.verdict) == (key, False, Verdict.NOT_READY)
        fleet.devices[HOST] = build.device_facts()
        await watched.stream(HOST)
        await watched.judge(START)
        assert watched.statuses()[0].up is True

    asyncio.run(scenario())


def test_a_stream_that_our_own_bug_hid_is_not_shown_as_it_was(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        fleet.stream, fleet.defect = lambda target: None, "ZeroDivisionError watch.py:1"
        await watched.stream(HOST)
        await watched.judge(START)
        (status,) = watched.statuses()
        assert status.verdict is not Verdict.READY and watched.defects == 1
        assert all(stream.up is None for stream in status.streams)

    asyncio.run(scenario())


def test_a_busy_camera_is_left_alone(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        fleet.asked.clear()
        busy = build.fault(FaultCode.BUSY)
        fleet.stream = lambda target: build.stream_facts(
            target=target, measured=busy, image=None, faults=(busy,)
        )
        await watched.stream(HOST)
        assert len(fleet.asked) == 1
        assert watched.faults[Stage.OBSERVE, FaultCode.BUSY] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("greeting", "port_answer", "up"),
    [
        (ACCESS, PortAnswer.SILENT, True),
        (build.fault(FaultCode.AUTH_REJECTED), PortAnswer.SILENT, True),
        (build.fault(FaultCode.TIMEOUT), PortAnswer.ONVIF, True),
        (build.fault(FaultCode.TIMEOUT), PortAnswer.SILENT, False),
        (build.fault(FaultCode.UNREACHABLE), PortAnswer.REFUSED, False),
    ],
)
def test_a_missed_handshake_alone_does_not_make_a_camera_dead(
    world: tuple[WatchedSite, FakeFleet],
    monkeypatch: pytest.MonkeyPatch,
    greeting: Any,
    port_answer: PortAnswer,
    up: bool,
) -> None:
    watched, fleet = world
    ports_that_answer(monkeypatch, port_answer)

    async def scenario() -> None:
        await first_round(watched)
        fleet.greeting = greeting
        fleet.clock.elapsed_s += 60
        await watched.reach(HOST)

    asyncio.run(scenario())
    assert watched.statuses()[0].up is up
    assert list(watched.answers().values()) == [up]


def test_a_camera_that_fell_silent_says_when_it_last_answered_also_by_the_cheap_question(
    world: tuple[WatchedSite, FakeFleet],
) -> None:
    """An alert about a gate counts minutes: the last full check may be an hour old."""
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        fleet.clock.elapsed_s += 1800
        await watched.reach(HOST)
        last = watched.statuses()[0].answered_at
        assert last == fleet.clock.now()
        fleet.clock.elapsed_s += 600
        fleet.devices[HOST] = SILENT
        fleet.greeting = build.fault(FaultCode.TIMEOUT)
        await watched.reach(HOST)
        await watched.interrogate(HOST)
        await watched.judge(START)
        (status,) = watched.statuses()
        assert (status.up, status.answered_at, status.name) == (False, last, "Cổng chính")

    asyncio.run(scenario())


def test_what_we_could_not_ask_changes_nothing(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world
    ports_that_answer(monkeypatch, PortAnswer.OURS)

    async def scenario() -> None:
        await first_round(watched)
        fleet.greeting = build.fault(FaultCode.BUDGET_SPENT)
        fleet.clock.elapsed_s += 60
        await watched.reach(HOST)

    asyncio.run(scenario())
    assert watched.statuses()[0].up is True


def test_a_restart_shows_the_last_state_until_each_camera_is_checked(
    world: tuple[WatchedSite, FakeFleet],
) -> None:
    watched, _ = world
    stored = build.camera_result(facts=build.camera_facts(address=OTHER, id="cam-stored", name="Sân sau"))
    before = KnownDevice("cam-stored", OTHER, None, (("address", OTHER),))
    words = DeviceWords("Acme", "AC-9", "V1")
    expected = ExpectedCamera("cam-stored", build.site_facts().site.id, "Sân sau", OTHER, None, words, START)
    memory = Memory(devices=(before,), expected=(expected,))
    watched.restore((status(build.camera_result()), status(stored)), memory)
    assert {status.name for status in watched.statuses()} == {"Cổng chính", "Sân sau"}
    assert set(watched.hosts) == {HOST, OTHER} and not watched.is_complete

    async def scenario() -> None:
        await watched.interrogate(HOST)
        await watched.judge(START)
        assert {status.name for status in watched.statuses()} == {"Cổng chính", "Sân sau"}
        await watched.interrogate(OTHER)
        await watched.judge(START)
        dead = next(status for status in watched.statuses() if status.address == OTHER)
        assert dead.up is False and watched.is_complete
        assert dead.answered_at == START  # as it was remembered, not as of the restart
        assert (dead.id, dead.name) == ("cam-stored", "Sân sau")
        assert (dead.manufacturer, dead.model, dead.firmware) == ("Acme", "AC-9", "V1"), (
            "known until it contradicts"
        )

    asyncio.run(scenario())


def test_a_camera_that_moved_leaves_no_ghost(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world
    watched.settings = settings(Declaration(name="khác", address="192.0.2.200"))

    async def scenario() -> None:
        await watched.discover()
        await watched.interrogate(HOST)
        run = await watched.judge(START)
        assert run is not None
        watched.remember(Memory(devices=run.memory.devices))
        key = next(camera.facts.id for camera in run.result.cameras if camera.facts.address == HOST)
        fleet.devices = {OTHER: replace(build.device_facts(), address=OTHER)}
        search_with(monkeypatch, OTHER)
        await watched.discover()
        await watched.interrogate(HOST)
        await watched.interrogate(OTHER)
        await watched.judge(START)
        homes = {status.address: status.id for status in watched.statuses()}
        assert homes.get(OTHER) == key and HOST not in homes and HOST not in watched.hosts

    asyncio.run(scenario())


def test_who_is_silent_and_unlisted_for_a_week_is_forgotten(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world

    async def scenario() -> None:
        search_with(monkeypatch, HOST, OTHER)
        await watched.discover()
        search_with(monkeypatch)
        fleet.clock.elapsed_s += timedelta(days=6).total_seconds()
        await watched.discover()
        assert OTHER in watched.hosts
        fleet.clock.elapsed_s += timedelta(days=2).total_seconds()
        await watched.discover()
        assert OTHER not in watched.hosts and HOST in watched.hosts, "the inventory still lists it"

    asyncio.run(scenario())


def test_faults_are_counted_once_each(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world
    fleet.devices[HOST] = SILENT

    async def scenario() -> None:
        await watched.discover()
        await watched.interrogate(HOST)

    asyncio.run(scenario())
    assert watched.faults == {(Stage.INTERROGATE, FaultCode.UNREACHABLE): 1}


def with_ports(*ports: int) -> Discovery:
    sightings = tuple(Sighting(DeviceTarget(HOST, port), (FoundBy.DIRECTED,)) for port in ports)
    return replace(found(), sightings=sightings)


def test_two_devices_behind_one_address_are_both_watched(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world
    rounds = [with_ports(8000), with_ports(8000, 8001), with_ports(8001), found()]

    async def search(plan: object, clock: object) -> Discovery:
        return rounds.pop(0)

    monkeypatch.setattr(site_module, "search", search)

    async def scenario() -> None:
        await watched.discover()
        assert watched.hosts == (HOST,)
        await watched.discover()
        assert set(watched.hosts) == {f"{HOST}:8000", f"{HOST}:8001"}
        for key in watched.hosts:
            await watched.interrogate(key)
        assert {job.target.port for job in fleet.asked if isinstance(job.target, DeviceTarget)} == {
            8000,
            8001,
        }
        assert all(job.credential is not None for job in fleet.asked)
        run = await watched.judge(START)
        assert run is not None and len(run.result.cameras) == 2
        await watched.discover()  # one of them is not seen this time: both are watched on
        assert set(watched.hosts) == {f"{HOST}:8000", f"{HOST}:8001"}
        await watched.discover()  # none of them is: the inventory's bare address is no third device
        assert set(watched.hosts) == {f"{HOST}:8000", f"{HOST}:8001"}
        fleet.greeting = SILENT
        await fleet.clock.sleep(60)
        await watched.reach(f"{HOST}:8001")
        assert sorted(status.up for status in watched.statuses()) == [False, True]  # type: ignore[type-var]

    asyncio.run(scenario())


def test_a_device_that_changed_its_port_is_one_device(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, _ = world
    rounds = [with_ports(8000), with_ports(80)]

    async def search(plan: object, clock: object) -> Discovery:
        return rounds.pop(0)

    monkeypatch.setattr(site_module, "search", search)

    async def scenario() -> None:
        await watched.discover()
        await watched.discover()
        assert watched.hosts == (HOST,)

    asyncio.run(scenario())


def restarted(watched: WatchedSite, stored: tuple[KnownDevice, ...]) -> tuple[WatchedSite, FakeFleet]:
    """A fresh agent on what the old one had on record."""
    fleet = FakeFleet()
    again = WatchedSite(settings(), fleet, lambda *_: None)  # type: ignore[arg-type]
    again.restore(watched.statuses(), Memory(devices=stored))
    return again, fleet


def test_after_a_restart_a_device_is_asked_where_it_answered(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world
    fleet.devices[HOST] = replace(build.device_facts(), service_url=f"https://{HOST}:8443/onvif/device")
    attempts: list[tuple[int, bool, str]] = []

    async def ask(door: TcpPort, path: str) -> TriedPort:
        attempts.append((door.port, door.secure, path))
        return TriedPort(door.host, door.port, PortAnswer.ONVIF)

    monkeypatch.setattr(whereabouts, "ask_onvif", ask)

    async def scenario() -> None:
        await first_round(watched)
        run = await watched.judge(START) or await rejudged(watched)
        again, asked = restarted(watched, run.memory.devices)
        await again.reach(HOST)
        assert attempts == [(8443, True, "/onvif/device")]
        assert again.statuses()[0].up is True
        await again.discover()  # quiet hours, or a search that only has the inventory's address
        await again.interrogate(HOST)
        (job,) = asked.asked
        assert isinstance(job.target, DeviceTarget) and (job.target.port, job.target.secure) == (8443, True)

    asyncio.run(scenario())


async def rejudged(watched: WatchedSite) -> Run:
    await watched.interrogate(HOST)
    run = await watched.judge(START)
    assert run is not None
    return run


@pytest.mark.parametrize("port_answer", [PortAnswer.REFUSED, PortAnswer.SILENT, PortAnswer.ONVIF])
def test_who_is_asked_at_a_guessed_port_is_not_called_dead(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch, port_answer: PortAnswer
) -> None:
    watched, _ = world
    ports_that_answer(monkeypatch, port_answer)

    async def scenario() -> None:
        await first_round(watched)
        again, fleet = restarted(watched, ())  # the record of an older camagent: it held no ports
        fleet.clock.elapsed_s += 60
        await again.reach(HOST)
        assert again.statuses()[0].up is True

    asyncio.run(scenario())


def test_after_a_restart_a_camera_without_onvif_is_greeted_at_its_stream(
    world: tuple[WatchedSite, FakeFleet],
) -> None:
    watched, _ = world

    async def scenario() -> None:
        await first_round(watched)
        stream = replace(watched.statuses()[0], address=f"rtsp://{HOST}:8554/live")
        again = WatchedSite(settings(), fleet := FakeFleet(), lambda *_: None)  # type: ignore[arg-type]
        again.restore((stream,), Memory())
        for greeting, up in ((ACCESS, True), (SILENT, False)):
            fleet.greeting = greeting
            fleet.clock.elapsed_s += 60
            await again.reach(HOST)
            assert again.statuses()[0].up is up

    asyncio.run(scenario())


def test_after_a_restart_devices_behind_one_address_are_told_apart(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, _ = world
    dead_port = 8001

    async def ask(door: TcpPort, path: str) -> TriedPort:
        return TriedPort(
            door.host, door.port, PortAnswer.SILENT if door.port == dead_port else PortAnswer.ONVIF
        )

    monkeypatch.setattr(whereabouts, "ask_onvif", ask)

    async def scenario() -> None:
        await first_round(watched)
        (one,) = watched.statuses()
        cameras = [replace(one, id=f"cam-{port}") for port in (8000, dead_port)]
        stored = tuple(
            KnownDevice(f"cam-{p}", HOST, None, (), f"http://{HOST}:{p}/onvif") for p in (8000, dead_port)
        )
        again = WatchedSite(settings(), fleet := FakeFleet(), lambda *_: None)  # type: ignore[arg-type]
        again.restore(cameras, Memory(devices=stored))
        assert set(again.hosts) == {f"{HOST}:8000", f"{HOST}:8001"}
        fleet.clock.elapsed_s += 60
        for key in again.hosts:
            await again.reach(key)
        assert {status.id: status.up for status in again.statuses()} == {"cam-8000": True, "cam-8001": False}

    asyncio.run(scenario())


def test_a_recorder_is_one_device_after_a_restart(world: tuple[WatchedSite, FakeFleet]) -> None:
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        (one,) = watched.statuses()
        channels = [replace(one, id=f"cam-{n}") for n in range(3)]
        stored = tuple(
            KnownDevice(f"cam-{n}", HOST, f"VS{n}", (), f"http://{HOST}:8000/onvif") for n in range(3)
        )
        again = WatchedSite(settings(), fleet, lambda *_: None)  # type: ignore[arg-type]
        again.restore(channels, Memory(devices=stored))
        assert again.hosts == (HOST,)

    asyncio.run(scenario())


def test_a_device_that_went_silent_is_asked_where_the_search_found_it(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, fleet = world
    announced = DeviceTarget(HOST, 8080, xaddrs=(f"http://{HOST}:8080/onvif",))
    rounds = [
        replace(found(), sightings=(Sighting(announced, (FoundBy.MULTICAST,)),)),
        with_ports(80),
        with_ports(80),
    ]

    async def search(plan: object, clock: object) -> Discovery:
        return rounds.pop(0)

    monkeypatch.setattr(site_module, "search", search)

    async def scenario() -> None:
        for silent, port in ((False, 8080), (True, 8080), (True, 80)):
            await watched.discover()
            if silent:
                fleet.devices[HOST] = SILENT
            fleet.asked.clear()
            await watched.interrogate(HOST)
            (job,) = fleet.asked
            assert isinstance(job.target, DeviceTarget) and job.target.port == port

    asyncio.run(scenario())


def test_an_announcement_that_nobody_answers_for_is_watched_no_longer_than_it_is_announced(
    world: tuple[WatchedSite, FakeFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood announces other addresses in every search: they must not pile up for a week, nor become
    series."""
    watched, _ = world

    async def scenario() -> None:
        for number in range(50, 60):
            search_with(monkeypatch, HOST, f"192.0.2.{number}")
            await watched.discover()
            for host in watched.hosts:
                await watched.interrogate(host)
            await watched.judge(START)
            assert set(watched.hosts) == {HOST, f"192.0.2.{number}"}
            assert {status.address for status in watched.statuses()} == {HOST}

    asyncio.run(scenario())
