"""Whether a camera's time servers are inside or outside its own networks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from camagent.model.onvif import NO_ADDRESS


def outside(servers: Iterable[str], subnets: tuple[str, ...]) -> tuple[str, ...]:
    """Servers with an IPv4 address in none of these networks; none where no network is known."""
    networks = [IPv4Network(subnet) for subnet in subnets]
    addresses = [(server, _address(server)) for server in servers]
    return tuple(
        server
        for server, address in addresses
        if networks and address is not None and not any(address in network for network in networks)
    )


def by_name(servers: Iterable[str]) -> tuple[str, ...]:
    """Servers that only a name server can turn into an address."""
    return tuple(s for s in servers if s.strip() not in NO_ADDRESS and _address(s) is None and ":" not in s)


def _address(server: str) -> IPv4Address | None:
    try:
        return IPv4Address(server.strip())
    except AddressValueError:
        return None
