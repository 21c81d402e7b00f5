"""The few lines of HTTP/1.1 that pages without a body need (RFC 9112): a request's head, and an answer.

Pure: no sockets, no clock. Strict, because nothing that scrapes or shows pages writes otherwise, and what two
readers understand differently is how one is led around the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

MAX_LINE_BYTES = 4096  # request line or one header; Prometheus sends under 300
MAX_HEADERS = 64
MAX_HEAD_BYTES = 32_768  # of all lines together; a browser with cookies sends under 4 kB

_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,18}")


class MalformedRequest(Exception):
    """What came is no request, or larger than one may be."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The head of one request, and over which connection it came."""

    method: str
    target: str
    """As it was sent: a path with its query, or a whole URL."""
    minor_version: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    peer: str = "?"
    """The client's address."""
    reached: str = ""
    """The address of ours that the client reached."""
    certificate: dict[str, object] | None = None
    """The client's, as `ssl` tells it; None without one."""

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of that header, in order; `name` in lower case."""
        return tuple(value for key, value in self.headers if key == name)

    def value(self, name: str) -> str:
        """All values of that header as one list (RFC 9110, 5.3); empty where it is missing."""
        return ", ".join(self.values(name))

    @property
    def path(self) -> str:
        """Without scheme, host and query; not decoded, because no page of ours needs it."""
        return self._origin_form.partition("?")[0]

    def asked(self, name: str) -> str | None:
        """The first value of that key in the query, not decoded; None where it is missing."""
        pairs = (piece.partition("=") for piece in self._origin_form.partition("?")[2].split("&"))
        return next((value for key, _, value in pairs if key == name), None)

    @property
    def _origin_form(self) -> str:
        if self.target.startswith("/") or "://" not in self.target:
            return self.target
        rest = self.target.partition("://")[2]
        cut = re.search(r"[/?]", rest)
        return "/" if cut is None else rest[cut.start() :]

    @property
    def has_body(self) -> bool:
        """Whether something follows the head, which nothing of ours reads."""
        return bool(self.values("transfer-encoding")) or self.value("content-length") not in ("", "0")

    @property
    def keeps_open(self) -> bool:
        """Whether the client may ask again on this connection."""
        options = {option.strip().lower() for option in self.value("connection").split(",")}
        if self.has_body or "close" in options:
            return False
        return self.minor_version == 1 or "keep-alive" in options


@dataclass(slots=True)
class PageResponse:
    """One answer; the content's type is plain text where no other is given."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self, keeps_open: bool, with_body: bool, now_s: float) -> bytes:
        """As it is sent; `now_s` is UNIX time. An answer to HEAD has the head alone."""
        lines = {"Content-Type": "text/plain; charset=utf-8"} | self.headers
        lines["Content-Length"] = str(len(self.body))
        lines["Date"] = formatdate(now_s, usegmt=True)
        lines["Connection"] = "keep-alive" if keeps_open else "close"
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return head.encode("latin-1", "replace") + b"\r\n" + (self.body if with_body else b"")


def plain_response(status: int) -> PageResponse:
    """A status in its own words."""
    return PageResponse(status, f"{status} {HTTPStatus(status).phrase}\n".encode())


def take_request(buffer: bytearray) -> PageRequest | None:
    """The first request of the buffer, taken off it; None while its head is not whole.

    Raises: MalformedRequest.
    """
    ends = buffer.count(b"\n", 0, MAX_HEAD_BYTES)
    if ends != buffer.count(b"\r\n", 0, MAX_HEAD_BYTES):
        raise MalformedRequest
    end = buffer.find(_END, 0, MAX_HEAD_BYTES)
    if end < 0:
        last_line_bytes = len(buffer) - (buffer.rfind(b"\n") + 1)
        if len(buffer) >= MAX_HEAD_BYTES or last_line_bytes > MAX_LINE_BYTES or ends > MAX_HEADERS + 1:
            raise MalformedRequest
        return None
    lines = bytes(buffer[:end]).split(b"\r\n")
    del buffer[: end + len(_END)]
    return _request(lines)


def _request(lines: list[bytes]) -> PageRequest:
    if len(lines) - 1 > MAX_HEADERS or any(len(line) > MAX_LINE_BYTES for line in lines):
        raise MalformedRequest
    first = _REQUEST_LINE.fullmatch(lines[0])
    if first is None:
        raise MalformedRequest
    request = PageRequest(
        first[1].decode(),
        first[2].decode(),
        int(first[3]),
        tuple(map(_header, lines[1:])),
    )
    lengths = request.values("content-length")
    if len(lengths) > 1 or any(_LENGTH.fullmatch(length) is None for length in lengths):
        raise MalformedRequest
    if lengths and request.values("transfer-encoding"):
        raise MalformedRequest
    return request


def _header(line: bytes) -> tuple[str, str]:
    header = _HEADER.fullmatch(line)
    if header is None:
        raise MalformedRequest
    return header[1].decode().lower(), header[2].decode("latin-1").rstrip(" \t")
