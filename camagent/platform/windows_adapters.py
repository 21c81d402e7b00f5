"""Adapters and neighbours on Windows: GetAdaptersAddresses and GetIpNetTable2 of iphlpapi, through ctypes."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from camagent.platform.adapter import Adapter, Address

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_AF_UNSPEC = 0
_GAA_SKIP_ANYCAST, _GAA_SKIP_DNS_SERVER, _GAA_INCLUDE_GATEWAYS = 0x2, 0x8, 0x80
_GAA_FLAGS = _GAA_SKIP_ANYCAST | _GAA_SKIP_DNS_SERVER | _GAA_INCLUDE_GATEWAYS
_BUFFER_OVERFLOW, _NO_DATA = 111, 232  # winerror.h
_FIRST_BUFFER_BYTES = 15_000  # what the documentation of GetAdaptersAddresses recommends
_TRIES = 3  # an adapter may appear between two calls
_IF_PPP, _IF_LOOPBACK, _IF_WIRELESS, _IF_TUNNEL = 23, 24, 71, 131  # ipifcons.h
_NO_MULTICAST = 0x10
_OPER_UP = 1
_PROBE = 2  # NL_NEIGHBOR_STATE: from here on somebody has answered
MAX_ADAPTERS = 256  # more is a broken list


class _SocketAddress(ctypes.Structure):
    _fields_ = [("sockaddr", ctypes.c_void_p), ("length", ctypes.c_int)]


class _Unicast(ctypes.Structure):
    pass


_Unicast._fields_ = [
    ("alignment", ctypes.c_ulonglong),
    ("next", ctypes.POINTER(_Unicast)),
    ("address", _SocketAddress),
    ("prefix_origin", ctypes.c_int),
    ("suffix_origin", ctypes.c_int),
    ("dad_state", ctypes.c_int),
    ("valid_lifetime_s", ctypes.c_ulong),
    ("preferred_lifetime_s", ctypes.c_ulong),
    ("lease_lifetime_s", ctypes.c_ulong),
    ("prefix_length", ctypes.c_uint8),
]


class _AdapterRow(ctypes.Structure):
    pass


_AdapterRow._fields_ = [
    ("length", ctypes.c_ulong),
    ("index", ctypes.c_ulong),
    ("next", ctypes.POINTER(_AdapterRow)),
    ("adapter_name", ctypes.c_char_p),
    ("first_unicast", ctypes.POINTER(_Unicast)),
    ("first_anycast", ctypes.c_void_p),
    ("first_multicast", ctypes.c_void_p),
    ("first_dns_server", ctypes.c_void_p),
    ("dns_suffix", ctypes.c_wchar_p),
    ("description", ctypes.c_wchar_p),
    ("friendly_name", ctypes.c_wchar_p),
    ("physical_address", ctypes.c_uint8 * 8),
    ("physical_address_length", ctypes.c_ulong),
    ("flags", ctypes.c_ulong),
    ("mtu", ctypes.c_ulong),
    ("interface_type", ctypes.c_ulong),
    ("oper_status", ctypes.c_int),
    ("ipv6_index", ctypes.c_ulong),
    ("zone_indices", ctypes.c_ulong * 16),
    ("first_prefix", ctypes.c_void_p),
    ("transmit_bps", ctypes.c_ulonglong),
    ("receive_bps", ctypes.c_ulonglong),
    ("first_wins_server", ctypes.c_void_p),
    ("first_gateway", ctypes.c_void_p),
]


class _NeighbourRow(ctypes.Structure):
    """MIB_IPNET_ROW2 (netioapi.h): 88 bytes."""

    _fields_ = [
        ("address", ctypes.c_uint8 * 28),  # SOCKADDR_INET
        ("interface_index", ctypes.c_ulong),
        ("interface_luid", ctypes.c_ulonglong),
        ("physical_address", ctypes.c_uint8 * 32),
        ("physical_address_length", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("flags", ctypes.c_uint8),
        ("reachability_ms", ctypes.c_ulong),
    ]


def adapters() -> tuple[Adapter, ...]:
    """Every adapter of this machine, in the system's order; a disabled one is not in it."""
    buffer = _adapter_buffer()
    return tuple(map(_adapter, _rows(buffer))) if buffer is not None else ()


def neighbours() -> Mapping[str, bool]:
    """The IPv4 neighbours of all adapters; empty where the system does not tell."""
    api = ctypes.WinDLL("iphlpapi")
    table = ctypes.c_void_p()
    if (
        not hasattr(api, "GetIpNetTable2")
        or api.GetIpNetTable2(int(socket.AF_INET), ctypes.byref(table)) != 0
    ):
        return {}
    try:
        count = ctypes.c_ulong.from_address(table.value or 0).value
        rows = (_NeighbourRow * count).from_address((table.value or 0) + 8)
        return {str(ipaddress.IPv4Address(bytes(row.address)[4:8])): row.state >= _PROBE for row in rows}
    finally:
        api.FreeMibTable(table)


def link_addresses() -> Mapping[str, str]:
    """None: the rows are read for their state only."""
    return {}


def _adapter_buffer() -> Any | None:
    api = ctypes.WinDLL("iphlpapi")
    size = ctypes.c_ulong(_FIRST_BUFFER_BYTES)
    for _ in range(_TRIES):
        buffer = ctypes.create_string_buffer(size.value)
        code = api.GetAdaptersAddresses(_AF_UNSPEC, _GAA_FLAGS, None, buffer, ctypes.byref(size))
        if code == 0:
            return buffer
        if code == _NO_DATA:
            return None
        if code != _BUFFER_OVERFLOW:
            raise ctypes.WinError(code)
    raise ctypes.WinError(_BUFFER_OVERFLOW)


def _rows(buffer: Any) -> Iterator[_AdapterRow]:
    node = ctypes.cast(buffer, ctypes.POINTER(_AdapterRow))
    for _ in range(MAX_ADAPTERS):
        if not node:
            return
        yield node.contents
        node = node.contents.next


def _adapter(row: _AdapterRow) -> Adapter:
    return Adapter(
        name=row.friendly_name or "?",
        index=row.index or row.ipv6_index,
        description=row.description or "",
        up=True,
        running=row.oper_status == _OPER_UP,
        multicast=not row.flags & _NO_MULTICAST,
        loopback=row.interface_type == _IF_LOOPBACK,
        tunnel=row.interface_type in (_IF_PPP, _IF_TUNNEL),
        wireless=row.interface_type == _IF_WIRELESS,
        default_route=bool(row.first_gateway),
        addresses=tuple(_addresses(row.first_unicast)),
    )


def _addresses(node: Any) -> Iterator[Address]:
    while node:
        entry = node.contents
        raw = ctypes.string_at(entry.address.sockaddr, entry.address.length)
        family = int.from_bytes(raw[:2], "little")
        if family == socket.AF_INET:
            yield ipaddress.IPv4Interface((raw[4:8], entry.prefix_length))
        elif family == socket.AF_INET6:
            yield ipaddress.IPv6Interface((raw[8:24], entry.prefix_length))
        node = entry.next
