"""Against GStreamer's RTSP server: three codecs, both transports, Digest and TLS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from camagent.model.fault import Fault, FaultCode
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamAccess, TransportChoice
from camagent.model.uri import StreamUri
from camagent.observe.rtsp.client import StepLimits
from camagent.wire.login_ledger import LoginLedger
from tests.observe.wire.watching import CREDENTIAL, KeepingJudge, doors, greet, measured, watch, watch_now
from tests.peers.launch import GstOrder, gst_server, missing_peer

MISSING = missing_peer("gst")
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
GENTLE = StepLimits()  # GStreamer builds its pipeline before it answers DESCRIBE

CLIPS = {
    "main_1080p_h264": ("h264", 1920, 1080, 25.0),
    "main_4mp_h265": ("h265", 2560, 1440, 25.0),
    "old_720p_mjpeg": ("mjpeg", 1280, 720, 12.0),
}


@contextmanager
def gst_stream(clip: str, **order: Any) -> Iterator[StreamUri]:
    with gst_server(GstOrder({"/stream": clip}, **order)) as port:
        yield StreamUri("rtsps" if order.get("certificate") else "rtsp", "127.0.0.1", port, "/stream")


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "camera.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("transport", [TransportChoice.TCP, TransportChoice.UDP])
@pytest.mark.parametrize("clip", CLIPS)
def test_five_seconds_of_every_codec_and_transport(clip: str, transport: TransportChoice) -> None:
    is_measured(clip, transport, 5.0)


@pytest.mark.parametrize("clip", CLIPS)
def test_every_codec_is_measured(clip: str) -> None:
    is_measured(clip, TransportChoice.UDP if clip == "main_4mp_h265" else TransportChoice.TCP, 2.6)


def is_measured(clip: str, transport: TransportChoice, window_s: float) -> None:
    codec, width, height, rate = CLIPS[clip]
    judge = KeepingJudge()
    with gst_stream(clip) as uri:
        facts = watch_now(
            uri,
            window_s=window_s,
            budget_s=25.0,
            transport=transport,
            limits=GENTLE,
            door=doors(pictures=judge),
        )
    figures = measured(facts)
    assert (figures.codec, figures.width_px, figures.height_px, figures.transport) == (
        codec,
        width,
        height,
        transport.value,
    )
    assert figures.frame_rate_hz == pytest.approx(rate, rel=0.01)
    assert figures.arrival_frame_rate_hz == pytest.approx(rate, rel=0.05)
    assert figures.rtp_lost_packets == 0 and figures.rtp_duplicate_packets == 0 and figures.limits == ()
    assert figures.gop_length_frames == (1 if codec == "mjpeg" else 50)
    assert [kind for kind, _ in judge.pictures] == [codec, codec]
    assert facts.access is not None and facts.access.anonymous is True
    if window_s >= 5.0:  # GStreamer reports every five seconds or sooner
        assert figures.sender_clock_offset_s is not None and abs(figures.sender_clock_offset_s) < 1.0


def test_auto_takes_udp_where_tcp_is_refused() -> None:
    with gst_stream("main_1080p_h265", protocols="udp") as uri:
        facts = watch_now(uri, window_s=2.0, limits=GENTLE)
    figures = measured(facts)
    assert figures.transport == "udp" and figures.frame_rate_hz == pytest.approx(25.0, rel=0.01)
    assert [fault.status for fault in facts.faults] == [461]


def test_digest_lets_us_in() -> None:
    with gst_stream("sub_360p_h264", user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal()) as uri:
        facts = watch_now(uri, CREDENTIAL, window_s=1.0, limits=GENTLE)
    assert measured(facts).frame_rate_hz == pytest.approx(15.0, rel=0.01)
    assert facts.access is not None
    assert (facts.access.anonymous, facts.access.used) == (False, "digest-md5")


def test_a_wrong_password_is_tried_once() -> None:
    async def twice(uri):  # type: ignore[no-untyped-def]
        ledger = LoginLedger()
        wrong = Credential(CREDENTIAL.user, Secret("hunter2"))
        first = await watch(uri, wrong, doors(ledger=ledger), limits=GENTLE)
        second = await watch(uri, wrong, doors(ledger=ledger), limits=GENTLE)
        return first, second, ledger.why_not(uri.host, wrong) is None

    with gst_stream("sub_360p_h264", user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal()) as uri:
        first, second, allowed = asyncio.run(twice(uri))  # type: ignore[no-untyped-call]
    assert isinstance(first.measured, Fault) and first.measured.code is FaultCode.AUTH_REJECTED
    assert isinstance(second.measured, Fault) and second.measured.code is FaultCode.AUTH_REJECTED
    assert not allowed


def test_nobody_is_let_in_without_a_login() -> None:
    with gst_stream("sub_360p_h264", user=CREDENTIAL.user, password=CREDENTIAL.secret.reveal()) as uri:
        facts = watch_now(uri, limits=GENTLE)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.AUTH_REQUIRED
    assert (
        facts.access is not None
        and facts.access.anonymous is False
        and facts.access.offered == ("digest-md5",)
    )


def test_tls_is_spoken_and_the_certificate_recorded(tmp_path: Path) -> None:
    path = certificate(tmp_path)
    with gst_stream("main_1080p_h264", certificate=path) as uri:
        facts = watch_now(uri, window_s=1.0, limits=GENTLE)
        access = asyncio.run(greet(uri, limits=GENTLE))
    loaded = ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----END PRIVATE KEY-----")[2].strip())
    digest = hashes.Hash(hashes.SHA256())
    digest.update(loaded)
    assert measured(facts).frame_rate_hz == pytest.approx(25.0, rel=0.01)
    assert isinstance(access, StreamAccess) and access.encrypted
    assert access.tls_fingerprint_sha256 == digest.finalize().hex()
