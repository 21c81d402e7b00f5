"""A view for the exporter, certificates made on the spot, and clients that behave badly in exactly one
way."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camagent.document.site_status import AgentSnapshot
from camagent.exporter.server import Exporter, ExporterOptions
from tests import builders as build
from tests.publish.samples import status


@dataclass
class View:
    """What the agent would show; tests change it."""

    value: AgentSnapshot = field(
        default_factory=lambda: AgentSnapshot(
            build.site(), build.NOW, (status(build.camera_result()),), build.profile_stamp()
        )
    )
    document: bytes | None = None
    beating: bool = True
    ready: bool = False

    def snapshot(self) -> AgentSnapshot:
        return self.value

    def result_document(self) -> bytes | None:
        return self.document

    def is_alive(self) -> bool:
        return self.beating

    def is_ready(self) -> bool:
        return self.ready


@asynccontextmanager
async def running(view: View, **changes: object) -> AsyncIterator[tuple[Exporter, int]]:
    exporter = Exporter(replace(ExporterOptions(port=0), **changes), view)  # type: ignore[arg-type]
    _, port = await exporter.open()
    try:
        yield exporter, port
    finally:
        await exporter.close()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    port: int,
    path: str = "/metrics",
    headers: dict[str, str] | None = None,
    method: str = "GET",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One plain HTTP/1.1 exchange, byte for byte ours."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        raw = await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *rest = head.decode().split("\r\n")
    pairs = (line.partition(": ") for line in rest)
    return Answer(int(status_line.split()[1]), {name.lower(): value for name, _, value in pairs}, body)


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """True once the server ended the connection."""
    try:
        while await asyncio.wait_for(reader.read(65536), 60):
            pass
    except ConnectionError:
        return True
    return True


def make_certificates(folder: Path) -> None:
    """ca.pem, server.pem/.key (127.0.0.1), client.pem/.key (SAN school-9001)."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("test CA", ca_key, None, None)
    _write(folder / "ca.pem", ca)
    for name in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, ca, ca_key)
        _write(folder / f"{name}.pem", certificate)
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName("school-9001")]
    if name == "server":
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
