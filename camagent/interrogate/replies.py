"""What an HTTP body means: an answer, a SOAP fault, or something that is not SOAP. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from camagent.model.fault import FaultCode
from camagent.wire.refusal import asks_for_login, names_lock, names_rights, names_time
from camagent.wire.xml import Node, parse_xml

MAX_FAULT_CHARS = 400  # enough to read a reason in a transcript; bounds what a device makes us keep

_AUTH_CODES = frozenset(
    ("notauthorized", "sendernotauthorized", "unauthorized", "failedauthentication", "invalidsecurity")
    + (
        "invalidsecuritytoken",
        "securitytokenunavailable",
        "failedcheck",
        "messageexpired",
        "operationprohibited",
    )
)
_UNSUPPORTED_CODES = frozenset(
    ("actionnotsupported", "notimplemented", "unknownaction", "optionalactionnotimplemented")
)
_FORM_CODES = frozenset(("versionmismatch", "messageaddressingheaderrequired", "invalidaddressingheader"))
_FORM_WORDS = re.compile(
    r"\baction\]? (header |parameter |mismatch|cannot be processed)"
    r"|version ?mismatch|content[- ]?type|media[- ]?type"
    r"|soap ?(version|1\.[12])|addressing",
    re.I,
)
_UNSUPPORTED_WORDS = re.compile(
    r"not\s+(yet\s+)?(implemented|supported|recogni[sz]ed)|unknown (action|method)", re.I
)


class Oddity(StrEnum):
    """What a body was that is not SOAP."""

    EMPTY = "empty"
    HTML = "html"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: the first element of the SOAP Body."""

    node: Node
    recovered: bool
    """It was not well-formed XML and may have lost something."""


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A SOAP 1.1 or 1.2 fault."""

    codes: tuple[str, ...]
    """Code and subcodes without prefix, as written."""
    text: str

    @property
    def refuses_login(self) -> bool:
        """It speaks of a missing or wrong log-in (or of too little privilege: devices do not tell these
        apart)."""
        return bool(_AUTH_CODES.intersection(c.lower() for c in self.codes)) or (
            not self.is_unsupported and asks_for_login(self.text)
        )

    @property
    def is_unsupported(self) -> bool:
        """The device does not have this operation."""
        codes = {c.lower() for c in self.codes}
        return bool(_UNSUPPORTED_CODES & codes) or (
            not _AUTH_CODES & codes
            and bool(_UNSUPPORTED_WORDS.search(self.text))
            and "argument" not in self.text
        )

    @property
    def names_lock(self) -> bool:
        """It counts attempts down or says that the account is locked (agsh/onvif#112)."""
        return names_lock(self.text)

    @property
    def names_time(self) -> bool:
        """It objects to the token's time, not to the password; one word about the password, and it is not
        that."""
        if "messageexpired" in (c.lower() for c in self.codes):
            return True
        return names_time(self.text)

    @property
    def misunderstands_header(self) -> bool:
        """A server without WS-Security that stumbles over its header
        (EliasKotlyar/Xiaomi-Dafang-Hacks#1641)."""
        return any("mustunderstand" in c.lower() for c in self.codes) or "mustUnderstand" in self.text

    @property
    def names_rights(self) -> bool:
        """It lets the user in and forbids the operation, by code or by words that no refused password
        gets."""
        prohibited = "operationprohibited" in (c.lower() for c in self.codes)
        return names_rights(self.text, prohibited)

    @property
    def refuses_form(self) -> bool:
        """It complains of the action or of the version of SOAP: the question itself was not looked at."""
        return any(c.lower() in _FORM_CODES for c in self.codes) or bool(_FORM_WORDS.search(self.text))

    @property
    def fault_code(self) -> FaultCode:
        """Its place in our own list; log-in faults are for the caller, who knows whether a log-in was
        sent."""
        return FaultCode.UNSUPPORTED if self.is_unsupported else FaultCode.SOAP_FAULT


def read_envelope(body: bytes) -> Reply | SoapFault | Oddity:
    """Understand one HTTP body, whatever the status and Content-Type said (faults come with 200, 400 and
    500)."""
    if not body.strip():
        return Oddity.EMPTY
    parsed = parse_xml(body)
    if parsed is None:
        return Oddity.HTML if _looks_like_html(body) else Oddity.OTHER
    root, recovered = parsed
    if root.name.lower() != "envelope":
        return Oddity.HTML if root.name.lower() == "html" or _looks_like_html(body) else Oddity.OTHER
    content = root.child("Body") or next(root.walk("Body"), None)
    first = next(content.children(), None) if content is not None else None
    if first is None:
        return Oddity.OTHER
    return read_fault(first) if first.name.lower() == "fault" else Reply(first, recovered)


def read_fault(node: Node) -> SoapFault:
    """Both SOAP versions, and devices that mix them."""
    words = [n.text for n in node.walk("Value")] + [node.value("faultcode"), node.value("faultsubcode")]
    codes = tuple(word.rpartition(":")[2][:64] for word in words if word)[:8]
    texts = [n.text for n in node.walk("Text")] + [
        node.value("faultstring"),
        node.value("Detail"),
        node.value("Reason"),
    ]
    return SoapFault(codes, " ".join(text for text in texts if text)[:MAX_FAULT_CHARS])


def oddity_fault(content: Oddity, status: int) -> FaultCode:
    """What a body without SOAP and its HTTP status mean together."""
    if status in (404, 405, 410):
        return FaultCode.NOT_FOUND
    if status == 503:
        return FaultCode.BUSY
    return FaultCode.NOT_ONVIF if content is Oddity.HTML else FaultCode.MALFORMED_REPLY


def answers(reply: Reply, operation: str) -> bool:
    """True where the element is the response of that operation; devices vary its case only."""
    return reply.node.name.lower() == f"{operation}Response".lower()


def _looks_like_html(body: bytes) -> bool:
    start = body[:512].lower()
    return b"<html" in start or b"<!doctype html" in start
