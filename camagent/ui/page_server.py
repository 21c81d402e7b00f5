"""The HTTP side of `camagent ui`, on loopback only: one page, its state as it changes, what may be done,
reports.

Who may ask is decided by `access`; what is done by `desk`; what is shown by `board`. A password comes in once
and never goes out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment, FunctionLoader, StrictUndefined

from camagent.document.model import ScanDocument
from camagent.exporter.listener import BACKLOG, Listener, ListenerLimits
from camagent.exporter.log_pace import LogPace
from camagent.exporter.negotiation import preferred_language
from camagent.model.defect import place_of
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.text import message
from camagent.model.uri import without_logins
from camagent.text import LANGUAGES, catalogue, render, say
from camagent.ui.access import SECURITY_HEADERS, SESSION_S, Access, Session, may_change, refusal_of_host
from camagent.ui.desk import Busy, Desk
from camagent.ui.page_connection import PageConnection, bare_refusal
from camagent.ui.rows import camera_detail

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
MAX_BODY_BYTES = 16 * 1024  # a form of ours: a few hundred bytes
MAX_WATCHERS = 16  # browsers' tabs that look on; more is a page that opens connections in a circle
MAX_FIELD_CHARS = 1024
BREATH_S = 0.4  # between two states sent to one browser: what changes faster nobody reads
HEARTBEAT_S = 15.0  # so that a connection whose browser is gone is noticed
SEND_S = 10.0
CLOSE_S = 2.0
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reports:
    """How a result is saved: file name and what makes it, in one language; each may take seconds."""

    makers: Mapping[str, tuple[str, str, Callable[[ScanDocument, str], bytes]]]
    """By kind: file name, content type, maker."""


class Page:
    """The running page; `opened` says where, `ended` is set when the user ends the program from it."""

    def __init__(self, desk: Desk, reports: Reports, access: Access, language: str) -> None:
        self.ended = asyncio.Event()
        self._desk, self._board = desk, desk.board
        self._reports = reports
        self._access = access
        self._language = language
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None
        self._port = 0

    async def open(self, listening: socket.socket) -> str:
        """Begin to listen on a bound socket of loopback; the address to open once, with its token."""
        self._port = int(listening.getsockname()[1])
        app = web.Application(middlewares=[self._guarded], client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/{name:ui\\.(?:css|js)}", self._asset),
                web.get("/events", self._events),
                web.get("/camera", self._camera),
                web.get("/report/{kind}", self._report),
                web.post("/search", self._changing(self._search)),
                web.post("/login", self._changing(self._login)),
                web.post("/scan", self._changing(self._scan)),
                web.post("/again", self._changing(self._again)),
                web.post("/stop", self._changing(self._stop)),
                web.post("/end", self._changing(self._end)),
            ]
        )
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=CLOSE_S)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None  # it was set up
        pace = LogPace()
        self._listener = Listener(
            lambda: PageConnection(server, pace, self._language), lambda: None, ListenerLimits(), pace
        )
        listening.listen(BACKLOG)
        self._listener.accept_at(listening)
        return self.new_address()

    def new_address(self) -> str:
        """The page's address with a fresh token, for one browser."""
        return f"{self.address}?token={self._access.new_token()}"

    @property
    def address(self) -> str:
        """Where the page is, for a browser that was let in."""
        return f"http://{HOST}:{self._port}/"

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Host, session and the headers of every answer; what fails tells nothing of itself."""
        if self._listener is not None and isinstance(request.protocol, PageConnection):
            self._listener.request_complete(request.protocol)
        try:
            response = await self._answer(request, handler)
        except web.HTTPException as refusal:
            response = bare_refusal(refusal.status)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as bug:
            logger.error("defect in the page: %s", place_of(bug))
            response = bare_refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
        if not response.prepared:
            response.headers.update(SECURITY_HEADERS)
        return response

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        hosts = request.headers.getall(hdrs.HOST, [])
        misdirected = refusal_of_host(request.headers, len(hosts), self._port)
        if misdirected is not None:
            return bare_refusal(misdirected)
        if request.path == "/" and "token" in request.query:
            return self._let_in(request)
        if self._session(request) is None:
            return self._shut_out()
        return await handler(request)

    def _session(self, request: web.Request) -> Session | None:
        return self._access.session(request.cookies.get(self._cookie))

    @property
    def _cookie(self) -> str:
        """Cookies know no port: two pages on one machine must not take each other's."""
        return f"camagent_{self._port}"

    def _let_in(self, request: web.Request) -> web.Response:
        session = self._access.exchange(request.query["token"])
        if session is None and self._session(request) is not None:
            # The link again, in the browser that it let in.
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: "/"})
        if session is None:
            return self._shut_out()
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: "/"})
        response.set_cookie(
            self._cookie, session.cookie, max_age=SESSION_S, httponly=True, samesite="Strict", path="/"
        )
        return response

    def _shut_out(self) -> web.Response:
        text = say("ui.shut_out", self._language)
        return web.Response(status=HTTPStatus.FORBIDDEN, text=text + "\n", content_type="text/plain")

    def _lang(self, request: web.Request) -> str:
        asked = request.query.get("lang")
        if asked in LANGUAGES:
            return asked
        return preferred_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), self._language)

    async def _index(self, request: web.Request) -> web.Response:
        asked = request.query.get("lang")
        lang = asked if asked in LANGUAGES else self._language
        session = self._session(request)
        assert session is not None  # nobody comes here without one
        words = {
            key.removeprefix("ui.js."): text
            for key, text in catalogue(lang).items()
            if key.startswith("ui.js.")
        }
        page = _template().render(
            lang=lang,
            other="en" if lang == "vi" else "vi",
            t=lambda key, **gaps: say(f"ui.{key}", lang, **gaps),
            r=lambda key: say(f"report.{key}", lang),
            csrf=session.csrf,
            words=json.dumps(words, ensure_ascii=False),
            site=self._board.site,
            ranges=", ".join(self._board.ranges),
            address=self.address,
            kinds=list(self._reports.makers),
        )
        return web.Response(text=page, content_type="text/html")

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return web.Response(text=_file(name), content_type=kind)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """The state, whole, now and after each change; a browser that was away gets the newest."""
        if self._board.watchers >= MAX_WATCHERS:
            return bare_refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        lang = self._lang(request)
        headers = {hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8", **SECURITY_HEADERS}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        changed = self._board.watch()
        try:
            await _send(response, "retry: 1500\n\n")
            while True:
                changed.clear()
                state = json.dumps(self._board.as_json(lang), ensure_ascii=False)
                await _send(response, f"event: state\ndata: {state}\n\n")
                await asyncio.sleep(BREATH_S)
                while not await _set_within(changed, HEARTBEAT_S):
                    await _send(response, ": \n\n")
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self._board.unwatch(changed)
        return response

    async def _camera(self, request: web.Request) -> web.Response:
        camera = self._board.cameras.get(request.query.get("id", ""))
        if camera is None:
            raise web.HTTPNotFound
        return web.json_response(camera_detail(camera, self._lang(request)))

    async def _report(self, request: web.Request) -> web.Response:
        made = self._reports.makers.get(request.match_info["kind"])
        document = self._board.document
        if made is None or document is None:
            raise web.HTTPNotFound
        name, content_type, make = made
        body = await asyncio.to_thread(make, document, self._lang(request))
        headers = {
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
            hdrs.CONTENT_TYPE: content_type,
        }
        return web.Response(body=body, headers=headers)

    def _changing(self, work: Callable[[_Body], None]) -> _Handler:
        """A handler for one change: from our own page only, its fields read, the operator's mistakes told."""

        async def handler(request: web.Request) -> web.Response:
            session = self._session(request)
            if session is None or not may_change(request.headers, session):
                return bare_refusal(HTTPStatus.FORBIDDEN)
            if request.content_type != "application/json":
                return bare_refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            lang = self._lang(request)
            try:
                fields = await request.json()
                if not isinstance(fields, dict):
                    raise ValueError
            except (ValueError, LookupError, RecursionError, web.RequestPayloadError):
                # no JSON, no such charset, too deep, not what its encoding says
                return bare_refusal(HTTPStatus.BAD_REQUEST)
            try:
                work(fields)
            except Busy:
                return _told(HTTPStatus.CONFLICT, say("ui.busy", lang))
            except OperatorError as error:
                text = without_logins(" ".join(render(problem, lang) for problem in error.problems))
                return _told(HTTPStatus.UNPROCESSABLE_ENTITY, text)
            return web.json_response({})

        return handler

    def _search(self, fields: _Body) -> None:
        typed = _text(fields, "ranges").replace(";", ",").split(",")
        self._desk.search(tuple(filter(None, (part.strip() for part in typed))))

    def _login(self, fields: _Body) -> None:
        user, password = _text(fields, "user"), _text(fields, "password")
        if not user or not password:
            raise OperatorError(message("ui.login_empty"))
        self._desk.keep_login(Credential(user, Secret(password)))

    def _scan(self, fields: _Body) -> None:
        self._desk.scan(trust_new=fields.get("trust_new") is True)

    def _again(self, fields: _Body) -> None:
        self._desk.check_again(_text(fields, "id"))

    def _stop(self, _fields: _Body) -> None:
        self._desk.stop()

    def _end(self, _fields: _Body) -> None:
        self.ended.set()


def _text(fields: _Body, name: str) -> str:
    value = fields.get(name)
    return value[:MAX_FIELD_CHARS] if isinstance(value, str) else ""


async def _send(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(SEND_S):
        await response.write(text.encode())


async def _set_within(event: asyncio.Event, wait_s: float) -> bool:
    try:
        async with asyncio.timeout(wait_s):
            return await event.wait()
    except TimeoutError:
        return False


def _told(status: int, text: str) -> web.Response:
    return web.json_response({"told": text}, status=status)


@cache
def _template() -> Any:
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.j2")


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")
