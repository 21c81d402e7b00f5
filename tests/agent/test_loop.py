"""The agent's loop on a clock that the test winds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from camagent.agent.loop import STOP_S, STUCK_AFTER_S, Agent
from camagent.agent.schedule import Cadence, Schedule, WorkKind, parse_quiet_hours
from tests import builders as build
from tests.agent.agent_fakes import START, FakeSite, MemoryRecord, World


def agent_of(site: FakeSite, schedule: Schedule | None = None) -> Agent:
    return Agent(build.site(), build.profile_stamp(), site, schedule or Schedule())


def live(
    site: FakeSite, seconds: float, world: World | None = None, schedule: Schedule | None = None
) -> Agent:
    """Run an agent for that long on the wound clock."""
    world = world or World()
    agent = agent_of(site, schedule)

    async def scenario() -> None:
        stop = asyncio.Event()

        async def end() -> None:
            while world.clock.elapsed_s < seconds:
                await asyncio.sleep(0)
            stop.set()

        ending = asyncio.create_task(end())
        await agent.run(world.environment(), stop)
        await ending

    asyncio.run(scenario())
    return agent


def test_an_hour_has_every_kind_of_work_at_its_pace() -> None:
    site = FakeSite()
    live(site, 3600)
    counts = Counter(work for work, _ in site.done)
    assert counts[WorkKind.INTERROGATE] == 3
    assert 30 <= counts[WorkKind.STREAM] <= 39
    assert 140 <= counts[WorkKind.REACH] <= 183
    assert 1 <= counts[WorkKind.DISCOVER] <= 2


def test_a_round_is_told_kept_and_its_memory_taken_up() -> None:
    site, world = FakeSite(), World()
    agent = live(site, 700, world)
    snapshot = agent.snapshot()
    assert snapshot.stream_cycle is not None and snapshot.reach_cycle is not None
    assert world.record.kept and site.memories and world.record.probes
    assert agent.result_document() == b"{}"
    assert any("sẵn sàng" in note for note in world.notifier.notices)


def test_a_round_with_a_device_that_never_ends_is_not_kept() -> None:
    async def one_hangs(work: WorkKind, host: str) -> None:
        if host == "192.0.2.2" and work is not WorkKind.REACH:
            await asyncio.Event().wait()

    fresh = World()
    site = FakeSite(addresses=(), during=one_hangs)
    agent = agent_of(site)

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(fresh.environment(), stop))
        await asyncio.sleep(0)
        site.addresses = ("192.0.2.1", "192.0.2.2")
        while fresh.clock.elapsed_s < 900:
            await asyncio.sleep(0)
        stop.set()
        await running

    asyncio.run(scenario())
    assert fresh.record.kept == []


def test_an_unfinished_first_round_is_not_stored() -> None:
    site, world = FakeSite(is_complete=False), World()
    agent = live(site, 700, world)
    assert world.record.kept == [] and agent.result_document() is None


def test_a_site_without_any_camera_is_told_as_such() -> None:
    agent = live(FakeSite(addresses=()), 10)
    assert agent.snapshot().discovered_devices == 0
    assert agent.snapshot().stream_cycle is not None


def test_the_watchdog_is_fed_by_the_loop() -> None:
    world = World()
    live(FakeSite(), 60, world)
    assert world.notifier.notices.count("WATCHDOG=1") >= 55


def test_work_that_never_ends_starves_the_watchdog_and_health() -> None:
    async def hang(work: WorkKind, host: str) -> None:
        await asyncio.Event().wait()

    world = World()
    site = FakeSite(addresses=("192.0.2.1",), during=hang)
    agent = agent_of(site)

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < STUCK_AFTER_S - 10:
            await asyncio.sleep(0)
        assert agent.is_alive()
        while world.clock.elapsed_s < STUCK_AFTER_S + 10:
            await asyncio.sleep(0)
        assert not agent.is_alive()
        fed = world.notifier.notices.count("WATCHDOG=1")
        while world.clock.elapsed_s < STUCK_AFTER_S + 60:
            await asyncio.sleep(0)
        assert world.notifier.notices.count("WATCHDOG=1") == fed
        stop.set()
        await running

    asyncio.run(scenario())


def test_overruns_reach_the_metrics() -> None:
    slow = World()

    async def last(work: WorkKind, host: str) -> None:
        if work in (WorkKind.STREAM, WorkKind.INTERROGATE):
            until_s = slow.clock.elapsed_s + 700
            while slow.clock.elapsed_s < until_s:
                await asyncio.sleep(0)

    agent = live(FakeSite(addresses=("192.0.2.1",), during=last), 2500, slow)
    assert agent.snapshot().overruns >= 2


@pytest.mark.parametrize("work", [WorkKind.DISCOVER, WorkKind.INTERROGATE, WorkKind.REACH])
def test_a_bug_in_one_piece_of_work_is_counted_and_silences_nobody(work: WorkKind) -> None:
    async def fail(doing: WorkKind, host: str) -> None:
        if doing is work and host in ("", "192.0.2.1"):
            raise RuntimeError("rtsp://admin:hunter2@192.0.2.1/")

    site, world = FakeSite(during=fail), World()
    agent = live(site, 400, world)
    assert agent.snapshot().defects >= 1
    assert {host for _, host in site.done} >= {"192.0.2.2", "192.0.2.3"}
    assert any("RuntimeError loop.py:" in line for line in world.lines)
    assert not any("hunter2" in line for line in world.lines)


def test_a_bug_in_judging_keeps_the_watch_going(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: FakeSite, began_at: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeSite, "judge", fail)
    site = FakeSite()
    agent = live(site, 200)
    assert agent.snapshot().defects >= 1 and len(site.done) > 6


@pytest.mark.parametrize("own_work", ["keep", "note_probes"])
def test_a_bug_in_the_record_is_counted_and_the_watch_goes_on(
    own_work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise KeyError("rtsp://admin:hunter2@192.0.2.1/")

    monkeypatch.setattr(MemoryRecord, own_work, fail)
    site, world = FakeSite(), World()
    agent = live(site, 700, world)
    assert agent.snapshot().defects >= 1 and agent.is_ready()
    assert any("KeyError loop.py:" in line for line in world.lines)
    assert not any("hunter2" in line for line in world.lines)


@pytest.mark.parametrize("own_work", ["keep", "note_probes", "judge"])
def test_a_judgement_or_a_disk_that_hangs_is_not_called_healthy(
    own_work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    async def hang(*_: object) -> None:
        begun.append(own_work)
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeSite if own_work == "judge" else MemoryRecord, own_work, hang)
    world = World()
    agent = live(FakeSite(), STUCK_AFTER_S / 2, world)
    assert agent.is_alive()
    begun.clear()
    live(FakeSite(), STUCK_AFTER_S + 700, world := World())
    assert len(begun) == 1, "what hangs is not stacked"
    assert world.notifier.notices.count("WATCHDOG=1") < STUCK_AFTER_S + 690


@pytest.mark.parametrize("hours", [-14.0, 10.0])
def test_quiet_hours_follow_a_wall_clock_that_is_set(hours: float) -> None:
    """An old PC starts with a wrong time, in what it takes for quiet hours; then NTP puts it right."""
    site, world = FakeSite(), World()
    agent = agent_of(site, Schedule(quiet=(parse_quiet_hours("19:00-04:00"),)))

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 400:
            await asyncio.sleep(0)
        assert {work for work, _ in site.done} == {WorkKind.REACH}
        assert agent.snapshot().quiet_until == START + timedelta(hours=8)
        world.clock.wall_s = hours * 3600
        assert agent.snapshot().quiet_until is None
        while world.clock.elapsed_s < 1100:
            await asyncio.sleep(0)
        assert {host for work, host in site.done if work is WorkKind.STREAM} == set(site.addresses)
        stop.set()
        await running

    asyncio.run(scenario())


@pytest.mark.slow  # 86,400 turns of the loop, ten seconds of processor each
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("begins", "quiet_h"),
    [
        (datetime(2026, 10, 24, 12, tzinfo=UTC), 4),  # the clocks go back: 02:00 to 03:00 comes twice
        (datetime(2026, 3, 28, 12, tzinfo=UTC), 2),  # … and forward: it never comes
    ],
)
def test_a_day_of_watching_holds_no_more_at_its_end(begins: datetime, quiet_h: int) -> None:
    """24 hours, wound: every kind of work at its pace, quiet by the school's own clock, nothing stacked."""
    world, done, held = World(zone=ZoneInfo("Europe/Berlin")), list[tuple[WorkKind, float]](), list[int]()
    world.clock.wall_s = (begins - START).total_seconds()

    async def note(work: WorkKind, _host: str) -> None:
        done.append((work, world.clock.elapsed_s))
        if work is WorkKind.DISCOVER:
            held.append(len(asyncio.all_tasks()))

    site = FakeSite(addresses=("192.0.2.1",), during=note)
    quiet = Schedule(quiet=(parse_quiet_hours("01:00-04:00"),))
    agent = live(site, 24 * 3600, world, quiet)
    streams = [at_s for work, at_s in done if work is WorkKind.STREAM]
    longest_h = max(b - a for a, b in pairwise(streams)) / 3600
    assert quiet_h <= longest_h <= quiet_h + 1.25  # what was held back is taken up within an hour
    assert Counter(work for work, _ in done)[WorkKind.REACH] >= 24 * 3600 / 75
    assert min(Counter(int(at_s // 3600) for work, at_s in done if work is WorkKind.REACH).values()) >= 40
    assert len(held) >= 15 and max(held[3:]) <= max(held[:3])
    assert agent.snapshot().defects == 0 and world.days == 1


def test_a_camera_that_falls_silent_is_searched_for_elsewhere_and_not_endlessly() -> None:
    """After a power cut DHCP gives other addresses: without a search cameras would count as down for an
    hour."""
    site, world = FakeSite(), World()
    agent = agent_of(site, Schedule(Cadence(discover_s=86400)))
    answering = dict.fromkeys(site.addresses, True) | {"192.0.2.3": False}
    site.answers = lambda: dict(answering)  # type: ignore[method-assign]

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 300:
            await asyncio.sleep(0)
        assert site.done.count((WorkKind.DISCOVER, "")) == 1, "nobody fell silent"
        answering["192.0.2.1"] = False
        while world.clock.elapsed_s < 450:
            await asyncio.sleep(0)
        assert site.done.count((WorkKind.DISCOVER, "")) == 2
        while world.clock.elapsed_s < 2000:  # one that comes and goes with every round
            answering["192.0.2.2"] = int(world.clock.elapsed_s / 90) % 2 == 0
            await asyncio.sleep(0)
        assert 3 <= site.done.count((WorkKind.DISCOVER, "")) <= 5
        stop.set()
        await running

    asyncio.run(scenario())


def test_a_reload_searches_soon_for_what_was_added() -> None:
    site, world = FakeSite(), World()
    agent = agent_of(site)

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 100:
            await asyncio.sleep(0)
        searched = site.done.count((WorkKind.DISCOVER, ""))
        agent.adopt(build.site(), build.profile_stamp(), Schedule())
        while world.clock.elapsed_s < 110:
            await asyncio.sleep(0)
        assert site.done.count((WorkKind.DISCOVER, "")) == searched + 1
        stop.set()
        await running

    asyncio.run(scenario())


def test_stopping_ends_every_session_in_time() -> None:
    torn_down = []

    async def session(work: WorkKind, host: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            torn_down.append(host)

    began_s = time.monotonic()
    live(FakeSite(during=session), 400)
    assert sorted(torn_down) == ["", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert time.monotonic() - began_s < STOP_S


def test_a_session_that_will_not_end_does_not_hold_up_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.agent.loop.STOP_S", 0.1)
    world = World()

    is_over = False

    async def stubborn(work: WorkKind, host: str) -> None:
        while not is_over:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    site = FakeSite(addresses=("192.0.2.1",), during=stubborn)
    agent = agent_of(site)

    async def scenario() -> None:
        nonlocal is_over
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 3:
            await asyncio.sleep(0)
        stop.set()
        async with asyncio.timeout(20):
            await running
        is_over = True

    asyncio.run(scenario())
    assert any("did not end in time" in line for line in world.lines)


def test_a_day_is_begun_once() -> None:
    world = World()
    live(FakeSite(addresses=()), 5 * 3600, world, Schedule(Cadence(discover_s=86400)))
    assert world.days == 1


def test_reload_is_adopted_or_told() -> None:
    site, world = FakeSite(), World()
    agent = agent_of(site)

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 10:
            await asyncio.sleep(0)
        agent.refuse_reload()
        assert not agent.snapshot().reload_ok
        agent.adopt(build.site(name="THCS Lê Lợi"), build.profile_stamp(), Schedule(Cadence(stream_s=60)))
        assert agent.snapshot().reload_ok and agent.snapshot().site.name == "THCS Lê Lợi"
        before = Counter(site.done)
        while world.clock.elapsed_s < 200:
            await asyncio.sleep(0)
        assert all((Counter(site.done) - before)[WorkKind.STREAM, host] >= 2 for host in site.addresses)
        stop.set()
        await running

    asyncio.run(scenario())


def test_ready_only_after_a_whole_round() -> None:
    site = FakeSite(addresses=())
    agent = agent_of(site)
    world = World()

    async def late(work: WorkKind, host: str) -> None:
        if work is WorkKind.DISCOVER:
            site.addresses = ("192.0.2.1",)
        elif work is WorkKind.INTERROGATE:
            assert not agent.is_ready()

    site.during = late

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while not agent.is_ready() and world.clock.elapsed_s < 100:
            await asyncio.sleep(0)
        stop.set()
        await running

    asyncio.run(scenario())
    assert agent.is_ready() and (WorkKind.INTERROGATE, "192.0.2.1") in site.done
