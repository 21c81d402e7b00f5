"""Which names the exporter answers to. A browser that was led here by another name (DNS rebinding) gets
nothing.

A web page may point its own name at 127.0.0.1 and then read what we show without a log-in; the browser still
sends that page's name in `Host`. An address cannot be pointed elsewhere, so the one that the client really
reached is ours.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set

_HOST = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}?)\.?)(?::([0-9]{0,5}))?")


def host_of_header(header: str) -> str | None:
    """The name or address in a Host header (RFC 9110, 7.2): lower case, without port and last dot; None:
    malformed."""
    match = _HOST.fullmatch(header.strip(" \t").lower())
    if match is None or int(match[3] or 0) > 65535:
        return None
    if match[1] is None:
        return match[2]
    return match[1] if _address(match[1]) is not None else None


def authority_of(target: str) -> str | None:
    """The authority that a request target carries itself (absolute form, RFC 9112, 3.2.2); None where it has
    none.

    It counts in place of `Host`, as RFC 9112 has it.
    """
    scheme, mark, rest = target.partition("://")
    if target.startswith("/") or not mark or not scheme.isalpha():
        return None
    return re.split(r"[/?#]", rest, maxsplit=1)[0]


def is_ours(header: str, names: Set[str], reached: str) -> bool:
    """Whether to answer a request for that host: loopback, one of `names`, or the address that was
    reached."""
    host = host_of_header(header)
    if host is None:
        return False
    if host == "localhost" or host in names:
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address == _address(reached.partition("%")[0]))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
