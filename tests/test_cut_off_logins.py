"""A run that is ended between a login and its answer has had its one try of the day, whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from camagent.platform.system_clock import SystemClock
from camagent.run.fleet import Fleet, FleetLimits, Job
from camagent.run.visit import Target
from camagent.store.refused_logins import open_logins
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import LOGIN, WRONG, Answer, Asked, FakeDevice, serving
from tests.observe.wire.camera import Asked as RtspAsked
from tests.observe.wire.camera import Camera
from tests.test_safety_promises import OPTIONS, listening, logins_of


class Ending(Camera):
    """Hears a login, and its visitor is ended before the answer comes."""

    tries = 0
    end: Callable[[], object]

    def is_right(self, asked: RtspAsked) -> bool:
        if asked["authorization"]:
            self.tries += 1
            self.end()
        return super().is_right(asked)


async def run_once(target: Target, folder: Path, after_s: float, who: object) -> asyncio.Task[object]:
    """A process of its own: what it leaves behind is on the disk only."""
    record = open_logins(
        folder / "logins.sqlite", b"k" * 32, lambda: SystemClock().now() + timedelta(seconds=after_s)
    )

    async def visit() -> object:
        with record:
            async with Fleet(FleetLimits(), SystemClock(), LoginLedger(record)) as fleet:
                return await fleet.check([Job(target, who)], OPTIONS)  # type: ignore[arg-type]

    return asyncio.create_task(visit())


async def run_often(target: Target, folder: Path, who: object, ends: list[Callable[[], object]]) -> None:
    for number in range(3):
        task = await run_once(target, folder, 60.0 * number, who)
        ends[:] = [task.cancel]
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("door", ["rtsp", "wsse", "digest"])
def test_a_wrong_password_is_judged_once_however_often_a_run_is_ended(door: str, tmp_path: Path) -> None:
    ends: list[Callable[[], object]] = []

    def ending(_device: FakeDevice, asked: Asked) -> Answer:
        if asked.wsse or asked.authorization:
            ends[0]()
        return ""

    async def story() -> int:
        if door == "rtsp":
            camera = Ending(user=LOGIN.user, password=LOGIN.secret.reveal())
            camera.end = lambda: ends[0]()
            async with listening(camera) as target:
                await run_often(target, tmp_path, WRONG, ends)
            return camera.tries
        device = FakeDevice(login=door, before=ending)
        async with serving(device):
            await run_often(device.target, tmp_path, WRONG, ends)
        return logins_of(device)

    assert asyncio.run(story()) == 1


@pytest.mark.parametrize("door", ["wsse", "digest"])
@pytest.mark.parametrize("status", [404, 503, 200])
def test_who_answers_a_login_with_something_else_hears_two_at_most(door: str, status: int) -> None:
    """404, busy, or a page: nobody knows what it makes of the login, and a third would not show it."""

    def elsewhere(_device: FakeDevice, asked: Asked) -> Answer:
        if asked.wsse or asked.authorization:
            return web.Response(status=status, text="<html>?</html>", content_type="text/html")
        return ""

    async def story() -> int:
        device = FakeDevice(login=door, before=elsewhere)
        async with serving(device), Fleet(FleetLimits(), SystemClock(), LoginLedger()) as fleet:
            await fleet.check([Job(device.target, LOGIN)], OPTIONS)
        return logins_of(device)

    assert 1 <= asyncio.run(story()) <= 2
