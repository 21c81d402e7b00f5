"""Many connections read in turns instead of one by one. I/O: a timer and an epoll of its own.

A camera spreads a frame over many small sends. Waking up for each costs three times as much as looking at all
sockets a hundred times a second; the price is that arrival times are exact to a turn only, so few connections
are read at once as they come. Where there is no epoll, all are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from weakref import WeakKeyDictionary

from camagent.observe.rtsp.buffer import RECEIVE_BYTES
from camagent.observe.rtsp.connection import RtspConnection

TURN_S = 0.01  # a quarter of a frame at 25 fps: below what is judged as jitter, and one wake instead of ten
LONG_TURN_S = 0.02  # half a frame: a third less work where packets are spread over the frame interval
MIN_CONNECTIONS = 12  # fewer cost little either way, and their arrival times stay exact
MANY_CONNECTIONS = 32  # from here on, turns are long
# of one connection, each of up to RECEIVE_BYTES: 400 Mbit/s, then it is the turn of the others
READS_A_TURN = 4

_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, TurnReader] = WeakKeyDictionary()


class TurnReader:
    """The connections of one loop that are being watched."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._members: set[RtspConnection] = set()
        self._by_descriptor: dict[int, RtspConnection] = {}
        self._epoll: select.epoll | None = None
        self._timer: asyncio.TimerHandle | None = None

    def join(self, connection: RtspConnection) -> None:
        """Video begins on this connection."""
        if connection.encrypted or not hasattr(select, "epoll"):
            return  # TLS has bytes of its own in between
        self._members.add(connection)
        if len(self._members) >= MIN_CONNECTIONS:
            for member in self._members - set(self._by_descriptor.values()):
                self._take_over(member)

    def leave(self, connection: RtspConnection) -> None:
        """It is over: from now on its bytes are read as they come."""
        self._members.discard(connection)
        self._give_back(connection)
        if not self._by_descriptor and self._epoll is not None:
            self._epoll.close()
            self._epoll = None

    def _take_over(self, connection: RtspConnection) -> None:
        descriptor = connection.pause_reading()
        if descriptor is None:
            return
        if self._epoll is None:
            self._epoll = select.epoll()
        self._epoll.register(descriptor, select.EPOLLIN)
        self._by_descriptor[descriptor] = connection
        connection.descriptor = descriptor
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        turn_s = LONG_TURN_S if len(self._by_descriptor) >= MANY_CONNECTIONS else TURN_S
        self._timer = self._loop.call_later(turn_s, self._turn)

    def _give_back(self, connection: RtspConnection) -> None:
        descriptor, connection.descriptor = connection.descriptor, None
        if descriptor is None or self._by_descriptor.get(descriptor) is not connection or self._epoll is None:
            return
        del self._by_descriptor[descriptor]
        with contextlib.suppress(OSError):  # a socket that was closed has left the epoll by itself
            self._epoll.unregister(descriptor)
        connection.resume_reading()

    def _turn(self) -> None:
        self._timer = None
        if self._epoll is None:
            return
        try:
            for descriptor, _ in self._epoll.poll(0, max(1, len(self._by_descriptor))):
                self._guarded(descriptor)
        finally:
            if self._by_descriptor:
                self._arm()

    def _guarded(self, descriptor: int) -> None:
        """A mistake of ours costs the one connection whose turn it is."""
        try:
            self._its_turn(descriptor)
        except Exception as bug:
            connection = self._by_descriptor[descriptor]
            connection.fail(bug)
            self._drop(descriptor, connection)

    def _its_turn(self, descriptor: int) -> None:
        connection = self._by_descriptor.get(descriptor)
        reads = READS_A_TURN
        while (
            connection is not None
            and reads
            and not connection.resting
            and self._read(descriptor, connection) == RECEIVE_BYTES
        ):
            connection = self._by_descriptor.get(descriptor)
            reads -= 1

    def _read(self, descriptor: int, connection: RtspConnection) -> int:
        try:
            received = os.readv(descriptor, [connection.get_buffer(-1)])
        except BlockingIOError:
            return 0
        except OSError:
            received = 0
        if not received:
            self._give_back(connection)  # an end or an error: the transport finds it and says so
            return 0
        connection.buffer_updated(received)
        if connection.defect is not None:
            self._drop(descriptor, connection)
        return received

    def _drop(self, descriptor: int, connection: RtspConnection) -> None:
        """Never read again."""
        connection.descriptor = None
        del self._by_descriptor[descriptor]
        if self._epoll is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)


def turn_reader() -> TurnReader:
    """The reader of the running loop."""
    loop = asyncio.get_running_loop()
    reader = _readers.get(loop)
    if reader is None:
        reader = _readers[loop] = TurnReader(loop)
    return reader
