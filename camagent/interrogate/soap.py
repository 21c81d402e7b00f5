"""The network door: one HTTP connection to one device. But for `peek` it only POSTs.

What the reply means is decided elsewhere. One request in flight at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from camagent.interrogate.device_link import HttpRequest, PortBehaviour
from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode
from camagent.wire.http_client import HttpCall, HttpClient
from camagent.wire.http_reply import HttpReply
from camagent.wire.tls import fetch_tls_facts

PEEK_HEADERS = (("Accept", "image/*"), ("User-Agent", "camagent"))


@dataclass
class SoapDoor:
    """An HTTP client, held down to what an old camera can bear."""

    _client: HttpClient = field(default_factory=HttpClient, init=False)

    async def post(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        """One POST; sent once more where a kept connection turned out to be closed (all our questions only
        read)."""
        call = HttpCall("POST", request.url, request.headers, request.body, request.going_out)
        if request.going_out is not None:
            await self.close()  # a lost reply on a fresh connection is the device's doing
            return await self._client.send(call, timeout_s)
        reused = self._client.has_connection
        outcome = await self._client.send(call, timeout_s)
        if self._client.was_dropped and reused:
            outcome = await self._client.send(call, timeout_s)
        if outcome is FaultCode.TLS_FAILED and not self._client.legacy_tls:
            self._client.legacy_tls = True
            outcome = await self._client.send(call, timeout_s)
        return outcome

    async def peek(self, url: str, timeout_s: float) -> HttpReply | FaultCode:
        """See DeviceDoor."""
        await self.close()  # one connection at a time, and none that a half-read picture waits in
        outcome = await self._client.send(HttpCall("GET", url, PEEK_HEADERS), timeout_s, with_body=False)
        await self.close()  # what of the picture is on its way is thrown away unread
        return outcome

    async def handshake(self, host: str, port: int, timeout_s: float) -> TlsFacts | FaultCode:
        """See DeviceDoor; what is shown here has to be shown by every later connection to that port."""
        await self.close()  # one connection at a time
        facts = await fetch_tls_facts(host, port, timeout_s)
        if isinstance(facts, TlsFacts):
            self._client.certificates[port] = facts.fingerprint_sha256
        return facts

    async def try_port(self, host: str, port: int, timeout_s: float) -> PortBehaviour:
        """See DeviceDoor."""
        await self.close()
        try:
            async with asyncio.timeout(timeout_s):
                _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            return PortBehaviour.CLOSED
        except OSError:  # TimeoutError is one
            return PortBehaviour.SILENT
        writer.transport.abort()
        return PortBehaviour.OPEN

    async def close(self) -> None:
        """See DeviceDoor."""
        self._client.close()
