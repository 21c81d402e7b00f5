"""Self-signed certificates of simulated devices, made in memory; each device has the same at every start.

A real camera keeps its certificate. Whoever scans the simulator, stops it and has it show something else
(`--show`) would otherwise be told, rightly, that another device answers now. The keys are secret from nobody:
they guard a simulated camera on loopback.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

MADE_AT = datetime(2025, 1, 1, tzinfo=UTC)
VALID_DAYS = 3650  # as firmware does: nobody renews a camera's certificate


def self_signed_context(address: str, serial: str = "") -> ssl.SSLContext:
    """A server context with a key and certificate of the device's own, as each camera should have."""
    number = int.from_bytes(hashlib.sha256(f"camagent simulator {serial} {address}".encode()).digest())
    # half of it lies below the order of the curve
    key = ec.derive_private_key(number >> 1, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number >> 97)
        .not_valid_before(MADE_AT)
        .not_valid_after(MADE_AT + timedelta(days=VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .sign(key, SHA256(), ecdsa_deterministic=True)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(
        Encoding.PEM
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads keys from files only
        file = Path(folder) / "device.pem"
        file.write_bytes(pem)
        context.load_cert_chain(file)
    return context
