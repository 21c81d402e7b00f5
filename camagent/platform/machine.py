"""What the operating system knows of this machine that its network adapters do not tell: firewall, clock,
container."""

from __future__ import annotations

import sys

Firewall = str
"""`ufw`, `firewalld`, `iptables`; `windows_public`, `windows_private`, `windows_domain` where no rule names
this program, `windows_blocks`, `windows_allows` where one does."""


def active_firewalls() -> tuple[Firewall, ...]:
    """The firewalls that are switched on here; they may still let everything through that we need."""
    if sys.platform == "win32":
        from camagent.platform.windows_machine import firewalls
    else:
        from camagent.platform.linux_machine import firewalls
    return firewalls()


def clock_synchronised() -> bool | None:
    """Whether the system keeps its clock by a time server; None where it does not say."""
    if sys.platform == "win32":
        from camagent.platform.windows_machine import clock_kept
    else:
        from camagent.platform.linux_machine import clock_kept
    return clock_kept()


def in_container() -> bool:
    """True inside a container, whose network is not the machine's."""
    if sys.platform == "win32":
        return False
    from camagent.platform.linux_machine import container

    return container()
