"""Devices that would lead us into a second failed log-in: one is the most that a wrong password may cost,
ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.model.device import DeviceClock, DeviceFacts, DeviceInformation, MediaFacts
from camagent.model.fault import Fault, FaultCode
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import (
    LOGIN,
    NOT_AUTHORIZED,
    OPEN_TO_ALL,
    WRONG,
    Asked,
    FakeDevice,
    media2_profiles,
    media2_row,
    pass_on,
    read_post,
    serving,
    soap_fault,
)
from tests.interrogate.test_interview import FAST, interview
from tests.interrogate.test_login import code, logged_in, with_login

QUIET = replace(FAST, call_timeout_s=0.4)


@pytest.mark.parametrize("right", [True, False])
def test_a_device_that_calls_every_nonce_stale_is_answered_twice_and_no_more(right: bool) -> None:
    """stale=true says that the secret was right; a device that says it for ever is not believed twice."""
    device = FakeDevice(login="digest", before=_always_stale)
    ledger = LoginLedger()
    facts = interview(device, LOGIN if right else WRONG, ledger=ledger)
    assert len(with_login(device)) == 2
    assert (
        code(facts.information) is FaultCode.AUTH_REJECTED
        and ledger.why_not("127.0.0.1", LOGIN if right else WRONG) is not None
    )


def _always_stale(device: FakeDevice, asked: Asked) -> web.Response | str:
    if asked.operation in OPEN_TO_ALL:
        return ""
    device.nonces += 1
    challenge = f'Digest realm="cam", nonce="n{device.nonces}", qop="auth", stale=true'
    return web.Response(status=401, headers={"WWW-Authenticate": challenge})


def test_a_question_that_is_not_for_this_user_is_not_asked_again_and_again() -> None:
    """A fresh nonce with every refusal: renewed once, because it may have expired, and then it is a
    refusal."""

    def users_are_for_others(device: FakeDevice, asked: Asked) -> web.Response | str:
        if asked.operation != "GetUsers":
            return ""
        device.nonces += 1
        return web.Response(
            status=401,
            headers={"WWW-Authenticate": f'Digest realm="cam", qop="auth", nonce="n{device.nonces}"'},
        )

    device = FakeDevice(login="digest", before=users_are_for_others)
    facts = interview(device)
    assert logged_in(facts) and code(facts.users) is FaultCode.AUTH_REJECTED
    assert len([a for a in with_login(device) if a.operation == "GetUsers"]) <= 2


@pytest.mark.parametrize(
    "text",
    [
        "Login failed, 4 times left",
        "Wrong password. Remaining times: 3",
        "The user name or password is incorrect, this was time 2 of 5",
        "Password expired",
        "Invalid credentials; you have 2 more chances",
        "Sai mật khẩu, còn 4 lần",
    ],
)
def test_a_text_that_counts_is_not_taken_for_one_about_the_time(text: str) -> None:
    """Own time is tried after "timestamp expired"; never after words about the password."""
    device = FakeDevice(refusal=soap_fault("NotAuthorized", text), clock_offset=timedelta(seconds=90))
    facts = interview(device, WRONG)
    assert len(with_login(device)) == 1
    assert code(facts.information) in (FaultCode.AUTH_REJECTED, FaultCode.LOCKED_OUT)


@pytest.mark.parametrize(
    "text",
    [
        "Invalid username or password",
        "Login failed",
        "Wrong password",
        "Access denied",
        "Mật khẩu không đúng",
    ],
)
@pytest.mark.parametrize("subcode", ["InvalidArgVal", "Action", "InvalidArgs"])
def test_a_refusal_under_a_code_of_its_own_is_a_refusal(text: str, subcode: str) -> None:
    def refuse(device: FakeDevice, asked: Asked) -> str:
        return soap_fault(subcode, text) if asked.wsse else ""

    device = FakeDevice(before=refuse)
    facts = interview(device, WRONG)
    assert len(with_login(device)) == 1 and code(facts.information) is FaultCode.AUTH_REJECTED


def test_a_login_page_in_the_place_of_an_answer_is_a_refusal() -> None:
    def page(device: FakeDevice, asked: Asked) -> web.Response | str:
        return (
            web.Response(text="<html><body>Please log in</body></html>", content_type="text/html")
            if asked.wsse
            else ""
        )

    device = FakeDevice(before=page)
    facts = interview(device, WRONG)
    assert len(with_login(device)) == 1 and code(facts.information) is FaultCode.AUTH_REJECTED


@pytest.mark.parametrize("status", [400, 403])
def test_a_bad_request_in_the_place_of_a_refusal_is_not_repeated_with_other_headers(status: int) -> None:
    """WS-Addressing is offered to a device that says 400, but not together with a log-in that may have been
    refused."""

    def bad_request(device: FakeDevice, asked: Asked) -> web.Response | str:
        return web.Response(status=status, text="<html>Bad Request</html>") if asked.wsse else ""

    device = FakeDevice(before=bad_request)
    interview(device, WRONG)
    assert len(with_login(device)) == 1


@dataclass
class Slammer:
    """A raw server before a fake device: what it does with a connection that carries a log-in is up to the
    test."""

    device: FakeDevice
    on_login: Callable[[asyncio.StreamWriter], Awaitable[None]]
    logins: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await read_post(reader)
                if b"UsernameToken" in request or b"\r\nauthorization:" in request.lower():
                    self.logins += 1
                    await self.on_login(writer)
                    break
                await pass_on(request, self.device.port, writer)
        writer.close()

    def interviewed(self) -> DeviceFacts:
        async def run() -> DeviceFacts:
            async with serving(self.device):
                server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
                target = replace(self.device.target, port=server.sockets[0].getsockname()[1])
                try:
                    from camagent.platform.system_clock import SystemClock

                    return await interrogate(
                        target, WRONG, QUIET, InterviewDoors(SystemClock(), LoginLedger())
                    )
                finally:
                    server.close()

        return asyncio.run(run())


async def _slam(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _say_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def _empty(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def _crash(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops")


@pytest.mark.parametrize("on_login", [_slam, _hang_up, _say_nothing, _empty, _crash])
def test_a_device_that_answers_a_login_with_nothing_readable_is_soon_left_alone(
    on_login: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> None:
    """Nobody knows whether these were refusals: one more may have been bad luck, a third would be a
    lock-out."""
    # XAddrs of another host are asked at ours
    slammer = Slammer(FakeDevice(named_host="192.0.2.9"), on_login)
    facts = slammer.interviewed()
    assert 1 <= slammer.logins <= 2 and isinstance(facts.information, Fault)


def test_one_broken_answer_to_a_login_does_not_cost_the_interview() -> None:
    """onvif_simple_server: Media2 crashes with an empty 200, and everything else is well."""

    def crash(device: FakeDevice, asked: Asked) -> web.Response | str:
        return web.Response(body=b"") if asked.wsse and "ver20" in asked.namespace else ""

    facts = interview(FakeDevice(before=crash))
    assert isinstance(facts.information, DeviceInformation) and facts.login.scheme == "wsse-device-time"


def test_an_open_question_is_not_asked_with_a_login_that_nothing_has_proved() -> None:
    def silent_media(device: FakeDevice, asked: Asked) -> web.Response | str:
        return web.Response(body=b"") if asked.wsse else ""

    device = FakeDevice(before=silent_media)
    interview(device, WRONG)
    assert {a.operation for a in with_login(device)}.isdisjoint(OPEN_TO_ALL) and len(with_login(device)) <= 2


class SteppingClock:
    """Our own clock, stepped by NTP in the middle of an interview."""

    def __init__(self, after: int, step: timedelta) -> None:
        self.after, self.step, self.asked = after, step, 0

    def now(self) -> datetime:
        self.asked += 1
        return datetime.now(UTC) + (self.step if self.asked > self.after else timedelta(0))

    def monotonic_s(self) -> float:
        import time

        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


@pytest.mark.parametrize("after", [3, 6, 12, 20])
def test_a_step_of_our_own_clock_does_not_spoil_the_tokens(after: int) -> None:
    """agsh/onvif#172: NTP steps the clock after a boot, and a remembered offset is then wrong."""
    device = FakeDevice(clock_offset=timedelta(hours=3, minutes=11))
    facts = interview(device, clock=SteppingClock(after, timedelta(hours=1, seconds=17)))
    assert logged_in(facts) and device.logins_refused == 0


def test_a_step_of_the_devices_clock_is_noticed_once() -> None:
    """A camera that gets its time by NTP while we talk: the time is read again, and the log-in goes on."""

    def step(device: FakeDevice, asked: Asked) -> str:
        if asked.operation == "GetNetworkInterfaces":
            device.clock_offset = timedelta(minutes=3)
        return ""

    device = FakeDevice(clock_offset=timedelta(days=-200), before=step)
    facts = interview(device)
    assert logged_in(facts) and device.logins_refused == 1
    assert facts.network.macs == ("00:1b:c5:0a:0b:0c",) and not isinstance(facts.users, Fault)  # type: ignore[union-attr]
    assert isinstance(facts.clock, DeviceClock) and facts.clock.offset_s is not None
    assert device.count("GetSystemDateAndTime") == 2


def test_a_user_with_few_rights_costs_one_more_look_at_the_clock() -> None:
    denied = {"GetUsers": NOT_AUTHORIZED, "GetNetworkInterfaces": NOT_AUTHORIZED, "GetScopes": NOT_AUTHORIZED}
    device = FakeDevice(answers=dict(denied))
    facts = interview(device)
    assert logged_in(facts) and device.count("GetSystemDateAndTime") <= 2
    assert all(len([a for a in with_login(device) if a.operation == op]) == 1 for op in denied)


def test_a_recorder_with_a_wrong_password_is_tried_once_whatever_it_has() -> None:
    rows = "".join(media2_row(f"P{i}", f"V{i % 12}", "H264", (1920, 1080)) for i in range(36))
    device = FakeDevice(answers={"GetProfiles": media2_profiles(rows)})
    facts = interview(device, WRONG)
    assert len(with_login(device)) == 1 and code(facts.media) is FaultCode.AUTH_REJECTED


def test_the_way_to_media1_is_not_a_second_try() -> None:
    """Media2 refuses the log-in; Media1 beside it is not tried with the same wrong password."""
    device = FakeDevice()
    interview(device, WRONG)
    assert len(with_login(device)) == 1
    assert isinstance(interview(FakeDevice()).media, MediaFacts)
