"""Replies of the device, imaging and search services -> values. Pure: no sockets, no clock of its own.

Every parser takes the response element and always returns a value; what the device left out, or wrote so that
nobody can read it, is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from itertools import chain

from camagent.interrogate.quirks import to_bool, to_float, to_int
from camagent.model.device import (
    DeviceClock,
    DeviceInformation,
    DeviceUser,
    NetworkFacts,
    NetworkProtocol,
    ServiceCapabilities,
)
from camagent.model.onvif import CAPABILITY_NAMESPACES, NO_ADDRESS
from camagent.model.printable import printable_line
from camagent.model.recordings import RecordingFacts
from camagent.wire.xml import Node

MAX_ROWS = 64  # scopes, users, interfaces, servers of one device; the longest list recorded has 11 scopes
MAX_ADDRESSES = 8  # of one device, of each kind
MAX_WORD_CHARS = 256  # names, models, scopes; the longest recorded is a scope of 52 characters

MAX_HASHES = 8  # hash algorithms of Digest; RFC 7616 knows three and their session forms
CUT_OFF_S = 0.5  # mean of what a clock without fractions of a second leaves out

_TLS_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class StatedService:
    """A service as the device announced it, before its address is pinned."""

    namespace: str
    xaddr: str
    version: str | None


@dataclass(frozen=True, slots=True)
class StatedClock:
    """GetSystemDateAndTime alone, before it is held against our clock."""

    utc: datetime | None
    local: datetime | None
    source: str | None
    time_zone: str | None
    daylight_savings: bool | None


def parse_clock(node: Node) -> StatedClock:
    """GetSystemDateAndTimeResponse."""
    stated = node.child("SystemDateAndTime") or node
    utc = _moment(stated.child("UTCDateTime"))
    return StatedClock(
        utc.replace(tzinfo=UTC) if utc else None,
        _moment(stated.child("LocalDateTime")),
        _word(stated.value("DateTimeType")),
        _word(stated.value("TimeZone", "TZ")),
        to_bool(stated.value("DaylightSavings")),
    )


def clock_facts(stated: StatedClock, at: datetime, round_trip_s: float, anonymous: bool) -> DeviceClock:
    """The device's clock against ours at the middle of the round trip.

    It shows whole seconds, cut off, so half a second is added: on the average that is what it left out.
    """
    shift = None
    if stated.utc is not None and stated.local is not None:
        shift = 60 * round((stated.local - stated.utc.replace(tzinfo=None)).total_seconds() / 60)
    return DeviceClock(
        utc=stated.utc,
        local=stated.local,
        offset_s=(stated.utc - at).total_seconds() + CUT_OFF_S if stated.utc is not None else None,
        round_trip_s=round_trip_s,
        source=stated.source,
        time_zone=stated.time_zone,
        utc_offset_s=shift,
        daylight_savings=stated.daylight_savings,
        anonymous=anonymous,
    )


def parse_services(node: Node) -> tuple[StatedService, ...]:
    """GetServicesResponse; rows without namespace or address are left out."""
    rows = []
    for service in _rows(node, "Service"):
        namespace, xaddr = service.value("Namespace"), service.value("XAddr")
        if namespace and xaddr:
            major, minor = service.value("Version", "Major"), service.value("Version", "Minor")
            version = f"{major[:8]}.{(minor or '0')[:8]}" if major else None
            rows.append(StatedService(namespace.rstrip("/"), xaddr, version))
    return tuple(rows)


def parse_capabilities(node: Node) -> tuple[StatedService, ...]:
    """GetCapabilitiesResponse, for devices without GetServices; Media2 hardly ever stands in it (agsh PR
    #187)."""
    rows: dict[str, StatedService] = {}
    lists = ((*listed.children(), *_extension(listed)) for listed in node.walk("Capabilities"))
    for capability in chain.from_iterable(lists):
        namespace, xaddr_text = CAPABILITY_NAMESPACES.get(capability.name.lower()), capability.value("XAddr")
        if namespace and xaddr_text:
            rows.setdefault(namespace, StatedService(namespace, xaddr_text, None))
    return tuple(rows.values())[:MAX_ROWS]


def parse_information(node: Node) -> DeviceInformation:
    """GetDeviceInformationResponse; placeholders are kept, `identity` knows them."""
    return DeviceInformation(
        manufacturer=_word(node.value("Manufacturer")),
        model=_word(node.value("Model")),
        firmware=_word(node.value("FirmwareVersion")),
        serial=_word(node.value("SerialNumber")),
    )


def parse_interfaces(node: Node) -> NetworkFacts:
    """GetNetworkInterfacesResponse: MACs, own IPv4 networks, and the duplex mode of the first interface that
    states one."""
    macs: dict[str, None] = {}
    subnets: dict[str, None] = {}
    duplex: str | None = None
    for interface in _rows(node, "NetworkInterfaces"):
        mac = _mac(interface.value("Info", "HwAddress"))
        if mac:
            macs.setdefault(mac)
        link = interface.child("Link", "OperSettings") or interface.child("Link", "AdminSettings")
        if link is not None and duplex is None:
            duplex = _word(link.value("Duplex"))
        subnets |= dict.fromkeys(_subnets(interface))
    return NetworkFacts(macs=tuple(macs), link_duplex=duplex, subnets=tuple(subnets)[:MAX_ADDRESSES])


def _subnets(interface: Node) -> Iterator[str]:
    config = interface.child("IPv4", "Config")
    if config is None:
        return
    for row in chain.from_iterable(_rows(config, name) for name in ("Manual", "FromDHCP")):
        with suppress(ValueError):
            network = f"{row.value('Address')}/{to_int(row.value('PrefixLength'))}"
            yield str(IPv4Network(network, strict=False))


def parse_gateway(node: Node) -> tuple[str, ...]:
    """GetNetworkDefaultGatewayResponse: addresses, none where the device has no way out."""
    stated = node.child("NetworkGateway") or node
    rows = (*_rows(stated, "IPv4Address"), *_rows(stated, "IPv6Address"))
    return _stated(_word(row.text) for row in rows)


def parse_dns(node: Node) -> tuple[bool | None, tuple[str, ...]]:
    """GetDNSResponse: whether DHCP names the servers, and the servers in use."""
    stated = node.child("DNSInformation") or node
    rows = (*_rows(stated, "DNSManual"), *_rows(stated, "DNSFromDHCP"))
    pairs = ((row.value("IPv4Address"), row.value("IPv6Address")) for row in rows)
    return to_bool(stated.value("FromDHCP")), _stated(map(_word, chain.from_iterable(pairs)))


def _stated(addresses: Iterable[str | None]) -> tuple[str, ...]:
    """Each address once, without those that stand for none."""
    named = dict.fromkeys(address for address in addresses if address and address not in NO_ADDRESS)
    return tuple(named)[:MAX_ADDRESSES]


def parse_protocols(node: Node) -> tuple[NetworkProtocol, ...]:
    """GetNetworkProtocolsResponse."""
    protocols = []
    for row in _rows(node, "NetworkProtocols"):
        name = _word(row.value("Name"))
        ports = tuple(
            p for n in list(row.children("Port"))[:8] if (p := to_int(n.text)) is not None and 0 < p < 65536
        )
        if name:
            protocols.append(NetworkProtocol(name.upper(), to_bool(row.value("Enabled")) is True, ports))
    return tuple(protocols)


def parse_ntp(node: Node) -> tuple[bool | None, tuple[str, ...]]:
    """GetNTPResponse: whether DHCP names the servers, and the servers in use."""
    stated = node.child("NTPInformation") or node
    servers: dict[str, None] = {}
    for row in (*_rows(stated, "NTPManual"), *_rows(stated, "NTPFromDHCP")):
        for field in ("IPv4Address", "IPv6Address", "DNSname"):
            server = _word(row.value(field))
            if server and server not in NO_ADDRESS:
                servers.setdefault(server)
    return to_bool(stated.value("FromDHCP")), tuple(servers)


def parse_scopes(node: Node) -> tuple[str, ...]:
    """GetScopesResponse."""
    return tuple(s for row in _rows(node, "Scopes") if (s := _word(row.value("ScopeItem") or row.text)))


def parse_users(node: Node) -> tuple[DeviceUser, ...]:
    """GetUsersResponse."""
    users = []
    for row in _rows(node, "User"):
        name = _word(row.value("Username"))
        if name:
            users.append(DeviceUser(name, _word(row.value("UserLevel")) or "Extended"))
    return tuple(users)


def parse_device_capabilities(node: Node) -> ServiceCapabilities:
    """GetServiceCapabilitiesResponse of the device service."""
    security = (node.child("Capabilities") or node).child("Security")
    if security is None:
        return ServiceCapabilities()
    stated = [(name, to_bool(security.value(f"TLS{name.removeprefix('TLSv')}"))) for name in _TLS_VERSIONS]
    hashes = (_word(security.value("HashingAlgorithms")) or "").upper().replace(",", " ").split()
    return ServiceCapabilities(
        http_digest=to_bool(security.value("HttpDigest")),
        digest_hashes=tuple(dict.fromkeys(hashes))[:MAX_HASHES],
        tls_versions=tuple(name for name, has in stated if has)
        if any(has is not None for _, has in stated)
        else None,
    )


def parse_media_capabilities(node: Node) -> ServiceCapabilities:
    """GetServiceCapabilitiesResponse of Media2 (SecureRTSPStreaming, VideoSourceMode) or Media1 (the
    latter)."""
    stated = node.child("Capabilities") or node
    return ServiceCapabilities(
        secure_rtsp=to_bool(stated.value("StreamingCapabilities", "SecureRTSPStreaming")),
        source_modes=to_bool(stated.value("VideoSourceMode")),
    )


def parse_recording_summary(node: Node) -> RecordingFacts:
    """GetRecordingSummaryResponse (Profile G)."""
    summary = node.child("Summary") or node
    number = to_float(summary.value("NumberRecordings"))
    return RecordingFacts(
        read_stamp(summary.value("DataFrom")),
        read_stamp(summary.value("DataUntil")),
        int(number) if number is not None else None,
    )


def _extension(node: Node) -> tuple[Node, ...]:
    extension = node.child("Extension")
    return tuple(extension.children()) if extension is not None else ()


def _rows(node: Node, name: str) -> list[Node]:
    rows = list(node.children(name))
    return rows[:MAX_ROWS]


def _word(text: str | None) -> str | None:
    """Printable text of a bounded length: a device's words end up in tables, metrics and terminals."""
    return printable_line(text, MAX_WORD_CHARS)


def _mac(text: str | None) -> str | None:
    word = (_word(text) or "").lower().replace("-", ":")
    if len(word) == 12 and all(c in "0123456789abcdef" for c in word):
        word = ":".join(word[i : i + 2] for i in range(0, 12, 2))
    return word[:64] or None


def _moment(node: Node | None) -> datetime | None:
    if node is None:
        return None
    fields = [to_int(node.value("Date", name)) for name in ("Year", "Month", "Day")]
    fields += [to_int(node.value("Time", name)) for name in ("Hour", "Minute", "Second")]
    if any(field is None for field in fields):
        return None
    year, month, day, hour, minute, second = (field or 0 for field in fields)
    try:
        return datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None


def read_stamp(text: str | None) -> datetime | None:
    """An xs:dateTime; without a zone it is taken as UTC, as ONVIF asks."""
    if text is None or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
