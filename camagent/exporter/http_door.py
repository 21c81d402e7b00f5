"""One HTTP/1.1 connection of the exporter: reads a request within bounds, has it answered, goes on or ends.

Knows HTTP and no page. The syntax is h11's; what is bounded, refused and logged is decided here. A refusal is
its status and nothing else: no version, no word of the request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from camagent.exporter.log_pace import LogPace
from camagent.text import say

logger = logging.getLogger(__name__)
MAX_LINE_BYTES = 4096  # request line or one header; Prometheus sends under 300
MAX_HEADERS = 64
MAX_HEAD_BYTES = 32768  # of a request that is not complete yet
READ_BYTES = 16384
KEEP_ALIVE_S = 75.0  # over the usual scrape interval of 60 s, so that a scraper keeps its TLS session
SEND_S = 10.0  # a client that takes longer to read one page is cut
ALWAYS = {"Server": "camagent", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""The headers of every answer, refusals too."""
PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What was asked; a body is never read."""

    method: str
    target: str
    """As it was sent: a path, or an address with an authority of its own."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order of the request."""
    writer: asyncio.StreamWriter
    """The connection, for who is at its ends."""

    def header(self, name: str) -> str:
        """The first header of that name (lower case); empty where there is none."""
        return next((value for one, value in self.headers if one == name), "")

    @property
    def path(self) -> str:
        """The path without its question; empty where the target is no address."""
        try:
            return unquote(urlsplit(self.target).path)
        except ValueError:  # brackets that hold no address
            return ""

    def asked(self, name: str) -> str:
        """The first value of that name in the question; empty where there is none."""
        question = self.target.partition("?")[2].partition("#")[0]
        return parse_qs(question).get(name, [""])[0]


@dataclass(frozen=True, slots=True)
class PageReply:
    """What is sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def peer_of(writer: asyncio.StreamWriter) -> str:
    """The client's address; ? where it is gone."""
    return str((writer.get_extra_info("peername") or "?")[0])


def text_reply(status: int, text: str | None = None, **headers: str) -> PageReply:
    """A line of text; without one the status itself. Headers by name, with _ for -."""
    body = text if text is not None else f"{status} {HTTPStatus(status).phrase}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PageReply(status, (body + "\n").encode(), {"Content-Type": PLAIN_TEXT} | named)


class HttpDoor(asyncio.StreamReaderProtocol):
    """The protocol of one connection; `answer` is asked once a request, `complete` is told of each whole
    request."""

    def __init__(
        self,
        answer: Callable[[PageRequest], Awaitable[PageReply]],
        complete: Callable[[asyncio.Protocol], None],
        pace: LogPace,
        language: str,
    ) -> None:
        super().__init__(asyncio.StreamReader(limit=READ_BYTES), self._converse)
        self._answer, self._complete, self._pace, self._language = answer, complete, pace, language
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.task: asyncio.Task[Any] | None = None

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.task = asyncio.current_task()
        try:
            while await self._exchange(reader, writer):
                self._http.start_next_cycle()
            writer.close()
        # Gone, or too slow (TimeoutError is one), or the exporter closes. Nobody waits for this task, and the
        # streams of Python 3.11 log a cancelled one as an error of ours.
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; True where another may follow."""
        try:
            request = await self._request(reader, writer)
        except h11.RemoteProtocolError:
            if self._pace.allows("malformed"):
                logger.warning("%s", say("web.malformed", self._language, peer=peer_of(writer)))
            return await self._send(writer, text_reply(HTTPStatus.BAD_REQUEST), is_last=True)
        if request is None:
            return False
        self._complete(self)
        reply, is_bug = await self._answered(request)
        # What has a body, or asks for another protocol, is not done: its rest is never read.
        is_last = is_bug or self._http.their_state is not h11.DONE
        return await self._send(writer, reply, is_last=is_last, is_head=request.method == "HEAD")

    async def _answered(self, request: PageRequest) -> tuple[PageReply, bool]:
        """The reply; where our code fails one line for the client and one trace for us, and True."""
        try:
            return await self._answer(request), False
        except Exception:
            if self._pace.allows("bug"):
                logger.exception("%s", say("web.bug", self._language))
            return text_reply(HTTPStatus.INTERNAL_SERVER_ERROR), True

    async def _request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> PageRequest | None:
        """The next request; None where the client left.

        Raises: h11.RemoteProtocolError for what is no HTTP or beyond the bounds, TimeoutError.
        """
        async with asyncio.timeout(KEEP_ALIVE_S):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                received = await reader.read(READ_BYTES)
                if not received:
                    return None
                self._http.receive_data(received)
        if not isinstance(event, h11.Request):
            return None
        headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers)
        names = {name for name, _ in headers}
        sizes = [len(name) + len(value) for name, value in headers]
        is_bounded = max([len(event.target), *sizes]) < MAX_LINE_BYTES and len(headers) <= MAX_HEADERS
        is_clear = not {"transfer-encoding", "content-length"} <= names
        if not is_bounded or not is_clear or event.http_version not in (b"1.0", b"1.1"):
            raise h11.RemoteProtocolError("beyond the bounds")
        self._http.next_event()  # the end of the request; where it has a body, its beginning
        return PageRequest(event.method.decode("ascii"), event.target.decode("ascii"), headers, writer)

    async def _send(
        self, writer: asyncio.StreamWriter, reply: PageReply, *, is_last: bool, is_head: bool = False
    ) -> bool:
        """Send it within `SEND_S`; True where the connection goes on."""
        headers = ALWAYS | {"Date": formatdate(usegmt=True), "Content-Length": str(len(reply.body))}
        headers |= reply.headers | ({"Connection": "close"} if is_last else {})
        pairs = [(name.encode(), value.strip().encode()) for name, value in headers.items()]
        reason = HTTPStatus(reply.status).phrase
        head = h11.Response(status_code=reply.status, headers=pairs, reason=reason)
        parts = [self._http.send(head)]
        if not is_head:
            parts.append(self._http.send(h11.Data(data=reply.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        async with asyncio.timeout(SEND_S):
            writer.write(b"".join(part for part in parts if part))
            await writer.drain()
        return not is_last and self._http.our_state is h11.DONE
