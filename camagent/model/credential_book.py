"""Log-ins and the addresses that they are bound to; no other address is given one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from camagent.model.secret import Credential


@dataclass(frozen=True, slots=True)
class BoundCredential:
    """A log-in and the only addresses that it may be given to."""

    network: str
    credential: Credential

    @property
    def is_range(self) -> bool:
        """It was bound to more than one address: to nobody in particular."""
        try:
            return ipaddress.ip_network(self.network).num_addresses > 1
        except ValueError:
            return False

    def covers(self, address: str) -> bool:
        """True if the address (not a name) lies in the network it was bound to."""
        return covers(self.network, address)


def covers(network: str, address: str) -> bool:
    """True if the address lies in the network; names cover themselves only."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return address == network


class CredentialBook:
    """All log-ins of a run; the narrowest binding wins."""

    def __init__(self, entries: Iterable[BoundCredential] = ()) -> None:
        self._entries = sorted(entries, key=lambda entry: -_narrowness(entry.network))

    def for_address(self, address: str) -> Credential | None:
        """The log-in bound to that address; None where the operator gave none."""
        bound = self.bound(address)
        return bound.credential if bound is not None else None

    def bound(self, address: str) -> BoundCredential | None:
        """The same with what it is bound to."""
        return next((entry for entry in self._entries if entry.covers(address)), None)

    def __len__(self) -> int:
        return len(self._entries)


def _narrowness(network: str) -> int:
    try:
        return ipaddress.ip_network(network).prefixlen
    except ValueError:
        return 129  # a host name: exact, hence the narrowest
