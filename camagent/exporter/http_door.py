"""One connection that asks for pages: requests in, one answer after the other out, every wait bounded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus

from camagent.exporter.http_request import (
    MAX_HEAD_BYTES,
    MalformedRequest,
    PageRequest,
    PageResponse,
    take_request,
)

KEEP_ALIVE_S = 75.0  # over the usual scrape interval of 60 s, so that a scraper keeps its TLS session
SEND_S = 10.0  # a client that takes longer to read one page is cut

Pages = Callable[[PageRequest], Awaitable[PageResponse]]
Refusals = Callable[[int, str, Exception], PageResponse]
"""The answer to what failed: status, the client's address, and what was raised."""


class HttpDoor(asyncio.Protocol):
    """Reads the requests of one connection; `pages` answers each, `refusals` what is none or fails."""

    def __init__(self, pages: Pages, refusals: Refusals, asked: Callable[[HttpDoor], None]) -> None:
        self._pages, self._refusals, self._asked = pages, refusals, asked
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._has_ended = False
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, once a head is whole; what else is sent meanwhile waits in the kernel."""
        self._buffer += data
        if self._task is None:
            self._next()
        elif len(self._buffer) > MAX_HEAD_BYTES and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """A client may close its side once it has asked: it still gets its answer.

        Not over TLS, which asyncio does not keep half open.
        """
        self._has_ended = True
        is_plain = self._transport is not None and self._transport.get_extra_info("sslcontext") is None
        return is_plain and self._task is not None

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """The kernel has taken everything."""
        self._drained.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for an answer any more."""
        self._transport = None
        self._drained.set()
        self._be_patient(None)
        if self._task is not None:
            self._task.cancel()

    def _next(self) -> None:
        try:
            request = take_request(self._buffer)
        except MalformedRequest as error:
            self._begin(self._refuse(HTTPStatus.BAD_REQUEST, error))
            return
        if request is not None:
            self._begin(self._answer(request))

    def _begin(self, work: Awaitable[None]) -> None:
        self._be_patient(None)
        self._asked(self)
        self._task = asyncio.ensure_future(work)

    async def _answer(self, request: PageRequest) -> None:
        try:
            response = await self._pages(self._with_connection(request))
        except Exception as error:  # a bug of ours: one line for the client, the trace for our log
            await self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, error)
            return
        await self._send(response, request.keeps_open, request.method != "HEAD")

    async def _refuse(self, status: HTTPStatus, error: Exception) -> None:
        self._buffer.clear()
        await self._send(self._refusals(status, self._peer(), error), False, True)

    async def _send(self, response: PageResponse, keeps_open: bool, with_body: bool) -> None:
        if self._transport is None:
            return
        self._transport.write(response.encoded(keeps_open, with_body, time.time()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEND_S):
                await self._drained.wait()
        if self._transport is None:
            return
        if not self._drained.is_set():
            self._transport.abort()
        elif not keeps_open or self._has_ended:
            self._transport.close()
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Wait for the next request, which may have come already."""
        assert self._transport is not None
        self._task = None
        self._be_patient(KEEP_ALIVE_S)
        self._transport.resume_reading()
        self._next()

    def _be_patient(self, seconds: float | None) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if seconds is not None:
            self._silence = asyncio.get_running_loop().call_later(seconds, self._close)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _peer(self) -> str:
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(peer[0]) if peer else "?"

    def _with_connection(self, request: PageRequest) -> PageRequest:
        if self._transport is None:
            return request
        reached = self._transport.get_extra_info("sockname") or ("",)
        certificate = self._transport.get_extra_info("peercert")
        return replace(request, peer=self._peer(), reached=str(reached[0]), certificate=certificate)
