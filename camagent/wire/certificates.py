"""What a device's certificate says. Pure."""

from __future__ import annotations

import hashlib

from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode
from camagent.model.printable import printable
from camagent.wire.der import read_certificate

MIN_KEY_BITS = 2048  # of RSA and DSA keys: NIST SP 800-131A
MAX_SUBJECT_CHARS = 256  # a distinguished name; bounds what ends up in a report


def certificate_facts(leaf: bytes, port: int, session: tuple[str, str, bool]) -> TlsFacts | FaultCode:
    """What a DER certificate says; `session` is (version, cipher, whether it took the old manner to get
    there)."""
    try:
        certificate = read_certificate(leaf)
    except (ValueError, IndexError, StopIteration, OverflowError):  # bytes of a stranger: no certificate
        return FaultCode.MALFORMED_REPLY
    key = certificate.key_kind, certificate.key_bits
    return TlsFacts(
        port=port,
        version=session[0],
        cipher=session[1],
        legacy=session[2] or is_legacy(session[0], session[1], key),
        fingerprint_sha256=hashlib.sha256(leaf).hexdigest(),
        subject=printable(certificate.subject[:MAX_SUBJECT_CHARS]),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        key_kind=certificate.key_kind,
        key_bits=certificate.key_bits,
        signature_hash=certificate.signature_hash,
        key_sha256=hashlib.sha256(certificate.public_key).hexdigest(),
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
