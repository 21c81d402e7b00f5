"""The network door: one HTTP connection to one device. The only HTTP client of camagent; but for `peek` it only POSTs.

It follows no redirect, keeps no cookie, reads no proxy setting, and bounds every reply; what the reply means is
decided elsewhere. One request in flight at a time.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from dataclasses import dataclass, field

import aiohttp

from camagent.interrogate.device_link import HttpReply, HttpRequest, Knock
from camagent.interrogate.xml import MAX_XML_BYTES
from camagent.model.device import DeviceTarget, TlsFacts
from camagent.model.fault import FaultCode
from camagent.wire.tls import device_context, fetch_tls_facts

CONNECT_TIMEOUT_S = 2.5  # a SYN is resent after 1 s; a camera on the same site answers the second one
MAX_HEADERS = 64  # headers of one reply that are kept; none that we read comes late
READ_CHUNK_BYTES = 65_536


@dataclass
class HttpDoor:
    """aiohttp, held down to what an old camera can bear."""

    allow_legacy: bool = True
    _legacy: bool = field(default=False, init=False)
    _session: aiohttp.ClientSession | None = field(default=None, init=False)
    _dropped: bool = field(default=False, init=False)
    """The last request met a connection that the device had closed, or closed upon it."""

    async def post(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        """One POST; sent once more where a kept connection turned out to be closed (all our questions only read)."""
        if request.once:
            await self.close()  # a lost reply on a fresh connection is the device's doing
            return await self._post_once(request, timeout_s)
        reused = self._session is not None
        outcome = await self._post_once(request, timeout_s)
        if self._dropped and reused:
            outcome = await self._post_once(request, timeout_s)
        if outcome is FaultCode.TLS_FAILED and self.allow_legacy and not self._legacy:
            self._legacy = True
            outcome = await self._post_once(request, timeout_s)
        return outcome

    async def peek(self, url: str, timeout_s: float) -> HttpReply | FaultCode:
        """See DeviceDoor."""
        await self.close()  # one connection at a time, and none that a half-read picture waits in
        secure = url.startswith("https:")
        limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, timeout_s))
        session = _open_session()
        try:
            async with session.get(
                url,
                headers={"Accept": "image/*", "User-Agent": "camagent"},
                ssl=device_context(self._legacy) if secure else True,
                timeout=limits,
                allow_redirects=False,
            ) as response:
                response.close()  # the connection too: what of the picture is on its way is thrown away unread
                return HttpReply(response.status, _kept_headers(response), b"")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _fault_code(error, secure)
        finally:
            await session.close()

    async def handshake(self, host: str, port: int, timeout_s: float) -> TlsFacts | FaultCode:
        """See DeviceDoor."""
        await self.close()  # one connection at a time
        return await fetch_tls_facts(host, port, self.allow_legacy, timeout_s)

    async def knock(self, host: str, port: int, timeout_s: float) -> Knock:
        """See DeviceDoor."""
        await self.close()
        try:
            async with asyncio.timeout(timeout_s):
                _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            return Knock.CLOSED
        except OSError:  # TimeoutError is one
            return Knock.SILENT
        writer.transport.abort()
        return Knock.OPEN

    async def close(self) -> None:
        """See DeviceDoor."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post_once(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        session = self._session = self._session or _open_session()
        self._dropped = False
        secure = request.url.startswith("https:")
        limits = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, timeout_s))
        try:
            async with session.post(
                request.url,
                data=request.body,
                headers=request.headers,
                ssl=device_context(self._legacy) if secure else True,
                timeout=limits,
                allow_redirects=False,
            ) as response:
                body = await _read_bounded(response)
                return HttpReply(response.status, _kept_headers(response), body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            code, self._dropped = _fault_code(error, secure), _is_dropped(error)
            if code in (FaultCode.TLS_FAILED, FaultCode.MALFORMED_REPLY):
                await self.close()
            return code


def open_http(target: DeviceTarget, allow_legacy: bool) -> HttpDoor:
    """The DoorMaker of the network."""
    del target  # the door learns addresses from each request; the conversation pins them
    return HttpDoor(allow_legacy=allow_legacy)


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=20),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # we ask for identity; a compressed bomb stays small and becomes a malformed reply
        trust_env=False,
    )


def _kept_headers(response: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    return tuple((k, v[:8192]) for k, v in list(response.headers.items())[:MAX_HEADERS])


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    stated = response.content_length
    if stated is not None and stated > MAX_XML_BYTES:
        response.close()
        raise ValueError("reply too large")
    body = bytearray()
    try:
        async for chunk in response.content.iter_chunked(READ_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_XML_BYTES:
                response.close()
                raise ValueError("reply too large")
    except aiohttp.ClientPayloadError:
        if not body.rstrip().endswith(b"Envelope>"):  # a Content-Length too large is no loss where the envelope ends
            raise
    return bytes(body)


def _is_dropped(error: Exception) -> bool:
    """The other side ended the connection, by FIN or by RST (embedded servers do either after every reply)."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False  # there was none yet
    reset = isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)
    return reset or isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionError))


def _fault_code(error: Exception, secure: bool) -> FaultCode:
    """The most specific meaning first."""
    if isinstance(error, (aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, UnicodeError)):
        return FaultCode.UNREACHABLE  # no answer to SYN: nobody there, or a firewall; or a name that cannot be one
    if isinstance(error, TimeoutError):
        return FaultCode.TIMEOUT
    if isinstance(error, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError, ssl.SSLError)):
        return FaultCode.TLS_FAILED
    if isinstance(error, aiohttp.ClientConnectorError):
        if error.os_error.errno == errno.ECONNREFUSED:
            return FaultCode.REFUSED
        dropped = secure and isinstance(error.os_error, ConnectionError)  # in the handshake: TCP had been accepted
        return FaultCode.TLS_FAILED if dropped else FaultCode.UNREACHABLE
    if _is_dropped(error) or isinstance(error, (aiohttp.ClientPayloadError, ValueError)):
        return FaultCode.MALFORMED_REPLY
    return FaultCode.NOT_ONVIF if isinstance(error, aiohttp.ClientResponseError) else FaultCode.UNREACHABLE
