"""TLS as cameras speak it: contexts and one handshake.

Certificates are recorded, never trusted: cameras sign their own. Nothing is sent through a connection opened
here.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from functools import lru_cache

from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode
from camagent.wire.certificates import certificate_facts

_OP_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python names only from 3.12 on

# Said here and not left to the machine, whose own policy differs (Debian's OpenSSL allows more than Python's
# default).
_CURRENT_CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"


@lru_cache(maxsize=2)
def device_context(legacy: bool = False) -> ssl.SSLContext:
    """A context that accepts any certificate; `legacy` also speaks TLS 1.0 and the ciphers of old firmware.

    Shared by all devices: building one costs milliseconds, and it holds no session of any of them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the CA list, which takes 25 ms to load
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CURRENT_CIPHERS)
    context.options &= ~_OP_LEGACY_SERVER_CONNECT
    if legacy:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
        context.options |= _OP_LEGACY_SERVER_CONNECT
    return context


async def fetch_tls_facts(host: str, port: int, timeout_s: float) -> TlsFacts | FaultCode:
    """One handshake, and a second one with legacy TLS where the first is refused."""
    facts = await _shake(host, port, legacy=False, timeout_s=timeout_s)
    if facts is FaultCode.TLS_FAILED:
        return await _shake(host, port, legacy=True, timeout_s=timeout_s)
    return facts


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


def peer_fingerprint(connection: ssl.SSLObject) -> str | None:
    """SHA-256 of the peer's certificate, lower-case hex; None where it showed none."""
    certificate = connection.getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else None
