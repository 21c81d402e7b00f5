"""A flood announces hundreds of addresses: nobody's are sorted out at once, whoever is there stays."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from camagent.discover import strangers
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.strangers import FLOOD, MAX_CONNECTIONS, without_silent
from camagent.discover.tcp_probe import PortAnswer, TcpPort, TriedPort
from camagent.model.device import DeviceTarget
from camagent.model.discovery import FoundBy, Sighting
from tests.fakes import FakeClock

ALIVE = {
    "10.1.0.1": PortAnswer.ONVIF,
    "10.1.0.2": PortAnswer.LOGIN,
    "10.1.0.3": PortAnswer.REFUSED,
    "10.1.0.4": PortAnswer.MUTE,
    "10.1.0.5": PortAnswer.WEB,
    "10.1.0.6": PortAnswer.OURS,
    "10.1.0.7": PortAnswer.OTHER,
}
HEARD = "10.1.0.8"


@dataclass
class Network:
    """Who answers what, and how many were asked at once."""

    asked: list[TcpPort] = field(default_factory=list)
    open: int = 0
    most: int = 0

    async def ask(self, door: TcpPort, path: str) -> TriedPort:
        """What `ask_onvif` hears here."""
        self.asked.append(door)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        nobody = PortAnswer.UNREACHABLE if door.host.endswith("9") else PortAnswer.SILENT
        return TriedPort(door.host, door.port, ALIVE.get(door.host, nobody), path=path)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network()
    monkeypatch.setattr(strangers, "ask_onvif", made.ask)
    return made


def flood(count: int) -> list[Sighting]:
    hosts = (f"10.1.{number // 250}.{number % 250 + 1}" for number in range(count))
    return [Sighting(DeviceTarget(host, 8080, "/onvif"), (FoundBy.MULTICAST,)) for host in hosts]


def sorted_out(sightings: list[Sighting]) -> tuple[list[str], list[str]]:
    plan = DiscoveryPlan((), ())
    discovery = asyncio.run(without_silent(plan, FakeClock(), sightings, {HEARD}))
    alive, silent = ([sighting.target.host for sighting in part] for part in discovery)
    return alive, silent


def test_whoever_takes_or_refuses_a_connection_stays(network: Network) -> None:
    sightings = flood(2_000)
    alive, silent = sorted_out(sightings)
    assert alive == [*ALIVE, HEARD]
    assert len(silent) == 2_000 - len(alive) and not set(silent) & set(alive)


def test_who_said_more_than_an_announcement_is_not_asked(network: Network) -> None:
    sorted_out(flood(2_000))
    assert HEARD not in {door.host for door in network.asked}


def test_each_is_asked_once_where_it_says_that_it_is_and_few_at_once(network: Network) -> None:
    sorted_out(flood(2_000))
    assert len(network.asked) == len({door.host for door in network.asked}) == 1_999
    assert {door.port for door in network.asked} == {8080}
    assert 1 < network.most <= MAX_CONNECTIONS


def test_a_school_is_no_flood(network: Network) -> None:
    alive, silent = sorted_out(flood(FLOOD))
    assert (len(alive), silent, network.asked) == (FLOOD, [], [])
