"""What happens to the site while it is watched: cameras taken away, clocks set, configurations read anew."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from camagent.agent import watched_site as site_module
from camagent.agent.watched_site import FORGET_AFTER, WatchedSite
from camagent.discover.tcp_probe import PortAnswer
from camagent.model.discovery import Discovery
from camagent.model.earlier_runs import Memory
from camagent.model.fault import FaultCode, Stage
from camagent.model.scan_result import Declaration
from tests import builders as build
from tests.agent.agent_fakes import START
from tests.agent.test_site import (
    HOST,
    OTHER,
    SILENT,
    FakeFleet,
    first_round,
    ports_that_answer,
    search_with,
    settings,
    with_ports,
    world,  # noqa: F401 (a fixture)
)

NEW = "192.0.2.50"
DAY_S = 86400.0


def addresses(watched: WatchedSite) -> list[str]:
    return sorted(status.address for status in watched.statuses())


def test_a_camera_that_was_taken_away_does_not_come_back_when_a_new_one_arrives(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched, _ = world

    async def scenario() -> None:
        await first_round(watched)
        (status,) = watched.statuses()
        fleet = FakeFleet()
        again = WatchedSite(settings(), fleet, lambda *_: None)  # type: ignore[arg-type]
        again.restore((status, replace(status, id="cam-gone", address=OTHER)), Memory())
        await first_round(again)
        fleet.clock.elapsed_s += FORGET_AFTER.total_seconds() + DAY_S
        await again.reach(HOST)
        await again.discover()
        await again.judge(again._clock.now())
        assert addresses(again) == [HOST]
        search_with(monkeypatch, HOST, NEW)
        await again.discover()
        assert not again.is_complete and addresses(again) == [HOST]

    asyncio.run(scenario())


def test_a_wall_clock_that_is_set_back_hides_no_answer(world: tuple[WatchedSite, FakeFleet]) -> None:  # noqa: F811
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        assert watched.statuses()[0].up is True
        fleet.clock.elapsed_s += 60
        fleet.clock.wall_s = -6 * 3600
        fleet.greeting = SILENT
        await watched.reach(HOST)
        assert watched.statuses()[0].up is False, "in quiet hours nothing but the cheap check would tell"

    asyncio.run(scenario())


def test_a_wall_clock_that_is_set_forward_makes_nobody_forgotten(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An old PC starts in the year 2000, until NTP is reached."""
    watched, fleet = world
    fleet.devices[OTHER] = fleet.devices[HOST]

    async def scenario() -> None:
        search_with(monkeypatch, HOST, OTHER)
        await first_round(watched)
        search_with(monkeypatch, HOST)
        fleet.clock.wall_s = 26 * 365 * DAY_S
        await watched.discover()
        assert set(watched.hosts) == {HOST, OTHER}
        fleet.clock.elapsed_s += FORGET_AFTER.total_seconds() + DAY_S
        await watched.discover()
        assert set(watched.hosts) == {HOST}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "port_answer", "up"),
    [
        (
            FaultCode.REFUSED,
            PortAnswer.MUTE,
            None,
        ),  # it said 503, or hung up: busy firmware is not a dead camera
        (FaultCode.TIMEOUT, PortAnswer.MUTE, False),  # both doors accept and say nothing: it hangs
        (FaultCode.UNREACHABLE, PortAnswer.SILENT, False),
        (FaultCode.REFUSED, PortAnswer.REFUSED, False),
        (FaultCode.REFUSED, PortAnswer.ONVIF, True),
        (FaultCode.TIMEOUT, PortAnswer.OURS, False),
    ],
)
def test_what_a_missed_handshake_and_a_port_try_say_together(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    code: FaultCode,
    port_answer: PortAnswer,
    up: bool | None,
) -> None:
    watched, fleet = world

    async def scenario() -> None:
        await first_round(watched)
        fleet.greeting = build.fault(code, stage=Stage.OBSERVE)
        ports_that_answer(monkeypatch, port_answer)
        fleet.clock.elapsed_s += 60
        await watched.reach(HOST)
        shown = watched.statuses()[0].up
        assert shown is (True if up is None else up), "what is not known leaves the last answer in force"

    asyncio.run(scenario())


def test_a_busy_camera_without_a_known_stream_is_not_called_dead(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched, fleet = world
    fleet.stream = lambda target: None
    monkeypatch.setattr("camagent.agent.watched_site.stream_targets", lambda check: [])

    async def scenario() -> None:
        await first_round(watched)
        ports_that_answer(monkeypatch, PortAnswer.MUTE)
        fleet.clock.elapsed_s += 60
        await watched.reach(HOST)
        assert watched.statuses()[0].up is True

    asyncio.run(scenario())


@pytest.mark.parametrize("answers", [True, False])
def test_a_silent_camera_that_is_taken_off_the_inventory_is_forgotten_at_the_next_search(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    answers: bool,
) -> None:
    _, fleet = world
    if answers:
        fleet.devices[OTHER] = build.device_facts()
    listed = Declaration(name="Cổng chính", address=HOST)
    both = settings(listed, Declaration(name="Sân sau", address=OTHER))
    watched = WatchedSite(both, fleet, lambda *_: None)  # type: ignore[arg-type]

    async def scenario() -> None:
        await first_round(watched)
        assert addresses(watched) == [HOST, OTHER]
        watched.follow(settings(listed))
        await watched.discover()
        await watched.judge(fleet.clock.now())
        assert addresses(watched) == ([HOST, OTHER] if answers else [HOST])

    asyncio.run(scenario())


def test_a_conversation_during_the_judgement_blames_no_neighbour_behind_the_same_address(
    world: tuple[WatchedSite, FakeFleet],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched, fleet = world
    first, second = f"{HOST}:8000", f"{HOST}:8001"
    begun, go_on = threading.Event(), threading.Event()
    judge: Any = vars(site_module)["judge_and_publish"]

    def judge_slowly(*about: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return judge(*about)

    async def search(plan: object, clock: object) -> Discovery:
        return with_ports(8000, 8001)

    monkeypatch.setattr(site_module, "search", search)
    monkeypatch.setattr(site_module, "judge_and_publish", judge_slowly)

    async def scenario() -> None:
        await watched.discover()
        for key in (first, second):
            await watched.interrogate(key)
        judging = asyncio.create_task(watched.judge(START))
        await asyncio.to_thread(begun.wait, 10)
        await watched.interrogate(first)  # a new conversation while the last one is judged
        go_on.set()
        run = await judging
        assert run is not None
        camera = {c.facts.device_key: c.facts.id for c in run.result.cameras}
        assert camera.keys() == {first, second}
        fleet.greeting = SILENT
        await fleet.clock.sleep(60)
        await watched.reach(first)
        assert {status.id: status.up for status in watched.statuses()} == {
            camera[first]: False,
            camera[second]: True,
        }

    asyncio.run(scenario())
