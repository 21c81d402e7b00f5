"""Interviews with ONVIF devices that we did not write: the npm `onvif` mock and an npm `soap` device with
Media2."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.model.device import (
    DeviceClock,
    DeviceFacts,
    DeviceInformation,
    DeviceTarget,
    EncoderSettings,
    MediaFacts,
)
from camagent.model.fault import FaultCode
from camagent.model.secret import Credential, Secret
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.test_interview import FAST
from tests.peers.launch import missing_peer, onvif_mock, soap_device

ROOT = Path(__file__).resolve().parent.parent.parent
LOGIN = Credential("tester", Secret("s3cret-Word"))


def ask(port: int, credential: Credential | None) -> DeviceFacts:
    doors = InterviewDoors(SystemClock(), LoginLedger())
    return asyncio.run(interrogate(DeviceTarget("127.0.0.1", port), credential, FAST, doors))


@pytest.fixture(scope="module")
def needs_soap() -> None:
    reason = missing_peer("soap_device")
    if reason is not None:
        pytest.skip(reason)


@pytest.mark.usefixtures("needs_soap")
class TestSoapDeviceWithMedia2:
    """npm soap 1.13.0 with the official WSDLs: another SOAP stack's reading of the same standard."""

    def test_it_is_read_openly(self) -> None:
        with soap_device(rtsp_port=8554, login=None) as port:
            facts = ask(port, None)
        assert isinstance(facts.clock, DeviceClock) and isinstance(facts.information, DeviceInformation)
        assert isinstance(facts.media, MediaFacts) and facts.media.service == "media2"
        encoder = facts.media.profiles[0].encoder
        assert isinstance(encoder, EncoderSettings) and encoder.codec == "h265"
        assert encoder.width_px and encoder.frame_rate_hz
        assert str(facts.media.profiles[0].stream_uri).startswith("rtsp://127.0.0.1:8554/")
        assert facts.login.scheme is None and "GetProfiles" in facts.anonymous.answered  # type: ignore[union-attr]

    def test_its_ws_security_accepts_our_token(self) -> None:
        with soap_device(rtsp_port=8554, login=(LOGIN.user, LOGIN.secret.reveal())) as port:
            facts = ask(port, LOGIN)
        assert facts.login.scheme == "wsse-device-time" and isinstance(facts.media, MediaFacts)
        assert facts.anonymous.answered == ()  # type: ignore[union-attr]

    def test_its_ws_security_refuses_a_wrong_password(self) -> None:
        with soap_device(rtsp_port=8554, login=(LOGIN.user, "another")) as port:
            facts = ask(port, LOGIN)
        assert facts.media.code is FaultCode.AUTH_REJECTED and isinstance(facts.clock, DeviceClock)  # type: ignore[union-attr]


CLIENT = """
import asyncio, json, sys
from camagent.platform.system_clock import SystemClock
from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.wire.login_ledger import LoginLedger
from camagent.model.device import DeviceTarget
options = InterviewOptions(max_requests_per_s=1000.0, call_timeout_s=3.0)
target = DeviceTarget("127.0.0.1", int(sys.argv[1]))
facts = asyncio.run(interrogate(target, None, options, InterviewDoors(SystemClock(), LoginLedger())))
profiles = getattr(facts.media, "profiles", ())
print(json.dumps({
    "clock": type(facts.clock).__name__,
    "model": getattr(facts.information, "model", None),
    "media": getattr(facts.media, "service", None),
    "codecs": [getattr(p.encoder, "codec", None) for p in profiles],
    "streams": [str(p.stream_uri) for p in profiles],
    "services": len(facts.services) if isinstance(facts.services, tuple) else 0,
    "recovered": facts.recovered,
    "faults": sorted({(f.doing, f.code.value) for f in facts.faults}),
    "anonymous": facts.anonymous.answered,
}))
"""


@pytest.fixture(scope="module")
def mock_facts() -> dict[str, object]:
    reason = missing_peer("onvif_mock")
    if reason is not None:
        pytest.skip(reason)
    with onvif_mock() as namespace:
        done = namespace.run([sys.executable, "-c", CLIENT, str(namespace.port)])
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


class TestMockOfNpmOnvif:
    """npm onvif 0.6.5: Device and Media1 fixtures, no log-in, two malformed replies and a foreign stream
    host."""

    def test_it_is_read(self, mock_facts: dict[str, Any]) -> None:
        assert mock_facts["clock"] == "DeviceClock" and mock_facts["media"] == "media1"
        assert mock_facts["model"] and mock_facts["services"] and "h264" in mock_facts["codecs"]

    def test_its_foreign_stream_host_is_pinned(self, mock_facts: dict[str, Any]) -> None:
        assert mock_facts["streams"] and all(s.startswith("rtsp://127.0.0.1") for s in mock_facts["streams"])

    def test_it_is_reported_open(self, mock_facts: dict[str, Any]) -> None:
        assert "GetProfiles" in mock_facts["anonymous"]
