"""A device that neither accepts nor refuses a login hears it twice a day, however often we are started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from camagent.interrogate.device_link import HttpRequest
from camagent.interrogate.interview import InterviewOptions
from camagent.interrogate.soap import SoapDoor
from camagent.model.device import DeviceFacts, DeviceInformation
from camagent.model.fault import FaultCode
from camagent.model.stream import MeasuredStream
from camagent.platform.system_clock import SystemClock
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job
from camagent.run.visit import DeviceCheck, Target
from camagent.store.refused_logins import open_logins
from camagent.wire.http_reply import HttpReply
from camagent.wire.login_ledger import LoginLedger
from tests.each import slow_but
from tests.interrogate.fake_device import LOGIN, FakeDevice, serving
from tests.observe.wire.camera import Asked, Camera
from tests.test_safety_promises import OPTIONS, code_of, listening, stream_of

QUICK_CALLS = InterviewOptions(max_requests_per_s=1000.0, call_timeout_s=0.3, budget_s=15.0)
SHORT: FleetOptions = replace(
    OPTIONS,
    interview=QUICK_CALLS,
    watch=replace(OPTIONS.watch, limits=replace(OPTIONS.watch.limits, reply_s=0.3)),
)
WAYS = ("silence", "garbage", "cut", "404", "503", "half")


class MuteDevice(FakeDevice):
    """Judges no login: it answers each in `way`, beginning with the first, for `times` of them."""

    way = "silence"
    times = 1_000
    tries = 0

    async def serve(self, request: web.Request) -> web.Response:
        text = (await request.read()).decode()
        if "UsernameToken" not in text and "Authorization" not in request.headers:
            return await super().serve(request)
        self.tries += 1
        if self.tries > self.times:
            return await super().serve(request)
        if self.way == "silence":
            await asyncio.sleep(0.6)
        if self.way == "cut" and request.transport is not None:
            request.transport.abort()
        if self.way.isdigit():
            return web.Response(status=int(self.way))
        return web.Response(body=b"\x00\xff" * 40 if self.way == "garbage" else b"<s:Envelope><s:Bo")


class MuteCamera(Camera):
    """The same over RTSP."""

    way = "silence"
    times = 1_000
    tries = 0

    def is_right(self, asked: Asked) -> bool:
        if not asked["authorization"]:
            return False
        self.tries += 1
        if self.tries > self.times:
            return super().is_right(asked)
        raise ConnectionResetError  # ends the connection; `refusal` has written what comes before

    def refusal(self, asked: Asked) -> bytes | None:
        try:
            return super().refusal(asked)
        except ConnectionResetError:
            if self.way == "cut":
                raise
        answers = {
            "silence": b" ",
            "garbage": b"\x00\xff" * 40,
            "half": b"RTSP/1.0 200 OK\r\nCSe",
            "404": self.status(asked, "404 Not Found"),
            "503": self.status(asked, "503 Service Unavailable"),
        }
        return answers[self.way]


@asynccontextmanager
async def mute(door: str, way: str, times: int) -> AsyncIterator[tuple[MuteDevice | MuteCamera, Target]]:
    if door == "rtsp":
        camera = MuteCamera(user=LOGIN.user, password=LOGIN.secret.reveal())
        camera.way, camera.times = way, times
        async with listening(camera) as target:
            yield camera, target
        return
    device = MuteDevice(login=door)
    device.way, device.times = way, times
    async with serving(device):
        yield device, device.target


async def run_once(target: Target, folder: Path, after: timedelta = timedelta(0)) -> DeviceCheck:
    """A process of its own: what it leaves behind is on the disk only."""
    with open_logins(folder / "logins.sqlite", b"k" * 32, lambda: SystemClock().now() + after) as record:
        async with Fleet(FleetLimits(), SystemClock(), LoginLedger(record)) as fleet:
            return (await fleet.check([Job(target, LOGIN)], SHORT))[0]


def codes_of(check: DeviceCheck) -> set[FaultCode]:
    device = check.device
    if isinstance(device, DeviceFacts):
        return {fault.code for fault in device.faults}
    code = code_of(check)
    return set() if code is None else {code}


@pytest.mark.parametrize("door", ["rtsp", "wsse", "digest"])
@pytest.mark.parametrize("way", slow_but("cut", {way: way for way in WAYS}))
def test_three_runs_send_it_twice_and_the_next_day_again(tmp_path: Path, way: str, door: str) -> None:
    async def story() -> None:
        async with mute(door, way, 1_000) as (device, target):
            for _ in range(3):
                last = await run_once(target, tmp_path)
                is_first = device.tries < 2 or door == "rtsp"
                assert is_first or FaultCode.AUTH_UNCLEAR in codes_of(last), codes_of(last)
            assert device.tries == 2, f"{device.tries} tries in three runs"
            assert FaultCode.AUTH_UNCLEAR in codes_of(last), codes_of(last)
            await run_once(target, tmp_path, timedelta(hours=25))
            assert 3 <= device.tries <= 4, "the next day it is tried again"

    asyncio.run(story())


@pytest.mark.slow
@pytest.mark.parametrize("door", ["rtsp", "wsse", "digest"])
def test_a_camera_that_was_slow_once_is_let_in(tmp_path: Path, door: str) -> None:
    async def story() -> None:
        async with mute(door, "silence", 1) as (device, target):
            for _ in range(3):
                check = await run_once(target, tmp_path)
            assert FaultCode.AUTH_UNCLEAR not in codes_of(check), codes_of(check)
            if door == "rtsp":
                assert isinstance(stream_of(check).measured, MeasuredStream)
            else:
                assert isinstance(check.device, DeviceFacts)
                assert isinstance(check.device.information, DeviceInformation)
            device.times, device.tries = 1_000, 0  # it is overloaded now
            for _ in range(3):
                await run_once(target, tmp_path)
            assert device.tries > 2, "a login that was accepted before is not wrong"

    asyncio.run(story())


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_what_never_left_for_the_device_is_no_try() -> None:
    """A closed port, and one that never ends a TLS handshake: no byte of the login was sent."""

    async def sends(scheme: str, port: int) -> tuple[list[bool], HttpReply | FaultCode]:
        sent: list[bool] = []
        door = SoapDoor()
        call = HttpRequest(f"{scheme}://127.0.0.1:{port}/", b"", (), "GetUsers", lambda: sent.append(True))
        try:
            return sent, await door.post(call, 0.2)
        finally:
            await door.close()

    async def story() -> None:
        server = await asyncio.start_server(silence, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await sends("http", port) == ([True], FaultCode.TIMEOUT)
        assert await sends("https", port) == ([], FaultCode.TIMEOUT)
        server.close()
        await server.wait_closed()
        assert await sends("http", port) == ([], FaultCode.REFUSED)

    asyncio.run(story())
