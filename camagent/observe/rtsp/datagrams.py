"""RTP and RTCP over a pair of UDP ports. I/O; what the packets say is the track's business."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from time import perf_counter

from camagent.model.clock import Clock
from camagent.observe.receiver import TrackReceiver
from camagent.observe.rtsp.buffer import shared_buffer
from camagent.observe.rtsp.connection import RtspConnection
from camagent.observe.rtsp.effort import LONG_S, NOTED_S
from camagent.observe.rtsp.transport import PortPair
from camagent.platform.sockets import unwatch, watch

# asked of the kernel: an IDR of 4K in one burst; it grants what it may
RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024
MAX_DATAGRAMS_PER_WAKE = 64  # then other cameras get their turn
PORT_TRIES = 20  # for an even port whose successor is free too
_SO_MEMINFO, _MEMINFO_DROPS = (
    55,
    8,
)  # Linux: socket memory counters, the ninth is packets dropped for want of room


class DatagramPair:
    """Two bound sockets; only packets from the camera's own address are looked at."""

    def __init__(self, rtp: socket.socket, rtcp: socket.socket, camera: str) -> None:
        self.stray_packets = 0
        """From another address."""
        self._rtp, self._rtcp = rtp, rtcp
        self._camera = camera
        self._server_rtcp_port: int | None = None
        self._connection: RtspConnection | None = None
        """Where mistakes of ours and our efforts are counted."""
        self._readers: tuple[tuple[socket.socket, Callable[..., None], tuple[object, ...]], ...] = ()

    @property
    def ports(self) -> PortPair:
        """The pair, as SETUP asks for it."""
        return PortPair(self._rtp.getsockname()[1], self._rtcp.getsockname()[1])

    def listen(
        self, track: TrackReceiver, on_rtcp: Callable[[bytes], None], clock: Clock, connection: RtspConnection
    ) -> None:
        """Begin to hand packets over; a mistake of ours with one ends the watching of this connection."""
        self._connection = connection
        self._readers = (
            (self._rtp, self._read_rtp, (track, clock, shared_buffer(asyncio.get_running_loop()))),
            (self._rtcp, self._read_rtcp, (on_rtcp,)),
        )
        self._wake()

    def _wake(self) -> None:
        for sock, read, arguments in self._readers:
            if sock.fileno() >= 0:
                watch(sock, self._guarded, read, arguments)

    def _rest(self) -> None:
        for sock in (self._rtp, self._rtcp):
            if sock.fileno() >= 0:
                unwatch(sock)

    def _guarded(self, read: Callable[..., None], arguments: tuple[object, ...]) -> None:
        connection = self._connection
        assert connection is not None
        try:
            self._timed_read(connection, read, arguments)
        except Exception as bug:  # ours, whatever was sent
            self._rest()
            connection.fail(bug)

    def _timed_read(
        self, connection: RtspConnection, read: Callable[..., None], arguments: tuple[object, ...]
    ) -> None:
        began_s = perf_counter()
        read(*arguments)
        spent_s = perf_counter() - began_s
        if spent_s <= NOTED_S:
            return
        loop = asyncio.get_running_loop()
        rest_s = connection.effort.spend(spent_s, loop.time())
        if connection.effort.too_much:
            connection.close()
        elif rest_s:
            self._rest()
            loop.call_later(rest_s, self._wake)

    def towards(self, server_rtcp_port: int | None) -> None:
        """Where the server listens for receiver reports."""
        self._server_rtcp_port = server_rtcp_port

    def send_rtcp(self, data: bytes) -> None:
        """Send a report to the camera, where it told us a port for it."""
        if self._server_rtcp_port:
            with contextlib.suppress(OSError):  # a report that is lost is no loss
                self._rtcp.sendto(data, (self._camera, self._server_rtcp_port))

    def dropped(self) -> int:
        """Packets that arrived but found our socket's memory full: our loss, not the network's."""
        try:
            counters = self._rtp.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        except OSError:
            return 0  # not Linux, or an old kernel: it cannot be told
        return int(struct.unpack("@9I", counters)[_MEMINFO_DROPS]) if len(counters) == 36 else 0

    def close(self) -> None:
        """Stop listening."""
        self._rest()
        for sock in (self._rtp, self._rtcp):
            sock.close()

    def _read_rtp(self, track: TrackReceiver, clock: Clock, buffer: bytearray) -> None:
        receive, camera, now_s = self._rtp.recvfrom_into, self._camera, clock.monotonic_s()
        began_s = perf_counter()
        for number in range(MAX_DATAGRAMS_PER_WAKE):
            if number % 8 == 7 and perf_counter() - began_s > LONG_S:
                return
            try:
                size, sender = receive(buffer)
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            if sender[0] == camera:
                track.feed_datagram(buffer, size, now_s)
            else:
                self.stray_packets += 1

    def _read_rtcp(self, on_rtcp: Callable[[bytes], None]) -> None:
        for _ in range(MAX_DATAGRAMS_PER_WAKE):
            try:
                data, sender = self._rtcp.recvfrom(65536)
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            if sender[0] == self._camera:
                self._server_rtcp_port = self._server_rtcp_port or sender[1]  # where it named none
                on_rtcp(data)


def open_pair(local: str, camera: str) -> DatagramPair | None:
    """Bind an even port and its successor at the address that the RTSP connection uses; None where none is
    free."""
    family = socket.AF_INET6 if ":" in local else socket.AF_INET
    for _ in range(PORT_TRIES):
        rtp = _bound(family, local, 0)
        if rtp is None:
            return None
        port = rtp.getsockname()[1]
        rtcp = _bound(family, local, port + 1) if port % 2 == 0 else None
        if rtcp is not None:
            return DatagramPair(rtp, rtcp, camera)
        rtp.close()
    return None


def _bound(family: socket.AddressFamily, local: str, port: int) -> socket.socket | None:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.bind((local, port))
    except OSError:
        sock.close()
        return None
    return sock
