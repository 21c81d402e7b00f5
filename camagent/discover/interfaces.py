"""The machine's own network interfaces and ranges: which of them lead to cameras. Sends and changes
nothing."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from camagent.model.discovery import Note
from camagent.platform.adapter import Adapter
from camagent.platform.adapters import read_adapters

# 1,024 addresses: the widest range that is searched without being named (crumbvms)
WIDEST_DEFAULT_PREFIX = 22
_CONTAINER_NAMES = re.compile(
    r"docker|br-[0-9a-f]{12}$|virbr|vnet|cni|flannel|cali|lxc|lxd|podman|vmnet|vboxnet|veth"
    r"|vEthernet|Hyper-V|VMware|VirtualBox|Npcap"  # the last five: names and drivers on Windows
)
_TUNNEL_NAMES = re.compile(
    r"tun|tap|wg|ppp|tailscale|zt|utun|ipsec|nordlynx|wwan"
    r"|TAP-Windows|Wintun|WireGuard|OpenVPN|Tailscale|ZeroTier|WAN Miniport|Teredo|isatap"
)
# Addresses that can only be ours or our neighbours': searching anything else would disturb strangers.
PRIVATE_RANGES = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.64.0.0/10",  # RFC 6598: behind the carrier's or a VPN's translation
        "192.0.0.0/24",  # RFC 6890; Hikvision's factory address is 192.0.0.64 (quatanium/python-onvif#7)
        "198.18.0.0/15",  # RFC 2544: laboratory networks
    )
)


class Medium(StrEnum):
    """What an interface leads to, as far as the kernel and its name tell."""

    LAN = "lan"
    LOOPBACK = "loopback"
    CONTAINER = "container"
    TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface with its addresses."""

    name: str
    index: int
    medium: Medium
    up: bool
    running: bool
    """It has a carrier: a cable, a link."""
    multicast: bool
    ipv4: tuple[ipaddress.IPv4Interface, ...] = ()
    ipv6: tuple[ipaddress.IPv6Interface, ...] = ()
    wireless: bool = False
    default_route: bool = False
    """It leads to the rest of the world."""

    def holds(self, host: str) -> bool:
        """True if the address lies in one of the interface's own networks."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if address.version == 6:
            return address.is_link_local or any(address in own.network for own in self.ipv6)
        return any(address in own.network for own in self.ipv4)


def is_private(network: ipaddress.IPv4Network) -> bool:
    """True if every address of the range is one of `PRIVATE_RANGES`."""
    return any(network.subnet_of(private) for private in PRIVATE_RANGES)


def usable_interfaces(interfaces: Sequence[Interface]) -> tuple[tuple[Interface, ...], tuple[Note, ...]]:
    """The interfaces to search by default, and a note for each one that is left out
    (open-nvr/open-nvr#255)."""
    chosen, notes = [], []
    for interface in interfaces:
        if interface.medium is Medium.LOOPBACK:
            continue
        reason = _why_skip(interface)
        if reason is None:
            chosen.append(interface)
        elif interface.up or interface.medium is Medium.LAN:
            notes.append(Note(reason, interface.name))
    return tuple(chosen), tuple(notes)


def default_ranges(
    interfaces: Sequence[Interface],
) -> tuple[tuple[ipaddress.IPv4Network, ...], tuple[Note, ...]]:
    """The interfaces' own IPv4 ranges, none wider than /22, and a note for each one that is narrowed or left
    out."""
    ranges: list[ipaddress.IPv4Network] = []
    notes = []
    for interface in interfaces:
        for own in interface.ipv4:
            if own.ip.is_link_local:
                notes.append(Note("link_local_only", f"{interface.name} {own.ip}"))
            elif own.ip.is_loopback or own.network.prefixlen > 30:
                continue  # a single address has no neighbours
            elif not is_private(own.network):
                notes.append(Note("public_range", f"{interface.name} {own.network}"))
            else:
                narrow = _narrowed(own)
                if narrow != own.network:
                    notes.append(Note("range_narrowed", f"{own.network} -> {narrow}"))
                ranges.append(narrow)
    return tuple(ipaddress.collapse_addresses(ranges)), tuple(notes)


def list_interfaces() -> tuple[Interface, ...]:
    """Every interface of this machine, in the system's order.

    Raises: OSError where the system refuses to tell.
    """
    return tuple(map(_interface, read_adapters()))


def _interface(adapter: Adapter) -> Interface:
    return Interface(
        name=adapter.name,
        index=adapter.index,
        medium=_medium(adapter),
        up=adapter.up,
        running=adapter.running,
        multicast=adapter.multicast,
        wireless=adapter.wireless,
        default_route=adapter.default_route,
        ipv4=tuple(own for own in adapter.addresses if isinstance(own, ipaddress.IPv4Interface)),
        ipv6=tuple(own for own in adapter.addresses if isinstance(own, ipaddress.IPv6Interface)),
    )


def _why_skip(interface: Interface) -> str | None:
    if not interface.up:
        return "interface_down"
    if not interface.running:
        return "no_carrier"
    if interface.medium is Medium.CONTAINER:
        return "container_interface"
    if interface.medium is Medium.TUNNEL:
        return "tunnel_interface"
    if not interface.ipv4 and not interface.ipv6:
        return "no_address"
    return None


def _narrowed(own: ipaddress.IPv4Interface) -> ipaddress.IPv4Network:
    if own.network.prefixlen >= WIDEST_DEFAULT_PREFIX:
        return own.network
    return ipaddress.IPv4Network((own.ip, WIDEST_DEFAULT_PREFIX), strict=False)


def _medium(adapter: Adapter) -> Medium:
    if adapter.loopback:
        return Medium.LOOPBACK
    labels = (adapter.name, adapter.description)
    if adapter.tunnel or any(map(_TUNNEL_NAMES.match, labels)):
        return Medium.TUNNEL
    return Medium.CONTAINER if any(map(_CONTAINER_NAMES.match, labels)) else Medium.LAN
