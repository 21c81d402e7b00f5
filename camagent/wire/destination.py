"""Where a URL of a device leads. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

Place = tuple[str, str, int | None]
"""Scheme, host and port."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads."""

    place: Place
    path: str
    """With the query."""
    host_header: str


@lru_cache(maxsize=512)
def destination(url: str) -> Destination:
    """The parts of a URL; remembered, because a device is asked at few of them.

    Raises: ValueError where it cannot be one.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if "%" in host:  # the zone of a link-local address is ours alone
        host = host.partition("%")[0] + "]" + host.partition("]")[2]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination((parts.scheme, parts.hostname or "", parts.port), path, host)
