"""The HTTP side of `camagent serve`: metrics, health, status page, result document. Knows no camera and no
schedule.

Reads one `ExporterView`; answers from memory, so that a scrape never waits for a camera.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from camagent.document.site_status import AgentSnapshot
from camagent.exporter.host_names import authority_of, is_ours
from camagent.exporter.http_door import HttpDoor
from camagent.exporter.http_request import PageRequest, PageResponse, plain_response
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
ALWAYS = {"Server": "camagent", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""The headers of every answer, refusals too."""
NEGOTIATED = "Accept, Accept-Encoding, Accept-Language"


class ExporterView(Protocol):
    """What the agent shows of itself; every answer comes from memory."""

    def snapshot(self) -> AgentSnapshot:
        """The value of the moment."""

    def result_document(self) -> bytes | None:
        """The JSON result document of the last round, packed with gzip; None before the first."""

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
        self._listener = Listener(
            lambda: HttpDoor(self._page, self._failed, self._has_asked),
            lambda: self._context,
            self._options.limits,
            self._pace,
        )
        try:
            return await self._listener.open(self._options.host, self._options.port)
        except OSError as error:
            await self.close()
            place = f"{self._options.host}:{self._options.port}"
            reason = message("web.no_such_host") if isinstance(error, socket.gaierror) else os_reason(error)
            raise OperatorError(message("web.cannot_listen", place=place, reason=reason)) from error

    async def close(self) -> None:
        """Stop listening; also where a client does not read."""
        if self._listener is not None:
            await self._listener.close()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._listener is None else len(self._listener)

    def _has_asked(self, door: HttpDoor) -> None:
        assert self._listener is not None
        self._listener.request_complete(door)

    async def _page(self, request: PageRequest) -> PageResponse:
        """Host name, log-in, the page and the headers of every answer."""
        if (misdirected := self._misdirected(request)) is not None:
            response = plain_response(misdirected)
        elif not self._has_allowed_name(request):
            response = plain_response(HTTPStatus.FORBIDDEN)
        elif await self._may_enter(request):
            response = self._content(request)
        else:
            response = self._ask_log_in(request)
        response.headers.update(ALWAYS)
        response.headers.update(self._web.headers)
        return response

    def _failed(self, status: int, peer: str, error: Exception) -> PageResponse:
        """What was no request (400), or a bug of ours (500): tells no version and echoes nothing."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if self._pace.allows("bug"):
                logger.error("%s", say("web.bug", self._options.language), exc_info=error)
        elif self._pace.allows("malformed"):
            logger.warning("%s", say("web.malformed", self._options.language, peer=peer))
        response = plain_response(status)
        response.headers.update(ALWAYS)
        return response

    def _content(self, request: PageRequest) -> PageResponse:
        pages: dict[str, Callable[[PageRequest], PageResponse]] = {
            "/": self._status_page,
            "/metrics": self._metrics,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
            "/api/v1/scan": self._scan,
        }
        page = pages.get(request.path)
        if page is None:
            return PageResponse(404, say("status.not_found", self._language(request)).encode() + b"\n")
        if request.method not in ("GET", "HEAD"):
            refusal = plain_response(HTTPStatus.METHOD_NOT_ALLOWED)
            refusal.headers["Allow"] = "GET,HEAD"
            return refusal
        return page(request)

    def _misdirected(self, request: PageRequest) -> HTTPStatus | None:
        """How to refuse a request that was meant for another host, or for none; None where it was meant for
        us."""
        hosts = request.values("host")
        if len(hosts) != 1:
            return HTTPStatus.BAD_REQUEST
        authority = authority_of(request.target)
        named = hosts if authority is None else (*hosts, authority)
        if all(is_ours(host, self._names, request.reached) for host in named):
            return None
        if self._pace.allows("host"):
            logger.warning("%s", say("web.other_host", self._options.language, peer=request.peer))
        return HTTPStatus.MISDIRECTED_REQUEST

    def _has_allowed_name(self, request: PageRequest) -> bool:
        """Whether the client's certificate has one of the names that may enter, where some are listed."""
        tls = self._web.tls
        return tls is None or not tls.allowed_sans or allowed_san(request.certificate, tls.allowed_sans)

    async def _may_enter(self, request: PageRequest) -> bool:
        if not self._web.users:
            return True
        pair = basic_credentials(request.value("authorization"))
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

    def _ask_log_in(self, request: PageRequest) -> PageResponse:
        text = say("status.log_in", self._language(request))
        return PageResponse(401, text.encode() + b"\n", {"WWW-Authenticate": 'Basic realm="camagent"'})

    def _language(self, request: PageRequest) -> str:
        asked = request.asked("lang")
        if asked in ("vi", "en"):
            return asked
        return preferred_language(request.value("accept-language"), self._options.language)

    def _metrics(self, request: PageRequest) -> PageResponse:
        openmetrics = wants_openmetrics(request.value("accept"))
        page = render_metrics(self._registry, openmetrics)
        return _compressed(request, page, OPENMETRICS if openmetrics else TEXT)

    def _status_page(self, request: PageRequest) -> PageResponse:
        page = render_status_page(self._view.snapshot(), self._language(request)).encode()
        response = _compressed(request, page, "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _scan(self, request: PageRequest) -> PageResponse:
        document = self._view.result_document()
        if document is None:
            return PageResponse(503, b"no result yet\n", {"Retry-After": "60"})
        headers = {"Content-Type": "application/json; charset=utf-8", "Vary": "Accept-Encoding"}
        if accepts(request.value("accept-encoding"), "gzip") > 0:
            return PageResponse(body=document, headers=headers | {"Content-Encoding": "gzip"})
        return PageResponse(body=gzip.decompress(document), headers=headers)

    def _healthy(self, request: PageRequest) -> PageResponse:
        if self._view.is_alive():
            return PageResponse(body=b"healthy\n")
        return PageResponse(503, b"the loop is stuck\n")

    def _ready(self, request: PageRequest) -> PageResponse:
        if self._view.is_ready():
            return PageResponse(body=b"ready\n")
        return PageResponse(503, b"first round not complete\n")


def _compressed(request: PageRequest, body: bytes, content_type: str) -> PageResponse:
    headers = {"Content-Type": content_type, "Vary": NEGOTIATED}
    if accepts(request.value("accept-encoding"), "gzip") > 0:
        body = gzip.compress(body, GZIP_LEVEL)
        headers["Content-Encoding"] = "gzip"
    return PageResponse(body=body, headers=headers)
