"""A small HTTP/1.1 client for devices: one connection, one request at a time, every reply bounded.

It follows no redirect, keeps no cookie, reads no proxy setting and logs in nowhere: all that is its caller's.
A failure of the world is a FaultCode. How replies are read, sound or not, is `http_reply`'s.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit
from weakref import WeakKeyDictionary

from camagent.model.fault import FaultCode
from camagent.wire.headers import Headers
from camagent.wire.http_reply import HttpReply, ReplyProgress, ReplyReader
from camagent.wire.tls import device_context

CONNECT_TIMEOUT_S = 2.5  # a SYN is resent after 1 s; a camera on the same site answers the second one
KEEP_S = 15.0  # how long an idle connection is used again; servers hang up after 20 s and more
PATIENCE_S = 0.3  # for what the framing promises behind the end of an envelope
QUIET_S = 1.0  # for more of a reply whose end nothing shows, or whose stated length cuts an envelope
LARGE_BYTES = 512 * 1024  # of a body; beyond it a reply waits for its turn
MAX_LARGE = 8  # bodies beyond LARGE_BYTES at once in one loop: 32 MB, whatever many devices send

Place = tuple[str, str, int | None]
"""Scheme, host and port."""

_large: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One request, ready to be sent."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def render(self, parts: SplitResult) -> bytes:
        """The bytes on the wire; header values must be printable (they are made by us or checked before)."""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        if "%" in host:  # the zone of a link-local address is ours alone
            host = host.partition("%")[0] + "]" + host.partition("]")[2]
        lines = [f"{self.method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in self.headers)]
        if self.method == "POST":
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + self.body


class _Wire(asyncio.Protocol):
    """The protocol object of one connection: what arrives goes to the reader of the reply that is waited
    for."""

    def __init__(self) -> None:
        self.is_closed = False
        self.reader: ReplyReader | None = None
        self.transport: asyncio.Transport | None = None
        self._news: asyncio.Future[None] | None = None

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
        """Wait until the reply got further or the connection ended; False where neither came in time."""
        self._news = asyncio.get_running_loop().create_future()
        try:
            if timeout_s is None:
                await self._news
                return True
            async with asyncio.timeout(timeout_s):
                await self._news
        except TimeoutError:
            return False
        finally:
            self._news = None
        return True

    def abort(self) -> None:
        self.is_closed = True
        if self.transport is not None:
            self.transport.abort()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class HttpClient:
    """One connection to one device at a time; opened when needed, kept while the device keeps it."""

    def __init__(self, legacy_tls: bool = False) -> None:
        self.legacy_tls = legacy_tls
        """Speak TLS as old firmware does; for connections opened from now on."""
        self.was_dropped = False
        """The last call met a connection that the device closed without a word."""
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
            parts = urlsplit(call.url)
            place = (parts.scheme, parts.hostname or "", parts.port)
            request = call.render(parts)
        except (ValueError, UnicodeError):
            return FaultCode.UNREACHABLE  # a name that cannot be one
        until_s = time.monotonic() + timeout_s
        wire = await self._connection(place, timeout_s)
        if isinstance(wire, FaultCode):
            return wire
        try:
            async with asyncio.timeout(until_s - time.monotonic()):
                return await self._exchange(wire, request, ReplyReader(call.body, with_body))
        except TimeoutError:
            return self._late_outcome(wire)
        finally:
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
        if isinstance(opened, _Wire):
            self._wire, self._place = opened, place
        return opened

    async def _exchange(self, wire: _Wire, request: bytes, reader: ReplyReader) -> HttpReply | FaultCode:
        wire.reader = reader
        assert wire.transport is not None
        wire.transport.write(request)
        async with _Turn(wire) as turn:
            while not wire.is_closed and reader.progress not in (ReplyProgress.WHOLE, ReplyProgress.WRONG):
                if reader.envelope_ended and self._is_careless:
                    break
                patience_s = PATIENCE_S if reader.envelope_ended else QUIET_S
                if not await wire.news(None if reader.progress is ReplyProgress.BEGUN else patience_s):
                    self._is_careless = reader.envelope_ended
                    break
                await turn.take()
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


class _Turn:
    """The right to receive a large body: few may at once, the others wait with their connection paused."""

    def __init__(self, wire: _Wire) -> None:
        self._wire, self._gate = wire, None

    _gate: asyncio.Semaphore | None

    async def __aenter__(self) -> _Turn:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._gate is not None:
            self._gate.release()

    async def take(self) -> None:
        """Wait for the turn where the body has become large; at once where it has not."""
        if self._gate is not None or not self._wire.is_large():
            return
        transport = self._wire.transport
        pausable = transport is not None and not transport.is_closing()
        if transport is not None and pausable:
            transport.pause_reading()
        loop = asyncio.get_running_loop()
        gate = _large.setdefault(loop, asyncio.Semaphore(MAX_LARGE))
        await gate.acquire()
        self._gate = gate
        if transport is not None and pausable and not transport.is_closing():
            transport.resume_reading()


async def _open(place: Place, legacy_tls: bool, timeout_s: float) -> _Wire | FaultCode:
    """A connection, or why there is none."""
    scheme, host, port = place
    secure = scheme == "https"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(min(CONNECT_TIMEOUT_S, timeout_s)):
            transport, wire = await loop.create_connection(_Wire, host, port or (443 if secure else 80))
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
