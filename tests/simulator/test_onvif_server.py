"""The simulated ONVIF device: who is let in, what Media1 and Media2 say, and what it does wrong on order."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from lxml import etree

from camagent.simulator.faults import OnvifFaults
from camagent.simulator.onvif_device import PRE_AUTH, REPLIES, utc_offset
from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.simulator.schools import PASSWORD, in_school, own_school

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
PATHS = {DEVICE: "device_service", MEDIA1: "media_service", MEDIA2: "media2_service"}
Answer = tuple[int, str]


def token(
    password: str = PASSWORD, user: str = "camagent", *, skew_s: float = 0.0, nonce: bytes = b""
) -> str:
    nonce = nonce or os.urandom(16)
    created = (datetime.now(UTC) + timedelta(seconds=skew_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    coded = base64.b64encode(nonce).decode()
    return (
        f"<s:Header><Security><UsernameToken><Username>{user}</Username><Password>{digest}</Password>"
        f"<Nonce>{coded}</Nonce><Created>{created}</Created></UsernameToken></Security></s:Header>"
    )


def envelope(namespace: str, operation: str, header: str = "", content: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{header}<s:Body>'
        f'<{operation} xmlns="{namespace}">{content}</{operation}></s:Body></s:Envelope>'
    )


def ask(camera: SimulatedCamera, *questions: tuple[str, str, str, str]) -> list[Answer]:
    """The answers to (namespace, operation, header, content), in order."""

    async def act(school: SimulatedSchool) -> list[Answer]:
        true, answers = school.cameras[0], []
        base = f"http://{true.address}:{true.http_port}/onvif"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            for namespace, operation, header, content in questions:
                body = envelope(namespace, operation, header, content).encode()
                async with session.post(f"{base}/{PATHS[namespace]}", data=body) as response:
                    answers.append((response.status, await response.text()))
        return answers

    return in_school([camera], act)


def wsse_only(number: int = 0) -> SimulatedCamera:
    return replace(own_school()[number], http_digest=False)


def texts(answer: str, name: str) -> list[str]:
    return [element.text or "" for element in etree.fromstring(answer.encode()).iter(f"{{*}}{name}")]


def test_only_what_onvif_core_opens_is_answered_to_anyone() -> None:
    operations = sorted(name for prefix, name in REPLIES if prefix == "tds")
    answers = ask(wsse_only(), *((DEVICE, operation, "", "") for operation in operations))
    opened = {operation for operation, (status, _) in zip(operations, answers, strict=True) if status == 200}
    assert opened == PRE_AUTH & set(operations)
    assert all("NotAuthorized" in text for status, text in answers if status != 200)


def test_a_right_token_is_admitted_once() -> None:
    same = token(nonce=b"0123456789abcdef")
    questions = [(DEVICE, "GetDeviceInformation", header, "") for header in (same, same, token())]
    assert [status for status, _ in ask(wsse_only(), *questions)] == [200, 400, 200]


@pytest.mark.parametrize(
    "header", [token("wrong"), token(user="root"), token(skew_s=3600), token(skew_s=-3600)]
)
def test_a_wrong_password_user_or_time_is_refused(header: str) -> None:
    status, text = ask(wsse_only(), (DEVICE, "GetDeviceInformation", header, ""))[0]
    assert (status, "NotAuthorized" in text) == (400, True)


def test_a_device_with_a_wrong_clock_wants_its_own_time() -> None:
    camera = wsse_only(6)
    assert camera.clock_offset_s < -300
    questions = [(DEVICE, "GetUsers", token(skew_s=skew_s), "") for skew_s in (0.0, camera.clock_offset_s)]
    answers = ask(camera, *questions, (DEVICE, "GetSystemDateAndTime", "", ""))
    assert [status for status, _ in answers] == [400, 200, 200]
    utc, local = (
        datetime(
            *(int(texts(part, name)[0]) for name in ("Year", "Month", "Day", "Hour", "Minute", "Second"))  # type: ignore[arg-type]
        )
        for part in (
            etree.tostring(next(etree.fromstring(answers[2][1].encode()).iter(f"{{*}}{name}"))).decode()
            for name in ("UTCDateTime", "LocalDateTime")
        )
    )
    offset_s = (utc.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    assert offset_s == pytest.approx(camera.clock_offset_s, abs=5)
    assert local - utc == timedelta(hours=7)


def test_a_device_that_wants_digest_says_so_with_strong_and_weak() -> None:
    async def act(school: SimulatedSchool) -> list[str]:
        true = school.cameras[0]
        async with aiohttp.ClientSession() as session:
            body = envelope(DEVICE, "GetUsers").encode()
            async with session.post(true.service_url, data=body) as response:
                return [str(response.status), *response.headers.getall("WWW-Authenticate")]

    status, *challenges = in_school(own_school(1), act)
    assert status == "401"
    assert [challenge.rpartition("algorithm=")[2] for challenge in challenges] == ["SHA-256", "MD5"]


def test_a_locked_device_refuses_the_right_token_and_says_why() -> None:
    camera = wsse_only()
    camera = replace(camera, door=replace(camera.door, lock_after=2))
    headers = (token("no"), token("no"), token())
    answers = ask(camera, *((DEVICE, "GetUsers", header, "") for header in headers))
    assert [status for status, _ in answers] == [400, 400, 400]
    assert "locked" in answers[2][1]


def test_an_open_device_answers_everything() -> None:
    camera = own_school()[7]
    answers = ask(
        camera,
        (DEVICE, "GetUsers", "", ""),
        (MEDIA2, "GetStreamUri", "", "<ProfileToken>MainStream</ProfileToken>"),
    )
    assert [status for status, _ in answers] == [200, 200]


def test_h265_is_named_in_media2_and_left_out_or_belied_in_media1() -> None:
    camera = wsse_only()
    wanted = "<Type>VideoEncoder</Type>"
    media2 = ask(camera, (MEDIA2, "GetProfiles", token(), wanted))[0][1]
    assert texts(media2, "Encoding") == ["H265", "H264", "H265"]
    left_out = ask(camera, (MEDIA1, "GetProfiles", token(), ""))[0][1]
    assert texts(left_out, "Encoding") == ["H264"]
    belied = ask(replace(camera, media1_h265="h264"), (MEDIA1, "GetProfiles", token(), ""))[0][1]
    assert texts(belied, "Encoding") == ["H264", "H264", "H264"]


def test_media2_gives_configurations_only_of_the_types_asked() -> None:
    answers = ask(
        wsse_only(),
        (MEDIA2, "GetProfiles", token(), ""),
        (MEDIA2, "GetProfiles", token(), "<Type>VideoSource</Type>"),
        (MEDIA2, "GetProfiles", token(), "<Type>All</Type>"),
    )
    assert [(len(texts(text, "VideoSource")), len(texts(text, "VideoEncoder"))) for _, text in answers] == [
        (0, 0),
        (3, 0),
        (3, 3),
    ]


def test_options_are_one_entry_a_codec_with_their_ranges() -> None:
    content = "<ConfigurationToken>VideoEncoder_MainStream</ConfigurationToken>"
    text = ask(wsse_only(3), (MEDIA2, "GetVideoEncoderConfigurationOptions", token(), content))[0][1]
    options = list(etree.fromstring(text.encode()).iter(f"{{{MEDIA2}}}Options"))
    assert [option.findtext("{*}Encoding") for option in options] == ["H265", "H264", "JPEG"]
    assert options[0].get("FrameRatesSupported", "").split()[0] == "25"


def test_an_old_device_has_no_media2() -> None:
    camera = wsse_only(4)
    answers = ask(camera, (DEVICE, "GetServices", "", ""), (MEDIA2, "GetProfiles", token(), ""))
    assert MEDIA2 not in texts(answers[0][1], "Namespace")
    assert "ActionNotSupported" in answers[1][1]


def test_an_unknown_profile_token_is_a_fault() -> None:
    status, text = ask(wsse_only(), (MEDIA2, "GetStreamUri", token(), "<ProfileToken>x</ProfileToken>"))[0]
    assert (status, "NoProfile" in text) == (400, True)


@pytest.mark.parametrize(
    "body", [b"", b"<a>", b"<a/>", b"\xff\xfe", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
)
def test_what_is_no_soap_is_refused(body: bytes) -> None:
    async def act(school: SimulatedSchool) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(school.cameras[0].service_url, data=body) as response,
        ):
            return response.status

    assert in_school(own_school(1), act) == 400


@pytest.mark.parametrize(
    ("faults", "status", "expected"),
    [
        (OnvifFaults(http_status=503), 503, "<html>"),
        (OnvifFaults(not_onvif=True), 200, "<html>"),
        (OnvifFaults(missing=("GetServices",)), 400, "ActionNotSupported"),
        (OnvifFaults(stated_host="192.168.1.99"), 200, "http://192.168.1.99:"),
    ],
)
def test_a_fault_on_order_is_acted_out(faults: OnvifFaults, status: int, expected: str) -> None:
    answer = ask(replace(wsse_only(), faults=faults), (DEVICE, "GetServices", "", ""))[0]
    assert answer[0] == status
    assert expected in answer[1]


def test_a_truncated_reply_is_no_xml() -> None:
    text = ask(replace(wsse_only(), faults=OnvifFaults(truncated=True)), (DEVICE, "GetServices", "", ""))[0][
        1
    ]
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(text.encode())


def test_a_silent_device_never_answers_and_still_closes() -> None:
    async def act(school: SimulatedSchool) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.3)) as session:
            with pytest.raises(asyncio.TimeoutError):
                await session.post(
                    school.cameras[0].service_url, data=envelope(DEVICE, "GetServices").encode()
                )

    in_school([replace(own_school(1)[0], faults=OnvifFaults(silent=True))], act)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("ICT-7", 7.0),
        ("UTC0", 0.0),
        ("CET-1CEST", 1.0),
        ("<+07>-7", 7.0),
        ("EST5EDT", -5.0),
        ("IST-5:30", 5.5),
        ("?", 0.0),
    ],
)
def test_posix_zones_count_west_of_greenwich(zone: str, hours: float) -> None:
    assert utc_offset(zone) == timedelta(hours=hours)
