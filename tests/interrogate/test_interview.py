"""A whole interview with a healthy device."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.model.clock import Clock
from camagent.model.device import (
    DeviceClock,
    DeviceFacts,
    DeviceInformation,
    MediaFacts,
    NetworkFacts,
    Range,
    ServiceCapabilities,
)
from camagent.model.fault import Fault, FaultCode
from camagent.model.secret import Credential
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import (
    DEVICE,
    LOGIN,
    MEDIA1,
    MEDIA2,
    FakeDevice,
    envelope,
    serving,
    soap_fault,
)

IMAGING = "http://www.onvif.org/ver20/imaging/wsdl"
FAST = InterviewOptions(max_requests_per_s=1000.0, call_timeout_s=3.0, budget_s=15.0)


def interview(
    device: FakeDevice,
    credential: Credential | None = LOGIN,
    options: InterviewOptions = FAST,
    ledger: LoginLedger | None = None,
    clock: Clock | None = None,
) -> DeviceFacts:
    async def run() -> DeviceFacts:
        async with serving(device):
            doors = InterviewDoors(clock or SystemClock(), ledger or LoginLedger())
            return await interrogate(device.target, credential, options, doors)

    return asyncio.run(run())


def test_a_healthy_device_is_read_completely() -> None:
    facts = interview(FakeDevice())
    assert isinstance(facts.clock, DeviceClock) and facts.clock.offset_s is not None
    assert abs(facts.clock.offset_s) < 2.5 and facts.clock.utc_offset_s == 7 * 3600 and facts.clock.anonymous
    assert facts.information == DeviceInformation("Acme", "C-4", "1.2.3", "AC00017")
    assert isinstance(facts.network, NetworkFacts)
    assert facts.network.macs == ("00:1b:c5:0a:0b:0c",) and facts.network.link_duplex == "Full"
    assert facts.network.ntp_servers == ("192.0.2.1",)
    assert facts.scopes == ("onvif://www.onvif.org/Profile/T",)
    assert not isinstance(facts.users, type(None)) and facts.login.scheme == "wsse-device-time"
    assert facts.anonymous is not None and facts.anonymous.answered == ()  # type: ignore[union-attr]
    assert facts.faults == () and facts.recovered == ()


def test_media_is_read_with_menus_and_pinned_streams() -> None:
    facts = interview(FakeDevice())
    assert isinstance(facts.media, MediaFacts) and facts.media.service == "media2"
    main, sub = facts.media.profiles
    assert main.encoder is not None and main.encoder.codec == "h265"  # type: ignore[union-attr]
    assert main.encoder.bitrate_bps == 4_096_000 and main.encoder.frame_rate_hz == 25.0  # type: ignore[union-attr]
    assert main.options[0].frame_rates_hz == (25.0, 20.0, 15.0, 10.0)  # type: ignore[index]
    assert main.options[0].bitrate_range_bps == Range(32_000.0, 16_384_000.0)  # type: ignore[index]
    assert str(main.stream_uri) == "rtsp://127.0.0.1:8554/P1?a=1&b=2"
    assert sub.video_source == "VS1" and sub.video_source_name == "n-VS1"


def test_what_it_says_that_it_can_do_is_asked_before_any_login_and_read() -> None:
    device = FakeDevice()
    facts = interview(device)
    assert facts.capabilities == ServiceCapabilities(True, ("MD5", "SHA-256"), ("TLSv1.1", "TLSv1.2"), True)
    asked = [a for a in device.asked if a.operation == "GetServiceCapabilities"]
    assert len(asked) == 2 and not any(a.wsse or a.authorization for a in asked)


def test_a_device_that_does_not_say_what_it_can_do_leaves_it_unknown() -> None:
    silent = envelope(
        "<tds:GetServiceCapabilitiesResponse><tds:Capabilities/></tds:GetServiceCapabilitiesResponse>"
    )
    assert (
        interview(FakeDevice(answers={"GetServiceCapabilities": silent})).capabilities
        == ServiceCapabilities()
    )
    missing = soap_fault("ActionNotSupported", "Optional Action Not Implemented")
    refusing = interview(FakeDevice(answers={"GetServiceCapabilities": missing})).capabilities
    assert isinstance(refusing, Fault) and refusing.code is FaultCode.UNSUPPORTED


@pytest.mark.parametrize("operation", ["GetHostname", "GetDiscoveryMode", "GetImagingSettings"])
def test_nothing_is_asked_that_nobody_reads(operation: str) -> None:
    device = FakeDevice(services=(DEVICE, MEDIA1, MEDIA2, IMAGING))
    interview(device)
    assert device.count(operation) == 0


def test_nothing_is_ever_written_to_a_device() -> None:
    device = FakeDevice()
    interview(device)
    assert all(operation.startswith("Get") for operation in device.operations())


def test_questions_come_without_credentials_until_one_is_refused() -> None:
    device = FakeDevice()
    interview(device)
    first = next(i for i, asked in enumerate(device.asked) if asked.wsse)
    assert device.operations()[:2] == ["GetSystemDateAndTime", "GetServices"] and first >= 4


def test_an_open_device_is_never_sent_a_password_and_is_reported_open() -> None:
    device = FakeDevice(login="none")
    facts = interview(device)
    assert not any(a.wsse or a.authorization for a in device.asked)
    assert facts.login.scheme is None
    assert facts.anonymous.answered == ("GetProfiles", "GetStreamUri", "GetDeviceInformation", "GetUsers")  # type: ignore[union-attr]


def test_requests_keep_their_distance() -> None:
    device = FakeDevice(login="none")
    waits: list[float] = []

    class Counting(SystemClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)

    async def run() -> None:
        async with serving(device):
            options = replace(FAST, max_requests_per_s=5.0, budget_s=60.0)
            await interrogate(device.target, None, options, InterviewDoors(Counting(), LoginLedger()))

    asyncio.run(run())
    assert len(waits) == len(device.asked) - 1
    assert sum(waits) > 0.5 * 0.2 * len(waits)


def test_the_full_set_of_questions_stays_small() -> None:
    """At five a second every further question keeps each device busy for 0.2 s more."""
    device = FakeDevice()
    interview(device)
    assert len(device.asked) == 20


def test_a_device_with_a_broken_media_service_is_logged_in_to_all_the_same() -> None:
    broken = soap_fault("Action", "failed")
    facts = interview(FakeDevice(answers={"GetProfiles": broken}))
    assert isinstance(facts.media, Fault) and isinstance(facts.information, DeviceInformation)
    assert facts.login.scheme == "wsse-device-time"
