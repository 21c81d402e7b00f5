"""A listening socket that strangers cannot clog: few connections, TLS handshakes apart, every wait bounded.

Knows asyncio and sockets, not HTTP. One slow or silent client costs one of `MAX_CONNECTIONS` places and no
time.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from camagent.exporter.log_pace import LogPace
from camagent.platform.sockets import claim_port

logger = logging.getLogger(__name__)
BACKLOG = 128
ACCEPT_PAUSE_S = 1.0  # after "too many open files": accepting again at once would only spin


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What one client, and all together, may take."""

    connections: int = 64
    """A scraper, its spare, a few browsers; the rest are strangers."""
    handshake_s: float = 5.0
    request_s: float = 10.0
    """From the connection to a complete request; Prometheus itself gives up after 10 s."""
    tls_close_s: float = 1.0


class Connection(asyncio.Protocol):
    """Stands between a transport and the protocol that speaks HTTP, to know when it begins and ends."""

    def __init__(self, inner: asyncio.Protocol, listener: Listener) -> None:
        self.inner = inner
        self.requested = False
        self.task: asyncio.Task[None] | None = None
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock for the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # A drain then means that the kernel has taken everything, so a client that does not read is noticed.
        transport.set_write_buffer_limits(high=1, low=0)  # asyncio's TLS takes 0 for "always full"
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._listener.limits.request_s, self.cut)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self.request_complete()
        self._listener.forget(self)
        self.inner.connection_lost(exc)

    def request_complete(self) -> None:
        """A whole request arrived: from here on the HTTP side keeps the time."""
        self.requested = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def cut(self) -> None:
        """End the connection at once, whatever it is waiting for."""
        if self._transport is not None:
            self._transport.abort()
        elif self.task is not None:
            self.task.cancel()


class Listener:
    """Accepts connections for a protocol factory, within limits."""

    def __init__(
        self,
        factory: Callable[[], asyncio.Protocol],
        tls: Callable[[], ssl.SSLContext | None],
        limits: ListenerLimits,
        pace: LogPace,
    ) -> None:
        self.limits = limits
        self._pace = pace
        self._factory = factory
        self._tls = tls
        self._open: dict[int, Connection] = {}
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """Bind and begin to accept; the address that was really bound.

        Raises: OSError where the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setblocking(False)
            claim_port(listening)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        self.accept_at(listening)
        bound = listening.getsockname()
        return str(bound[0]), int(bound[1])

    def accept_at(self, listening: socket.socket) -> None:
        """Begin to accept at a socket that is bound and listens; it is closed with the others."""
        listening.setblocking(False)
        self._sockets.append(listening)
        self._tasks.append(asyncio.get_running_loop().create_task(self._accept(listening)))

    async def close(self) -> None:
        """Stop accepting and cut what is open."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for listening in self._sockets:
            listening.close()
        for connection in list(self._open.values()):
            connection.cut()
        await asyncio.sleep(0)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._open.pop(id(connection.inner), None)

    def request_complete(self, inner: asyncio.BaseProtocol) -> None:
        """The HTTP side has a whole request on that connection."""
        connection = self._open.get(id(inner))
        if connection is not None:
            connection.request_complete()

    def __len__(self) -> int:
        return len(self._open)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                if self._pace.allows("accept"):
                    logger.warning("cannot accept a connection: %s", error.strerror)
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            if len(self._open) >= self.limits.connections:
                self._make_room()
            connection = Connection(self._factory(), self)
            self._open[id(connection.inner)] = connection
            connection.task = loop.create_task(self._greet(accepted, connection))
            connection.task.add_done_callback(functools.partial(_close_ungreeted, accepted))
            # Who has asked already is heard before a crowd behind it takes its place.
            await asyncio.sleep(0)

    def _make_room(self) -> None:
        """Cut the oldest that never asked anything, else the oldest of all: a flood drives out itself
        first."""
        waiting = (connection for connection in self._open.values() if not connection.requested)
        victim = next(waiting, None) or next(iter(self._open.values()))
        self.forget(victim)
        victim.cut()

    async def _greet(self, accepted: socket.socket, connection: Connection) -> None:
        context = self._tls()
        extra = (
            {}
            if context is None
            else {
                "ssl_handshake_timeout": self.limits.handshake_s,
                "ssl_shutdown_timeout": self.limits.tls_close_s,
            }
        )
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=context, **extra
            )
        except (OSError, asyncio.CancelledError) as error:  # ssl.SSLError and the time-out are OSErrors
            logger.debug("handshake failed: %s", type(error).__name__)
            accepted.close()
            self.forget(connection)


def _close_ungreeted(accepted: socket.socket, task: asyncio.Task[None]) -> None:
    """A task that is cancelled before its first step never comes to its own tidying up."""
    if task.cancelled():
        accepted.close()
