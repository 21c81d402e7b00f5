"""One network adapter in the words that both systems have."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True, slots=True)
class Adapter:
    """One network adapter, as the operating system tells it."""

    name: str
    """As the user sees it: `eth0`, `Ethernet 2`."""
    index: int
    description: str = ""
    """The maker's or driver's own name, where the system has one."""
    up: bool = False
    running: bool = False
    """It has a carrier: a cable, a link."""
    multicast: bool = False
    loopback: bool = False
    tunnel: bool = False
    wireless: bool = False
    default_route: bool = False
    """It leads to the rest of the world."""
    addresses: tuple[Address, ...] = ()
