"""From datagrams to devices: who announced what, which of it is one device, and where to reach it. Pure.

Keeps devices apart rather than losing one: cloned endpoint references on two addresses are two devices; one
address that changes its reference from answer to answer is one.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from camagent.discover.interfaces import Interface, is_private
from camagent.discover.multicast import Datagram
from camagent.discover.wsdiscovery import (
    Announcement,
    Kind,
    ProbeTypes,
    XAddr,
    is_camera_like,
    parse_message,
    rank_xaddrs,
    same_address,
)
from camagent.model.address_order import address_order
from camagent.model.device import DeviceTarget
from camagent.model.discovery import FoundBy, Sighting
from camagent.model.onvif import ONVIF_PATHS
from camagent.model.uri import web_port

MAX_ANNOUNCEMENTS = 2_048  # kept of one search: four of the largest schools; more is a flood
MAX_CLONES = 16  # devices with one endpoint reference that are compared with each other
# devices that one answering address may speak for: a recorder with all its cameras
MAX_DEVICES_PER_SOURCE = 64


@dataclass(frozen=True, slots=True)
class Announcements:
    """What all datagrams together say."""

    sightings: tuple[Sighting, ...]
    other_sources: tuple[str, ...]
    """Addresses of printers, PCs and the like."""
    malformed: int
    suspects: tuple[str, ...]
    """Addresses that answered WS-Discovery with a fault, or with something that nobody can read."""
    left_out: int = 0
    """Announcements beyond what we keep."""


@dataclass(slots=True)
class _Device:
    source: str
    endpoint: str | None
    interface: str | None
    found_by: dict[FoundBy, None] = field(default_factory=dict)
    xaddrs: dict[str, None] = field(default_factory=dict)
    scopes: dict[str, None] = field(default_factory=dict)

    def add(self, other: _Device) -> None:
        self.found_by |= other.found_by
        self.xaddrs |= other.xaddrs
        self.scopes |= other.scopes
        self.interface = self.interface or other.interface
        self.endpoint = self.endpoint or other.endpoint
        if ":" in self.source and ":" not in other.source:
            self.source = other.source  # IPv4 reaches further than a link-local address


def read_datagrams(
    datagrams: Iterable[Datagram], sent: Mapping[str, ProbeTypes], interfaces: Sequence[Interface]
) -> Announcements:
    """Everything that the datagrams announce, each device once."""
    devices: dict[tuple[str, str | None], _Device] = {}
    others: dict[str, None] = {}
    suspects: dict[str, None] = {}
    of_source: Counter[str] = Counter()
    malformed = left_out = 0
    for datagram in datagrams:
        if len(devices) >= MAX_ANNOUNCEMENTS:
            left_out += 1  # unread: what a flood says is not worth its reading
            continue
        message = parse_message(datagram.payload)
        if message is None or message.kind is Kind.FAULT:
            malformed += message is None
            suspects[datagram.source] = None
            continue
        asked_by_type = bool(sent.get(message.relates_to or "", ProbeTypes.ANY))
        for announcement in message.announcements if message.kind is not Kind.BYE else ():
            if not is_camera_like(announcement, asked_by_type):
                others[datagram.source] = None
                continue
            device = _device(datagram, announcement)
            key = (device.source, device.endpoint)
            has_room = len(devices) < MAX_ANNOUNCEMENTS and of_source[device.source] < MAX_DEVICES_PER_SOURCE
            if key in devices or has_room:
                of_source[device.source] += key not in devices
                devices.setdefault(key, device).add(device)
            else:
                left_out += 1
    sightings = _settle(list(devices.values()), interfaces)
    hosts = {sighting.target.host for sighting in sightings} | {device.source for device in devices.values()}
    return Announcements(
        sightings,
        tuple(source for source in others if source not in hosts),
        malformed,
        tuple(source for source in suspects if source not in hosts),
        left_out,
    )


def merge_sightings(first: Iterable[Sighting], second: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Both, each host and port once; what the first knows stays. In the order of the addresses."""
    merged = {(s.target.host, s.target.port): s for s in second}
    merged |= {(s.target.host, s.target.port): s for s in first}
    return tuple(sorted(merged.values(), key=lambda s: address_order(s.target.host, s.target.port)))


def _device(datagram: Datagram, announcement: Announcement) -> _Device:
    found_by = FoundBy.DIRECTED if datagram.interface is None else FoundBy.MULTICAST
    return _Device(
        datagram.source,
        announcement.endpoint,
        datagram.interface,
        {found_by: None},
        dict.fromkeys(announcement.xaddrs),
        dict.fromkeys(announcement.scopes),
    )


@dataclass(slots=True)
class _Places:
    """Each device once, by host and port; the indexes keep a flood from costing its square."""

    by_place: dict[tuple[str, int | None], _Device] = field(default_factory=dict)
    _at_host: dict[str, list[_Device]] = field(default_factory=dict)
    _of_endpoint: dict[str, list[_Device]] = field(default_factory=dict)
    _of_source: Counter[str] = field(default_factory=Counter)

    def add(self, device: _Device, place: tuple[str, int | None]) -> None:
        """Where it is new, a place of its own; else it adds to what is known of the same device."""
        twin = self.by_place.get(place) or self._twin(device, place[0])
        if twin is not None:
            twin.add(device)
        elif self._of_source[device.source] < MAX_DEVICES_PER_SOURCE:
            self._of_source[device.source] += 1
            self.by_place[place] = device
            self._at_host.setdefault(place[0], []).append(device)
            self._of_endpoint.setdefault(device.endpoint or "", []).append(device)

    def _twin(self, device: _Device, host: str) -> _Device | None:
        for other in self._at_host.get(host, ()):
            if not device.xaddrs or (device.endpoint and other.endpoint == device.endpoint):
                return other
        clones = self._of_endpoint.get(device.endpoint, []) if device.endpoint else []
        return next((other for other in clones[:MAX_CLONES] if _name_each_other(device, other)), None)


def _settle(devices: list[_Device], interfaces: Sequence[Interface]) -> tuple[Sighting, ...]:
    named: dict[str, set[tuple[str, int | None]]] = {}
    for device in devices:
        best = _best(device)
        if best is not None:
            named.setdefault(device.source, set()).add((best.host, best.port))
    places = _Places()
    for device in sorted(devices, key=lambda d: (":" in d.source, not d.xaddrs, not _is_at_home(d))):
        places.add(device, _place(device, len(named.get(device.source, ()))))
    return merge_sightings(
        (), (_sighting(device, place[0], interfaces) for place, device in places.by_place.items())
    )


def _place(device: _Device, places_of_source: int) -> tuple[str, int | None]:
    """Host and port to reach it: the address that answered us, whatever it calls itself (christgau/wsdd PR
    #174).

    Only a source that speaks for several devices at once, or from an IPv6 link-local address, is taken at its
    word.
    """
    best = _best(device)
    if best is None:
        return device.source, None
    port = _port(best)
    speaks_for_others = places_of_source > 1 or device.source.lower().startswith("fe80:")
    if not same_address(best.host, device.source) and speaks_for_others and _may_be_neighbour(best.host):
        return best.host, port
    return device.source, port


def _name_each_other(left: _Device, right: _Device) -> bool:
    """One device on two addresses: each answer lists both; two clones of one firmware list only their own."""
    mixed = (":" in left.source) != (":" in right.source)
    left_hosts = {x.host for x in rank_xaddrs(tuple(left.xaddrs), left.source)} | {left.source}
    right_hosts = {x.host for x in rank_xaddrs(tuple(right.xaddrs), right.source)} | {right.source}
    return mixed or left.source in right_hosts or right.source in left_hosts


def _is_at_home(device: _Device) -> bool:
    """It answered from an address that it names itself: there it is, wherever else it answers from."""
    named = rank_xaddrs(tuple(device.xaddrs), device.source)
    return any(same_address(xaddr.host, device.source) for xaddr in named)


def _best(device: _Device) -> XAddr | None:
    ranked = rank_xaddrs(tuple(device.xaddrs), device.source)
    # a link-local address needs its zone with it: IPv4 where there is one
    if device.source.lower().startswith("fe80:"):
        ranked = tuple(sorted(ranked, key=lambda xaddr: not _may_be_neighbour(xaddr.host)))
    return ranked[0] if ranked else None


def _may_be_neighbour(host: str) -> bool:
    """Strangers' announcements must not send us to the internet, nor at a name that they choose."""
    try:
        return is_private(ipaddress.IPv4Network(host))
    except ValueError:
        return False


def _port(xaddr: XAddr) -> int:
    return web_port(xaddr.port, xaddr.secure)


def _sighting(device: _Device, host: str, interfaces: Sequence[Interface]) -> Sighting:
    best = _best(device)
    heard_here = any(interface.name == device.interface for interface in interfaces)
    return Sighting(
        DeviceTarget(
            host=host,
            port=None if best is None else _port(best),
            path=ONVIF_PATHS[0] if best is None or best.path == "/" else best.path,
            secure=best is not None and best.secure,
            endpoint=device.endpoint,
            xaddrs=tuple(device.xaddrs),
            scopes=tuple(device.scopes),
        ),
        tuple(device.found_by),
        device.interface,
        off_subnet=heard_here and not any(interface.holds(host) for interface in interfaces),
    )
