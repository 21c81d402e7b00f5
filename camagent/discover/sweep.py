"""Asking addresses one by one: what all steps over them share, and the first step, a directed Probe to
each."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from camagent.discover.multicast import Datagram, DatagramQueue, open_directed_socket, reading
from camagent.discover.neighbours import PATIENCE_S, Neighbourhood
from camagent.discover.pace import Pace
from camagent.discover.plan import DiscoveryPlan, is_loopback
from camagent.discover.tcp_probe import ALIVE, TriedPort
from camagent.discover.wsdiscovery import Kind, ProbeTypes, parse_message
from camagent.model.clock import Clock
from camagent.model.discovery import Note
from camagent.model.onvif import DISCOVERY_PORT
from camagent.platform.sockets import errno_of

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class TriedPorts:
    """What every port said, and what follows from it."""

    answers: dict[tuple[str, int], TriedPort] = field(default_factory=dict)
    notes: dict[Note, None] = field(default_factory=dict)

    def add(self, trial: TriedPort) -> None:
        """The later answer counts."""
        self.answers[trial.host, trial.port] = trial

    def of(self, host: str, ports: Iterable[int]) -> list[TriedPort]:
        """What these ports of one address said, in that order."""
        return [self.answers[host, port] for port in ports if (host, port) in self.answers]

    def answered(self) -> set[str]:
        """Addresses that gave any answer at all."""
        return {host for (host, _), trial in self.answers.items() if trial.answer in ALIVE}


@dataclass(frozen=True, slots=True)
class Sweep:
    """What all steps over the same addresses share."""

    plan: DiscoveryPlan
    clock: Clock
    queue: DatagramQueue
    tried_ports: TriedPorts
    neighbours: Neighbourhood
    deadline_s: float
    """On the plan's clock; what is not asked by then stays unasked, and that is said."""
    announced: set[str] = field(default_factory=set)
    """Addresses of devices that announced themselves: no port of theirs is tried. Grows during the search."""

    @property
    def late(self) -> bool:
        """The budget is spent."""
        return self.clock.monotonic_s() >= self.deadline_s


async def probe_addresses(
    sweep: Sweep, hosts: Sequence[str], progress: Progress, first_done: Callable[[], Awaitable[None]]
) -> tuple[Note, ...]:
    """Two directed Probes to every address that has not answered yet; the answers go into the queue.

    `first_done` hears when every address had its first one, and the time to answer it.
    """
    pacing = sweep.plan.pacing
    refused: dict[str, list[str]] = {}
    try:
        sock = open_directed_socket(sweep.plan.source_port)
    except OSError:
        return (Note("source_port_busy", str(sweep.plan.source_port or "")),)
    with sock, reading(sweep.queue, {sock: None}):
        for number, types in enumerate((ProbeTypes.TRANSMITTER, ProbeTypes.ANY)):
            matched = await asyncio.to_thread(_matched, tuple(sweep.queue.datagrams))
            waiting = [host for host in hosts if host not in matched and _is_ipv4(host)]
            pace = Pace(pacing.loopback_hz if _all_loopback(waiting) else pacing.directed_hz, sweep.clock)
            for done, host in enumerate(waiting):
                if sweep.late:
                    break
                await pace.turn()
                progress("directed", number * len(hosts) + done, 2 * len(hosts))
                why = await _send(sock, sweep.queue.probe(types), host)
                sweep.neighbours.asked(host, sweep.clock.monotonic_s())
                if why is not None:
                    refused.setdefault(why, []).append(host)
            await sweep.clock.sleep(
                pacing.settle_s / 2 if _all_loopback(waiting) else max(pacing.settle_s / 2, PATIENCE_S)
            )
            sweep.neighbours.look(sweep.clock.monotonic_s())
            if number == 0:
                await first_done()
    progress("directed", 2 * len(hosts), 2 * len(hosts))
    return tuple(Note(code, f"{hosts[0]} … {hosts[-1]}") for code, hosts in refused.items())


def _matched(datagrams: Sequence[Datagram]) -> set[str]:
    """Addresses that announced something; a fault to the one kind of Probe is a reason to send the other."""
    matched: set[str] = set()
    for datagram in datagrams:
        message = parse_message(datagram.payload) if datagram.source not in matched else None
        if message is not None and message.kind is Kind.MATCHES:
            matched.add(datagram.source)
    return matched


async def _send(sock: socket.socket, probe: bytes, host: str) -> str | None:
    """Waits while unresolved neighbours fill the send buffer. Returns: a note's code where it cannot
    leave."""
    try:
        await asyncio.get_running_loop().sock_sendto(sock, probe, (host, DISCOVERY_PORT))
    except OSError as error:
        return "sending_forbidden" if errno_of(error) in (errno.EPERM, errno.EACCES) else "no_route"
    return None


def _all_loopback(hosts: Sequence[str]) -> bool:
    return bool(hosts) and all(map(is_loopback, hosts))


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False
