"""Which devices may be given a log-in that is bound to a range of addresses. Pure.

A school network carries devices of strangers. A log-in for one address goes where the operator said; one for
a range goes only to devices that let us in before, that the inventory names, or that the operator trusts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrustedDevice:
    """A device that let us in, by what it shows before any log-in."""

    address: str
    endpoint: str | None = None
    """Its WS-Discovery endpoint then; None where it announced none."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is trusted on a site."""

    devices: tuple[TrustedDevice, ...] = ()
    grants: tuple[str, ...] = ()
    """Addresses and ranges that the operator trusts (`camagent credentials trust`)."""
    all_new: bool = False
    """In this run every new device is trusted (`--trust-new`, or so answered)."""

    def knows(self, address: str, endpoint: str | None, present: Container[str]) -> bool:
        """True for a device that let us in before, or that the operator trusts by address.

        At its address, unless it now calls itself something else; under its endpoint at another address,
        unless somebody answers at the old one: an endpoint is announced to all, so anybody can repeat it.
        """
        if any(_covers(grant, address) for grant in self.grants):
            return True
        here = [device for device in self.devices if device.address == address]
        if here:
            return any(None in (endpoint, device.endpoint) or endpoint == device.endpoint for device in here)
        return endpoint is not None and any(
            device.endpoint == endpoint and device.address not in present for device in self.devices
        )


def _covers(grant: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(grant)
    except ValueError:
        return address == grant
