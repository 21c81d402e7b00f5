"""WS-Discovery between text and values. Pure. No sockets, no clock.

Speaks both namespaces (2005/04 as ONVIF asks, 2009/01 as newer stacks answer) and reads by local name, because
cameras mix prefixes, leave elements out and break their XML in many ways. Says what a datagram announces; whether
to believe it is for the interrogation.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from camagent.model.onvif import DEVICE_NS, NETWORK_NS

MAX_MATCHES = 64  # devices announced in one datagram; an NVR that proxies its channels stays below this
MAX_LIST_ITEMS = 128  # types, scopes or XAddrs of one device; the most seen on real cameras is about 40 scopes
MAX_ITEM_CHARS = 2048  # one scope or XAddr; longer than any URI that a camera would serve
MAX_DATAGRAM_BYTES = 65_507  # the largest UDP payload over IPv4

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_DECLARATION = re.compile(rb"^[\s\x00]*(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}\?>")


class Dialect(StrEnum):
    """The two WS-Discovery namespaces in the field."""

    V2005 = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
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
        addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
        anonymous, to = f"{addressing}/role/anonymous", "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
    else:
        addressing = "http://www.w3.org/2005/08/addressing"
        anonymous, to = f"{addressing}/anonymous", "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01"
    return (
        f'<s:Envelope xmlns:s="{SOAP_12}" xmlns:a="{addressing}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{dialect}/Probe</a:Action><a:MessageID>{escape(message_id)}</a:MessageID>'
        f"<a:ReplyTo><a:Address>{anonymous}</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">{to}</a:To></s:Header>'
        f'<s:Body><d:Probe xmlns:d="{dialect}">{types}</d:Probe></s:Body></s:Envelope>'
    ).encode()


def parse_message(datagram: bytes) -> WsdMessage | None:
    """Read whatever a stranger sent; None where it is not a WS-Discovery message."""
    envelope = _parse_xml(datagram)
    if envelope is None or _local(envelope) != "Envelope":
        return None
    relates_to = next((_text(e) for e in envelope.iter() if _local(e) == "RelatesTo"), None)
    for body in _children(envelope, "Body"):
        for content in body:
            message = _read_content(content, relates_to)
            if message is not None:
                return message
    return None


def is_camera_like(announcement: Announcement, asked_by_type: bool) -> bool:
    """True where the announcement may be an ONVIF device; typed printers and PCs are not.

    A reply without types and scopes counts only if it answered a Probe that named an ONVIF type.
    """
    for space, name in announcement.types:
        if name.lower() == "networkvideotransmitter" or "onvif.org" in space or (space, name) == ("tds", "Device"):
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


def _parse_xml(datagram: bytes) -> etree._Element | None:
    if len(datagram) > MAX_DATAGRAM_BYTES or b"<!DOCTYPE" in datagram or b"<!ENTITY" in datagram:
        return None
    if datagram[:2] in (b"\xff\xfe", b"\xfe\xff"):
        datagram = datagram.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    # The declaration goes: firmware names encodings that it does not use, and ends its text with NULs.
    text = _DECLARATION.sub(b"", datagram, count=1).strip(b"\x00 \t\r\n")
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _read_content(content: etree._Element, relates_to: str | None) -> WsdMessage | None:
    match _local(content):
        case "ProbeMatches" | "ResolveMatches":
            matches = [e for e in content if _local(e) in ("ProbeMatch", "ResolveMatch")]
            return WsdMessage(Kind.MATCHES, relates_to, tuple(_announcement(e) for e in matches[:MAX_MATCHES]))
        case "ProbeMatch":  # firmware that forgets the wrapper
            return WsdMessage(Kind.MATCHES, relates_to, (_announcement(content),))
        case "Hello":
            return WsdMessage(Kind.HELLO, relates_to, (_announcement(content),))
        case "Bye":
            return WsdMessage(Kind.BYE, relates_to, (_announcement(content),))
        case "Probe":
            return WsdMessage(Kind.PROBE, relates_to, ())
        case "Fault":
            return WsdMessage(Kind.FAULT, relates_to, ())
    return None


def _announcement(element: etree._Element) -> Announcement:
    endpoint, types, scopes, xaddrs = None, [], [], []
    for part in element.iter():
        match _local(part):
            case "Address" if endpoint is None:
                endpoint = _text(part) or None
            case "Types":
                types += [_qualified(word, part) for word in _words(part)]
            case "Scopes":
                scopes += _words(part)
            case "XAddrs":
                xaddrs += _words(part)
    return Announcement(
        endpoint, tuple(types[:MAX_LIST_ITEMS]), tuple(scopes[:MAX_LIST_ITEMS]), tuple(xaddrs[:MAX_LIST_ITEMS])
    )


def _qualified(word: str, element: etree._Element) -> tuple[str, str]:
    prefix, colon, local = word.rpartition(":")
    if not colon:
        return element.nsmap.get(None) or "", word
    return element.nsmap.get(prefix) or prefix, local


def _words(element: etree._Element) -> list[str]:
    return [word for word in _text(element, MAX_DATAGRAM_BYTES).split() if len(word) <= MAX_ITEM_CHARS]


def _text(element: etree._Element, limit: int = MAX_ITEM_CHARS) -> str:
    return "".join(str(text) for text in element.itertext())[:limit].strip()


def _local(element: etree._Element) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return ""  # a comment or a processing instruction
    return tag.rpartition("}")[2].rpartition(":")[2]


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if _local(child) == name]
