"""SOAP 1.2 as a camera speaks it: requests to values, replies to text. Pure; knows no operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from camagent.model.onvif import (
    DEVICE_NS,
    ERROR_NS,
    IMAGING_NS,
    MEDIA1_NS,
    MEDIA2_NS,
    RECORDING_NS,
    REPLAY_NS,
    SCHEMA_NS,
    SEARCH_NS,
    SOAP_NS,
)

NAMESPACES = {
    "s": SOAP_NS,
    "ter": ERROR_NS,
    "tt": SCHEMA_NS,
    "tds": DEVICE_NS,
    "trt": MEDIA1_NS,
    "tr2": MEDIA2_NS,
    "timg": IMAGING_NS,
    "trc": RECORDING_NS,
    "tse": SEARCH_NS,
    "trp": REPLAY_NS,
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "tns1": "http://www.onvif.org/ver10/topics",
}
MAX_REQUEST_BYTES = 65_536  # no request of a client comes near
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{namespace}"' for prefix, namespace in NAMESPACES.items())


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """WS-Security UsernameToken (digest form) as it was sent."""

    user: str
    digest: str
    nonce: str
    created: str


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """One operation and the texts of its elements by local name."""

    namespace: str
    operation: str
    arguments: dict[str, list[str]] = field(default_factory=dict)
    token: UsernameToken | None = None
    attributes: dict[str, list[str]] = field(default_factory=dict)
    """The texts of the elements' attributes by local name."""

    def attribute(self, name: str) -> str | None:
        """The first value of that attribute."""
        values = self.attributes.get(name)
        return values[0] if values else None

    def argument(self, name: str) -> str | None:
        """The first value of that element."""
        values = self.arguments.get(name)
        return values[0] if values else None


class NotSoap(Exception):
    """The request is no SOAP envelope."""


def parse_soap_request(body: bytes) -> SoapRequest:
    """Operation, arguments and log-in of one request.

    Raises: NotSoap.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NotSoap(str(error)) from error
    operations = root.xpath("/*[local-name()='Envelope']/*[local-name()='Body']/*")
    if not operations:
        raise NotSoap("no operation in the body")
    name = etree.QName(operations[0])
    arguments: dict[str, list[str]] = {}
    attributes: dict[str, list[str]] = {}
    for element in operations[0].iterdescendants(etree.Element):
        arguments.setdefault(etree.QName(element).localname, []).append((element.text or "").strip())
        for key, value in element.attrib.items():
            attributes.setdefault(etree.QName(str(key)).localname, []).append(str(value).strip())
    return SoapRequest(name.namespace or "", name.localname, arguments, _username_token(root), attributes)


def envelope(body: str) -> str:
    """A reply with all prefixes declared, as most firmware writes it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope {_DECLARATIONS}><s:Body>{body}</s:Body>'
        "</s:Envelope>"
    )


def fault(subcodes: tuple[str, ...], reason: str, *, by_sender: bool = True) -> str:
    """A SOAP 1.2 fault with nested subcodes, the outermost first."""
    inner = ""
    for subcode in reversed(subcodes):
        inner = f"<s:Subcode><s:Value>{subcode}</s:Value>{inner}</s:Subcode>"
    code = f"<s:Code><s:Value>s:{'Sender' if by_sender else 'Receiver'}</s:Value>{inner}</s:Code>"
    return envelope(
        f'<s:Fault>{code}<s:Reason><s:Text xml:lang="en">{text(reason)}</s:Text></s:Reason></s:Fault>'
    )


def text(value: object) -> str:
    """A value as element content or attribute value."""
    return escape(str(value), {'"': "&quot;"})


def element(name: str, *content: str, **attributes: object) -> str:
    """One element; content is XML already."""
    listed = "".join(f' {key}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{listed}>{''.join(content)}</{name}>"


def leaf(name: str, value: object) -> str:
    """One element with a text."""
    return f"<{name}>{text(value)}</{name}>"


def span(name: str, low: object, high: object) -> str:
    """An IntRange or FloatRange."""
    return element(name, leaf("tt:Min", low), leaf("tt:Max", high))


def size(name: str, width_px: int, height_px: int) -> str:
    """A VideoResolution."""
    return element(name, leaf("tt:Width", width_px), leaf("tt:Height", height_px))


def _username_token(root: etree._Element) -> UsernameToken | None:
    tokens = root.xpath("//*[local-name()='Header']//*[local-name()='UsernameToken']")
    if not tokens:
        return None
    leaves = {
        etree.QName(child).localname: (child.text or "").strip()
        for child in tokens[0].iterchildren(etree.Element)
    }
    return UsernameToken(*(leaves.get(name, "") for name in ("Username", "Password", "Nonce", "Created")))
