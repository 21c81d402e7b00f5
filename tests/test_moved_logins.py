"""A login goes to the door that was looked at: no redirect, other port or other certificate gets it, or a
weaker form of it, in that door's place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from camagent.cli.typed_targets import read_target
from camagent.document.write import scan_document
from camagent.model.device import DeviceFacts, DeviceTarget, TlsFacts
from camagent.model.earlier_runs import Pins, pin_place
from camagent.model.fault import FaultCode
from camagent.model.onvif import MEDIA2_NS
from camagent.model.secret import Credential, Secret
from camagent.model.stream import StreamTarget
from camagent.run.context import RunPeriod
from camagent.run.fleet import Job
from camagent.run.recognition import finish
from tests.builders import NOW
from tests.interrogate.fake_device import LOGIN, WRONG, Answer, Asked, FakeDevice, envelope, serving
from tests.interrogate.test_tls import server_context
from tests.test_safety_promises import OPTIONS, checked, logins_of
from tests.test_trust import NOBODY, order
from tests.test_weaker_login import visit


def redirecting(device: FakeDevice, asked: Asked) -> Answer:
    """A question with a login is sent on to another address of the same host."""
    if asked.path.endswith("/on") or not (asked.authorization or asked.wsse):
        return ""
    return web.Response(status=307, headers={"Location": asked.path + "/on"})


def missing(device: FakeDevice, asked: Asked) -> Answer:
    """Services stand where nobody said so: the device service's port is asked for them next."""
    is_device = asked.path == "/onvif/device_service"
    return "" if is_device or not (asked.authorization or asked.wsse) else web.Response(status=404)


@pytest.mark.parametrize("before", [redirecting, missing])
@pytest.mark.parametrize("login", ["digest", "digest-sha-256"])
@pytest.mark.parametrize("who", [LOGIN, WRONG])
def test_a_digest_login_that_is_sent_on_becomes_no_token(
    before: object, login: str, who: object, tmp_path: Path
) -> None:
    async def story() -> FakeDevice:
        device = FakeDevice(login=login, before=before)  # type: ignore[arg-type]
        async with serving(device):
            await visit(Job(device.target, who), tmp_path)  # type: ignore[arg-type]
        return device

    device = asyncio.run(story())
    assert logins_of(device) > 0 and not any(asked.wsse for asked in device.asked)


@pytest.mark.parametrize("login", ["wsse", "digest", "digest-sha-256"])
def test_a_redirect_instead_of_an_answer_is_taken_for_a_refusal(login: str, tmp_path: Path) -> None:
    async def story() -> tuple[FakeDevice, object]:
        device = FakeDevice(login=login, before=redirecting)
        async with serving(device):
            check = await visit(Job(device.target, WRONG), tmp_path)
        return device, check.device

    device, facts = asyncio.run(story())
    assert logins_of(device) == 1 and isinstance(facts, DeviceFacts)
    assert {fault.code for fault in facts.faults} >= {FaultCode.REFUSED_BY_POLICY}


@pytest.mark.parametrize("login", ["wsse", "digest"])
def test_a_login_that_was_let_in_follows_a_redirect_within_the_device(login: str, tmp_path: Path) -> None:
    def later(device: FakeDevice, asked: Asked) -> Answer:
        return redirecting(device, asked) if asked.operation == "GetUsers" else ""

    async def story() -> object:
        device = FakeDevice(login=login, before=later)
        async with serving(device):
            return (await visit(Job(device.target, LOGIN), tmp_path)).device

    facts = asyncio.run(story())
    assert isinstance(facts, DeviceFacts) and isinstance(facts.users, tuple) and facts.login.scheme


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def between(real: int, intruder: int, passed: int) -> AsyncIterator[int]:
    """Somebody in the middle: so many connections go to the device, every later one to the intruder."""
    count = 0

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        port = real if count <= passed else intruder
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def certificate_of(port: int) -> str:
    facts = (await checked([Job(DeviceTarget("127.0.0.1", port, secure=True))]))[0].device
    assert isinstance(facts, DeviceFacts) and isinstance(facts.tls, TlsFacts)
    return facts.tls.fingerprint_sha256


def test_basic_goes_through_the_very_connection_that_showed_the_certificate(tmp_path: Path) -> None:
    """Whenever the intruder steps in: also right after the handshake by which the device was known."""
    for name in ("camera", "intruder"):
        (tmp_path / name).mkdir()

    async def story() -> tuple[list[int], list[int]]:
        real, intruder = FakeDevice(login="basic"), FakeDevice(login="basic")
        to_camera, to_intruder = [], []
        async with (
            serving(real, ssl_context=server_context(tmp_path / "camera")),
            serving(intruder, ssl_context=server_context(tmp_path / "intruder")),
        ):
            pin = await certificate_of(real.port)
            for passed in range(7):
                async with between(real.port, intruder.port, passed) as port:
                    pins: Pins = ((pin_place("127.0.0.1", port), pin),)
                    real.asked.clear()
                    await checked(
                        [Job(DeviceTarget("127.0.0.1", port, secure=True), LOGIN)],
                        replace(OPTIONS, pins=pins),
                    )
                to_camera.append(logins_of(real))
                to_intruder.append(logins_of(intruder))
        return to_camera, to_intruder

    to_camera, to_intruder = asyncio.run(story())
    assert not any(to_intruder) and to_camera[0] == 0 and to_camera[-1] > 0


def test_basic_goes_to_no_other_port_that_the_pinned_device_names(tmp_path: Path) -> None:
    for name in ("camera", "other"):
        (tmp_path / name).mkdir()

    async def story() -> tuple[FakeDevice, FakeDevice]:
        camera, other = FakeDevice(login="basic"), FakeDevice(login="basic")
        async with (
            serving(camera, ssl_context=server_context(tmp_path / "camera")),
            serving(other, ssl_context=server_context(tmp_path / "other")),
        ):
            row = f"https://127.0.0.1:{other.port}/onvif/media"
            camera.answers["GetServices"] = envelope(
                f"<tds:GetServicesResponse><tds:Service><tds:Namespace>{MEDIA2_NS}</tds:Namespace>"
                f"<tds:XAddr>{row}</tds:XAddr></tds:Service></tds:GetServicesResponse>"
            )
            pins: Pins = ((pin_place("127.0.0.1", camera.port), await certificate_of(camera.port)),)
            target = replace(camera.target, secure=True)
            await checked([Job(target, LOGIN)], replace(OPTIONS, pins=pins))
        return camera, other

    camera, other = asyncio.run(story())
    assert logins_of(camera) > 0 and logins_of(other) == 0 and other.asked


PLAIN_PASSWORD = Credential(LOGIN.user, Secret("Zq7 hun/ter2:é"))
ECHOES = (quote(PLAIN_PASSWORD.secret.reveal(), safe=""), quote(PLAIN_PASSWORD.secret.reveal()))


@pytest.mark.parametrize("echo", ECHOES)
def test_a_password_that_the_device_puts_into_its_address_is_not_shown(echo: str) -> None:
    """/PW/ch1 looks like any other path, but this password is known."""

    def address(device: FakeDevice, asked: Asked) -> Answer:
        uri = f"rtsp://127.0.0.1:9/{echo}/ch1?a={echo}"
        if asked.namespace == MEDIA2_NS:
            return envelope(f"<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetStreamUriResponse>")
        inner = f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri></trt:MediaUri>"
        return envelope(f"<trt:GetStreamUriResponse>{inner}</trt:GetStreamUriResponse>")

    async def story() -> str:
        device = FakeDevice(login="none", answers={"GetStreamUri": address})
        async with serving(device):
            checks = await checked([Job(device.target, PLAIN_PASSWORD)])
        run = finish(checks, order("127.0.0.0/8", NOBODY), RunPeriod(NOW, NOW, "check", None))
        return scan_document(run.result).compact_json().decode()

    text = asyncio.run(story())
    assert "/***/ch1?a=***" in text and "ter2" not in text, text[max(0, text.find("ter2") - 200) :][:300]


def test_a_typed_address_does_not_show_the_password_that_goes_with_it() -> None:
    for typed in ("rtsp://192.0.2.1/hunter2/ch1", "rtsp://admin:hunter2@192.0.2.1/hunter2/ch1?k=hunter2"):
        job = read_target(typed, Credential("admin", Secret("hunter2")))
        assert isinstance(job.target, StreamTarget) and "hunter2" not in job.target.uri.shown + job.place
        assert "hunter2" in str(job.target.uri) and "hunter2" not in repr(job.target.uri.secret)
