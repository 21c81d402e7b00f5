"""What is read of a certificate is what a library for certificates reads of it, and no bytes raise."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.device import TlsFacts
from camagent.model.printable import printable
from camagent.wire.certificates import certificate_facts
from camagent.wire.der import CertificateFields, read_certificate
from tests.floor import judged, not_vacuous

Signing = SHA256 | SHA384 | SHA512
BEGIN = datetime(2015, 3, 4, 5, 6, 7, tzinfo=UTC)
KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 1024),
    "rsa 2047": lambda: rsa.generate_private_key(65537, 2047),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP384R1()),
    "dsa": lambda: dsa.generate_private_key(1024),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
NAMES = {
    "plain": [
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, "Hikvision"),
        (NameOID.COMMON_NAME, "cam"),
    ],
    "signs": [(NameOID.COMMON_NAME, ' #a,b+c"d\\e<f>g;h= '), (NameOID.EMAIL_ADDRESS, "a@b")],
    "hash": [(NameOID.COMMON_NAME, "#04"), (NameOID.USER_ID, "u"), (NameOID.DOMAIN_COMPONENT, "lan")],
    "vietnamese": [(NameOID.LOCALITY_NAME, "Bình Lợi"), (NameOID.STATE_OR_PROVINCE_NAME, "Hồ Chí Minh")],
    "empty": [],
    "blank": [(NameOID.COMMON_NAME, " ")],
}


@cache
def key(kind: str):  # type: ignore[no-untyped-def]
    return KEYS[kind]()


def builder(
    kind: str, subject: x509.Name, issuer: x509.Name, begin: datetime = BEGIN
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key(kind).public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=20_000))
    )


def name_of(which: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in NAMES[which]])


def signed(kind: str, subject: str = "plain", issuer: str = "plain", by: Signing | None = None) -> bytes:
    algorithm = None if kind.startswith("ed") else by or SHA256()
    made = builder(kind, name_of(subject), name_of(issuer)).sign(key(kind), algorithm)
    return made.public_bytes(Encoding.DER)


def by_library(der: bytes) -> CertificateFields:
    """The same by the library; raises what it raises."""
    read = x509.load_der_x509_certificate(der)
    public = read.public_key()
    kinds = {"RSAPublicKey": "rsa", "ECPublicKey": "ec", "DSAPublicKey": "dsa"}
    kinds |= {"Ed25519PublicKey": "ed25519", "Ed448PublicKey": "ed448"}
    bits = {"Ed25519PublicKey": 256, "Ed448PublicKey": 456}
    algorithm: HashAlgorithm | None
    try:
        algorithm = read.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    kind = type(public).__name__
    return CertificateFields(
        subject=read.subject.rfc4514_string(),
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
        key_kind=kinds.get(kind, "other"),
        key_bits=bits.get(kind, getattr(public, "key_size", 0)),
        public_key=public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        signature_hash=algorithm.name if algorithm is not None else None,
    )


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_is_read_as_the_library_reads_it(kind: str) -> None:
    der = signed(kind)
    assert read_certificate(der) == by_library(der)


@pytest.mark.parametrize("issuer", NAMES)
@pytest.mark.parametrize("subject", NAMES)
def test_names_are_written_as_the_library_writes_them(subject: str, issuer: str) -> None:
    der = signed("p256", subject, issuer)
    read = read_certificate(der)
    assert read == by_library(der)


@pytest.mark.parametrize("by", [SHA256(), SHA384(), SHA512()], ids=lambda by: by.name)
@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_the_hash_of_a_signature(kind: str, by: Signing) -> None:
    der = signed(kind, by=by)
    assert read_certificate(der).signature_hash == by.name == by_library(der).signature_hash


@pytest.mark.parametrize(
    ("kind", "sha256", "other", "name"),
    [
        ("rsa", "2a864886f70d01010b", "2a864886f70d010105", "sha1"),
        ("rsa", "2a864886f70d01010b", "2a864886f70d010104", "md5"),
        ("p256", "2a8648ce3d040302", "2a8648ce3d040301", "sha224"),
        ("rsa", "2a864886f70d01010b", "2a864886f70d010163", None),
    ],
)
def test_the_hash_of_a_signature_that_is_not_made_any_more(
    kind: str, sha256: str, other: str, name: str | None
) -> None:
    der = signed(kind).replace(bytes.fromhex(sha256), bytes.fromhex(other))
    assert read_certificate(der).signature_hash == name == by_library(der).signature_hash


@pytest.mark.parametrize("by", [SHA256(), SHA512()], ids=lambda by: by.name)
def test_the_hash_of_a_pss_signature(by: Signing) -> None:
    pss = padding.PSS(padding.MGF1(by), 20)
    made = builder("rsa 2047", name_of("plain"), name_of("plain")).sign(key("rsa 2047"), by, rsa_padding=pss)
    der = made.public_bytes(Encoding.DER)
    assert read_certificate(der) == by_library(der)
    assert read_certificate(der).signature_hash == by.name


@pytest.mark.parametrize("year", [1950, 1999, 2049, 2050, 2199])
def test_times_of_both_forms(year: int) -> None:
    made = builder("p256", name_of("plain"), name_of("plain"), datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC))
    der = made.sign(key("p256"), SHA256()).public_bytes(Encoding.DER)
    assert read_certificate(der) == by_library(der)


def test_other_kinds_of_text_and_parts_of_two() -> None:
    pair = [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "b")]
    wide = x509.NameAttribute(NameOID.LOCALITY_NAME, "Đà", _ASN1Type.BMPString)
    name = x509.Name([x509.RelativeDistinguishedName(pair), x509.RelativeDistinguishedName([wide])])
    der = builder("p256", name, name).sign(key("p256"), SHA256()).public_bytes(Encoding.DER)
    assert read_certificate(der) == by_library(der)
    assert read_certificate(der).subject == "L=Đà,CN=a+O=b"


SOUND = signed("p256")


@not_vacuous(0.04)
@given(st.integers(0, len(SOUND) - 1), st.integers(0, 255), st.integers(0, 40))
def test_damaged_bytes_are_refused_or_read_as_the_library_reads_them(
    place: int, value: int, cut: int
) -> None:
    damaged = bytearray(SOUND)
    damaged[place] = value
    der = bytes(damaged[: len(damaged) - cut] if cut < 8 else damaged)
    facts = certificate_facts(der, 443, ("TLSv1.3", "TLS_AES_128_GCM_SHA256", False))
    try:
        library = by_library(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        judged(False)
        return  # what the library refuses, we may read: OpenSSL did
    judged(True)
    assert isinstance(facts, TlsFacts)
    read = (facts.subject, facts.not_after, facts.key_bits)
    assert read == (printable(library.subject), library.not_after, library.key_bits)
    assert facts.key_sha256 == hashlib.sha256(library.public_key).hexdigest()


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    certificate_facts(data, 443, ("TLSv1.2", "x", False))
    certificate_facts(b"\x30\x82" + len(data).to_bytes(2, "big") + data, 443, ("TLSv1.2", "x", False))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\x1f\x81\x01\x00", b"\x30\x84\xff\xff\xff\xff"),
        *(
            SOUND + b"\x00",
            SOUND[:-1],
            SOUND[4:],
            b"\x30\x81\x7f" + b"\x00" * 127,
            b"\x30\x82\x00\x81" + b"\x00" * 129,
        ),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        read_certificate(data)
