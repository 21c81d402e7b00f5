"""Hello and Bye bring work forward, within bounds, and are never believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product

from camagent.agent.announcements import EARLY_EVERY_S, EarlyWork
from camagent.agent.loop import Agent
from camagent.agent.schedule import SITE, Cadence, Schedule, WorkKind
from camagent.discover.hello import Presence
from camagent.discover.wsdiscovery import Kind
from tests import builders as build
from tests.agent.agent_fakes import START, FakeSite, World

KNOWN = frozenset({"192.0.2.1"})


def presence(kind: Kind, host: str) -> Presence:
    return Presence(kind, host, "urn:uuid:x", None, "eth0", START)


def test_what_each_announcement_brings_forward() -> None:
    assert EarlyWork().work_for(presence(Kind.HELLO, "192.0.2.1"), KNOWN, 0) == (
        WorkKind.INTERROGATE,
        "192.0.2.1",
    )
    assert EarlyWork().work_for(presence(Kind.HELLO, "203.0.113.9"), KNOWN, 0) == (WorkKind.DISCOVER, SITE)
    assert EarlyWork().work_for(presence(Kind.BYE, "192.0.2.1"), KNOWN, 0) == (WorkKind.REACH, "192.0.2.1")
    assert EarlyWork().work_for(presence(Kind.BYE, "203.0.113.9"), KNOWN, 0) is None


def test_a_camera_that_announces_itself_all_day_is_visited_once_in_ten_minutes() -> None:
    early = EarlyWork()
    visits = [early.work_for(presence(Kind.HELLO, "192.0.2.1"), KNOWN, float(at)) for at in range(0, 3600, 5)]
    assert sum(visit is not None for visit in visits) == 3600 / EARLY_EVERY_S


def test_a_flood_from_strangers_costs_one_search_and_no_memory() -> None:
    early = EarlyWork()
    hosts = [f"203.0.{a}.{b}" for a, b in product(range(40), range(250))]
    asked = [early.work_for(presence(Kind.HELLO, host), KNOWN, 1.0) for host in hosts]
    assert [one for one in asked if one is not None] == [(WorkKind.DISCOVER, SITE)]
    assert len(early._early_s) == 1


def test_a_camera_that_comes_back_is_asked_at_once_and_no_stranger_is_visited() -> None:
    world, site = World(), FakeSite(addresses=("192.0.2.1",))
    agent = Agent(build.site(), build.profile_stamp(), site, Schedule(Cadence(reach_s=3600, stream_s=3600)))

    async def announced() -> AsyncIterator[Presence]:
        while world.clock.elapsed_s < 4000:
            await asyncio.sleep(0)
        site.done.clear()
        yield Presence(Kind.HELLO, "192.0.2.1", None, None, "eth0", datetime.now(UTC))
        yield Presence(Kind.HELLO, "203.0.113.9", None, None, "eth0", datetime.now(UTC))

    world.announced = announced()

    async def scenario() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(world.environment(), stop))
        while world.clock.elapsed_s < 4010:
            await asyncio.sleep(0)
        stop.set()
        await running

    asyncio.run(scenario())
    assert (WorkKind.INTERROGATE, "192.0.2.1") in site.done and (WorkKind.DISCOVER, SITE) in site.done
    assert all(host in ("192.0.2.1", SITE) for _, host in site.done)
