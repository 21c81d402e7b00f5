"""The school as a whole: its variety, its addresses, its living and its dead."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camagent.model.finding import Action, Verdict
from camagent.model.operator_error import OperatorError
from camagent.simulator.default_school import default_school
from camagent.simulator.probe_answers import parse_probe, probe_match
from camagent.simulator.school import SimulatedSchool, open_school
from camagent.text import render
from tests.simulator.schools import in_school, own_school


def test_no_two_cameras_share_address_serial_mac_endpoint_or_name() -> None:
    cameras = default_school(500)
    for field in ("address", "serial", "mac", "endpoint", "name"):
        assert len({getattr(camera, field) for camera in cameras}) == 500, field
    assert all(camera.address.startswith("127.10.") for camera in cameras)


def test_the_first_twelve_show_the_usual_kinds_of_camera() -> None:
    cameras = default_school()
    assert {camera.expected.verdict for camera in cameras} == {Verdict.READY, Verdict.NOT_READY}
    actions = {camera.expected.action for camera in cameras}
    assert actions == {
        Action.NONE,
        Action.RECONFIGURE,
        Action.REPLACE,
        Action.FIX_PICTURE,
        Action.INVESTIGATE,
    }
    assert sum(not camera.alive for camera in cameras) == 1
    assert sum(camera.door.open_to_anyone for camera in cameras) == 1
    assert all(camera.expected.why for camera in cameras)


@pytest.mark.parametrize("number", [0, -1, 1001])
def test_a_school_has_a_bounded_number_of_cameras(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        default_school(number)


async def answers(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


def test_a_dead_camera_has_no_open_port_and_a_living_one_may_die() -> None:
    cameras = [replace(camera, alive=number == 0) for number, camera in enumerate(own_school(2))]

    async def act(school: SimulatedSchool) -> list[bool]:
        living, dead = school.running
        before = await answers(living.camera.address, living.camera.rtsp_port)
        await living.die()
        after = await answers(living.camera.address, living.camera.rtsp_port)
        return [before, after, dead.onvif is None and dead.rtsp is None]

    assert in_school(cameras, act) == [True, False, True]


def test_a_taken_port_is_named_and_nothing_stays_open() -> None:
    async def run() -> tuple[str, list[bool]]:
        async with open_school(own_school(1), discovery=False) as school:
            camera = school.cameras[0]
            other = replace(own_school(2)[1], rtsp_port=0)
            clashing = replace(camera, http_port=0, https_port=0)
            with pytest.raises(OperatorError) as refusal:
                async with open_school(
                    [replace(other, http_port=camera.http_port), clashing], discovery=False
                ):
                    pass
            still = [
                await answers(camera.address, camera.rtsp_port),
                await answers(other.address, camera.http_port),
            ]
            return render(refusal.value.problem, "en"), still

    progress, still = asyncio.run(run())
    assert "RTSP 127.10." in progress
    assert still == [True, False]


def test_two_schools_with_discovery_never_share_an_address() -> None:
    async def run() -> str:
        async with open_school(own_school(1)):
            with pytest.raises(OperatorError) as refusal:
                async with open_school(own_school(1)):
                    pass
        async with open_school(own_school(1)):
            return render(refusal.value.problem, "en")

    assert "another simulated school" in asyncio.run(run())


PROBE = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header><w:MessageID>uuid:1</w:MessageID></e:Header>'
    "<e:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></e:Body></e:Envelope>"
)


@pytest.mark.parametrize(
    ("types", "answered"),
    [("", True), ("dn:NetworkVideoTransmitter", True), ("tds:Device x:Y", True), ("wsdp:Printer", False)],
)
def test_a_camera_answers_a_probe_for_its_own_types_only(types: str, answered: bool) -> None:
    assert (parse_probe(PROBE.format(types=types).encode()) is not None) is answered


@pytest.mark.parametrize("datagram", [b"", b"lollipop", b"<a/>", PROBE.replace("Probe", "Hello").encode()])
def test_what_is_no_probe_is_not_answered(datagram: bytes) -> None:
    assert parse_probe(datagram) is None


def test_an_answer_relates_to_its_probe_and_escapes_what_it_repeats() -> None:
    answer = probe_match(default_school(1)[0], "uuid:<1>")
    assert "<a:RelatesTo>uuid:&lt;1&gt;</a:RelatesTo>" in answer
    assert "onvif://www.onvif.org/Profile/T" in answer


def test_frames_are_sent_on_time() -> None:
    async def act(school: SimulatedSchool) -> float:
        camera = school.cameras[0]
        reader, writer = await asyncio.open_connection(camera.address, camera.rtsp_port)
        url = camera.stream_url(camera.streams[0])
        setup = f"SETUP {url}/trackID=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"
        writer.write(setup.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        session = head.partition("Session: ")[2].partition(";")[0]
        writer.write(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        for _ in range(5):
            await reader.read(65_536)
        writer.close()
        return school.max_lag_s

    camera = own_school(8)[7]
    assert in_school([camera], act) < 5.0
