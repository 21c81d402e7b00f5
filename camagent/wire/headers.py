"""Header lines of HTTP and RTSP as cameras write them. Pure: no sockets, no clock."""

from __future__ import annotations

import re
from collections.abc import Sequence

from camagent.model.printable import printable

MAX_HEADERS = 64  # headers of one message that are kept; the longest message seen has under 20

Headers = tuple[tuple[str, str], ...]

_BLANKS = b" \t"


def read_headers(lines: Sequence[bytes]) -> Headers:
    """Names and values, both printable and stripped; a line without a colon is left out, a folded one is
    joined."""
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and headers:  # folded: RFC 7230 forbids it, old firmware does it
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {header_text(line)}".strip())
            continue
        name_bytes, colon, value_bytes = line.partition(b":")
        if colon and name_bytes.strip(_BLANKS) and len(headers) < MAX_HEADERS:
            headers.append((header_text(name_bytes), header_text(value_bytes)))
    return tuple(headers)


def all_values(headers: Headers, name: str) -> tuple[str, ...]:
    """Every value of that header, in order: cameras send several WWW-Authenticate lines (go2rtc#2451)."""
    wanted, size = name.lower(), len(name)
    return tuple([value for key, value in headers if len(key) == size and key.lower() == wanted])


def first_value(headers: Headers, name: str) -> str | None:
    """The first value of that header; None where it is missing."""
    values = all_values(headers, name)
    return values[0] if values else None


def header_text(data: bytes) -> str:
    """Printable text: control characters would travel into logs and into our own headers."""
    return printable(data.decode("utf-8", "replace")).strip()


def small_number(text: str) -> int | None:
    """A whole number of at most ten digits; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text.strip()) else None
