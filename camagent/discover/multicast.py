"""WS-Discovery over UDP: probes out of every interface, answers kept as they came. The only UDP sockets here.

Drains first and parses later: 118 answers of 1.8 kB fill a default receive buffer, and a reader that parses
between two reads loses the rest. One interface's error is that interface's note and nobody else's.
"""

from __future__ import annotations

import errno
import logging
import socket
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from camagent.discover.interfaces import Interface
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.wsdiscovery import MAX_DATAGRAM_BYTES, Dialect, ProbeTypes, render_probe
from camagent.model.clock import Clock
from camagent.model.discovery import Note
from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4, GROUP_V6
from camagent.platform.sockets import errno_of, send_multicast_from, unwatch, watch

logger = logging.getLogger(__name__)

# 600 of 600 bursting answers of 4.4 kB; the default loses half of them
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
MAX_CHANNELS = 32  # sockets of one search; a machine with more addresses than this is a router
MAX_DATAGRAMS = 20_000  # three answers each of the largest school network, several times over
# what strangers may make us keep: 600 cameras with six answers of 4.4 kB
MAX_DATAGRAM_STORE_BYTES = 16 * 1024 * 1024
# one address must not fill the queue for all others; a simulated school answers from one
MAX_PER_SOURCE = 2_000
DRAIN_AT_ONCE = 256  # datagrams before the event loop gets its turn
# Alternating, because each firmware has its own taste: TP-Link faults on no types
# (andreikop/python-ws-discovery#56).
ROUNDS: tuple[tuple[tuple[ProbeTypes, Dialect], ...], ...] = (
    ((ProbeTypes.TRANSMITTER, Dialect.V2005),),
    ((ProbeTypes.DEVICE, Dialect.V2005),),
    ((ProbeTypes.ANY, Dialect.V2005), (ProbeTypes.TRANSMITTER, Dialect.V2009)),
)


@dataclass(frozen=True, slots=True)
class Datagram:
    """One answer, not yet read."""

    payload: bytes
    source: str
    interface: str | None
    """None: the answer to a directed probe."""


@dataclass(slots=True)
class DatagramQueue:
    """Datagrams waiting to be parsed, bounded in number, bytes and share of one source."""

    datagrams: list[Datagram] = field(default_factory=list)
    dropped: int = 0
    sent: dict[str, ProbeTypes] = field(default_factory=dict)
    """What each MessageID asked for."""
    _bytes: int = 0
    _of_source: Counter[str] = field(default_factory=Counter)

    def put(self, payload: bytes, source: str, interface: str | None) -> None:
        """Keep one datagram, or count it as dropped."""
        full = len(self.datagrams) >= MAX_DATAGRAMS or self._bytes + len(payload) > MAX_DATAGRAM_STORE_BYTES
        if full or self._of_source[source] >= MAX_PER_SOURCE:
            self.dropped += 1
            return
        self._bytes += len(payload)
        self._of_source[source] += 1
        self.datagrams.append(Datagram(payload, source, interface))

    def probe(self, types: ProbeTypes, dialect: Dialect = Dialect.V2005) -> bytes:
        """A Probe with a fresh MessageID, remembered: answers name it."""
        message_id = f"urn:uuid:{uuid.uuid4()}"
        self.sent[message_id] = types
        return render_probe(message_id, types, dialect)


@dataclass(frozen=True, slots=True)
class _Channel:
    sock: socket.socket
    interface: str
    destination: tuple[str, int] | tuple[str, int, int, int]


async def probe_interfaces(
    plan: DiscoveryPlan, queue: DatagramQueue, clock: Clock, progress: Callable[[str, int, int], None]
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Send all rounds out of every interface of the plan and collect what comes back into the queue.

    Returns: the interfaces through which a probe really left, and a note for each one that failed.
    """
    reached: dict[str, None] = {}
    notes: dict[Note, None] = {}
    with _open_channels(plan.interfaces, plan.source_port, notes) as channels:
        if not channels:
            return (), tuple(notes)
        started_s = clock.monotonic_s()
        with reading(queue, {channel.sock: channel.interface for channel in channels}):
            for number, at_s in enumerate(plan.pacing.probe_at_s):
                progress("multicast", number, len(plan.pacing.probe_at_s))
                await clock.sleep(at_s - (clock.monotonic_s() - started_s))
                for channel in channels:
                    if _send_round(channel, ROUNDS[number % len(ROUNDS)], queue, notes):
                        reached[channel.interface] = None
            await clock.sleep(plan.pacing.settle_s)
    progress("multicast", len(plan.pacing.probe_at_s), len(plan.pacing.probe_at_s))
    return tuple(reached), tuple(notes)


@contextmanager
def reading(queue: DatagramQueue, sockets: Mapping[socket.socket, str | None]) -> Iterator[None]:
    """Drain the sockets into the queue, each under its interface's name, while the block runs."""
    for sock, interface in sockets.items():
        watch(sock, _drain, sock, queue, interface)
    try:
        yield
    finally:
        for sock, interface in sockets.items():
            unwatch(sock)
            _drain(sock, queue, interface)


def open_directed_socket(source_port: int | None) -> socket.socket:
    """A UDP socket for probes to single addresses, with room for a whole range of them.

    Unresolved neighbours keep their packet in the send buffer: with the default one a dead /21 took 18.6 s,
    not 1.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECEIVE_BUFFER_BYTES)
    try:
        sock.bind(("", source_port or 0))
    except OSError:
        sock.close()
        raise
    return sock


def _drain(sock: socket.socket, queue: DatagramQueue, interface: str | None) -> None:
    for _ in range(DRAIN_AT_ONCE):
        try:
            payload, address = sock.recvfrom(MAX_DATAGRAM_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            # a queued network error (unreachable, interface gone): the next read may still bring an answer
            continue
        # A link-local address means nothing without its zone.
        source = f"{address[0]}%{interface}" if len(address) == 4 and address[3] else address[0]
        queue.put(payload, source, interface)


def _send_round(
    channel: _Channel,
    probes: Sequence[tuple[ProbeTypes, Dialect]],
    queue: DatagramQueue,
    notes: dict[Note, None],
) -> bool:
    sent = False
    for types, dialect in probes:
        try:
            channel.sock.sendto(queue.probe(types, dialect), channel.destination)
            sent = True
        except OSError as error:
            notes[note_of(error, channel.interface)] = None
    return sent


@contextmanager
def _open_channels(
    interfaces: Sequence[Interface], source_port: int | None, notes: dict[Note, None]
) -> Iterator[list[_Channel]]:
    channels: list[_Channel] = []
    try:
        for interface in interfaces:
            for address, is_v6 in _own_addresses(interface):
                if len(channels) >= MAX_CHANNELS:
                    notes[Note("too_many_addresses", interface.name)] = None
                    break
                try:
                    channels.append(_open_channel(interface, address, is_v6, source_port))
                except OSError as error:
                    notes[note_of(error, interface.name)] = None
        yield channels
    finally:
        for channel in channels:
            channel.sock.close()


def _own_addresses(interface: Interface) -> Iterator[tuple[str, bool]]:
    for v4 in interface.ipv4:
        yield str(v4.ip), False
    if interface.multicast:
        yield from ((str(v6.ip), True) for v6 in interface.ipv6[:8] if v6.ip.is_link_local)


def _open_channel(interface: Interface, address: str, is_v6: bool, source_port: int | None) -> _Channel:
    """Bound to the interface's own address, joined to nothing.

    Joining the group makes a snooping switch swallow the answers (andreikop/python-ws-discovery#40).
    """
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if is_v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface.index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
            sock.bind((address, source_port or 0, 0, interface.index))
            return _Channel(sock, interface.name, (GROUP_V6, DISCOVERY_PORT, 0, interface.index))
        send_multicast_from(sock, address, interface.index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sock.bind((address, source_port or 0))
        return _Channel(sock, interface.name, (GROUP_V4, DISCOVERY_PORT))
    except OSError:
        sock.close()
        raise


def note_of(error: OSError, interface: str) -> Note:
    """Why nothing could be sent or heard on an interface, in words of ours; the system's word is logged."""
    number = errno_of(error)
    code = _NOTE_CODES.get(number, "interface_failed")
    if code == "interface_failed":
        logger.debug("%s: %s", interface, errno.errorcode.get(number, number))
    return Note(code, interface)


_NOTE_CODES = {
    errno.ENETUNREACH: "no_multicast_route",
    errno.EHOSTUNREACH: "no_multicast_route",
    errno.EADDRINUSE: "source_port_busy",
    errno.EPERM: "sending_forbidden",
    errno.EACCES: "sending_forbidden",
    errno.ENETDOWN: "interface_down",
    errno.ENODEV: "interface_down",
    errno.ENXIO: "interface_down",
    # An IPv6 address works once no duplicate was detected (RFC 4862 §5.4); DHCP may take one away.
    errno.EADDRNOTAVAIL: "address_not_ready",
    errno.EMFILE: "machine_full",
    errno.ENFILE: "machine_full",
    errno.ENOBUFS: "machine_full",
    errno.ENOMEM: "machine_full",
}
