"""Which devices may be given a log-in that is bound to a range of addresses. Pure.

A school network carries devices of strangers. A log-in for one address goes where the operator said; one for
a range goes only to devices that let us in before, that the inventory names, or that the operator trusts.
Neither goes to somebody else at the address of a device that let us in.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum, StrEnum

from camagent.model.credential_book import covers
from camagent.model.device import SignsBefore
from camagent.model.usable_numbers import usable_endpoint, usable_mac


class Standing(Enum):
    """Who is at an address, by what can be seen before any log-in."""

    KNOWN = "known"
    NEW = "new"
    ANOTHER = "another"
    """A device let us in there, and this is not it."""


@dataclass(frozen=True, slots=True)
class ShownSigns:
    """What a device shows before any log-in."""

    address: str
    endpoint: str | None = None
    """Its WS-Discovery endpoint; None where it announced none."""
    mac: str | None = None
    """By ARP; None behind a router."""


@dataclass(frozen=True, slots=True)
class OwnSigns:
    """What goes with a device from address to address, as it shows before any log-in; None: not seen.

    Neither certificate nor serial number: makers put one into all devices of a series.
    """

    mac: str | None = None
    endpoint: str | None = None

    def beside(self, earlier: OwnSigns | None) -> OwnSigns:
        """What is not seen this time stays as it was."""
        if earlier is None:
            return self
        return OwnSigns(self.mac or earlier.mac, self.endpoint or earlier.endpoint)

    def is_one_with(self, other: OwnSigns) -> bool:
        """Something that both show is the same, and nothing differs."""
        return any(self._compared(other)) and self.may_be(other)

    def may_be(self, other: OwnSigns) -> bool:
        """Nothing that both show differs."""
        return all(self._compared(other))

    def _compared(self, other: OwnSigns) -> list[bool]:
        pairs = ((self.mac, other.mac), (self.endpoint, other.endpoint))
        return [one == another for one, another in pairs if one is not None and another is not None]


def own_signs(mac: str | None, endpoint: str | None) -> OwnSigns:
    """Of what was seen, without placeholders."""
    return OwnSigns(usable_mac(mac), usable_endpoint(endpoint))


@dataclass(frozen=True, slots=True)
class TrustedDevice:
    """A device that let us in, by what it showed then."""

    address: str
    endpoint: str | None = None
    mac: str | None = None
    signs: SignsBefore = SignsBefore()
    """What can be compared once it is spoken to."""

    def agrees(self, shown: ShownSigns) -> bool:
        """Nothing that both sides show differs."""
        pairs = ((self.endpoint, shown.endpoint), (self.mac, shown.mac))
        return all(None in pair or pair[0] == pair[1] for pair in pairs)

    def beside(self, earlier: TrustedDevice | None) -> TrustedDevice:
        """What it did not show this time stays as it was."""
        if earlier is None:
            return self
        old, new = earlier.signs, self.signs
        signs = SignsBefore(new.serial or old.serial, new.certificate or old.certificate)
        return TrustedDevice(self.address, self.endpoint or earlier.endpoint, self.mac or earlier.mac, signs)


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is trusted on a site."""

    devices: tuple[TrustedDevice, ...] = ()
    grants: tuple[str, ...] = ()
    """Addresses and ranges that the operator trusts (`camagent credentials trust`)."""
    all_new: bool = False
    """In this run every new device is trusted (`--trust-new`, or so answered)."""

    def standing(self, shown: ShownSigns, present: Container[str]) -> Standing:
        """Known: the device that let us in at this address, or one that the operator trusts by address.

        Also one that is known by its endpoint at another address, unless somebody answers at the old one or
        the MAC differs: an endpoint is announced to all, so anybody can repeat it.
        """
        here = [device for device in self.devices if device.address == shown.address]
        if here:
            return Standing.KNOWN if any(device.agrees(shown) for device in here) else Standing.ANOTHER
        if any(covers(grant, shown.address) for grant in self.grants) or self._moved(shown, present):
            return Standing.KNOWN
        return Standing.NEW

    def signs_before(self, shown: ShownSigns, present: Container[str]) -> SignsBefore:
        """What the device must show again before it is given a log-in."""
        here = [device for device in self.devices if device.address == shown.address]
        before = next(iter(here), None) or self._moved(shown, present)
        return before.signs if before is not None else SignsBefore()

    def _moved(self, shown: ShownSigns, present: Container[str]) -> TrustedDevice | None:
        by_endpoint = [d for d in self.devices if shown.endpoint is not None and d.endpoint == shown.endpoint]
        return next((d for d in by_endpoint if d.address not in present and d.agrees(shown)), None)


class LoginGiven(StrEnum):
    """Whether the log-in that is bound to a device's address was given to it."""

    AS_BOUND = "as_bound"
    WITHHELD = "withheld"
    """The device is new, and the log-in is for a range."""
    ANOTHER = "another"
    """Another device than the one that let us in at this address."""
    NEWLY = "newly"
    """The device is new, and the operator trusted all new devices in this run."""
