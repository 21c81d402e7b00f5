"""Adapters and neighbours on Linux: getifaddrs(3), /sys/class/net and /proc/net."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from camagent.platform.adapter import Adapter, Address

_UP, _LOOPBACK, _POINT_TO_POINT, _RUNNING, _MULTICAST = 0x1, 0x8, 0x10, 0x40, 0x1000  # net/if.h


def adapters() -> tuple[Adapter, ...]:
    """Every adapter of this machine, in the kernel's order."""
    flags: dict[str, int] = {}
    addresses: dict[str, list[Address]] = {}
    for label, flag, address in _getifaddrs():
        # "eth0:1" is a second address of eth0, for example for factory addresses
        name = label.partition(":")[0]
        flags.setdefault(name, flag)
        if address is not None:
            addresses.setdefault(name, []).append(address)
    index_of = {name: index for index, name in socket.if_nameindex()}
    leading = parse_default_routes(_read(Path("/proc/net/route")))
    return tuple(
        Adapter(
            name=name,
            index=index_of.get(name, 0),
            up=bool(flag & _UP),
            running=bool(flag & _RUNNING),
            multicast=bool(flag & _MULTICAST),
            loopback=bool(flag & _LOOPBACK),
            tunnel=bool(flag & _POINT_TO_POINT) or _is_tunnel(name),
            wireless=(Path("/sys/class/net") / name / "wireless").exists(),
            default_route=name in leading,
            addresses=tuple(addresses.get(name, ())),
        )
        for name, flag in flags.items()
    )


def neighbours(path: Path = Path("/proc/net/arp")) -> Mapping[str, bool]:
    """The ARP table of the kernel."""
    return parse_neighbours(_read(path))


def parse_neighbours(text: str) -> dict[str, bool]:
    """/proc/net/arp as text; rows that cannot be read are left out."""
    table: dict[str, bool] = {}
    for line in text.splitlines()[1:]:
        cells = line.split()
        if len(cells) >= 4 and cells[2].startswith("0x"):
            complete = cells[2] != "0x0" and cells[3] != "00:00:00:00:00:00"
            table[cells[0]] = complete or table.get(cells[0], False)
    return table


def link_addresses(path: Path = Path("/proc/net/arp")) -> Mapping[str, str]:
    """The MAC of every neighbour that answered ARP, in lower case with colons."""
    rows = (line.split() for line in _read(path).splitlines()[1:])
    addresses = {row[0]: row[3].lower() for row in rows if len(row) >= 4 and row[2] not in ("0x0", "")}
    return {host: mac for host, mac in addresses.items() if mac != "00:00:00:00:00:00"}


def parse_default_routes(table: str) -> tuple[str, ...]:
    """The adapters of the default routes in /proc/net/route."""
    rows = (line.split() for line in table.splitlines()[1:])
    return tuple(dict.fromkeys(row[0] for row in rows if len(row) > 7 and row[1] == row[7] == "00000000"))


def _is_tunnel(name: str) -> bool:
    entry = Path("/sys/class/net") / name
    kind = _read(entry / "uevent")
    return (entry / "tun_flags").exists() or "DEVTYPE=wireguard" in kind or "DEVTYPE=ppp" in kind


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


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


def _getifaddrs() -> Iterator[tuple[str, int, Address | None]]:
    libc = ctypes.CDLL(None, use_errno=True)
    head = ctypes.POINTER(_IfAddrs)()
    if libc.getifaddrs(ctypes.byref(head)) != 0:
        raise OSError(ctypes.get_errno(), "getifaddrs")
    try:
        node = head
        while node:
            entry = node.contents
            yield entry.name.decode("utf-8", errors="replace"), entry.flags, _address_of(entry)
            node = entry.next
    finally:
        libc.freeifaddrs(head)


def _address_of(entry: _IfAddrs) -> Address | None:
    if not entry.addr:
        return None
    raw = bytes(entry.addr.contents.data)
    mask = bytes(entry.netmask.contents.data) if entry.netmask else b""
    if entry.addr.contents.family == socket.AF_INET:
        return ipaddress.IPv4Interface((raw[2:6], _bits(mask[2:6])))
    if entry.addr.contents.family == socket.AF_INET6:
        return ipaddress.IPv6Interface((raw[6:22], _bits(mask[6:22])))
    return None


def _bits(mask: bytes) -> int:
    return sum(byte.bit_count() for byte in mask)
