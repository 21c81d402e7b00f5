"""Cameras that announce themselves: listening for Hello and Bye, for a service that runs for years.

Only listens; joins the groups on the named interfaces with sockets of its own, so that the search stays
unjoined. What it hears is a reason to look, never a fact about a camera: anybody on the segment can say Bye.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from camagent.discover.interfaces import Interface
from camagent.discover.multicast import RECEIVE_BUFFER_BYTES, Datagram, note_of
from camagent.discover.sightings import read_datagrams
from camagent.discover.wsdiscovery import MAX_DATAGRAM_BYTES, Kind, parse_message
from camagent.model.clock import Clock
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Note
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4, GROUP_V6
from camagent.platform.sockets import (
    bind_group,
    errno_of,
    join_v4,
    join_v6,
    receive_with_index,
    tell_arrival,
    unwatch,
    watch,
)

MAX_WAITING = 256  # announcements nobody has fetched yet: a power cut brings a whole school back at once
MAX_PARSED_PER_S = 50  # a flood costs us this many parses a second and no more: 2 % of a slow core
SAME_SOURCE_S = 5.0  # one address says the same kind of thing so often at most; devices repeat each message
MAX_SOURCES = 1_024  # addresses that are remembered for that; beyond them the bound of all together holds
DRAIN_AT_ONCE = 64  # datagrams before the event loop gets its turn


@dataclass(frozen=True, slots=True)
class Presence:
    """One announcement."""

    kind: Kind
    """HELLO or BYE."""
    host: str
    endpoint: str | None
    target: DeviceTarget | None
    """Where to reach it; None for a BYE."""
    interface: str | None
    at: datetime


class HelloListener:
    """Open sockets; one reader at a time."""

    def __init__(
        self, sockets: Sequence[socket.socket], interfaces: Sequence[Interface], clock: Clock
    ) -> None:
        self._sockets = tuple(sockets)
        self._interfaces = tuple(interfaces)
        self._names = {interface.index: interface.name for interface in interfaces}
        self._clock = clock
        self._waiting: asyncio.Queue[Presence] = asyncio.Queue(MAX_WAITING)
        self._parsed_at_s: deque[float] = deque(maxlen=MAX_PARSED_PER_S)
        self._heard_at_s: dict[tuple[str, bool, bool], float] = {}
        """By source, and whether it said Hello or Bye."""
        self.dropped = 0
        """Announcements that were not read, or that nobody fetched in time."""
        self.notes: tuple[Note, ...] = ()
        """Interfaces on which nothing can be heard."""
        for sock in self._sockets:
            watch(sock, self._hear, sock)

    async def heard(self) -> Presence:
        """The next announcement; waits for it."""
        return await self._waiting.get()

    def close(self) -> None:
        """Stop listening."""
        for sock in self._sockets:
            unwatch(sock)
            sock.close()

    def _hear(self, sock: socket.socket) -> None:
        for _ in range(DRAIN_AT_ONCE):
            try:
                payload, address, index = receive_with_index(sock, MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue
            if not self._has_room(payload, address[0]):
                self.dropped += 1
                continue
            interface = self._names.get(index)
            if len(address) < 4:
                self._tell(Datagram(payload, address[0], interface or "?"))
            elif (
                interface is not None
            ):  # this socket also gets what is sent to our own addresses on any interface
                zone = f"%{interface}" if address[3] else ""  # a link-local address means nothing without it
                self._tell(Datagram(payload, address[0].partition("%")[0] + zone, interface))

    def _has_room(self, payload: bytes, source: str) -> bool:
        """It may be parsed: neither its source nor all together have said too much of late."""
        now_s = self._clock.monotonic_s()
        if len(self._parsed_at_s) == MAX_PARSED_PER_S and now_s - self._parsed_at_s[0] < 1.0:
            return False
        sign = (source, b"Hello" in payload, b"Bye" in payload)
        if now_s - self._heard_at_s.get(sign, float("-inf")) < SAME_SOURCE_S:
            return False
        if len(self._heard_at_s) >= MAX_SOURCES:
            recent = {key: at_s for key, at_s in self._heard_at_s.items() if now_s - at_s < SAME_SOURCE_S}
            self._heard_at_s = recent if len(recent) < MAX_SOURCES else {}
        self._heard_at_s[sign] = now_s
        self._parsed_at_s.append(now_s)
        return True

    def _tell(self, datagram: Datagram) -> None:
        presence = self._presence(datagram)
        if presence is None:
            return
        try:
            self._waiting.put_nowait(presence)
        except asyncio.QueueFull:
            self.dropped += 1

    def _presence(self, datagram: Datagram) -> Presence | None:
        message = parse_message(datagram.payload)
        if message is None or message.kind not in (Kind.HELLO, Kind.BYE) or not message.announcements:
            return None
        endpoint = message.announcements[0].endpoint
        if message.kind is Kind.BYE:
            return Presence(Kind.BYE, datagram.source, endpoint, None, datagram.interface, self._clock.now())
        sightings = read_datagrams([datagram], {}, self._interfaces).sightings
        if not sightings:
            return None  # a printer, a PC
        target = sightings[0].target
        return Presence(Kind.HELLO, target.host, endpoint, target, datagram.interface, self._clock.now())


def open_hello(interfaces: Sequence[Interface], clock: Clock) -> HelloListener | Fault:
    """Listen for announcements on these interfaces, over IPv4 and, where they have it, over IPv6.

    Returns: a Fault where port 3702 is held by another program, or where no interface can listen.
    """
    started_s = clock.monotonic_s()
    notes: list[Note] = []
    joined, sockets, code = 0, [], FaultCode.UNREACHABLE
    for family, members in (
        (socket.AF_INET, list(interfaces)),
        (socket.AF_INET6, [i for i in interfaces if any(own.ip.is_link_local for own in i.ipv6)]),
    ):
        try:
            sock = _open_socket(family)
        except OSError as error:
            code = FaultCode.BUSY if errno_of(error) == errno.EADDRINUSE else code
            notes += [note_of(error, i.name) for i in members]
            continue
        sockets.append(sock)
        for interface in members:
            try:
                _join(sock, family, interface)
                joined += 1
            except OSError as error:
                notes.append(note_of(error, interface.name))
    if code is FaultCode.BUSY or not joined:
        for sock in sockets:
            sock.close()
        return Fault(code, Stage.DISCOVER, "Hello", clock.monotonic_s() - started_s)
    listener = HelloListener(sockets, interfaces, clock)
    listener.notes = tuple(dict.fromkeys(notes))
    return listener


def _open_socket(family: socket.AddressFamily) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if family == socket.AF_INET:
            tell_arrival(sock)
            bind_group(sock, GROUP_V4, DISCOVERY_PORT)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tell_arrival(sock)
            # the group is link-local: bound to it, one socket would hear one interface
            sock.bind(("::", DISCOVERY_PORT))
    except OSError:
        sock.close()
        raise
    return sock


def _join(sock: socket.socket, family: socket.AddressFamily, interface: Interface) -> None:
    if family == socket.AF_INET6:
        join_v6(sock, GROUP_V6, interface.index)
    else:
        join_v4(sock, GROUP_V4, str(interface.ipv4[0].ip) if interface.ipv4 else "0.0.0.0", interface.index)
