"""A small HTTP/1.1 client for devices: one connection, one request at a time, every reply bounded.

It follows no redirect, keeps no cookie, reads no proxy setting and logs in nowhere: all that is its caller's.
A failure of the world is a FaultCode. How replies are read, sound or not, is `http_reply`'s.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from camagent.model.fault import FaultCode
from camagent.model.uri import web_port
from camagent.wire.destination import Destination, Place, destination
from camagent.wire.headers import Headers
from camagent.wire.http_reply import HttpReply, ReplyProgress, ReplyReader
from camagent.wire.tls import device_context, peer_fingerprint

CONNECT_TIMEOUT_S = 2.5  # a SYN is resent after 1 s; a camera on the same site answers the second one
KEEP_S = 15.0  # how long an idle connection is used again; servers hang up after 20 s and more
PATIENCE_S = 0.3  # for what the framing promises behind the end of an envelope
QUIET_S = 1.0  # for more of a reply whose end nothing shows, or whose stated length cuts an envelope
LARGE_BYTES = 512 * 1024  # of a body; beyond it a reply waits for its turn
MAX_LARGE = 8  # bodies beyond LARGE_BYTES at once in one loop: 32 MB, whatever many devices send

_ENDED = (ReplyProgress.WHOLE, ReplyProgress.WRONG)
_large: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One request, ready to be sent."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    going_out: Callable[[], None] | None = None
    """Called when there is a connection, right before the first byte."""

    def render(self, there: Destination) -> bytes:
        """The bytes on the wire; header values must be printable (they are made by us or checked before)."""
        lines = [f"{self.method} {there.path} HTTP/1.1", f"Host: {there.host_header}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.method == "POST":
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + self.body


class _Wire(asyncio.Protocol):
    """The protocol object of one connection: what arrives goes to the reader of the reply that is waited
    for."""

    def __init__(self) -> None:
        self.is_closed = False
        self.is_late = False
        """The time for the reply is over."""
        self.reader: ReplyReader | None = None
        self.transport: asyncio.Transport | None = None
        self._news: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.reader is None:
            self.abort()  # it talks unasked: what would follow could not be told from an answer
            return
        self.reader.feed(data)
        if self.reader.progress is not ReplyProgress.BEGUN or self.is_large():
            self._wake()

    def eof_received(self) -> bool:
        self.is_closed = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._wake()

    def is_large(self) -> bool:
        return self.reader is not None and len(self.reader.body) > LARGE_BYTES

    async def news(self, timeout_s: float | None = None) -> bool:
        """Wait until the reply got further, the connection ended or the reply is late; False where none came
        in time."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[bool] = loop.create_future()
        self._news = news
        timer = None if timeout_s is None else loop.call_later(timeout_s, _tell, news, False)
        try:
            return await news
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()

    def expire(self) -> None:
        """The reply is waited for no longer."""
        self.is_late = True
        self._wake()

    def abort(self) -> None:
        self.is_closed = True
        if self.transport is not None:
            self.transport.abort()

    def _wake(self) -> None:
        if self._news is not None:
            _tell(self._news, True)


def _tell(news: asyncio.Future[bool], came: bool) -> None:
    if not news.done():
        news.set_result(came)


class HttpClient:
    """One connection to one device at a time; opened when needed, kept while the device keeps it."""

    def __init__(self, legacy_tls: bool = False) -> None:
        self.legacy_tls = legacy_tls
        """Speak TLS as old firmware does; for connections opened from now on."""
        self.was_dropped = False
        """The last call met a connection that the device closed without a word."""
        self.certificates: dict[int, str] = {}
        """By port, the fingerprint that a connection must show: else nothing is sent through it."""
        self._wire: _Wire | None = None
        self._place: Place | None = None
        self._used_at_s = 0.0
        self._is_careless = False
        """Its framing proved wrong before: nothing more is waited for behind an envelope."""

    @property
    def has_connection(self) -> bool:
        """A connection is kept that was used before."""
        return self._wire is not None and not self._wire.is_closed

    async def send(self, call: HttpCall, timeout_s: float, with_body: bool = True) -> HttpReply | FaultCode:
        """Send one request and read its reply; without its body the connection is given up behind the
        head."""
        self.was_dropped = False
        try:
            there = destination(call.url)
            request = call.render(there)
        except (ValueError, UnicodeError):
            return FaultCode.UNREACHABLE  # a name that cannot be one
        loop = asyncio.get_running_loop()
        until_s = loop.time() + timeout_s
        wire = await self._connection(there.place, timeout_s)
        if isinstance(wire, FaultCode):
            return wire
        timer = loop.call_at(until_s, wire.expire)
        wire.is_late = False
        if call.going_out is not None:
            call.going_out()
        try:
            return await self._exchange(wire, request, ReplyReader(call.body, with_body), until_s)
        finally:
            timer.cancel()
            wire.reader = None

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.abort()
            self._wire = None

    async def _connection(self, place: Place, timeout_s: float) -> _Wire | FaultCode:
        fresh = time.monotonic() - self._used_at_s < KEEP_S
        if self._wire is not None and not self._wire.is_closed and self._place == place and fresh:
            return self._wire
        self.close()
        opened = await _open(place, self.legacy_tls, timeout_s)
        if isinstance(opened, _Wire) and not self._is_as_looked_at(opened, place):
            opened.abort()
            return FaultCode.TLS_FAILED
        if isinstance(opened, _Wire):
            self._wire, self._place = opened, place
        return opened

    def _is_as_looked_at(self, wire: _Wire, place: Place) -> bool:
        """Somebody between may let the first handshake through to the device, and answer the next himself."""
        wanted = self.certificates.get(web_port(place[2], secure=True)) if place[0] == "https" else None
        if wanted is None or wire.transport is None:
            return True
        connection = wire.transport.get_extra_info("ssl_object")
        return connection is not None and peer_fingerprint(connection) == wanted

    async def _exchange(
        self, wire: _Wire, request: bytes, reader: ReplyReader, until_s: float
    ) -> HttpReply | FaultCode:
        wire.reader = reader
        assert wire.transport is not None
        wire.transport.write(request)
        turn = _BodyPermit(wire, until_s)
        try:
            while not wire.is_closed and reader.progress not in _ENDED:
                if reader.envelope_ended and self._is_careless:
                    break
                patience_s = PATIENCE_S if reader.envelope_ended else QUIET_S
                if not await wire.news(None if reader.progress is ReplyProgress.BEGUN else patience_s):
                    self._is_careless = reader.envelope_ended
                    break
                if wire.is_late or (wire.is_large() and not await turn.take()):
                    return self._late_outcome(wire)
        finally:
            turn.release()
        return self._outcome(reader)

    def _outcome(self, reader: ReplyReader) -> HttpReply | FaultCode:
        self._used_at_s = time.monotonic()
        reply = reader.end()
        if not reader.keeps_alive or reader.progress is not ReplyProgress.WHOLE:
            self.close()
        if reply is not None:
            return reply
        self.was_dropped = not reader.has_bytes
        return FaultCode.NOT_ONVIF if reader.is_junk else FaultCode.MALFORMED_REPLY

    def _late_outcome(self, wire: _Wire) -> FaultCode:
        """The time ran out: what came so far may at least tell what talks there."""
        self.close()
        return FaultCode.NOT_ONVIF if wire.reader is not None and wire.reader.is_junk else FaultCode.TIMEOUT


class _BodyPermit:
    """The right to receive a large body: few may at once, the others wait with their connection paused."""

    def __init__(self, wire: _Wire, until_s: float) -> None:
        self._wire, self._until_s = wire, until_s
        self._gate: asyncio.Semaphore | None = None

    def release(self) -> None:
        """Give it back, where it was taken."""
        if self._gate is not None:
            self._gate.release()
            self._gate = None

    async def take(self) -> bool:
        """Wait for the turn, at once where it is had already; False where the time ran out."""
        if self._gate is not None:
            return True
        transport = self._wire.transport
        pausable = transport is not None and not transport.is_closing()
        if transport is not None and pausable:
            transport.pause_reading()
        gate = _large.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_LARGE))
        try:
            async with asyncio.timeout_at(self._until_s):
                await gate.acquire()
        except TimeoutError:
            return False
        self._gate = gate
        if transport is not None and pausable and not transport.is_closing():
            transport.resume_reading()
        return True


async def _open(place: Place, legacy_tls: bool, timeout_s: float) -> _Wire | FaultCode:
    """A connection, or why there is none."""
    scheme, host, port = place
    secure = scheme == "https"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(min(CONNECT_TIMEOUT_S, timeout_s)):
            transport, wire = await loop.create_connection(_Wire, host, web_port(port, secure))
    except ConnectionRefusedError:
        return FaultCode.REFUSED
    except (OSError, UnicodeError):  # TimeoutError is one: no answer to SYN means nobody there, or a firewall
        return FaultCode.UNREACHABLE
    if not secure:
        return wire
    try:
        async with asyncio.timeout(timeout_s):
            wire.transport = await loop.start_tls(
                transport, wire, device_context(legacy_tls), server_hostname=host
            )
    except TimeoutError:
        transport.abort()
        return FaultCode.TIMEOUT
    except (ssl.SSLError, OSError):  # a connection that ends in the middle of the handshake had been accepted
        transport.abort()
        return FaultCode.TLS_FAILED
    except BaseException:
        transport.abort()
        raise
    return wire
