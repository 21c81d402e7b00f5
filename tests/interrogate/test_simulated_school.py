"""Every camera of the simulated school is read as its specification says."""

from __future__ import annotations

import asyncio

import pytest

from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.model.device import DeviceClock, DeviceFacts, DeviceTarget, MediaFacts, TlsFacts
from camagent.model.fault import FaultCode
from camagent.model.secret import Credential, Secret
from camagent.platform.system_clock import SystemClock
from camagent.simulator.default_school import USER
from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.test_interview import FAST
from tests.simulator.schools import PASSWORD, in_school, own_school


@pytest.fixture(scope="module")
def read() -> list[tuple[SimulatedCamera, DeviceFacts]]:
    login = Credential(USER, Secret(PASSWORD))

    async def interview(school: SimulatedSchool) -> list[tuple[SimulatedCamera, DeviceFacts]]:
        doors = InterviewDoors(SystemClock(), LoginLedger())
        targets = [DeviceTarget(camera.address, camera.http_port) for camera in school.cameras]
        facts = await asyncio.gather(*(interrogate(target, login, FAST, doors) for target in targets))
        return list(zip(school.cameras, facts, strict=True))

    return in_school(own_school(12), interview)


def test_the_dead_camera_is_absent_and_the_others_are_not(
    read: list[tuple[SimulatedCamera, DeviceFacts]],
) -> None:
    for camera, facts in read:
        assert isinstance(facts.clock, DeviceClock) is camera.alive
        if not camera.alive:
            assert facts.clock.code in (FaultCode.REFUSED, FaultCode.UNREACHABLE, FaultCode.TIMEOUT)  # type: ignore[union-attr]


def test_identity_clock_and_streams_are_those_of_the_specification(
    read: list[tuple[SimulatedCamera, DeviceFacts]],
) -> None:
    for camera, facts in (pair for pair in read if pair[0].alive):
        assert (facts.information.serial, facts.information.model) == (camera.serial, camera.model)  # type: ignore[union-attr]
        assert facts.network.macs == (camera.mac,) and facts.network.ntp_servers == camera.ntp_servers  # type: ignore[union-attr]
        dns = (camera.dns_servers, False) if camera.ntp_servers else (None, None)
        assert (facts.network.dns_servers, facts.network.dns_from_dhcp) == dns  # type: ignore[union-attr]
        assert facts.network.subnets == ("127.0.0.0/8",)  # type: ignore[union-attr]
        assert abs(facts.clock.offset_s - camera.clock_offset_s) < 1.5  # type: ignore[operator, union-attr]
        assert isinstance(facts.media, MediaFacts)
        rows = [
            (p.token, p.encoder.codec, p.encoder.width_px, p.encoder.frame_rate_hz)  # type: ignore[union-attr]
            for p in facts.media.profiles
        ]
        claims = [(s.token, s.claim) for s in camera.streams]
        assert rows == [(token, c.codec, c.width_px, c.frame_rate_hz) for token, c in claims]
        assert all(str(p.stream_uri).startswith(f"rtsp://{camera.address}:") for p in facts.media.profiles)
        assert facts.faults == ()


def test_only_the_open_camera_is_reported_open(read: list[tuple[SimulatedCamera, DeviceFacts]]) -> None:
    alive = [pair for pair in read if pair[0].alive]
    opened = [camera.door.open_to_anyone for camera, _ in alive]
    assert [bool(facts.anonymous.answered) for _, facts in alive] == opened and opened.count(True) == 1  # type: ignore[union-attr]


def test_stated_https_ports_are_looked_at(read: list[tuple[SimulatedCamera, DeviceFacts]]) -> None:
    for camera, facts in (pair for pair in read if pair[0].alive):
        assert isinstance(facts.tls, TlsFacts) is (camera.https_port is not None)
