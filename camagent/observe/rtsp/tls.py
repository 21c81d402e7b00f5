"""TLS towards cameras: their certificates are self-signed, so nothing is verified and everything is recorded. Pure."""

from __future__ import annotations

import hashlib
import ssl


def camera_context(legacy: bool = False) -> ssl.SSLContext:
    """A client context that accepts any certificate.

    `legacy`: also TLS 1.0, short keys and renegotiation without RFC 5746, for firmware that knows nothing newer; used
    as second try only.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1 if legacy else ssl.TLSVersion.TLSv1_2
    if legacy:
        context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    return context


def fingerprint_sha256(connection: ssl.SSLObject) -> str | None:
    """Lower-case hex of the peer's certificate; None where it showed none."""
    certificate = connection.getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else None
