"""What a device's certificate says. Pure; the only importer of cryptography here."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode
from camagent.model.printable import printable

MIN_KEY_BITS = 2048  # of RSA and DSA keys: NIST SP 800-131A
MAX_SUBJECT_CHARS = 256  # a distinguished name; bounds what ends up in a report


def certificate_facts(leaf: bytes, port: int, session: tuple[str, str, bool]) -> TlsFacts | FaultCode:
    """What a DER certificate says; `session` is (version, cipher, whether it took the old manner to get
    there)."""
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        kind, bits = _key(certificate)
        public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        subject = certificate.subject.rfc4514_string()[:MAX_SUBJECT_CHARS]
        self_signed = certificate.issuer == certificate.subject
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, TypeError, x509.InvalidVersion):
        return FaultCode.MALFORMED_REPLY
    return TlsFacts(
        port=port,
        version=session[0],
        cipher=session[1],
        legacy=session[2] or is_legacy(session[0], session[1], (kind, bits)),
        fingerprint_sha256=hashlib.sha256(leaf).hexdigest(),
        subject=printable(subject),
        not_before=not_before,
        not_after=not_after,
        key_kind=kind,
        key_bits=bits,
        self_signed=self_signed,
        signature_hash=_signature_hash(certificate),
        key_sha256=hashlib.sha256(public_key).hexdigest(),
    )


def is_legacy(version: str, cipher: str, key: tuple[str, int]) -> bool:
    """What current clients refuse: before TLS 1.2, RSA key exchange, SHA-1, RC4 or DES, keys under 2048 bits.

    Judged by what was negotiated, because what a machine's OpenSSL lets through is its own policy.
    """
    ephemeral = version == "TLSv1.3" or cipher.startswith(("ECDHE-", "DHE-", "TLS_"))
    weak_cipher = cipher.endswith("-SHA") or any(
        word in cipher for word in ("RC4", "DES", "MD5", "NULL", "EXP")
    )
    weak_key = key[0] in ("rsa", "dsa") and key[1] < MIN_KEY_BITS
    return version not in ("TLSv1.2", "TLSv1.3") or not ephemeral or weak_cipher or weak_key


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "dsa", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    return ("ed448", 456) if isinstance(key, ed448.Ed448PublicKey) else ("other", 0)


def _signature_hash(certificate: x509.Certificate) -> str | None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm is not None else None
