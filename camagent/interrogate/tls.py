"""TLS as cameras speak it: contexts, one handshake, and what the leaf certificate says.

Certificates are recorded, never trusted: cameras sign their own. Nothing is sent through a connection opened here.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode

MAX_SUBJECT_CHARS = 256  # a distinguished name; bounds what ends up in a report
_OP_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python names only from 3.12 on


@lru_cache(maxsize=2)
def device_context(legacy: bool) -> ssl.SSLContext:
    """A context that accepts any certificate; `legacy` also speaks TLS 1.0 and the ciphers of old firmware.

    Shared by all devices: building one costs milliseconds, and it holds no session of any of them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the CA list, which takes 25 ms to load
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if legacy:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
        context.options |= _OP_LEGACY_SERVER_CONNECT
    return context


async def fetch_tls_facts(host: str, port: int, allow_legacy: bool, timeout_s: float) -> TlsFacts | FaultCode:
    """One handshake, and a second one in the old manner where the first is refused and that is allowed."""
    seen = await _shake(host, port, legacy=False, timeout_s=timeout_s)
    if seen is FaultCode.TLS_FAILED and allow_legacy:
        return await _shake(host, port, legacy=True, timeout_s=timeout_s)
    return seen


async def _shake(host: str, port: int, legacy: bool, timeout_s: float) -> TlsFacts | FaultCode:
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port, ssl=device_context(legacy))
    except TimeoutError:
        return FaultCode.TIMEOUT
    except ssl.SSLError:
        return FaultCode.TLS_FAILED
    except ConnectionRefusedError:
        return FaultCode.REFUSED
    except ConnectionResetError:
        return FaultCode.TLS_FAILED
    except OSError:
        return FaultCode.UNREACHABLE
    connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
    leaf, cipher = connection.getpeercert(binary_form=True), connection.cipher()
    version = connection.version() or "unknown"
    writer.transport.abort()  # a polite TLS farewell would wait for a device that may never answer it
    if leaf is None:
        return FaultCode.TLS_FAILED
    return certificate_facts(leaf, port, (version, cipher[0] if cipher else "unknown", legacy))


def certificate_facts(leaf: bytes, port: int, session: tuple[str, str, bool]) -> TlsFacts | FaultCode:
    """What a DER certificate says; `session` is (version, cipher, legacy)."""
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        kind, bits = _key(certificate)
        subject = certificate.subject.rfc4514_string()[:MAX_SUBJECT_CHARS]
        self_signed = certificate.issuer == certificate.subject
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, TypeError):
        return FaultCode.MALFORMED_REPLY
    return TlsFacts(
        port=port,
        version=session[0],
        cipher=session[1],
        legacy=session[2],
        fingerprint_sha256=hashlib.sha256(leaf).hexdigest(),
        subject="".join(c if c.isprintable() else " " for c in subject),
        not_before=not_before,
        not_after=not_after,
        key_kind=kind,
        key_bits=bits,
        self_signed=self_signed,
        signature_hash=_signature_hash(certificate),
    )


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
