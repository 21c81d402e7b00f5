"""Who may use the page: the browser that we opened, once, on this machine, by our own name. Pure but for
chance and the clock it is given.

A token in the address is exchanged once for a session cookie; whatever changes something also carries the
session's own second secret in a header, which no other page can send.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from camagent.exporter.host_names import host_of_header

TOKEN_S = 300.0  # from our opening the browser to its first request; a cold start on a school PC takes 60 s
SESSION_S = 12 * 3600  # a working day; the page ends with the program in any case
MAX_SESSIONS = 8
CSRF_HEADER = "X-Camagent"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "camagent",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, refusals too. No picture is ever loaded, so none may be."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that came in with a token of ours."""

    cookie: str
    csrf: str


class Access:
    """The token that is out, and the sessions it let in."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._token: tuple[str, float] | None = None
        self._sessions: list[Session] = []

    def new_token(self) -> str:
        """A token for one browser; an earlier one that nobody used is worth nothing from now on."""
        token = secrets.token_urlsafe(32)
        self._token = token, self._now_s()
        return token

    def exchange(self, token: str) -> Session | None:
        """A session for the token; None for a wrong one, a late one, and the same one again."""
        if self._token is None:
            return None
        wanted, made_s = self._token
        if not _same(token, wanted):
            return None
        self._token = None
        if self._now_s() - made_s > TOKEN_S:
            return None
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        self._sessions = [*self._sessions, session][-MAX_SESSIONS:]
        return session

    def session(self, cookie: str | None) -> Session | None:
        """The session of that cookie."""
        return next((one for one in self._sessions if cookie and _same(cookie, one.cookie)), None)


def refusal_of_host(headers: Mapping[str, str], count: int, port: int) -> HTTPStatus | None:
    """Why a request is not for us: another name than loopback's, or another port; `count` Host headers came.

    A page elsewhere may point its own name at 127.0.0.1; its name stands in Host all the same.
    """
    if count != 1:
        return HTTPStatus.BAD_REQUEST
    host = headers["Host"]
    if host_of_header(host) in ("localhost", "127.0.0.1") and host.strip().endswith(f":{port}"):
        return None
    return HTTPStatus.MISDIRECTED_REQUEST


def may_change(headers: Mapping[str, str], session: Session) -> bool:
    """Whether a POST comes from our own page: its header, its origin, and what the browser says of both."""
    if not _same(headers.get(CSRF_HEADER, ""), session.csrf):
        return False
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return headers.get("Origin") == f"http://{headers.get('Host', '')}"


def _same(answer: str, wanted: str) -> bool:
    # a header's bytes that are no UTF-8 are surrogates here
    return secrets.compare_digest(answer.encode(errors="replace"), wanted.encode())
