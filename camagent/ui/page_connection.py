"""aiohttp's handler of one connection to the page, whose own refusals tell no version and echo nothing."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from aiohttp import web

from camagent.exporter.log_pace import LogPace
from camagent.text import say
from camagent.ui.access import SECURITY_HEADERS

logger = logging.getLogger(__name__)
MAX_LINE_BYTES = 4096  # request line or one header; browsers send under 2,000
MAX_HEADERS = 64


class PageConnection(web.RequestHandler):
    """What aiohttp refuses by itself is said as by the page, and written to the log once a minute."""

    __slots__ = ("_language", "_pace")

    def __init__(self, server: web.Server, pace: LogPace, language: str) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for "no log"
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
        """What aiohttp could not parse (400); bugs of ours end in the page's own guard."""
        if self._pace.allows("malformed"):
            logger.warning("%s", say("web.malformed", self._language, peer=request.remote or "?"))
        if request.writer.output_size > 0:
            raise ConnectionError
        refusal = bare_refusal(status)
        refusal.headers.update(SECURITY_HEADERS)
        refusal.force_close()
        return refusal

    def log_exception(self, *args: object, **kw: object) -> None:
        """What failed outside of a request, as rarely."""
        if self._pace.allows("bug"):
            super().log_exception(*args, **kw)


def bare_refusal(status: int) -> web.Response:
    """A refusal: its status, and nothing else."""
    return web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n")
