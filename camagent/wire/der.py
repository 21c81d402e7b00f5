"""The few values of an X.509 certificate (RFC 5280) that reports need, read from its DER. Pure.

Nothing is trusted because of what is read here: OpenSSL did the handshake. It is read by hand because the
library for it keeps 9 MB of a service that runs for years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_ATTRIBUTES = 64  # of one name; real ones have under ten
_SEQUENCE, _SET, _INTEGER, _BITS, _OID = 0x30, 0x31, 0x02, 0x03, 0x06
_UTC_TIME, _GENERAL_TIME, _VERSION = 0x17, 0x18, 0xA0
_TEXTS = dict.fromkeys((0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A), "utf-8") | {0x1E: "utf-16-be", 0x1C: "utf-32-be"}
"""How the kinds of text are coded. Devices write UTF-8 into those that should be ASCII."""
_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_HASHES = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.10040.4.3": "sha1",
    "2.16.840.1.101.3.4.3.1": "sha224",
    "2.16.840.1.101.3.4.3.2": "sha256",
    "2.16.840.1.101.3.4.3.3": "sha384",
    "2.16.840.1.101.3.4.3.4": "sha512",
}
"""Of RSA (PKCS #1), ECDSA and DSA signatures."""
_PSS = "1.2.840.113549.1.1.10"
_PSS_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_CURVE_BITS = {
    "1.2.840.10045.3.1.1": 192,
    "1.3.132.0.33": 224,
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.10": 256,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
    "1.3.36.3.3.2.8.1.1.7": 256,
    "1.3.36.3.3.2.8.1.1.11": 384,
    "1.3.36.3.3.2.8.1.1.13": 512,
}


@dataclass(frozen=True, slots=True)
class CertificateFields:
    """What stands in one certificate."""

    subject: str
    """RFC 4514: the most specific part first."""
    not_before: datetime
    not_after: datetime
    key_kind: str
    """rsa, ec, dsa, ed25519, ed448, other."""
    key_bits: int
    """0 where it is not known."""
    public_key: bytes
    """The SubjectPublicKeyInfo as it stands."""
    signature_hash: str | None
    """None where the signature has none of its own, or one that we do not know."""


def read_certificate(der: bytes) -> CertificateFields:
    """The fields of a DER certificate. Raises: ValueError where it is none."""
    ((_, certificate),) = _whole(der, _SEQUENCE)
    parts = list(_values(certificate))
    body, algorithm = _of(parts[0], _SEQUENCE), _of(parts[1], _SEQUENCE)
    if len(parts) != 3 or parts[2][0] != _BITS:
        raise ValueError("not a certificate")
    fields = list(_values(body))
    if fields and fields[0][0] == _VERSION:
        _version(fields.pop(0)[1])
    _of(fields[0], _INTEGER)
    subject = _name(_of(fields[4], _SEQUENCE))
    begin, end = _values(_of(fields[3], _SEQUENCE))
    key_kind, key_bits = _key(_of(fields[5], _SEQUENCE))
    return CertificateFields(
        subject=_text_of(subject),
        not_before=_time(*begin),
        not_after=_time(*end),
        key_kind=key_kind,
        key_bits=key_bits,
        public_key=_encoded(_SEQUENCE, fields[5][1]),
        signature_hash=_signature_hash(algorithm),
    )


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of every value, one after the other, as DER has them."""
    at = 0
    while at < len(data):
        if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
            raise ValueError("a tag that no certificate has")
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            width = length & 0x7F
            if not 1 <= width <= 4 or at + width > len(data):
                raise ValueError("a length that DER does not have")
            length, at = int.from_bytes(data[at : at + width], "big"), at + width
            if length < 0x80 or length >> (8 * (width - 1)) == 0:
                raise ValueError("a length that DER writes shorter")
        if at + length > len(data):
            raise ValueError("a value that ends behind its end")
        yield tag, data[at : at + length]
        at += length


def _whole(data: bytes, tag: int) -> list[tuple[int, bytes]]:
    values = list(_values(data))
    if len(values) != 1:
        raise ValueError("more than one value")
    _of(values[0], tag)
    return values


def _of(value: tuple[int, bytes], tag: int) -> bytes:
    if value[0] != tag:
        raise ValueError("a value of another kind")
    return value[1]


def _version(content: bytes) -> None:
    ((_, number),) = _whole(content, _INTEGER)
    if number not in (b"\x00", b"\x01", b"\x02"):
        raise ValueError("no version of X.509")


def _encoded(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _oid(value: tuple[int, bytes]) -> str:
    content = _of(value, _OID)
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise ValueError("no object identifier")
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME and len(text) == 13:
        text = ("20" if text[:2] < "50" else "19") + text  # RFC 5280, 4.1.2.5.1
    elif tag != _GENERAL_TIME or len(text) != 15:
        raise ValueError("no time")
    if not text[:14].isdigit() or text[14] != "Z":
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


_Name = tuple[tuple[tuple[str, str], ...], ...]
"""The parts of a name in their order; each has one or more pairs of kind and text."""


def _name(content: bytes) -> _Name:
    parts = [tuple(map(_attribute, _values(_of(part, _SET)))) for part in _values(content)]
    if sum(map(len, parts)) > MAX_ATTRIBUTES or not all(parts):
        raise ValueError("no name")
    return tuple(parts)


def _attribute(value: tuple[int, bytes]) -> tuple[str, str]:
    kind, (tag, text) = _values(_of(value, _SEQUENCE))
    oid = _oid(kind)
    coding = _TEXTS.get(tag)
    return oid, text.hex() if coding is None else text.decode(coding)


def _text_of(name: _Name) -> str:
    parts = []
    for part in reversed(name):
        parts.append("+".join(f"{_NAMES.get(kind, kind)}={_escaped(text)}" for kind, text in part))
    return ",".join(parts)


def _escaped(text: str) -> str:
    """RFC 4514, 2.4."""
    safe = "".join(f"\\{sign}" if sign in '\\"+,;<>' else sign for sign in text).replace("\x00", "\\00")
    if safe[:1] in ("#", " "):
        safe = "\\" + safe
    return f"{safe[:-1]}\\ " if safe.endswith(" ") and len(text) > 1 else safe


def _key(content: bytes) -> tuple[str, int]:
    algorithm, bits = _values(content)
    kind, *parameters = _values(_of(algorithm, _SEQUENCE))
    name = _oid(kind)
    if name in ("1.2.840.113549.1.1.1", _PSS):
        ((_, numbers),) = _whole(_of(bits, _BITS)[1:], _SEQUENCE)
        return "rsa", _bit_length(next(_values(numbers)))
    if name == "1.2.840.10045.2.1":
        return "ec", _CURVE_BITS.get(_oid(parameters[0]), 0) if parameters else 0
    if name == "1.2.840.10040.4.1":
        return "dsa", _bit_length(next(_values(_of(parameters[0], _SEQUENCE)))) if parameters else 0
    return {"1.3.101.112": ("ed25519", 256), "1.3.101.113": ("ed448", 456)}.get(name, ("other", 0))


def _bit_length(value: tuple[int, bytes]) -> int:
    return int.from_bytes(_of(value, _INTEGER), "big").bit_length()


def _signature_hash(content: bytes) -> str | None:
    kind, *parameters = _values(content)
    name = _oid(kind)
    if name != _PSS:
        return _HASHES.get(name)
    for tag, inner in _values(_of(parameters[0], _SEQUENCE)) if parameters else ():
        if tag == 0xA0:
            ((_, algorithm),) = _whole(inner, _SEQUENCE)
            return _PSS_HASHES.get(_oid(next(_values(algorithm))))
    return "sha1"
