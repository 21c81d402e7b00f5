"""A device that asked for a strong login is never given a weaker one, in any run, by any door."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from camagent.document.write import camera_view
from camagent.model.device import DeviceFacts
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import WEAKER_RULE, Verdict
from camagent.model.login_strength import CLEAR, TOKEN, Strength
from camagent.model.secret import Credential
from camagent.model.stream import MeasuredStream
from camagent.platform.system_clock import SystemClock
from camagent.run.context import RunPeriod
from camagent.run.fleet import Fleet, FleetLimits, Job
from camagent.run.recognition import finish
from camagent.run.visit import DeviceCheck
from camagent.store.refused_logins import LoginRecord, open_logins
from camagent.text import render
from camagent.wire.digest import digest_challenges, parse_challenges
from camagent.wire.login_ledger import LoginLedger
from tests.builders import NOW
from tests.e2e.test_one_wrong_try import School
from tests.interrogate.fake_device import LOGIN, Asked, FakeDevice, serving
from tests.observe.wire.camera import Camera
from tests.test_safety_promises import OPTIONS, answers_of, code_of, listening, logins_of, stream_of
from tests.test_trust import NOBODY, order

FREE = replace(LOGIN, allow_basic=True)
BASIC = 'Basic realm="c"'


def digest(algorithm: str | None, qop: str | None, nonce: str = "n") -> str:
    return f'Digest realm="c", nonce="{nonce}"' + "".join(
        f', {name}="{value}"' for name, value in (("algorithm", algorithm), ("qop", qop)) if value
    )


WEAKER = [
    (digest("SHA-256", "auth"), digest("MD5", "auth")),
    (digest("SHA-256", "auth"), digest("MD5", "auth-int")),
    (digest("SHA-256", None), digest("MD5", "auth")),
    (digest("MD5", "auth"), digest("MD5", None)),
    (digest("MD5", "auth"), digest(None, None)),
    (digest("MD5", "auth,auth-int"), digest("MD5", "auth")),
    (digest("MD5", None), BASIC),
    (digest("SHA-256", "auth-int"), BASIC),
]


def record_in(folder: Path) -> LoginRecord:
    return open_logins(folder / "logins.sqlite", b"k" * 32, SystemClock().now)


async def visit(job: Job, folder: Path) -> DeviceCheck:
    """One visit of one run: what is remembered between two is on the disk only."""
    with ExitStack() as stack:
        ledger = LoginLedger(stack.enter_context(record_in(folder)))
        async with Fleet(FleetLimits(), SystemClock(), ledger) as fleet:
            return (await fleet.check([job], OPTIONS))[0]


def told(check: DeviceCheck, network: str = "127.0.0.0/8") -> tuple[str, str, Verdict]:
    """The finding in both languages, and the verdict."""
    run = finish([check], order(network, NOBODY), RunPeriod(NOW, NOW, "check", None))
    (camera,) = run.result.cameras
    (finding,) = (row for row in camera.findings if row.rule == WEAKER_RULE)
    assert any(row.rule == WEAKER_RULE for row in camera_view(camera).findings)
    return render(finding.message, "vi"), render(finding.message, "en"), camera.verdict


@pytest.mark.parametrize(("before", "now"), WEAKER)
def test_a_camera_that_asks_for_less_over_rtsp_is_given_nothing(
    before: str, now: str, tmp_path: Path
) -> None:
    async def story() -> tuple[Camera, DeviceCheck]:
        camera = Camera(user=LOGIN.user, password=LOGIN.secret.reveal(), challenges=(before,))
        async with listening(camera) as target:
            first = await visit(Job(target, LOGIN), tmp_path)
            assert isinstance(stream_of(first).measured, MeasuredStream)
            camera.asked.clear()
            camera.challenges = (now,)
            return camera, await visit(Job(target, FREE), tmp_path)

    camera, check = asyncio.run(story())
    assert code_of(check) is FaultCode.AUTH_WEAKER and not answers_of(camera)
    vi, en, verdict = told(check)
    assert "yếu hơn trước" in vi and "weaker login" in en and verdict is Verdict.UNDETERMINED
    assert "camagent credentials accept-login 127.0.0.1" in vi and "accept-login 127.0.0.1" in en


def test_the_same_camera_may_ask_for_more(tmp_path: Path) -> None:
    async def story() -> None:
        camera = Camera(user=LOGIN.user, password=LOGIN.secret.reveal(), challenges=(digest("MD5", None),))
        async with listening(camera) as target:
            for offer in (digest("MD5", None), digest("MD5", "auth"), digest("SHA-256", "auth,auth-int")):
                camera.challenges = (offer,)
                assert code_of(await visit(Job(target, LOGIN), tmp_path)) is None

    asyncio.run(story())


class Downgrading(Camera):
    """Lets nobody in: calls the nonce stale, and asks for less."""

    def refusal(self, asked: object) -> bytes | None:
        answered = any("authorization" in one.headers for one in self.asked)
        if answered:
            self.challenges = (digest("MD5", "auth", "m") + ", stale=true",)
        return super().refusal(asked)  # type: ignore[arg-type]

    def is_right(self, asked: object) -> bool:
        return False


def test_a_nonce_called_stale_is_no_way_to_a_weaker_answer(tmp_path: Path) -> None:
    async def story() -> tuple[Camera, DeviceCheck]:
        camera = Downgrading(user=LOGIN.user, challenges=(digest("SHA-256", "auth"),))
        async with listening(camera) as target:
            return camera, await visit(Job(target, LOGIN), tmp_path)

    camera, check = asyncio.run(story())
    assert code_of(check) is FaultCode.AUTH_WEAKER
    assert [("SHA-256" in answer) for answer in answers_of(camera)] == [True]


ONVIF_WEAKER = [
    ({"login": "digest-sha-256"}, {"login": "digest"}),
    ({"login": "digest-sha-256"}, {"login": "wsse"}),
    ({"login": "digest"}, {"login": "wsse"}),
    ({"login": "digest"}, {"login": "digest", "qop": None}),
    ({"login": "digest", "qop": "auth,auth-int"}, {"login": "digest", "qop": "auth"}),
    ({"login": "digest"}, {"login": "basic"}),
    ({"login": "wsse"}, {"login": "basic", "refusal": "<html>no</html>"}),
]


@pytest.mark.parametrize(("before", "now"), ONVIF_WEAKER)
def test_a_camera_that_asks_for_less_over_onvif_is_given_nothing(
    before: dict[str, str | None], now: dict[str, str | None], tmp_path: Path
) -> None:
    async def story() -> tuple[FakeDevice, DeviceCheck]:
        device = FakeDevice(**before)  # type: ignore[arg-type]
        async with serving(device):
            first = await visit(Job(device.target, LOGIN), tmp_path)
            assert isinstance(first.device, DeviceFacts) and first.device.login.scheme
            device.asked.clear()
            for name, value in now.items():
                setattr(device, name, value)
            return device, await visit(Job(device.target, FREE), tmp_path)

    device, check = asyncio.run(story())
    assert logins_of(device) == 0 and isinstance(check.device, DeviceFacts)
    information = check.device.information
    assert isinstance(information, Fault) and information.code is FaultCode.AUTH_WEAKER
    vi, en, verdict = told(check)
    assert "yếu hơn trước" in vi and "weaker login" in en and verdict is not Verdict.READY


@pytest.mark.parametrize("login", ["wsse", "digest", "digest-sha-256", "wsse-then-digest"])
def test_a_camera_that_stays_as_it_was_is_let_in_again_and_again(login: str, tmp_path: Path) -> None:
    async def story() -> None:
        device = FakeDevice(login=login)
        async with serving(device):
            for _ in range(3):
                check = await visit(Job(device.target, LOGIN), tmp_path)
                assert isinstance(check.device, DeviceFacts) and check.device.login.scheme

    asyncio.run(story())


def basic_elsewhere(paths: Callable[[str], bool]) -> FakeDevice:
    """Digest at first; once it was answered, Basic in clear at these URLs."""

    def before(device: FakeDevice, asked: Asked) -> web.Response | str:
        begun = any(one.authorization for one in device.asked)
        if not begun or not paths(asked.path) or asked.authorization:
            return ""
        return web.Response(status=401, text="no", headers={"WWW-Authenticate": BASIC})

    return FakeDevice(login="digest", before=before)


def test_basic_at_another_url_of_the_same_conversation_gets_nothing(tmp_path: Path) -> None:
    async def story() -> FakeDevice:
        device = basic_elsewhere(lambda path: path != "/onvif/device_service")
        async with serving(device):
            await visit(Job(device.target, LOGIN), tmp_path)
        return device

    sent = [asked.authorization or "" for asked in asyncio.run(story()).asked]
    assert not any(text.startswith("Basic") for text in sent)
    assert any(text.startswith("Digest") for text in sent)


@pytest.mark.parametrize("qop", ["auth-int", "auth,auth-int", "auth-int, auth"])
@pytest.mark.parametrize("login", ["digest", "digest-sha-256"])
def test_the_body_is_covered_where_that_is_offered(login: str, qop: str, tmp_path: Path) -> None:
    async def story() -> FakeDevice:
        device = FakeDevice(login=login, qop=qop)
        async with serving(device):
            check = await visit(Job(device.target, LOGIN), tmp_path)
        assert isinstance(check.device, DeviceFacts) and check.device.login.scheme
        return device

    answers = [asked.authorization for asked in asyncio.run(story()).asked if asked.authorization]
    assert answers and all("qop=auth-int" in answer for answer in answers)


def test_strengths_are_compared_part_by_part() -> None:
    def of(header: str) -> Strength:
        return digest_challenges(parse_challenges([header]))[0].strength

    order_ = [CLEAR, TOKEN, of(digest("MD5", "auth")), of(digest("SHA-256", "auth")), Strength(2, 2)]
    for place, one in enumerate(order_):
        assert [one.is_below(other) for other in order_] == [place < n for n in range(len(order_))]
    across = (of(digest("SHA-256", None)), of(digest("MD5", "auth-int")))
    assert across[0].is_below(across[1]) and across[1].is_below(across[0])
    assert across[0].joined(across[1]) == of(digest("SHA-256", "auth-int"))


def test_what_a_door_asked_for_is_kept_by_place_and_forgotten_by_address(tmp_path: Path) -> None:
    with record_in(tmp_path) as record:
        record.note_strength("rtsp 192.0.2.1:554", Strength(2, 1))
        record.note_strength("rtsp 192.0.2.1:554", Strength(1, 2))
        record.note_strength("onvif 2001:db8::1:80", TOKEN)
    with record_in(tmp_path) as record:
        assert record.strongest("rtsp 192.0.2.1:554") == Strength(2, 2)
        assert record.strongest("onvif 192.0.2.1:80") is None
        assert record.forget_strength(lambda host: host == "2001:db8::1") == 1
        assert record.strongest("onvif 2001:db8::1:80") is None
        assert record.forget_strength(lambda host: host == "192.0.2.1") == 1


@pytest.mark.slow
@pytest.mark.slow  # four processes, two windows of two seconds
def test_the_command_line_refuses_the_weaker_log_in_and_says_how_to_accept_it(tmp_path: Path) -> None:
    async def story() -> None:
        school = School(tmp_path)
        camera = school.camera = Camera(user="admin", password="right", challenges=(digest("MD5", "auth"),))
        server = await asyncio.start_server(camera.serve, "127.0.0.1", 0)
        camera.uri = replace(camera.uri, port=server.sockets[0].getsockname()[1])
        assert "auth_" not in await school.check("right")
        camera.asked.clear()
        camera.challenges = (digest("MD5", None),)
        refused = await school.check("right")
        assert "auth_weaker" in refused and school.tries() == 0
        assert "accept-login 127.0.0.1" in refused
        await school.run("credentials", "accept-login", "127.0.0.1")
        assert "auth_weaker" not in await school.check("right") and school.tries() > 0
        server.close()

    assert sys.executable
    asyncio.run(story())


def test_a_wrong_password_is_still_tried_once(tmp_path: Path) -> None:
    wrong = Credential(LOGIN.user, type(LOGIN.secret)("not-it"))

    async def story() -> Camera:
        camera = Camera(user=LOGIN.user, password=LOGIN.secret.reveal(), challenges=(digest("MD5", "auth"),))
        async with listening(camera) as target:
            for offer in (digest("MD5", "auth"), digest("SHA-256", "auth"), digest("MD5", None)):
                camera.challenges = (offer,)
                await visit(Job(target, wrong), tmp_path)
        return camera

    assert len(answers_of(asyncio.run(story()))) == 1
