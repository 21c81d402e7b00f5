"""What was recorded leads to the same facts again, without a network and without a secret in the file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.interrogate.device_link import HttpRequest
from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.interrogate.replayed_interview import ReplayClock, ReplayDoor, replay_interview
from camagent.model.device import DeviceClock, DeviceFacts
from camagent.model.fault import Fault, FaultCode
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential
from camagent.platform.system_clock import SystemClock
from camagent.wire.http_reply import HttpReply
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Exchange, Transcript, read_transcript
from tests.interrogate.fake_device import LOGIN, PASSWORD, USER, FakeDevice, serving
from tests.interrogate.test_interview import FAST


def recorded(
    device: FakeDevice, folder: Path, credential: Credential | None = LOGIN
) -> tuple[DeviceFacts, Path]:
    return recorded_with(device, folder, FAST, credential)


def recorded_with(
    device: FakeDevice, folder: Path, options: InterviewOptions, credential: Credential | None = LOGIN
) -> tuple[DeviceFacts, Path]:
    async def run() -> tuple[DeviceFacts, Path]:
        transcript = Transcript()
        async with serving(device):
            asked = replace(options, check_ports=(device.port, 9))
            doors = InterviewDoors(SystemClock(), LoginLedger(), transcript)
            facts = await interrogate(device.target, credential, asked, doors)
        return facts, transcript.write(folder, "127.0.0.1")

    return asyncio.run(run())


def again(path: Path) -> DeviceFacts:
    return asyncio.run(replay_interview(read_transcript(path), FAST))


def timeless(facts: DeviceFacts) -> DeviceFacts:
    """Without the fields that redaction takes away or that are measured durations."""
    clock = facts.clock
    if isinstance(clock, DeviceClock):
        clock = replace(clock, offset_s=0.0, round_trip_s=0.0)
    faults = tuple(replace(fault, elapsed_s=0.0) for fault in facts.faults)
    users = None if facts.users is None or isinstance(facts.users, Fault) else len(facts.users)
    snapshot = replace(facts.snapshot, elapsed_s=0.0) if isinstance(facts.snapshot, Fault) else facts.snapshot
    return replace(facts, clock=clock, faults=faults, users=users, snapshot=snapshot)  # type: ignore[arg-type]


@pytest.mark.parametrize("login", ["none", "wsse", "digest", "digest-sha-256", "wsse-then-digest"])
def test_a_recording_is_judged_like_the_device_itself(login: str, tmp_path: Path) -> None:
    device = FakeDevice(login=login, shown_offset=None)
    facts, path = recorded(device, tmp_path)
    replayed = again(path)
    assert timeless(replayed) == timeless(facts)
    assert isinstance(replayed.clock, DeviceClock) and isinstance(facts.clock, DeviceClock)
    # the recording is stamped when the reply is noted, some milliseconds after it was measured
    assert abs((replayed.clock.offset_s or 0.0) - (facts.clock.offset_s or 0.0)) < 1.0


@pytest.mark.parametrize(
    ("status", "second"), [("401 Unauthorized", 401), ("200 OK", FaultCode.BUDGET_SPENT)]
)
def test_a_challenge_is_replayed_as_often_as_it_is_asked_for(status: str, second: int | FaultCode) -> None:
    """0.1.0 asked once, a later version asks again: an answer is given once, a request for a log-in is
    not."""
    sent = "POST /onvif/media HTTP/1.1\nHost: 192.0.2.1\n\n<s:Body>1</s:Body>"
    exchange = Exchange("soap", "GetProfiles", sent, f"HTTP/1.1 {status}\n\n<a/>", 0.1)
    door = ReplayDoor((exchange,), ReplayClock())
    request = HttpRequest("http://192.0.2.1/onvif/media", b"<s:Body>1</s:Body>", (), "GetProfiles")
    replies = [asyncio.run(door.post(request, 1.0)) for _ in range(2)]
    outcomes = [reply.status if isinstance(reply, HttpReply) else reply for reply in replies]
    assert outcomes == [int(status[:3]), second]


def test_a_recording_of_a_refusal_replays_the_refusal(tmp_path: Path) -> None:
    facts, path = recorded(FakeDevice(login="digest"), tmp_path, credential=None)
    assert isinstance(facts.information, Fault) and timeless(again(path)) == timeless(facts)


@pytest.mark.parametrize("login", ["wsse", "digest", "basic"])
def test_a_recording_holds_no_secret(login: str, tmp_path: Path) -> None:
    device = FakeDevice(login=login)
    _, path = recorded(device, tmp_path, replace(LOGIN, allow_basic=True))
    text = path.read_text(encoding="utf-8")
    assert device.count("GetUsers") >= 1 and "AC00017" in text
    for secret in (PASSWORD, "hunter2", f'"{USER}"', f">{USER}<", "response=", "Nonce>n", "YWRtaW4"):
        assert secret not in text


def test_a_latin_1_reply_survives_the_file(tmp_path: Path) -> None:
    body = (
        b'<?xml version="1.0" encoding="ISO-8859-1"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">'
        b"<e:Body><GetDeviceInformationResponse><Model>Caf\xe9</Model></GetDeviceInformationResponse></e:Body></e:Envelope>"
    )
    facts, path = recorded(FakeDevice(login="none", answers={"GetDeviceInformation": body}), tmp_path)
    assert again(path).information == facts.information
    assert facts.information.model == "Café"  # type: ignore[union-attr]


def test_a_transcript_without_a_device_is_refused() -> None:
    with pytest.raises(OperatorError):
        asyncio.run(replay_interview(Transcript(), FAST))
