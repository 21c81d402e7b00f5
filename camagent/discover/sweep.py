"""Asking addresses one by one: a directed Probe, then ONVIF over HTTP, then RTSP. Polite, and twice.

Port after port over all addresses, so that one address meets one connection at a time and seldom; addresses that
our own segment's ARP declares dead are left alone; silence is asked a second time, slower and more patiently.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from camagent.clock import Clock
from camagent.discover.interfaces import read_neighbours
from camagent.discover.knock import ALIVE, INCONCLUSIVE, Door, Heard, Knock, ask_onvif, ask_rtsp
from camagent.discover.multicast import PORT, Tray, open_directed_socket, reading
from camagent.discover.pace import Pace
from camagent.discover.plan import TLS_PORTS, DiscoveryPlan, is_loopback
from camagent.discover.sightings import DEFAULT_PATH
from camagent.discover.wsdiscovery import ProbeTypes
from camagent.model.discovery import Note

MAX_CONNECTIONS = 128  # at once, over all addresses; well below the 1,024 files of an ordinary process
LOSING_RATIO = 0.2  # of living addresses that fell silent in one round: something between us is giving way
LOSING_AT_LEAST = 8  # fewer than this may simply have a firewall
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Knocks:
    """What every port said, and what follows from it."""

    heard: dict[tuple[str, int], Knock] = field(default_factory=dict)
    notes: dict[Note, None] = field(default_factory=dict)

    def add(self, knock: Knock) -> None:
        """The later answer counts."""
        self.heard[knock.host, knock.port] = knock

    def of(self, host: str, ports: Iterable[int]) -> list[Knock]:
        """What these ports of one address said, in that order."""
        return [self.heard[host, port] for port in ports if (host, port) in self.heard]

    def says(self, host: str, ports: Iterable[int], heard: Heard) -> bool:
        """True if one of these ports said that."""
        return any(knock.heard is heard for knock in self.of(host, ports))

    def answered(self) -> set[str]:
        """Addresses that gave any answer at all."""
        return {host for (host, _), knock in self.heard.items() if knock.heard in ALIVE}


@dataclass(frozen=True, slots=True)
class Ladder:
    """One climb: these ports, this patience, to be done by then."""

    plan: DiscoveryPlan
    clock: Clock
    pace: Pace
    deadline_s: float
    patient: bool

    @property
    def late(self) -> bool:
        """The budget of the whole sweep is spent."""
        return self.clock.monotonic_s() >= self.deadline_s

    def door(self, host: str, port: int) -> Door:
        """That port with this climb's patience."""
        pacing = self.plan.pacing
        return Door(
            host,
            port,
            port in TLS_PORTS,
            pacing.patient_connect_s if self.patient else pacing.connect_s,
            pacing.patient_reply_s if self.patient else pacing.reply_s,
        )


async def probe_addresses(
    plan: DiscoveryPlan, hosts: Sequence[str], tray: Tray, clock: Clock, progress: Progress
) -> tuple[Note, ...]:
    """Two directed Probes to every address that has not answered yet; the answers go into the tray."""
    refused: dict[str, list[str]] = {}
    try:
        sock = open_directed_socket(plan.source_port)
    except OSError:
        return (Note("source_port_busy", str(plan.source_port or "")),)
    loop = asyncio.get_running_loop()
    with sock, reading(tray, {sock: None}):
        for number, types in enumerate((ProbeTypes.TRANSMITTER, ProbeTypes.ANY)):
            answered = {datagram.source for datagram in tray.datagrams}
            waiting = [host for host in hosts if host not in answered and _is_ipv4(host)]
            pace = Pace(plan.pacing.loopback_hz if _all_loopback(waiting) else plan.pacing.directed_hz, clock)
            for done, host in enumerate(waiting):
                await pace.turn()
                progress("directed", number * len(hosts) + done, 2 * len(hosts))
                try:
                    await loop.sock_sendto(sock, tray.probe(types), (host, PORT))
                except OSError as error:
                    forbidden = error.errno in (errno.EPERM, errno.EACCES)
                    refused.setdefault("sending_forbidden" if forbidden else "no_route", []).append(host)
            await clock.sleep(plan.pacing.settle_s / 2)
    progress("directed", 2 * len(hosts), 2 * len(hosts))
    return tuple(Note(code, f"{hosts[0]} … {hosts[-1]}") for code, hosts in refused.items())


async def knock_at(plan: DiscoveryPlan, hosts: Sequence[str], knocks: Knocks, deadline_s: float, clock: Clock) -> bool:
    """Climb the ports of ONVIF and of RTSP at all these addresses, twice where they stayed silent.

    Returns: False where the budget was spent before all of them had been asked.
    """
    rate_hz = plan.pacing.loopback_hz if _all_loopback(hosts) else plan.pacing.connect_hz
    for patient in (False, True):
        if patient:
            hosts = [host for host in hosts if _worth_a_second_try(host, plan, knocks)]
        ladder = Ladder(plan, clock, Pace(rate_hz / (2 if patient else 1), clock), deadline_s, patient)
        for ports, heard in ((plan.onvif_ports, Heard.ONVIF), (plan.rtsp_ports, Heard.RTSP)):
            for port in ports:
                waiting = [host for host in hosts if _still_to_ask(host, port, ladder, knocks)]
                await _one_port(ladder, waiting, port, heard, knocks)
                hosts = [host for host in hosts if not knocks.says(host, ports, heard)]
                if ladder.late:
                    return False
    return True


def living(hosts: Sequence[str]) -> list[str]:
    """Without the addresses that were asked by ARP on our own segment and stayed silent.

    An address that is not in the table may be behind a router: it stays.
    """
    neighbours: Mapping[str, bool] = read_neighbours()
    return [host for host in hosts if neighbours.get(host, True)]


async def _one_port(ladder: Ladder, hosts: Sequence[str], port: int, heard: Heard, knocks: Knocks) -> None:
    alive = knocks.answered()
    gate = asyncio.Semaphore(MAX_CONNECTIONS)

    async def ask(host: str) -> None:
        try:
            door = ladder.door(host, port)
            knocks.add(await (ask_onvif(door, DEFAULT_PATH) if heard is Heard.ONVIF else ask_rtsp(door)))
        finally:
            gate.release()

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            if ladder.late:
                break
            await ladder.pace.turn()
            await gate.acquire()
            group.create_task(ask(host))
    if is_losing(knocks, [host for host in hosts if host in alive], port) and ladder.pace.slower():
        knocks.notes[Note("slowed_down", f"{ladder.pace.rate_hz:.0f}/s")] = None


def is_losing(knocks: Knocks, alive: Sequence[str], port: int) -> bool:
    """True where addresses that had answered before fell silent in numbers: our own burst may be the cause."""
    silent = sum(knocks.says(host, (port,), Heard.SILENT) for host in alive)
    return silent >= LOSING_AT_LEAST and silent >= LOSING_RATIO * len(alive)


def _worth_a_second_try(host: str, plan: DiscoveryPlan, knocks: Knocks) -> bool:
    if knocks.says(host, plan.onvif_ports, Heard.ONVIF):
        return False
    said = knocks.of(host, (*plan.onvif_ports, *plan.rtsp_ports))
    return any(knock.heard in INCONCLUSIVE for knock in said)


def _still_to_ask(host: str, port: int, ladder: Ladder, knocks: Knocks) -> bool:
    if not ladder.patient:
        return True
    before = knocks.heard.get((host, port))
    return before is None or before.heard in INCONCLUSIVE


def _all_loopback(hosts: Sequence[str]) -> bool:
    return bool(hosts) and all(map(is_loopback, hosts))


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False
