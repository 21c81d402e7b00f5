"""A mend rehearsed: another maker's client turns the screw, and the finding goes in the next check."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.simulator.schools import PASSWORD, in_school, own_school
from tests.simulator.test_third_party_clients import zeep_service

pytestmark = pytest.mark.slow
MENDED = ("TIM-NTP", "TIM-OFFSET", "IMG-CODEC", "IMG-FPS")


def broken() -> SimulatedCamera:
    """MJPEG at 12 fps alone, its clock set by hand and slow, but not so slow that WS-Security is refused."""
    upstairs = own_school(4)[3]
    return replace(upstairs, clock_offset_s=-200.0, ntp_servers=(), streams=upstairs.streams[:1])


def outcomes(camera: SimulatedCamera, folder: Path) -> dict[str, str]:
    """What `camagent check` says of each row about the camera or its main stream."""
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "camagent", "check", f"{camera.address}:{camera.http_port}"),
            *("--user", "camagent", "--password-file", str(folder / "password"), "--window", "4"),
            *("--format", "json"),
        ],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "CAMAGENT_LANG": "en"},
    )
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    (only_camera,) = document["cameras"]
    return {item["rule"]: item["outcome"] for item in only_camera["findings"] if item["stream"] != "sub"}


def mend_with_zeep(camera: SimulatedCamera) -> None:
    """Time server, clock and encoder, as a management program sets them."""
    with zeep_service(camera, "devicemgmt", PASSWORD) as device:
        server = {"Type": "DNS", "DNSname": "time.school.vn"}
        device.SetNTP({"FromDHCP": False, "NTPManual": [server]})  # type: ignore[attr-defined]
        device.SetSystemDateAndTime(  # type: ignore[attr-defined]
            {"DateTimeType": "NTP", "DaylightSavings": False, "TimeZone": {"TZ": "ICT-7"}}
        )
    with zeep_service(camera, "media", PASSWORD) as media:
        encoder = media.GetVideoEncoderConfigurations()[0]  # type: ignore[attr-defined]
        encoder.Encoding = "H264"
        encoder.Resolution = {"Width": 1920, "Height": 1080}
        encoder.RateControl = {"FrameRateLimit": 25, "EncodingInterval": 1, "BitrateLimit": 4096}
        encoder.H264 = {"GovLength": 50, "H264Profile": "High"}
        media.SetVideoEncoderConfiguration(  # type: ignore[attr-defined]
            {"Configuration": encoder, "ForcePersistence": True}
        )


def mend_with_media2(camera: SimulatedCamera) -> None:
    """The same encoder through Media2, which onvif-zeep does not speak, in plain HTTP Digest."""
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><SetVideoEncoderConfiguration '
        'xmlns="http://www.onvif.org/ver20/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema">'
        '<Configuration token="VideoEncoder_MainStream" GovLength="50" Profile="Main">'
        "<tt:Name>m</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H265</tt:Encoding>"
        "<tt:Resolution><tt:Width>2560</tt:Width><tt:Height>1440</tt:Height></tt:Resolution>"
        "<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit>"
        "</tt:RateControl><tt:Quality>4</tt:Quality></Configuration></SetVideoEncoderConfiguration>"
        "</s:Body></s:Envelope>"
    )
    with requests.Session() as session:
        session.trust_env = False
        session.auth = HTTPDigestAuth(camera.door.user, PASSWORD)
        url = f"http://{camera.address}:{camera.http_port}/onvif/media2_service"
        answer = session.post(url, data=body, headers={"Content-Type": "application/soap+xml"}, timeout=60)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("mend", [mend_with_zeep, mend_with_media2])
def test_the_finding_goes_when_another_client_has_set_it(mend: Any, tmp_path: Path) -> None:
    async def act(school: SimulatedSchool) -> tuple[dict[str, str], dict[str, str]]:
        camera = school.cameras[0]
        before = await asyncio.to_thread(outcomes, camera, tmp_path)
        await asyncio.to_thread(mend, camera)
        return before, await asyncio.to_thread(outcomes, camera, tmp_path)

    before, after = in_school([broken()], act)
    expected = MENDED if mend is mend_with_zeep else ("IMG-CODEC", "IMG-FPS")
    assert {before[rule] for rule in expected} == {"fail"}, before
    assert "fail" not in {after[rule] for rule in expected}, after
    assert after["IMG-CODEC"] in ("pass", "warn")
