"""The machine's network adapters and neighbours, as the operating system tells them. Sends and changes
nothing."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True, slots=True)
class Adapter:
    """One network adapter in the words that both systems have."""

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


def read_adapters() -> tuple[Adapter, ...]:
    """Every adapter of this machine, in the system's order.

    Raises: OSError where the system refuses to tell.
    """
    if sys.platform == "win32":
        from camagent.platform.windows_adapters import adapters
    else:
        from camagent.platform.linux_adapters import adapters
    return adapters()


def read_neighbours() -> Mapping[str, bool]:
    """The ARP table: True = the address answered ARP, False = it was asked and stayed silent."""
    if sys.platform == "win32":
        from camagent.platform.windows_adapters import neighbours
    else:
        from camagent.platform.linux_adapters import neighbours
    return neighbours()


def read_link_addresses() -> Mapping[str, str]:
    """The MAC of every neighbour that answered, by address; empty where the system does not tell."""
    if sys.platform == "win32":
        from camagent.platform.windows_adapters import link_addresses
    else:
        from camagent.platform.linux_adapters import link_addresses
    return link_addresses()
