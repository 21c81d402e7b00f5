"""The machine's network adapters and neighbours, as the operating system tells them. Sends and changes
nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from camagent.platform.adapter import Adapter


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
