"""WS-Discovery between text and values. Pure. No sockets, no clock.

Speaks both namespaces (2005/04 as ONVIF asks, 2009/01 as newer stacks answer) and reads by local name,
because cameras mix prefixes, leave elements out and break their XML in many ways. Says what a datagram
announces; whether to believe it is for the interrogation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from urllib.parse import urlsplit

from camagent.model.onvif import (
    DEVICE_NS,
    DISCOVERY_ADDRESSING_NS,
    DISCOVERY_NS,
    DISCOVERY_TO,
    NETWORK_NS,
    SOAP_NS,
)
from camagent.wire.xml import Node, as_xml_text, parse_xml

MAX_MATCHES = 64  # devices announced in one datagram; an NVR that proxies its channels stays below this
# types, scopes or XAddrs of one device; the most seen on real cameras is about 40 scopes
MAX_LIST_ITEMS = 128
MAX_DATAGRAM_BYTES = 65_507  # the largest UDP payload over IPv4

_DECLARATION = re.compile(rb"^[\s\x00]*(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}\?>")
_NAMESPACE = re.compile(rb"""\bxmlns(?::([\w.-]{1,64}))?\s{0,8}=\s{0,8}["']([^"'<>]{0,256})["']""")


class Dialect(StrEnum):
    """The two WS-Discovery namespaces in the field."""

    V2005 = DISCOVERY_NS
    V2009 = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"


class ProbeTypes(StrEnum):
    """What a Probe asks for; cameras differ in which of them they answer."""

    TRANSMITTER = f'<d:Types xmlns:t="{NETWORK_NS}">t:NetworkVideoTransmitter</d:Types>'
    DEVICE = f'<d:Types xmlns:t="{DEVICE_NS}">t:Device</d:Types>'
    ANY = ""


class Kind(StrEnum):
    """What a datagram says."""

    MATCHES = "matches"
    HELLO = "hello"
    BYE = "bye"
    PROBE = "probe"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One device in a ProbeMatch, Hello or Bye; every part but the element itself may be missing."""

    endpoint: str | None
    types: tuple[tuple[str, str], ...]
    """(namespace or prefix, local name)."""
    scopes: tuple[str, ...]
    xaddrs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WsdMessage:
    """One datagram, understood."""

    kind: Kind
    relates_to: str | None
    announcements: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class XAddr:
    """One service address that a device announced."""

    host: str
    port: int | None
    path: str
    secure: bool
    text: str


def render_probe(message_id: str, types: ProbeTypes, dialect: Dialect = Dialect.V2005) -> bytes:
    """One Probe on one line and without an XML header.

    Hikvision firmware calls a pretty-printed one malformed (edgexfoundry/device-onvif-camera#134).
    """
    if dialect is Dialect.V2005:
        addressing = DISCOVERY_ADDRESSING_NS
        anonymous, to = f"{addressing}/role/anonymous", DISCOVERY_TO
    else:
        addressing = "http://www.w3.org/2005/08/addressing"
        anonymous, to = f"{addressing}/anonymous", "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01"
    return (
        f'<s:Envelope xmlns:s="{SOAP_NS}" xmlns:a="{addressing}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{dialect}/Probe</a:Action><a:MessageID>'
        f"{as_xml_text(message_id)}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{anonymous}</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">{to}</a:To></s:Header>'
        f'<s:Body><d:Probe xmlns:d="{dialect}">{types}</d:Probe></s:Body></s:Envelope>'
    ).encode()


def parse_message(datagram: bytes) -> WsdMessage | None:
    """Read whatever a stranger sent; None where it is not a WS-Discovery message."""
    text = _plain(datagram) if len(datagram) <= MAX_DATAGRAM_BYTES else b""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return None
    parsed = parse_xml(text)
    if parsed is None or parsed[0].name != "Envelope":
        return None
    envelope = parsed[0]
    relates_to = next((related.text or "" for related in envelope.walk("RelatesTo")), None)
    spaces = _namespaces(text)
    for body in envelope.children("Body"):
        for content in body.children():
            message = _read_content(content, relates_to, spaces)
            if message is not None:
                return message
    return None


def is_camera_like(announcement: Announcement, asked_by_type: bool) -> bool:
    """True where the announcement may be an ONVIF device; typed printers and PCs are not.

    A reply without types and scopes counts only if it answered a Probe that named an ONVIF type.
    """
    for space, name in announcement.types:
        if (
            name.lower() == "networkvideotransmitter"
            or "onvif.org" in space
            or (space, name) == ("tds", "Device")
        ):
            return True
    if any("onvif" in scope.lower() for scope in announcement.scopes):
        return True
    if any("/onvif" in xaddr.lower() for xaddr in announcement.xaddrs):
        return True
    return asked_by_type and not announcement.types and not announcement.scopes


def parse_xaddr(text: str) -> XAddr | None:
    """One http or https URL as a device wrote it; None where it is not one. Userinfo is dropped."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or not text.isprintable() or " " in text:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return XAddr(host.replace("%25", "%"), port or None, path, parts.scheme.lower() == "https", text)


def rank_xaddrs(xaddrs: tuple[str, ...], source: str) -> tuple[XAddr, ...]:
    """All that can be read, best first: the address that answered us, then routable IPv4, then the rest.

    Axis names 169.254.x first (agsh/onvif#63), Hikvision a link-local IPv6 beside its IPv4 (agsh/onvif#93).
    """
    readable = [xaddr for text in xaddrs if (xaddr := parse_xaddr(text)) is not None]
    return tuple(sorted(readable, key=lambda xaddr: _reach(xaddr.host, source)))


def _reach(host: str, source: str) -> int:
    if same_address(host, source):
        return 0
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return 2  # a name: the school's resolver may know it
    if address.version == 4 and not (address.is_link_local or address.is_unspecified or address.is_loopback):
        return 1
    return 3


def same_address(left: str, right: str) -> bool:
    """Whether two texts are one address, whatever their spelling and zone."""
    try:
        return ipaddress.ip_address(left.partition("%")[0]) == ipaddress.ip_address(right.partition("%")[0])
    except ValueError:
        return left.lower() == right.lower()


def _plain(datagram: bytes) -> bytes:
    """Without the declaration, for firmware names encodings that it does not use, and the NULs that end its
    text."""
    if datagram[:2] in (b"\xff\xfe", b"\xfe\xff"):
        datagram = datagram.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return _DECLARATION.sub(b"", datagram, count=1).strip(b"\x00 \t\r\n")


def _namespaces(text: bytes) -> Mapping[str, str]:
    """By prefix, "" for none, wherever in the datagram it is declared; of several the last."""
    declared = _NAMESPACE.finditer(text)
    return {
        prefix.decode(): space.decode("utf-8", "replace")
        for prefix, space in (d.groups(b"") for d in declared)
    }


def _read_content(content: Node, relates_to: str | None, spaces: Mapping[str, str]) -> WsdMessage | None:
    match content.name:
        case "ProbeMatches" | "ResolveMatches":
            matches = [node for node in content.children() if node.name in ("ProbeMatch", "ResolveMatch")]
            return WsdMessage(
                Kind.MATCHES, relates_to, tuple(_announcement(m, spaces) for m in matches[:MAX_MATCHES])
            )
        case "ProbeMatch":  # firmware that forgets the wrapper
            return WsdMessage(Kind.MATCHES, relates_to, (_announcement(content, spaces),))
        case "Hello":
            return WsdMessage(Kind.HELLO, relates_to, (_announcement(content, spaces),))
        case "Bye":
            return WsdMessage(Kind.BYE, relates_to, (_announcement(content, spaces),))
        case "Probe":
            return WsdMessage(Kind.PROBE, relates_to, ())
        case "Fault":
            return WsdMessage(Kind.FAULT, relates_to, ())
    return None


def _announcement(element: Node, spaces: Mapping[str, str]) -> Announcement:
    endpoint = next((address.text for address in element.walk("Address")), None)
    types = [_qualified(word, spaces) for word in _words(element, "Types")]
    return Announcement(endpoint, tuple(types), _words(element, "Scopes"), _words(element, "XAddrs"))


def _qualified(word: str, spaces: Mapping[str, str]) -> tuple[str, str]:
    prefix, _, local = word.rpartition(":")
    return spaces.get(prefix, prefix), local


def _words(element: Node, name: str) -> tuple[str, ...]:
    return tuple(islice(chain.from_iterable(node.words() for node in element.walk(name)), MAX_LIST_ITEMS))
