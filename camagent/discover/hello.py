"""Cameras that announce themselves: the ear for Hello and Bye, for a service that runs for years.

Only listens; joins the group on the named interfaces with a socket of its own, so that the search stays unjoined.
What it hears is a reason to look, never a fact about a camera: anybody on the segment can say Bye.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from camagent.clock import Clock
from camagent.discover.interfaces import Interface
from camagent.discover.multicast import GROUP_V4, PORT, RECEIVE_BUFFER_BYTES, Datagram
from camagent.discover.sightings import read_datagrams
from camagent.discover.wsdiscovery import MAX_DATAGRAM_BYTES, Kind, parse_message
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Note
from camagent.model.fault import Fault, FaultCode, Stage

MAX_WAITING = 256  # announcements nobody has fetched yet: a power cut brings a whole school back at once
MAX_PARSED_PER_S = 200  # a flood costs us this many parses a second and no more
DRAIN_AT_ONCE = 64  # datagrams before the event loop gets its turn
_IP_MULTICAST_ALL = 49  # linux/in.h; without it we hear groups that other programs joined
_IP_PKTINFO = 8  # linux/in.h


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
    """An open ear; one reader at a time."""

    def __init__(self, sock: socket.socket, interfaces: Sequence[Interface], clock: Clock) -> None:
        self._sock = sock
        self._interfaces = tuple(interfaces)
        self._names = {interface.index: interface.name for interface in interfaces}
        self._clock = clock
        self._waiting: asyncio.Queue[Presence] = asyncio.Queue(MAX_WAITING)
        self._parsed_at_s: deque[float] = deque(maxlen=MAX_PARSED_PER_S)
        self.dropped = 0
        """Announcements that were not read, or that nobody fetched in time."""
        self.notes: tuple[Note, ...] = ()
        """Interfaces on which the ear is deaf."""
        asyncio.get_running_loop().add_reader(sock, self._hear)

    async def heard(self) -> Presence:
        """The next announcement; waits for it."""
        return await self._waiting.get()

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()

    def _hear(self) -> None:
        for _ in range(DRAIN_AT_ONCE):
            try:
                payload, ancillary, _flags, address = self._sock.recvmsg(MAX_DATAGRAM_BYTES, socket.CMSG_SPACE(12))
            except BlockingIOError:
                return
            except OSError:
                continue
            now_s = self._clock.monotonic_s()
            if len(self._parsed_at_s) == MAX_PARSED_PER_S and now_s - self._parsed_at_s[0] < 1.0:
                self.dropped += 1
                continue
            self._parsed_at_s.append(now_s)
            interface = self._names.get(_arrival_index(ancillary))
            self._tell(Datagram(payload, address[0], interface or "?"))

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
    """Listen for announcements on these interfaces.

    Returns: a Fault where port 3702 is held by another program, or where no interface can listen.
    """
    started_s = clock.monotonic_s()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    notes = []
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.bind((GROUP_V4, PORT))
        for interface in interfaces:
            try:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(interface))
            except OSError as error:
                notes.append(Note("interface_failed", f"{interface.name} {errno.errorcode.get(error.errno or 0, '?')}"))
    except OSError as error:
        sock.close()
        code = FaultCode.BUSY if error.errno == errno.EADDRINUSE else FaultCode.UNREACHABLE
        return Fault(code, Stage.DISCOVER, "Hello", clock.monotonic_s() - started_s)
    if len(notes) == len(interfaces):
        sock.close()
        return Fault(FaultCode.UNREACHABLE, Stage.DISCOVER, "Hello", clock.monotonic_s() - started_s)
    listener = HelloListener(sock, interfaces, clock)
    listener.notes = tuple(notes)
    return listener


def _membership(interface: Interface) -> bytes:
    own = interface.ipv4[0].ip.packed if interface.ipv4 else b"\0" * 4
    return struct.pack("=4s4si", socket.inet_aton(GROUP_V4), own, interface.index)  # struct ip_mreqn


def _arrival_index(ancillary: Sequence[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(content) >= 4:
            return int(struct.unpack_from("=i", content)[0])
    return 0
