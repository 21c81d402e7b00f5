"""Asking addresses one by one: a directed Probe, then ONVIF over HTTP, then RTSP. Polite, and twice.

Port after port over all addresses, so that one address meets one connection at a time and seldom; addresses that
our own segment's ARP declares dead are left alone; silence is asked a second time, slower and more patiently.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from camagent.clock import Clock
from camagent.discover.multicast import PORT, Tray, open_directed_socket, reading
from camagent.discover.neighbours import PATIENCE_S, Neighbourhood
from camagent.discover.pace import Pace
from camagent.discover.plan import DiscoveryPlan, is_loopback
from camagent.discover.tcp_probe import ALIVE, INCONCLUSIVE, Door, Heard, Knock, ask_onvif, ask_rtsp
from camagent.discover.wsdiscovery import Kind, ProbeTypes, parse_message
from camagent.model.discovery import Note
from camagent.model.onvif import ONVIF_PATHS, TLS_PORTS
from camagent.platform.sockets import errno_of

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
class Sweep:
    """What all steps over the same addresses share."""

    plan: DiscoveryPlan
    clock: Clock
    tray: Tray
    knocks: Knocks
    neighbours: Neighbourhood
    deadline_s: float
    """On the plan's clock; what is not asked by then stays unasked, and that is said."""

    @property
    def late(self) -> bool:
        """The budget is spent."""
        return self.clock.monotonic_s() >= self.deadline_s


async def probe_addresses(sweep: Sweep, hosts: Sequence[str], progress: Progress) -> tuple[Note, ...]:
    """Two directed Probes to every address that has not answered yet; the answers go into the tray."""
    pacing = sweep.plan.pacing
    refused: dict[str, list[str]] = {}
    try:
        sock = open_directed_socket(sweep.plan.source_port)
    except OSError:
        return (Note("source_port_busy", str(sweep.plan.source_port or "")),)
    with sock, reading(sweep.tray, {sock: None}):
        for number, types in enumerate((ProbeTypes.TRANSMITTER, ProbeTypes.ANY)):
            matched = _matched(sweep.tray)
            waiting = [host for host in hosts if host not in matched and _is_ipv4(host)]
            pace = Pace(pacing.loopback_hz if _all_loopback(waiting) else pacing.directed_hz, sweep.clock)
            for done, host in enumerate(waiting):
                if sweep.late:
                    break
                await pace.turn()
                progress("directed", number * len(hosts) + done, 2 * len(hosts))
                why = await _send(sock, sweep.tray.probe(types), host)
                sweep.neighbours.asked(host, sweep.clock.monotonic_s())
                if why is not None:
                    refused.setdefault(why, []).append(host)
            await sweep.clock.sleep(
                pacing.settle_s / 2 if _all_loopback(waiting) else max(pacing.settle_s / 2, PATIENCE_S)
            )
            sweep.neighbours.look(sweep.clock.monotonic_s())
    progress("directed", 2 * len(hosts), 2 * len(hosts))
    return tuple(Note(code, f"{hosts[0]} … {hosts[-1]}") for code, hosts in refused.items())


def _matched(tray: Tray) -> set[str]:
    """Addresses that announced something; a fault to the one kind of Probe is a reason to send the other."""
    read = ((datagram.source, parse_message(datagram.payload)) for datagram in tray.datagrams)
    return {source for source, message in read if message is not None and message.kind is Kind.MATCHES}


async def _send(sock: socket.socket, probe: bytes, host: str) -> str | None:
    """Waits while unresolved neighbours fill the send buffer. Returns: a note's code where it cannot leave."""
    try:
        await asyncio.get_running_loop().sock_sendto(sock, probe, (host, PORT))
    except OSError as error:
        return "sending_forbidden" if errno_of(error) in (errno.EPERM, errno.EACCES) else "no_route"
    return None


@dataclass(frozen=True, slots=True)
class _Climb:
    """One way up the ports: this fast, this patient."""

    sweep: Sweep
    pace: Pace
    patient: bool

    def has_to_ask(self, host: str, port: int) -> bool:
        """The second time, only what was left open the first time."""
        before = self.sweep.knocks.heard.get((host, port)) if self.patient else None
        return before is None or before.heard in INCONCLUSIVE

    def door(self, host: str, port: int) -> Door:
        """That port with this climb's patience."""
        pacing = self.sweep.plan.pacing
        return Door(
            host,
            port,
            port in TLS_PORTS,
            pacing.patient_connect_s if self.patient else pacing.connect_s,
            pacing.patient_reply_s if self.patient else pacing.reply_s,
        )


async def knock_at(sweep: Sweep, hosts: Sequence[str], round_done: Callable[[], None]) -> bool:
    """Climb the ports of ONVIF and of RTSP at all these addresses, twice where they stayed silent.

    Returns: False where the budget was spent before all of them had been asked.
    """
    plan, knocks, everybody = sweep.plan, sweep.knocks, hosts
    rate_hz = plan.pacing.loopback_hz if _all_loopback(hosts) else plan.pacing.connect_hz
    for patient in (False, True):
        if patient:
            hosts = [host for host in hosts if _worth_a_second_try(host, sweep)]
        climb = _Climb(sweep, Pace(rate_hz / (2 if patient else 1), sweep.clock), patient)
        for ports, heard in ((plan.onvif_ports, Heard.ONVIF), (plan.rtsp_ports, Heard.RTSP)):
            for port in ports:
                hosts = [host for host in hosts if not sweep.neighbours.is_dead(host)]
                await _one_port(climb, [host for host in hosts if climb.has_to_ask(host, port)], port, heard)
                hosts = [host for host in hosts if not knocks.says(host, ports, heard)]
                round_done()
    climb = _Climb(sweep, Pace(rate_hz / 2, sweep.clock), patient=True)
    for host in everybody:
        if knocks.says(host, plan.rtsp_ports, Heard.RTSP) and not knocks.says(host, plan.onvif_ports, Heard.ONVIF):
            await _other_paths(climb, host)
    return not sweep.late


async def _other_paths(climb: _Climb, host: str) -> None:
    """A camera by its RTSP, with a web server: ONVIF may live under another path there."""
    knocks = climb.sweep.knocks
    for knock in knocks.of(host, climb.sweep.plan.onvif_ports):
        for path in ONVIF_PATHS[1:] if knock.heard in (Heard.OTHER, Heard.LOGIN) else ():
            if climb.sweep.late:
                return
            await climb.pace.turn()
            answer = await ask_onvif(climb.door(host, knock.port), path)
            if answer.heard is Heard.ONVIF:
                knocks.add(answer)
                return


async def _one_port(climb: _Climb, hosts: Sequence[str], port: int, heard: Heard) -> None:
    sweep, knocks = climb.sweep, climb.sweep.knocks
    alive = knocks.answered()
    gate = asyncio.Semaphore(MAX_CONNECTIONS)

    async def ask(host: str) -> None:
        try:
            door = climb.door(host, port)
            knocks.add(await (ask_onvif(door, ONVIF_PATHS[0]) if heard is Heard.ONVIF else ask_rtsp(door)))
        finally:
            gate.release()

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            if sweep.late:
                break
            await climb.pace.turn()
            await gate.acquire()
            group.create_task(ask(host))
            sweep.neighbours.asked(host, sweep.clock.monotonic_s())
    sweep.neighbours.look(sweep.clock.monotonic_s())
    if is_losing(knocks, [host for host in hosts if host in alive], port) and climb.pace.slower():
        knocks.notes[Note("slowed_down", f"{climb.pace.rate_hz:.0f}/s")] = None


def is_losing(knocks: Knocks, alive: Sequence[str], port: int) -> bool:
    """True where addresses that had answered before fell silent in numbers: our own burst may be the cause."""
    silent = sum(knocks.says(host, (port,), Heard.SILENT) for host in alive)
    return silent >= LOSING_AT_LEAST and silent >= LOSING_RATIO * len(alive)


def _worth_a_second_try(host: str, sweep: Sweep) -> bool:
    """True where silence may be a wedged router or slow firmware.

    A neighbour who answers ARP and no port at all has a firewall, like every Windows PC of a school: asking them all
    again would cost half a minute; they are named instead.
    """
    ports = (*sweep.plan.onvif_ports, *sweep.plan.rtsp_ports)
    said = {knock.heard for knock in sweep.knocks.of(host, ports)}
    if Heard.ONVIF in said or (said == {Heard.SILENT} and sweep.neighbours.present([host])):
        return False
    return bool(said & INCONCLUSIVE)


def _all_loopback(hosts: Sequence[str]) -> bool:
    return bool(hosts) and all(map(is_loopback, hosts))


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False
