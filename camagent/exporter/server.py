"""The HTTP side of `camagent serve`: metrics, health, status page, result document. Knows no camera and no
schedule.

Reads one `ExporterView`; answers from memory, so that a scrape never waits for a camera.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import lzma
import socket
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol
from weakref import WeakSet

from camagent.document.site_status import AgentSnapshot
from camagent.exporter.host_names import authority_of, is_ours
from camagent.exporter.http_door import HttpDoor, PageReply, PageRequest, peer_of, text_reply
from camagent.exporter.listener import Listener, ListenerLimits
from camagent.exporter.log_pace import LogPace
from camagent.exporter.metrics import metrics_registry
from camagent.exporter.negotiation import accepts, basic_credentials, preferred_language, wants_openmetrics
from camagent.exporter.status_page import CONTENT_SECURITY_POLICY, render_status_page
from camagent.exporter.text_format import render_metrics
from camagent.exporter.web_config import PasswordBook, WebConfig, allowed_san, server_context
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason
from camagent.text import say

logger = logging.getLogger(__name__)
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
GZIP_LEVEL = 1  # 4.6 ms against 33 ms at level 9, for 12 % more bytes (8,000 series)
CLOSE_S = 2.0
LANGUAGES = ("vi", "en")

_Handler = Callable[[PageRequest], Awaitable[PageReply]]


class ExporterView(Protocol):
    """What the agent shows of itself; every answer comes from memory."""

    def snapshot(self) -> AgentSnapshot:
        """The value of the moment."""

    def result_document(self) -> bytes | None:
        """The JSON result document of the last round, packed with LZMA; None before the first."""

    def is_alive(self) -> bool:
        """True while the loop takes its turns."""

    def is_ready(self) -> bool:
        """True once a first round over all cameras is complete, or was restored from the store."""


@dataclass(frozen=True, slots=True)
class ExporterOptions:
    """Where and how to listen."""

    host: str = "127.0.0.1"
    port: int = 9797
    language: str = "vi"
    names: Set[str] = frozenset()
    """Host names that are answered beside loopback and the address that a client reached; lower case."""
    web: WebConfig = field(default_factory=WebConfig)
    limits: ListenerLimits = field(default_factory=ListenerLimits)


class Exporter:
    """The running server; `reload` changes TLS, passwords and names without closing the port."""

    def __init__(self, options: ExporterOptions, view: ExporterView) -> None:
        self._options = options
        self._view = view
        self._registry = metrics_registry(view.snapshot)
        self._bcrypt = asyncio.Semaphore(1)  # guessed passwords may cost one core's share, never all of it
        self._listener: Listener | None = None
        self._doors: WeakSet[HttpDoor] = WeakSet()
        self._pages: dict[str, _Handler] = {
            "/": self._status_page,
            "/metrics": self._metrics,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
            "/api/v1/scan": self._scan,
        }
        self._pace = LogPace()
        self.reload(options.web, options.names)

    def reload(self, config: WebConfig, names: Set[str]) -> None:
        """Use another web-config and other host names from the next connection on.

        Raises: OperatorError, and keeps what was in force.
        """
        context = server_context(config.tls) if config.tls is not None else None
        self._names = names
        self._web, self._context, self._passwords = config, context, PasswordBook(config.users)

    async def open(self) -> tuple[str, int]:
        """Begin to listen; the address that was really bound.

        Raises: OperatorError where the address cannot be had.
        """
        self._listener = Listener(self._door, lambda: self._context, self._options.limits, self._pace)
        try:
            return await self._listener.open(self._options.host, self._options.port)
        except OSError as error:
            await self.close()
            place = f"{self._options.host}:{self._options.port}"
            reason = message("web.no_such_host") if isinstance(error, socket.gaierror) else os_reason(error)
            raise OperatorError(message("web.cannot_listen", place=place, reason=reason)) from error

    async def close(self) -> None:
        """Stop listening; within `CLOSE_S` also where a client does not read."""
        if self._listener is not None:
            await self._listener.close()
        tasks = [door.task for door in self._doors if door.task is not None and not door.task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._listener is None else len(self._listener)

    def _door(self) -> HttpDoor:
        assert self._listener is not None, "connections come from the listener"
        complete = self._listener.request_complete
        door = HttpDoor(self._answer, complete, self._pace, self._options.language)
        self._doors.add(door)
        return door

    async def _answer(self, request: PageRequest) -> PageReply:
        """Host name, log-in and page of one request, with the headers that the operator wants in every
        answer."""
        if (misdirected := self._misdirected(request)) is not None:
            reply = text_reply(misdirected)
        elif not self._is_allowed(request):
            reply = text_reply(HTTPStatus.FORBIDDEN)
        elif not await self._may_enter(request):
            log_in = say("status.log_in", self._language(request))
            reply = text_reply(401, log_in, WWW_Authenticate='Basic realm="camagent"')
        else:
            reply = await self._page(request)
        return replace(reply, headers=reply.headers | dict(self._web.headers))

    async def _page(self, request: PageRequest) -> PageReply:
        page = self._pages.get(request.path)
        if page is None:
            return text_reply(404, say("status.not_found", self._language(request)))
        if request.method not in ("GET", "HEAD"):
            return text_reply(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET,HEAD")
        return await page(request)

    def _misdirected(self, request: PageRequest) -> HTTPStatus | None:
        """How to refuse a request that was meant for another host, or for none; None where it was meant for
        us."""
        hosts = [value for name, value in request.headers if name == "host"]
        if len(hosts) != 1:
            return HTTPStatus.BAD_REQUEST
        authority = authority_of(request.target)
        reached = (request.writer.get_extra_info("sockname") or ("",))[0]
        if all(is_ours(host, self._names, reached) for host in (hosts[0], authority) if host is not None):
            return None
        if self._pace.allows("host"):
            peer = peer_of(request.writer)
            logger.warning("%s", say("web.other_host", self._options.language, peer=peer))
        return HTTPStatus.MISDIRECTED_REQUEST

    def _is_allowed(self, request: PageRequest) -> bool:
        """The client's certificate bears one of the names that the operator allows, where he names any."""
        tls = self._web.tls
        if tls is None or not tls.allowed_sans:
            return True
        return allowed_san(request.writer.get_extra_info("peercert"), tls.allowed_sans)

    async def _may_enter(self, request: PageRequest) -> bool:
        if not self._web.users:
            return True
        pair = basic_credentials(request.header("authorization"))
        if pair is None:
            return False
        answer = self._passwords.remembered(*pair)
        if answer is not None:
            return answer
        async with self._bcrypt:
            answer = self._passwords.remembered(*pair)
            if answer is None:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(None, self._passwords.verify, *pair)
        return answer

    def _language(self, request: PageRequest) -> str:
        asked = request.asked("lang")
        if asked in LANGUAGES:
            return asked
        return preferred_language(request.header("accept-language"), self._options.language)

    async def _metrics(self, request: PageRequest) -> PageReply:
        openmetrics = wants_openmetrics(request.header("accept"))
        page = render_metrics(self._registry, openmetrics)
        return _page(request, page, OPENMETRICS if openmetrics else TEXT)

    async def _status_page(self, request: PageRequest) -> PageReply:
        renews = request.asked("renew") == "1"
        page = render_status_page(self._view.snapshot(), self._language(request), renews=renews).encode()
        reply = _page(request, page, "text/html; charset=utf-8")
        security = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
        return replace(reply, headers=reply.headers | security)

    async def _scan(self, request: PageRequest) -> PageReply:
        document = self._view.result_document()
        if document is None:
            return text_reply(HTTPStatus.SERVICE_UNAVAILABLE, "no result yet", Retry_After="60")
        headers = {"Content-Type": "application/json; charset=utf-8", "Vary": "Accept-Encoding"}
        return _compressed(request, lzma.decompress(document), headers)

    async def _healthy(self, request: PageRequest) -> PageReply:
        alive = self._view.is_alive()
        return text_reply(200 if alive else 503, "healthy" if alive else "the loop is stuck")

    async def _ready(self, request: PageRequest) -> PageReply:
        ready = self._view.is_ready()
        return text_reply(200 if ready else 503, "ready" if ready else "first round not complete")


def _page(request: PageRequest, body: bytes, content_type: str) -> PageReply:
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding, Accept-Language"}
    return _compressed(request, body, headers)


def _compressed(request: PageRequest, body: bytes, headers: dict[str, str]) -> PageReply:
    """Packed where the client takes that."""
    if accepts(request.header("accept-encoding"), "gzip") > 0:
        body = gzip.compress(body, GZIP_LEVEL)
        headers = headers | {"Content-Encoding": "gzip"}
    return PageReply(200, body, headers)
