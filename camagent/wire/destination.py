"""Where a URL of a device leads, which is pure; and whether this machine has a way there at all."""

from __future__ import annotations

import errno
import ipaddress
import socket
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


def has_way_to(host: str) -> bool:
    """False where this machine knows no way to that address: its own link is down. Sends nothing; of a name
    nothing is known."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((host, 9))
        except OSError as error:
            return error.errno not in (errno.ENETUNREACH, errno.ENETDOWN)
    return True
