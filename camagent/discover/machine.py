"""What this machine is able to do on its network, as facts. Reads the kernel and a few files; sends no packet."""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import resource
import shutil
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camagent.clock import Clock
from camagent.discover.interfaces import Interface, list_interfaces
from camagent.discover.multicast import GROUP_V4, PORT

_TIME_ERROR = 5  # adjtimex(2): the kernel's clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux, less elsewhere
_UFW = Path("/etc/ufw/ufw.conf")
_FIREWALLD = Path("/run/firewalld.pid")
_IPTABLES = Path("/proc/net/ip_tables_names")
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class Route:
    """Whether the kernel knows a way to one address, and which of our own addresses it would use."""

    to: str
    """The range or address that the operator named."""
    own: str | None
    """None: no route."""


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """Everything that `judge_machine` goes by."""

    interfaces: tuple[Interface, ...]
    multicast_errors: tuple[tuple[str, str], ...]
    """(interface, errno name) for each interface out of which no multicast can go."""
    default_interfaces: tuple[str, ...]
    """Interfaces of the default routes."""
    routes: tuple[Route, ...]
    wsd_port_busy: bool
    firewalls: tuple[str, ...]
    in_container: bool
    now: datetime
    clock_synchronised: bool | None
    """None: the kernel would not say."""
    open_files: int
    data_dir: str
    free_bytes: int | None
    """None: the place cannot be looked at."""


def collect_facts(clock: Clock, data_dir: Path, wanted: Sequence[str]) -> MachineFacts:
    """Look at this machine; `wanted` are the ranges and addresses that the operator means to reach."""
    interfaces = list_interfaces()
    errors = ((i.name, error) for i in interfaces if i.up and i.ipv4 and (error := _multicast_error(i)) is not None)
    return MachineFacts(
        interfaces=interfaces,
        multicast_errors=tuple(errors),
        default_interfaces=parse_default_routes(_read(Path("/proc/net/route"))),
        routes=tuple(Route(text, _own_address_towards(text)) for text in wanted),
        wsd_port_busy=_is_port_busy(),
        firewalls=_firewalls(),
        in_container=any(mark.exists() for mark in _CONTAINER_MARKS),
        now=clock.now(),
        clock_synchronised=_clock_synchronised(),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        data_dir=str(data_dir),
        free_bytes=_free_bytes(data_dir),
    )


def parse_default_routes(table: str) -> tuple[str, ...]:
    """The interfaces of the default routes in /proc/net/route."""
    rows = (line.split() for line in table.splitlines()[1:])
    return tuple(dict.fromkeys(row[0] for row in rows if len(row) > 7 and row[1] == row[7] == "00000000"))


def _multicast_error(interface: Interface) -> str | None:
    """Connecting a UDP socket asks the routing table and sends nothing."""
    own = struct.pack("=4s4si", b"\0" * 4, interface.ipv4[0].ip.packed, interface.index)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
            sock.bind((str(interface.ipv4[0].ip), 0))
            sock.connect((GROUP_V4, PORT))
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, "error")
    return None


def _own_address_towards(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    target = network.network_address + (1 if network.num_addresses > 2 else 0)
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(target), PORT))
        except OSError:
            return None
        return str(sock.getsockname()[0])


def _is_port_busy() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((GROUP_V4, PORT))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _firewalls() -> tuple[str, ...]:
    found = []
    if "enabled=yes" in _read(_UFW).lower().replace(" ", ""):
        found.append("ufw")
    if _FIREWALLD.exists():
        found.append("firewalld")
    if "filter" in _read(_IPTABLES).split():
        found.append("iptables")
    return tuple(found)


def _clock_synchronised() -> bool | None:
    libc = ctypes.CDLL(None, use_errno=True)
    state = int(libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))  # modes = 0: asks and sets nothing
    return None if state < 0 else state != _TIME_ERROR


def _free_bytes(place: Path) -> int | None:
    for existing in (place, *place.parents):
        try:
            return shutil.disk_usage(existing).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
