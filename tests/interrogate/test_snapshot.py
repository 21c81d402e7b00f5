"""The one GET that asks whether a stranger may take a picture: only on order, pinned, the picture unread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from camagent.model.device import SnapshotAccess
from camagent.model.fault import Fault, FaultCode
from tests.interrogate.fake_device import PASSWORD, USER, Asked, FakeDevice, envelope
from tests.interrogate.test_interview import FAST, interview
from tests.interrogate.test_interview_replay import again, recorded_with, timeless

ASKED = replace(FAST, try_snapshot=True)
JPEG = web.Response(status=200, body=b"\xff\xd8" + b"x" * 4_000_000, content_type="image/jpeg")


def offering(address: str, answer: Any) -> FakeDevice:
    """A device whose snapshot address is this ({port} is its own port), and what it answers to any GET."""

    def uri(device: FakeDevice, asked: Asked) -> str:
        return envelope(
            f"<tr2:GetSnapshotUriResponse><tr2:Uri>{address.format(port=device.port)}</tr2:Uri></tr2:GetSnapshotUriResponse>"
        )

    def before(device: FakeDevice, asked: Asked) -> Any:
        return answer if asked.operation == "?" else None

    return FakeDevice(answers={"GetSnapshotUri": uri}, before=before)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (JPEG, SnapshotAccess(True, 200)),
        (
            web.Response(status=200, body=b"--x", content_type="multipart/x-mixed-replace"),
            SnapshotAccess(True, 200),
        ),
        (
            web.Response(status=401, headers={"WWW-Authenticate": 'Digest realm="c", nonce="n"'}),
            SnapshotAccess(False, 401),
        ),
        (web.Response(status=403), SnapshotAccess(False, 403)),
        (web.Response(status=404), FaultCode.NOT_FOUND),
        (
            web.Response(status=200, text="<html>log in</html>", content_type="text/html"),
            FaultCode.MALFORMED_REPLY,
        ),
        (web.Response(status=302, headers={"Location": "http://192.0.2.9/"}), FaultCode.MALFORMED_REPLY),
    ],
)
def test_what_a_stranger_is_answered(answer: web.Response, expected: SnapshotAccess | FaultCode) -> None:
    device = offering("http://127.0.0.1:{port}/snap.jpg?ch=1", answer)
    snapshot = interview(device, options=ASKED).snapshot
    assert (snapshot.code if isinstance(snapshot, Fault) else snapshot) == expected
    (get,) = [asked for asked in device.asked if asked.operation == "?"]
    assert get.path == "/snap.jpg" and get.authorization is None and get.text == ""


def test_nobody_asks_unless_the_operator_said_so() -> None:
    device = offering("http://127.0.0.1:{port}/snap.jpg", JPEG)
    assert interview(device).snapshot is None
    assert "GetSnapshotUri" not in device.operations() and "?" not in device.operations()


def test_another_host_is_never_asked() -> None:
    device = offering("http://192.0.2.200:{port}/snap.jpg", JPEG)
    assert interview(device, options=ASKED).snapshot == SnapshotAccess(True, 200)
    assert device.count("?") == 1


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://127.0.0.1:{port}/snap",
        "",
        "http://admin:hunter2@127.0.0.1:{port}/snap.jpg",
        "http://127.0.0.1:{port}/snap.jpg?user=admin&amp;password=hunter2",
    ],
)
def test_an_address_that_is_no_stranger_s_is_not_asked(address: str) -> None:
    device = offering(address, JPEG)
    snapshot = interview(device, options=ASKED).snapshot
    assert isinstance(snapshot, Fault) and snapshot.code is FaultCode.UNSUPPORTED
    assert device.count("?") == 0


def test_a_device_without_the_operation_is_a_fault() -> None:
    snapshot = interview(FakeDevice(), options=ASKED).snapshot
    assert isinstance(snapshot, Fault) and snapshot.code is FaultCode.UNSUPPORTED


@pytest.mark.parametrize("answer", [JPEG, web.Response(status=401), web.Response(status=500)])
def test_a_recording_replays_it_and_holds_no_picture(answer: web.Response, tmp_path: Path) -> None:
    facts, path = recorded_with(offering("http://127.0.0.1:{port}/snap.jpg", answer), tmp_path, ASKED)
    assert timeless(again(path)) == timeless(facts)
    text = path.read_text(encoding="utf-8")
    assert "xxxx" not in text and PASSWORD not in text and f'"{USER}"' not in text
