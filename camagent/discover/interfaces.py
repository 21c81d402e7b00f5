"""The machine's own network interfaces, ranges and neighbours, read from the kernel.

Reads only getifaddrs(3), /sys/class/net and /proc/net; sends nothing and changes nothing. Linux.
"""

from __future__ import annotations

import ctypes
import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from camagent.model.discovery import Note

WIDEST_DEFAULT_PREFIX = 22  # 1,024 addresses: the widest range that is searched without being named (crumbvms)
_UP, _LOOPBACK, _POINT_TO_POINT, _RUNNING, _MULTICAST = 0x1, 0x8, 0x10, 0x40, 0x1000  # net/if.h
_CONTAINER_NAMES = re.compile(r"docker|br-[0-9a-f]{12}$|virbr|vnet|cni|flannel|cali|lxc|lxd|podman|vmnet|vboxnet|veth")
_TUNNEL_NAMES = re.compile(r"tun|tap|wg|ppp|tailscale|zt|utun|ipsec|nordlynx|wwan")
# Addresses that can only be ours or our neighbours': searching anything else would knock at strangers' doors.
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
    """The interfaces to search by default, and a note for each one that is left out (open-nvr/open-nvr#255)."""
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


def default_ranges(interfaces: Sequence[Interface]) -> tuple[tuple[ipaddress.IPv4Network, ...], tuple[Note, ...]]:
    """The interfaces' own IPv4 ranges, none wider than /22, and a note for each one that is narrowed or left out."""
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
    """Every interface of this machine, in the kernel's order."""
    flags: dict[str, int] = {}
    v4: dict[str, list[ipaddress.IPv4Interface]] = {}
    v6: dict[str, list[ipaddress.IPv6Interface]] = {}
    for label, flag, address, prefix in _getifaddrs():
        name = label.partition(":")[0]  # "eth0:1" is a second address of eth0, for example for factory addresses
        flags.setdefault(name, flag)
        if isinstance(address, ipaddress.IPv4Address):
            v4.setdefault(name, []).append(ipaddress.IPv4Interface((address, prefix)))
        elif isinstance(address, ipaddress.IPv6Address):
            v6.setdefault(name, []).append(ipaddress.IPv6Interface((address, prefix)))
    index_of = {name: index for index, name in socket.if_nameindex()}
    return tuple(
        Interface(
            name=name,
            index=index_of.get(name, 0),
            medium=_medium(name, flag, _sys_traits(name)),
            up=bool(flag & _UP),
            running=bool(flag & _RUNNING),
            multicast=bool(flag & _MULTICAST),
            ipv4=tuple(v4.get(name, ())),
            ipv6=tuple(v6.get(name, ())),
        )
        for name, flag in flags.items()
    )


def read_neighbours(path: Path = Path("/proc/net/arp")) -> Mapping[str, bool]:
    """The ARP table: True = the address answered ARP, False = it was asked and stayed silent."""
    try:
        return parse_neighbours(path.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return {}


def parse_neighbours(text: str) -> dict[str, bool]:
    """/proc/net/arp as text; rows that cannot be read are left out."""
    table: dict[str, bool] = {}
    for line in text.splitlines()[1:]:
        cells = line.split()
        if len(cells) >= 4 and cells[2].startswith("0x"):
            complete = cells[2] != "0x0" and cells[3] != "00:00:00:00:00:00"
            table[cells[0]] = complete or table.get(cells[0], False)
    return table


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


def _medium(name: str, flags: int, traits: frozenset[str]) -> Medium:
    if flags & _LOOPBACK:
        return Medium.LOOPBACK
    if traits & {"tunnel"} or flags & _POINT_TO_POINT or _TUNNEL_NAMES.match(name):
        return Medium.TUNNEL
    return Medium.CONTAINER if _CONTAINER_NAMES.match(name) else Medium.LAN


def _sys_traits(name: str) -> frozenset[str]:
    entry = Path("/sys/class/net") / name
    try:
        kind = (entry / "uevent").read_text(encoding="ascii", errors="replace")
        tunnel = (entry / "tun_flags").exists() or "DEVTYPE=wireguard" in kind or "DEVTYPE=ppp" in kind
    except OSError:
        return frozenset()
    return frozenset({"tunnel"}) if tunnel else frozenset()


class _SockAddr(ctypes.Structure):
    _fields_ = [("family", ctypes.c_uint16), ("data", ctypes.c_uint8 * 26)]  # as long as sockaddr_in6


class _IfAddrs(ctypes.Structure):
    pass


_IfAddrs._fields_ = [
    ("next", ctypes.POINTER(_IfAddrs)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("addr", ctypes.POINTER(_SockAddr)),
    ("netmask", ctypes.POINTER(_SockAddr)),
    ("other", ctypes.c_void_p),
    ("data", ctypes.c_void_p),
]

_Row = tuple[str, int, ipaddress.IPv4Address | ipaddress.IPv6Address | None, int]


def _getifaddrs() -> Iterator[_Row]:
    libc = ctypes.CDLL(None, use_errno=True)
    head = ctypes.POINTER(_IfAddrs)()
    if libc.getifaddrs(ctypes.byref(head)) != 0:
        raise OSError(ctypes.get_errno(), "getifaddrs")
    try:
        node = head
        while node:
            entry = node.contents
            name = entry.name.decode("utf-8", errors="replace")
            yield name, entry.flags, *_address_of(entry)
            node = entry.next
    finally:
        libc.freeifaddrs(head)


def _address_of(entry: _IfAddrs) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address | None, int]:
    if not entry.addr:
        return None, 0
    raw = bytes(entry.addr.contents.data)
    mask = bytes(entry.netmask.contents.data) if entry.netmask else b""
    if entry.addr.contents.family == socket.AF_INET:
        return ipaddress.IPv4Address(raw[2:6]), _bits(mask[2:6])
    if entry.addr.contents.family == socket.AF_INET6:
        return ipaddress.IPv6Address(raw[6:22]), _bits(mask[6:22])
    return None, 0


def _bits(mask: bytes) -> int:
    return sum(byte.bit_count() for byte in mask)
