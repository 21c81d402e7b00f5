"""RTSP requests and responses as values (RFC 2326, and what cameras make of it). Pure: no sockets, no
clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from camagent.wire.headers import Headers, all_values, first_value, header_text, read_headers, small_number

# the longest response head seen is under 2 kB; bounds what a peer can make us keep
MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024  # a description of 64 tracks is under 20 kB
LENGTH_ERROR_BYTES = 64  # by which a Content-Length may be wrong: line ends, a forgotten or an added line
MAX_SERVER_CHARS = 120  # of the Server header, as the result document shows it
# live555, which VLC plays with, reads any version, and HTTP's name in place of RTSP's too
_STATUS_LINE = re.compile(rb"^(RTSP|HTTP)/[\w.]{1,8}[ \t]+(\d{3})(?!\d)(.*)$", re.IGNORECASE)
_REQUEST_LINE = re.compile(rb"^([A-Z_]{3,20})[ \t]+\S{1,2048}[ \t]+RTSP/\d{1,2}\.\d{1,2}[ \t]*$")
_METHOD = re.compile(rb"[A-Z_]{3,20}(?: |$)")  # a request of the server's
_NAMES = b"RTSP/", b"HTTP/"
_BEGINNING = re.compile(rb"\$|RTSP/|HTTP/", re.IGNORECASE)
_HEAD_END = re.compile(rb"\n\r{0,2}\n")
_LINE_END = re.compile(rb"\r{0,2}\n")
_RTSP_ONLY = frozenset(("cseq", "public", "session", "transport", "content-base", "rtp-info"))
"""Headers that a web server never sends."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of ours."""

    method: str
    uri: str
    headers: Headers = ()

    def render(self, cseq: int, extra: Sequence[tuple[str, str]] = ()) -> bytes:
        """The bytes on the wire; header values must be printable (they are made by us or checked before)."""
        lines = [f"{self.method} {self.uri} RTSP/1.0", f"CSeq: {cseq}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *extra)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


@dataclass(frozen=True, slots=True)
class Response:
    """One response of the server, its header names as written, compared without case."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return first_value(self.headers, name)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every header of that name, in order: cameras send several WWW-Authenticate lines (go2rtc#2451)."""
        return all_values(self.headers, name)


@dataclass(frozen=True, slots=True)
class Head:
    """The part of a message before its body."""

    status: int | None
    """None: a request of the server's."""
    reason: str
    method: str | None
    headers: Headers
    content_length: int
    """0 where none was stated."""

    @property
    def has_unstated_body(self) -> bool:
        """A description follows, and only silence tells where it ends."""
        kind = first_value(self.headers, "Content-Type") or ""
        return self.content_length == 0 and self.status == 200 and "sdp" in kind.lower()

    def cseq(self) -> int | None:
        """The number that ties a response to its request; None where it is absent or not a number."""
        return small_number(first_value(self.headers, "CSeq") or "")


def head_end(data: bytes | bytearray | memoryview, start: int, end: int) -> int | None:
    """Where the head that begins at `start` is complete: the index after its empty line, or None so far."""
    match = _HEAD_END.search(data, start, end)
    return match.end() if match else None


def parse_head(data: bytes) -> Head | None:
    """Read a head, leniently in white space, folded lines and line ends, strictly in its first line.

    Returns: None if it is no RTSP message, too large, or states a body beyond MAX_BODY_BYTES. "HTTP/1.0 200
    OK" is one where it has a header that only RTSP knows, or the description behind it.
    """
    if len(data) > MAX_HEAD_BYTES:
        return None
    lines = _LINE_END.split(data.strip(b"\r\n"))
    status, method = _STATUS_LINE.match(lines[0]), _REQUEST_LINE.match(lines[0])
    if status is None and method is None:
        return None
    headers = read_headers(lines[1:])
    length = _content_length(headers)
    if length > MAX_BODY_BYTES:
        return None
    if status is not None:
        if status[1].upper() == b"HTTP" and not _speaks_rtsp(headers):
            return None
        return Head(int(status[2]), header_text(status[3]), None, headers, length)
    assert method is not None
    return Head(None, "", method[1].decode(), headers, length)


def _content_length(headers: Headers) -> int:
    """The last one stated, whatever stands around its digits; 0 where none can be."""
    stated = all_values(headers, "Content-Length")
    digits = re.match(r"\D?(\d{1,10})", stated[-1]) if stated else None
    return int(digits[1]) if digits and not stated[-1].startswith("-") else 0


def _speaks_rtsp(headers: Headers) -> bool:
    kind = first_value(headers, "Content-Type") or ""
    return "sdp" in kind.lower() or any(name.lower() in _RTSP_ONLY for name, _ in headers)


def may_begin_head(data: bytes) -> bool:
    """These first bytes could be the beginning of a message; of few bytes more could."""
    start = data[: len(_NAMES[0])].upper()
    return any(name.startswith(start) for name in _NAMES) or _METHOD.match(data) is not None


def is_rest_of_body(buffer: bytes | bytearray, at: int, end: int) -> bool:
    """A Content-Length that is a little too small: the few bytes that follow begin no message."""
    few = 0 < end - at <= LENGTH_ERROR_BYTES
    return few and buffer[at] != ord("$") and not may_begin_head(bytes(buffer[at : min(end, at + 32)]))


def next_beginning(buffer: bytes | bytearray, at: int, end: int) -> int:
    """Where the next thing stands that looks like the beginning of a packet or a message; `end` if nothing
    does."""
    beginning = _BEGINNING.search(buffer, at, end)
    return beginning.start() if beginning else end


def session_of(response: Response) -> tuple[str | None, float | None]:
    """Session id and time-out in seconds, as the Session header states them."""
    value = response.header("Session")
    if value is None:
        return None, None
    session, _, parameters = value.partition(";")
    match = re.search(r"timeout\s*=\s*\"?(\d{1,6})", parameters, re.IGNORECASE)
    session = session.strip()
    return session or None, float(match[1]) if match else None


def public_methods(response: Response) -> frozenset[str]:
    """What the server says that it can do (Public, or Allow), in capitals."""
    lines = response.all_headers("Public") + response.all_headers("Allow")
    words = (word.strip().upper() for word in ",".join(lines).split(","))
    return frozenset(word for word in words if word)
