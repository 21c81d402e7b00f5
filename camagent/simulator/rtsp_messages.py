"""RTSP requests as values, and the paths in their URLs (RFC 2326). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_REQUEST_BYTES = 16_384  # a client's request with every header is far below; more is no RTSP
_MAX_DIGITS = 9  # of a length or a port; a longer number is nonsense and costs time to read
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One RTSP request."""

    method: str
    url: str
    headers: Mapping[str, str]


def parse_rtsp_request(head: str) -> ServedRequest | None:
    """The request of one head; None where it is no RTSP."""
    first, *rest = head.lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        return None
    headers: dict[str, str] = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return ServedRequest(words[0], words[1], headers)


def body_length(request: ServedRequest | None) -> int:
    """Content-Length, 0 where it is missing or no number."""
    digits = request.headers.get("content-length", "0") if request else "0"
    return int(digits[:_MAX_DIGITS]) if digits.isascii() and digits.isdigit() else 0


def stream_path(url: str) -> str:
    """Path and query of a stream's or a track's URL, without the track; empty for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    head, _, last = path.rpartition("/")
    if last.startswith("trackID="):
        path = head
    query = parts.query.partition("/trackID=")[0].rstrip("/")
    return f"{path}?{query}" if query else path


def first_number(text: str, default: int) -> int:
    """The first of a pair such as 4588-4589."""
    digits = text.partition("-")[0]
    return int(digits[:_MAX_DIGITS]) & 0xFFFF if digits.isascii() and digits.isdigit() else default
