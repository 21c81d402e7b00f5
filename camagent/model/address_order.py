"""The order in which a person reads addresses: .2 before .10."""

from __future__ import annotations

import ipaddress


def address_order(host: str, port: int | None = None) -> tuple[int, int, str, int]:
    """A key to sort by: addresses as numbers, IPv4 first; names, streams and files last."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return 9, 0, host, port or 0
    return address.version, int(address), host, port or 0
