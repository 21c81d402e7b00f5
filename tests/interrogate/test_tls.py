"""TLS as cameras speak it: self-signed, https only, old ciphers; recorded, never trusted, never left for
clear text."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.model.device import DeviceClock, DeviceFacts, DeviceTarget, TlsFacts
from camagent.model.fault import FaultCode
from camagent.platform.system_clock import SystemClock
from camagent.wire.certificates import certificate_facts, is_legacy
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Transcript
from tests.floor import judged, not_vacuous
from tests.interrogate.fake_device import LOGIN, PLAIN, FakeDevice, serving
from tests.interrogate.test_interview import FAST

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEYS: dict[str, Callable[[], object]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


def certificate(kind: str, subject: str = "IP Camera") -> tuple[bytes, bytes, bytes]:
    """PEM certificate, PEM key, DER certificate."""
    key = KEYS[kind]()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .sign(key, None if kind == "ed25519" else hashes.SHA256())  # type: ignore[arg-type]
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())  # type: ignore[attr-defined]
    return made.public_bytes(pem), secret, made.public_bytes(serialization.Encoding.DER)


def server_context(folder: Path, kind: str = "rsa", old: bool = False) -> ssl.SSLContext:
    public, private, _ = certificate(kind)
    (folder / "c.pem").write_bytes(public + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    context.load_cert_chain(folder / "c.pem")
    return context


def interview(
    device: FakeDevice, context: ssl.SSLContext, options: InterviewOptions = FAST, pinned: str | None = None
) -> DeviceFacts:
    async def run() -> DeviceFacts:
        async with serving(device, ssl_context=context):
            target = replace(device.target, secure=True)
            pins = ((device.port, pinned), (device.port + 1, "ff" * 32)) if pinned is not None else ()
            doors = InterviewDoors(SystemClock(), LoginLedger(), Transcript())
            return await interrogate(target, LOGIN, replace(options, pins=pins), doors)

    return asyncio.run(run())


def test_an_https_only_device_is_read_and_its_certificate_recorded(tmp_path: Path) -> None:
    device = FakeDevice(login="digest")
    facts = interview(device, server_context(tmp_path), pinned="ab" * 32)
    assert isinstance(facts.clock, DeviceClock) and facts.login.scheme == "http-digest-md5"
    assert isinstance(facts.tls, TlsFacts)
    assert facts.tls.subject == "CN=IP Camera" and facts.tls.key_bits == 2048
    assert (
        not facts.tls.legacy and facts.tls.port == device.port and facts.tls.pinned_fingerprint == "ab" * 32
    )
    assert all(s.xaddr.startswith("https://127.0.0.1:") for s in facts.services)  # type: ignore[union-attr]  # although it stated http://


def test_old_firmware_is_read_and_reported(tmp_path: Path) -> None:
    """openvideolibs/python-onvif-zeep-async PR #46: RSA key exchange only, 1024-bit key."""
    facts = interview(FakeDevice(), server_context(tmp_path, "rsa-1024", old=True))
    assert isinstance(facts.clock, DeviceClock) and isinstance(facts.tls, TlsFacts)
    assert facts.tls.legacy and facts.tls.version == "TLSv1.2" and facts.tls.key_bits == 1024


def test_basic_over_tls_is_answered_but_not_to_a_new_or_changed_certificate(tmp_path: Path) -> None:
    context = server_context(tmp_path)
    stranger = FakeDevice(login="basic")
    first = interview(stranger, context)
    assert first.information.code is FaultCode.AUTH_WOULD_LEAK and isinstance(first.tls, TlsFacts)  # type: ignore[union-attr]
    assert not any(a.authorization for a in stranger.asked)
    again = interview(FakeDevice(login="basic"), context, pinned=first.tls.fingerprint_sha256)
    assert again.login.scheme == "http-basic"
    device = FakeDevice(login="basic")
    changed = interview(device, context, pinned="00" * 32)
    assert changed.information.code is FaultCode.AUTH_WOULD_LEAK  # type: ignore[union-attr]
    assert not any(a.authorization for a in device.asked)


def test_clear_text_behind_an_https_target_is_a_tls_fault() -> None:
    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice()
        async with serving(device):
            target = replace(device.target, secure=True)
            facts = await interrogate(target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger()))
        return device, facts

    device, facts = asyncio.run(run())
    assert facts.clock.code is FaultCode.TLS_FAILED and device.asked == []  # type: ignore[union-attr]


def test_the_https_port_of_a_device_asked_over_http_is_looked_at(tmp_path: Path) -> None:
    async def run() -> DeviceFacts:
        async with serving(FakeDevice(), ssl_context=server_context(tmp_path, "ec")) as secure:
            row = (
                "<tds:NetworkProtocols><tt:Name>HTTPS</tt:Name><tt:Enabled>true</tt:Enabled>"
                f"<tt:Port>{secure.port}</tt:Port></tds:NetworkProtocols></tds:GetNetworkProtocolsResponse>"
            )
            protocols = PLAIN["GetNetworkProtocols"].replace("</tds:GetNetworkProtocolsResponse>", row)
            async with serving(FakeDevice(answers={"GetNetworkProtocols": protocols})) as device:
                return await interrogate(
                    device.target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger())
                )

    facts = asyncio.run(run())
    assert isinstance(facts.tls, TlsFacts) and (facts.tls.key_kind, facts.tls.key_bits) == ("ec", 256)


def test_an_https_port_that_is_stated_but_closed_is_a_fault() -> None:
    row = "<tt:Name>HTTPS</tt:Name><tt:Enabled>true</tt:Enabled><tt:Port>9</tt:Port>"
    protocols = PLAIN["GetNetworkProtocols"].replace(
        "<tt:Name>RTSP</tt:Name><tt:Enabled>true</tt:Enabled><tt:Port>8554</tt:Port>", row
    )

    async def run() -> DeviceFacts:
        async with serving(FakeDevice(answers={"GetNetworkProtocols": protocols})) as device:
            return await interrogate(device.target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger()))

    assert asyncio.run(run()).tls.code is FaultCode.REFUSED  # type: ignore[union-attr]


def test_ports_are_tried_once_each_and_told_apart() -> None:
    async def run() -> tuple[DeviceFacts, int]:
        tried_ports = 0

        def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal tried_ports
            tried_ports += 1
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with serving(FakeDevice()) as device:
            options = replace(FAST, check_ports=(port, 9, port))
            facts = await interrogate(
                device.target, LOGIN, options, InterviewDoors(SystemClock(), LoginLedger())
            )
        server.close()
        assert facts.ports.open == (port,)  # type: ignore[union-attr]
        return facts, tried_ports

    facts, tried_ports = asyncio.run(run())
    assert tried_ports == 1 and facts.ports.closed == (9,) and facts.ports.silent == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 2048), ("ec", 256), ("ed25519", 256)])
def test_certificates_of_every_kind_are_described(kind: str, bits: int) -> None:
    facts = certificate_facts(certificate(kind)[2], 443, ("TLSv1.3", "TLS_AES_256_GCM_SHA384", False))
    assert isinstance(facts, TlsFacts) and (facts.key_kind, facts.key_bits) == (kind, bits)
    assert facts.not_after == NOW + timedelta(days=3650) and len(facts.fingerprint_sha256) == 64
    assert facts.signature_hash == (None if kind == "ed25519" else "sha256")


@pytest.mark.parametrize(
    ("version", "cipher", "key", "legacy"),
    [
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384", ("rsa", 2048), False),
        ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", ("rsa", 2048), False),
        ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA256", ("ec", 256), False),
        ("TLSv1.2", "AES128-GCM-SHA256", ("rsa", 2048), True),
        ("TLSv1.2", "AES128-SHA", ("rsa", 2048), True),
        ("TLSv1.2", "ECDHE-RSA-AES128-SHA", ("rsa", 2048), True),
        ("TLSv1.2", "ECDHE-RSA-DES-CBC3-SHA", ("rsa", 2048), True),
        ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", ("rsa", 1024), True),
        ("TLSv1.1", "ECDHE-RSA-AES256-SHA384", ("rsa", 2048), True),
    ],
)
def test_what_is_old_is_judged_by_what_was_negotiated(
    version: str, cipher: str, key: tuple[str, int], legacy: bool
) -> None:
    assert is_legacy(version, cipher, key) is legacy


def test_a_long_or_unprintable_subject_is_bounded() -> None:
    facts = certificate_facts(
        certificate("ec", "a\x00\n" * 20)[2], 443, ("TLSv1.3", "TLS_AES_256_GCM_SHA384", False)
    )
    assert isinstance(facts, TlsFacts) and facts.subject.isprintable() and len(facts.subject) <= 256


DER = certificate("ec")[2]


@not_vacuous(0.08)
@given(
    st.binary(max_size=300)
    | st.tuples(st.integers(0, len(DER) - 1), st.binary(max_size=3)).map(
        lambda change: DER[: change[0]] + change[1] + DER[change[0] + len(change[1]) :]
    )
)
def test_any_bytes_as_a_certificate_are_facts_or_a_fault(leaf: bytes) -> None:
    facts = certificate_facts(leaf, 443, ("TLSv1.2", "x", False))
    judged(isinstance(facts, TlsFacts))
    assert isinstance(facts, TlsFacts | FaultCode)


def test_a_certificate_of_an_unknown_version_is_a_malformed_reply() -> None:
    version_3, version_6 = bytes.fromhex("a003020102"), bytes.fromhex("a003020105")
    assert version_3 in DER
    odd = DER.replace(version_3, version_6, 1)
    assert certificate_facts(odd, 443, ("TLSv1.2", "x", False)) is FaultCode.MALFORMED_REPLY


def test_the_ladder_asks_443_in_tls() -> None:
    from camagent.interrogate.service_urls import candidate_urls

    assert candidate_urls(DeviceTarget("10.0.0.5"), (80, 8000, 443)) == (
        "http://10.0.0.5/onvif/device_service",
        "http://10.0.0.5:8000/onvif/device_service",
        "https://10.0.0.5/onvif/device_service",
    )
    assert candidate_urls(DeviceTarget("fe80::1", 80), ())[0] == "http://[fe80::1]/onvif/device_service"
