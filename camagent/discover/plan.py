"""What a search is going to do, decided and refused before the first packet. Pure.

Shown to the operator before it runs: which interfaces, which ranges, how fast.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from camagent.discover.interfaces import Interface, Medium, default_ranges, is_private, usable_interfaces
from camagent.model.discovery import Note
from camagent.model.onvif import ONVIF_SEARCH_PORTS, RTSP_PORTS
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message
from camagent.model.uri import shown_as_typed, shown_range

WIDEST_PREFIX = 16  # 65,536 addresses: longer than the budget at our pace; wider is a typing mistake
MAX_SUBNETS = 256  # ranges in one search


@dataclass(frozen=True, slots=True)
class Pacing:
    """How patient and how polite a search is."""

    probe_at_s: tuple[float, ...] = (0.0, 1.0, 2.0)
    """When multicast probes leave, from the start."""
    settle_s: float = 2.0
    """Listening after the last probe; the standard allows 0.5 s (APP_MAX_DELAY), slow firmware takes more."""
    directed_hz: float = 200.0
    """Directed probes a second: below 1,024 unresolved neighbours (gc_thresh3) with the kernel's 3 s of
    ARP."""
    head_start_s: float = 0.6
    """Multicast before the first directed probe: whoever answers within the standard's 0.5 s needs none."""
    connect_hz: float = 300.0
    """TCP connections a second through a router, halved on loss. A router's scarce good is not frames (300 a
    second are 0.2 Mbit/s) but its table of half-open connections: rate x patience, here 300/s x 1.2 s = 360
    entries; a burst of 2,000 wedged a school's router (open-nvr/open-nvr#235)."""
    wire_hz: float = 1000.0
    """The same on our own segment: a switch keeps no state for connections, and ARP has named the living. The
    limit is the single camera: one connection at a time."""
    loopback_hz: float = 5000.0
    """On 127.0.0.0/8 there is no router and no stranger to spare."""
    connect_s: float = 1.2
    """Room for one repetition by the kernel, which comes after a second."""
    reply_s: float = 1.5
    patient_connect_s: float = 3.5
    """Second look: a closed port behind a busy router answers after two seconds (open-nvr/open-nvr#235)."""
    patient_reply_s: float = 6.0
    """Second look: single-threaded ONVIF servers (badbread/crumbvms, discover.rs). An interview waits 5 s a
    call."""
    budget_s: float = 3600.0
    """Asking addresses one by one, all ranges together; what it cuts off is stated as not covered."""


@dataclass(frozen=True, slots=True)
class DiscoveryPlan:
    """One search, complete."""

    interfaces: tuple[Interface, ...]
    """Where multicast probes go out."""
    subnets: tuple[ipaddress.IPv4Network, ...]
    """Ranges whose every address is asked."""
    addresses: tuple[str, ...] = ()
    """Single addresses asked besides, for example those of the inventory."""
    notes: tuple[Note, ...] = ()
    """What was left out, and why."""
    onvif_ports: tuple[int, ...] = ONVIF_SEARCH_PORTS
    rtsp_ports: tuple[int, ...] = RTSP_PORTS
    source_port: int | None = None
    """A fixed UDP port for the answers, where a firewall lets only that one in (agsh/onvif#118)."""
    pacing: Pacing = Pacing()

    @property
    def address_count(self) -> int:
        """How many addresses will be asked one by one."""
        return sum(len(hosts_of(subnet)) for subnet in self.subnets) + len(self.addresses)


def make_plan(
    machine: Sequence[Interface],
    interfaces: Sequence[str] = (),
    subnets: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> DiscoveryPlan:
    """The search for what the operator named, and for the machine's own networks where he named nothing.

    Ranges on loopback alone are searched on loopback alone: nothing leaves the machine.
    Raises: OperatorError with every problem at once, also where there is nothing to search at all.
    """
    problems: list[Message] = []
    ranges = _read_ranges(subnets, problems)
    if not interfaces and (ranges or addresses) and all(map(is_loopback, (*map(str, ranges), *addresses))):
        interfaces = [i.name for i in machine if i.medium is Medium.LOOPBACK][:1]
    chosen, notes = _choose(machine, interfaces, problems)
    if not subnets and not problems:
        ranges, range_notes = default_ranges(chosen)
        notes += range_notes
    if problems:
        raise OperatorError(*problems)
    if not chosen and not ranges and not addresses:
        if not notes:
            raise OperatorError(message("discover.error.nothing_to_search"))
        left_out = ", ".join(map(str, notes))
        raise OperatorError(message("discover.error.all_left_out", left_out=left_out))
    return DiscoveryPlan(chosen, ranges, tuple(dict.fromkeys(addresses)), notes)


def hosts_of(subnet: ipaddress.IPv4Network) -> Sequence[ipaddress.IPv4Address]:
    """Every address of a range that can be a device: without network and broadcast address."""
    first, last = int(subnet.network_address), int(subnet.broadcast_address)
    if subnet.prefixlen < 31:
        first, last = first + 1, last - 1
    return [ipaddress.IPv4Address(number) for number in range(first, last + 1)]


def is_loopback(text: str) -> bool:
    """True for an address or a range on the machine itself; a name is not looked up."""
    try:
        return ipaddress.ip_network(text, strict=False).is_loopback
    except ValueError:
        return False


def _read_ranges(texts: Sequence[str], problems: list[Message]) -> tuple[ipaddress.IPv4Network, ...]:
    if len(texts) > MAX_SUBNETS:
        problems.append(message("discover.error.too_many_subnets", count=len(texts), most=MAX_SUBNETS))
        return ()
    ranges = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            problems.append(message("discover.error.bad_subnet", subnet=shown_range(text)))
            continue
        if isinstance(network, ipaddress.IPv6Network):
            problems.append(message("discover.error.ipv6_subnet", subnet=text))
        elif not is_private(network):
            problems.append(message("discover.error.public_subnet", subnet=text))
        elif network.prefixlen < WIDEST_PREFIX:
            problems.append(message("discover.error.wide_subnet", subnet=text, widest=f"/{WIDEST_PREFIX}"))
        else:
            ranges.append(network)
    return tuple(ipaddress.collapse_addresses(ranges))


def _choose(
    machine: Sequence[Interface], names: Sequence[str], problems: list[Message]
) -> tuple[tuple[Interface, ...], tuple[Note, ...]]:
    if not names:
        return usable_interfaces(machine)
    by_name = {interface.name: interface for interface in machine}
    choice = ", ".join(by_name)
    problems += [
        message("discover.error.no_such_interface", interface=shown_as_typed(name), known=choice)
        for name in names
        if name not in by_name
    ]
    chosen = tuple(by_name[name] for name in dict.fromkeys(names) if name in by_name)
    return chosen, tuple(Note("interface_down", interface.name) for interface in chosen if not interface.up)
