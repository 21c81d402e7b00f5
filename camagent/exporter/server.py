"""The HTTP side of `camagent serve`: metrics, health, status page, result document. Knows no camera and no
schedule.

Reads one `ExporterView`; answers from memory, so that a scrape never waits for a camera.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web

from camagent.document.site_status import AgentSnapshot
from camagent.exporter.host_names import authority_of, is_ours
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
MAX_LINE_BYTES = 4096  # request line or one header; Prometheus sends under 300
MAX_HEADERS = 64
KEEP_ALIVE_S = 75.0  # over the usual scrape interval of 60 s, so that a scraper keeps its TLS session
SEND_S = 10.0  # a client that takes longer to read one page is cut
CLOSE_S = 2.0
ALWAYS = {hdrs.SERVER: "camagent", "X-Content-Type-Options": "nosniff", hdrs.CACHE_CONTROL: "no-store"}
"""The headers of every answer, refusals too."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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


class HttpDoor(web.RequestHandler):
    """aiohttp's handler of one connection, whose own refusals tell no version and echo nothing."""

    __slots__ = ("_language", "_pace")

    def __init__(self, server: web.Server, pace: LogPace, language: str) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for "no log"
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=0,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
        )
        self._pace, self._language = pace, language

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp could not parse (400), or a bug of ours (500)."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if self._pace.allows("bug"):
                logger.error("%s", say("web.bug", self._language), exc_info=exc)
        elif self._pace.allows("malformed"):
            logger.warning("%s", say("web.malformed", self._language, peer=request.remote or "?"))
        if request.writer.output_size > 0:
            raise ConnectionError
        refusal = _plain(status)
        refusal.headers.update(ALWAYS)
        refusal.force_close()
        return refusal

    def log_exception(self, *args: object, **kw: object) -> None:
        """What failed outside of a request, as rarely."""
        if self._pace.allows("bug"):
            super().log_exception(*args, **kw)


class Exporter:
    """The running server; `reload` changes TLS, passwords and names without closing the port."""

    def __init__(self, options: ExporterOptions, view: ExporterView) -> None:
        self._options = options
        self._view = view
        self._registry = metrics_registry(view.snapshot)
        self._bcrypt = asyncio.Semaphore(1)  # guessed passwords may cost one core's share, never all of it
        self._runner: web.AppRunner | None = None
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
        app = web.Application(middlewares=[self._guarded], client_max_size=1)
        app.add_routes(
            [
                web.get("/", self._status_page),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
                web.get("/api/v1/scan", self._scan),
            ]
        )
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=CLOSE_S)
        await self._runner.setup()
        server, language = self._runner.server, self._options.language
        assert server is not None
        self._listener = Listener(
            lambda: HttpDoor(server, self._pace, language),
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
        """Stop listening; within `CLOSE_S` also where a client does not read."""
        if self._listener is not None:
            await self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._listener is None else len(self._listener)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Time, host name, log-in and the headers of every answer."""
        assert request.protocol is not None and self._listener is not None
        self._listener.request_complete(request.protocol)
        try:
            if (misdirected := self._misdirected(request)) is not None:
                response: web.StreamResponse = _plain(misdirected)
            elif await self._may_enter(request):
                response = await handler(request)
            else:
                response = self._ask_log_in(request)
        except web.HTTPException as refusal:
            response = self._refusal(request, refusal)
        response.headers.update(ALWAYS)
        response.headers.update(self._web.headers)
        if request.can_read_body:
            response.force_close()
        try:
            async with asyncio.timeout(SEND_S):
                await response.prepare(request)
                await response.write_eof()
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        return response

    def _misdirected(self, request: web.Request) -> HTTPStatus | None:
        """How to refuse a request that was meant for another host, or for none; None where it was meant for
        us."""
        hosts = request.headers.getall(hdrs.HOST, [])
        if len(hosts) != 1:
            return HTTPStatus.BAD_REQUEST
        authority = authority_of(request.raw_path)
        reached = (request.get_extra_info("sockname") or ("",))[0]
        if all(is_ours(host, self._names, reached) for host in (hosts[0], authority) if host is not None):
            return None
        if self._pace.allows("host"):
            logger.warning("%s", say("web.other_host", self._options.language, peer=request.remote or "?"))
        return HTTPStatus.MISDIRECTED_REQUEST

    async def _may_enter(self, request: web.Request) -> bool:
        tls = self._web.tls
        if tls is not None and tls.allowed_sans and request.transport is not None:
            certificate = request.transport.get_extra_info("peercert")
            if not allowed_san(certificate, tls.allowed_sans):
                raise web.HTTPForbidden
        if not self._web.users:
            return True
        pair = basic_credentials(request.headers.get(hdrs.AUTHORIZATION, ""))
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

    def _ask_log_in(self, request: web.Request) -> web.Response:
        text = say("status.log_in", self._language(request))
        return web.Response(
            status=401, text=text + "\n", headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="camagent"'}
        )

    def _refusal(self, request: web.Request, refusal: web.HTTPException) -> web.Response:
        if refusal.status == 404:
            return web.Response(status=404, text=say("status.not_found", self._language(request)) + "\n")
        headers = {hdrs.ALLOW: refusal.headers[hdrs.ALLOW]} if hdrs.ALLOW in refusal.headers else {}
        response = _plain(refusal.status)
        response.headers.update(headers)
        return response

    def _language(self, request: web.Request) -> str:
        asked = request.query.get("lang")
        if asked in ("vi", "en"):
            return asked
        return preferred_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), self._options.language)

    async def _metrics(self, request: web.Request) -> web.Response:
        openmetrics = wants_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        page = render_metrics(self._registry, openmetrics)
        return _compressed(request, page, OPENMETRICS if openmetrics else TEXT)

    async def _status_page(self, request: web.Request) -> web.Response:
        renews = request.query.get("renew") == "1"
        page = render_status_page(self._view.snapshot(), self._language(request), renews=renews).encode()
        response = _compressed(request, page, "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def _scan(self, request: web.Request) -> web.Response:
        document = self._view.result_document()
        if document is None:
            return web.Response(status=503, text="no result yet\n", headers={hdrs.RETRY_AFTER: "60"})
        headers = {hdrs.CONTENT_TYPE: "application/json; charset=utf-8", hdrs.VARY: "Accept-Encoding"}
        if accepts(request.headers.get(hdrs.ACCEPT_ENCODING, ""), "gzip") > 0:
            return web.Response(body=document, headers=headers | {hdrs.CONTENT_ENCODING: "gzip"})
        return web.Response(body=gzip.decompress(document), headers=headers)

    async def _healthy(self, request: web.Request) -> web.Response:
        alive = self._view.is_alive()
        return web.Response(
            status=200 if alive else 503, text="healthy\n" if alive else "the loop is stuck\n"
        )

    async def _ready(self, request: web.Request) -> web.Response:
        ready = self._view.is_ready()
        return web.Response(
            status=200 if ready else 503, text="ready\n" if ready else "first round not complete\n"
        )


def _plain(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n")


def _compressed(request: web.Request, body: bytes, content_type: str) -> web.Response:
    headers = {hdrs.CONTENT_TYPE: content_type, hdrs.VARY: "Accept, Accept-Encoding, Accept-Language"}
    if accepts(request.headers.get(hdrs.ACCEPT_ENCODING, ""), "gzip") > 0:
        body = gzip.compress(body, GZIP_LEVEL)
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=body, headers=headers)
