"""What this machine is able to do on its network, as facts. Asks the operating system; sends no packet."""

from __future__ import annotations

import errno
import ipaddress
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camagent.discover.interfaces import Interface, list_interfaces
from camagent.model.clock import Clock
from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4
from camagent.model.text import Message, os_reason
from camagent.platform.machine import active_firewalls, clock_synchronised, in_container
from camagent.platform.process import open_file_limit
from camagent.platform.sockets import bind_group, errno_of, send_multicast_from


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
    multicast_errors: tuple[tuple[str, Message], ...]
    """(interface, reason) for each interface out of which no multicast can go."""
    default_interfaces: tuple[str, ...]
    """Interfaces of the default routes."""
    routes: tuple[Route, ...]
    wsd_port_busy: bool
    firewalls: tuple[str, ...]
    in_container: bool
    now: datetime
    clock_synchronised: bool | None
    """None: the kernel would not say."""
    open_files: int | None
    """How many files and sockets may be open (-1: any number); None where the system has no such limit."""
    data_dir: str
    free_bytes: int | None
    """None: the place cannot be looked at."""


def collect_facts(clock: Clock, data_dir: Path, wanted: Sequence[str]) -> MachineFacts:
    """Look at this machine; `wanted` are the ranges and addresses that the operator means to reach."""
    interfaces = list_interfaces()
    errors = (
        (i.name, error) for i in interfaces if i.up and i.ipv4 and (error := _multicast_error(i)) is not None
    )
    return MachineFacts(
        interfaces=interfaces,
        multicast_errors=tuple(errors),
        default_interfaces=tuple(interface.name for interface in interfaces if interface.default_route),
        routes=tuple(Route(text, _own_address_towards(text)) for text in wanted),
        wsd_port_busy=_is_port_busy(),
        firewalls=active_firewalls(),
        in_container=in_container(),
        now=clock.now(),
        clock_synchronised=clock_synchronised(),
        open_files=open_file_limit(),
        data_dir=str(data_dir),
        free_bytes=_free_bytes(data_dir),
    )


def _multicast_error(interface: Interface) -> Message | None:
    """Connecting a UDP socket asks the routing table and sends nothing."""
    own = str(interface.ipv4[0].ip)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            send_multicast_from(sock, own, interface.index)
            sock.bind((own, 0))
            sock.connect((GROUP_V4, DISCOVERY_PORT))
        except OSError as error:
            return os_reason(OSError(errno_of(error), ""))
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
            sock.connect((str(target), DISCOVERY_PORT))
        except OSError:
            return None
        return str(sock.getsockname()[0])


def _is_port_busy() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bind_group(sock, GROUP_V4, DISCOVERY_PORT)
        except OSError as error:
            return errno_of(error) in (errno.EADDRINUSE, errno.EACCES)
    return False


def _free_bytes(place: Path) -> int | None:
    for existing in (place, *place.parents):
        try:
            return shutil.disk_usage(existing).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
