"""`camagent onvif`: one call by onvif-zeep, against simulated cameras; reading only, and no secret in any
output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from camagent.app.onvif_call import Call, CallFailed, find_wsdl, json_values, open_client, send
from camagent.cli.language import tm
from camagent.cli.onvif_operation import onvif_command
from camagent.interrogate.interview import InterviewDoors, InterviewOptions, WayIn, find_way_in
from camagent.model.fault import Fault
from camagent.model.login_strength import Strength
from camagent.model.operator_error import OperatorError
from camagent.platform.system_clock import SystemClock
from camagent.simulator.default_school import USER
from camagent.simulator.school import open_school
from camagent.simulator.simulated_camera import SimulatedCamera
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import LOGIN, NOT_AUTHORIZED, OPEN_TO_ALL, FakeDevice, serving
from tests.interrogate.fake_device import PASSWORD as DEVICE_PASSWORD
from tests.interrogate.fake_device import USER as DEVICE_USER
from tests.simulator.schools import PASSWORD, own_school


def cameras() -> tuple[SimulatedCamera, ...]:
    digest, wsse, tls, open_to_all = own_school(4)
    return (
        replace(digest, wsse=False, https_port=None),
        replace(wsse, http_digest=False, clock_offset_s=-3600.0 * 24, https_port=None),
        tls,
        replace(open_to_all, wsse=False, http_digest=False, https_port=None),
    )


@pytest.fixture(scope="module")
def school() -> Iterator[tuple[SimulatedCamera, ...]]:
    """Cameras that run in a thread of their own, because the command is another process."""
    ready, stop = threading.Event(), asyncio.Event()
    matching: list[SimulatedCamera] = []
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with open_school(cameras()) as opened:
            matching.extend(opened.cameras)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield tuple(matching)
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    loop.close()


def onvif(address: str, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CAMAGENT_PASSWORD": password, "CAMAGENT_LOG": "DEBUG"}
    command = [sys.executable, "-m", "camagent", "onvif", address, *arguments, "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.first_case
@pytest.mark.parametrize("index", [0, 1], ids=["HTTP Digest only", "WS-UsernameToken, clock a day behind"])
def test_an_answer_is_one_json_document(school: tuple[SimulatedCamera, ...], index: int) -> None:
    camera = school[index]
    done = onvif(f"{camera.address}:{camera.http_port}", "devicemgmt", "GetDeviceInformation", "--user", USER)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["SerialNumber"] == camera.serial
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_device_with_a_certificate_of_its_own_is_called_over_tls(
    school: tuple[SimulatedCamera, ...],
) -> None:
    camera = school[2]
    url = f"https://{camera.address}:{camera.https_port}/onvif/device_service"
    done = onvif(url, "media", "GetProfiles", "--user", USER)
    assert done.returncode == 0, done.stderr
    assert [row["token"] for row in json.loads(done.stdout)] == [stream.token for stream in camera.streams]


@pytest.mark.slow
def test_arguments_are_taken_as_json(school: tuple[SimulatedCamera, ...]) -> None:
    camera = school[0]
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    asked = json.dumps({"StreamSetup": setup, "ProfileToken": camera.streams[0].token})
    done = onvif(f"{camera.address}:{camera.http_port}", "media", "GetStreamUri", asked, "--user", USER)
    assert json.loads(done.stdout)["Uri"].endswith(camera.streams[0].path), done.stderr


def test_a_wrong_password_is_told_in_one_line_without_it(school: tuple[SimulatedCamera, ...]) -> None:
    camera = school[0]
    address = f"{camera.address}:{camera.http_port}"
    done = onvif(address, "devicemgmt", "GetUsers", "--user", USER, password="wrong-password")
    assert done.returncode == 3 and done.stdout == ""
    assert "refused the login" in done.stderr and "wrong-password" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("devicemgmt", "SetHostname", '{"Name": "x"}'), "--write"),
        (("devicemgmt", "SystemReboot"), "--write"),
        (("media2", "GetProfiles"), "WSDL"),
        (("nonsense", "GetProfiles"), "devicemgmt"),
        (("devicemgmt", "GetHostnames"), "GetHostname"),
        (("devicemgmt", "GetUsers", "[1]"), "JSON"),
        (("devicemgmt", "GetUsers", "{"), "JSON"),
        (("devicemgmt", "GetUsers", '{"a": "' + "x" * 100_001 + '"}'), "JSON"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_sent(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        onvif_command.main(["127.0.0.1:9", *arguments], standalone_mode=False)
    assert len(refusal.value.problems) == 1 and words in tm(refusal.value.problem)


def test_a_stream_is_not_a_device() -> None:
    with pytest.raises(OperatorError):
        onvif_command.main(["rtsp://127.0.0.1/1", "devicemgmt", "GetUsers"], standalone_mode=False)


@pytest.mark.slow
def test_arguments_that_do_not_fit_are_a_mistake(school: tuple[SimulatedCamera, ...]) -> None:
    camera = school[0]
    done = onvif(
        f"{camera.address}:{camera.http_port}", "media", "GetStreamUri", '{"Foo": 1}', "--user", USER
    )
    assert done.returncode == 2 and "do not fit" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_fault_of_the_device_is_shown(school: tuple[SimulatedCamera, ...]) -> None:
    camera = school[0]
    address = f"{camera.address}:{camera.http_port}"
    done = onvif(address, "devicemgmt", "GetSystemLog", '{"LogType": "System"}', "--user", USER)
    assert done.returncode == 3 and "refused the call" in done.stderr


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("user", "words"),
    [((), "wants a login"), (("--user", DEVICE_USER), "administrator")],
    ids=["nobody", "an ordinary user"],
)
def test_who_may_not_make_a_call_is_told_what_to_do(user: tuple[str, ...], words: str) -> None:
    """A refused call is not a wrong password where the login was good for another question."""
    device = FakeDevice(answers={"GetUsers": NOT_AUTHORIZED})

    async def call() -> subprocess.CompletedProcess[str]:
        async with serving(device):
            wanted = (f"127.0.0.1:{device.port}", "devicemgmt", "GetUsers", *user)
            return await asyncio.to_thread(onvif, *wanted, password=DEVICE_PASSWORD)

    done = asyncio.run(call())
    (line,) = [text for text in done.stderr.splitlines() if not text.startswith("DEBUG")]
    assert done.returncode == 3 and words in line and line.startswith(f"127.0.0.1:{device.port}: ")


@pytest.mark.parametrize("login", ["wsse", "digest"])
def test_a_device_that_tells_strangers_who_it_is_judges_a_wrong_password_once(
    login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CAMAGENT_DATA", "CAMAGENT_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    device = FakeDevice(login=login, open=OPEN_TO_ALL | {"GetDeviceInformation"})

    async def call() -> list[subprocess.CompletedProcess[str]]:
        async with serving(device):
            wanted = (f"127.0.0.1:{device.port}", "devicemgmt", "GetUsers", "--user", DEVICE_USER)
            return [await asyncio.to_thread(onvif, *wanted, password="wrong-password") for _ in range(2)]

    assert all("refused the login" in done.stderr for done in asyncio.run(call()))
    assert device.logins_refused == 1


@pytest.mark.parametrize("login", ["wsse", "digest"])
def test_the_way_in_is_proved_where_the_first_question_is_open_to_all(login: str) -> None:
    device = FakeDevice(login=login, open=OPEN_TO_ALL | {"GetDeviceInformation"})

    async def find() -> WayIn | Fault:
        async with serving(device):
            doors = InterviewDoors(SystemClock(), LoginLedger())
            return await find_way_in(device.target, LOGIN, InterviewOptions(), doors)

    way = asyncio.run(find())
    assert isinstance(way, WayIn) and (way.scheme or "").startswith(("wsse", "http-digest"))


def test_a_weaker_challenge_after_the_way_in_is_not_answered() -> None:
    """Somebody in the middle may wait until our own interview is over."""
    device = FakeDevice(login="digest", open=frozenset())
    strong = Strength(2, 1)

    async def call() -> None:
        async with serving(device):
            url = f"http://127.0.0.1:{device.port}/onvif/device_service"
            way = WayIn(url, (), None, "http-digest-sha-256", strong)
            wsdl, wanted = find_wsdl("devicemgmt"), Call("devicemgmt", "GetHostname", {})
            await asyncio.to_thread(send, open_client(wsdl, wanted), wsdl, wanted, (way, LOGIN))

    with pytest.raises(CallFailed):
        asyncio.run(call())
    assert device.asked and not any(asked.authorization or asked.wsse for asked in device.asked)


def test_an_operation_in_other_letters_is_suggested_and_not_taken_for_a_writing_one() -> None:
    with pytest.raises(OperatorError) as refusal:
        onvif_command.main(["127.0.0.1:9", "devicemgmt", "getusers"], standalone_mode=False)
    assert "GetUsers" in tm(refusal.value.problem) and "--write" not in tm(refusal.value.problem)


@pytest.mark.parametrize("chunk", [b" " * 65_536, b" "], ids=["flood", "drip"])
def test_a_reply_without_end_is_cut(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.app.onvif_transport.CALL_TIMEOUT_S", 1.0)
    sent = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n<a>")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(chunk)
                await writer.drain()
                sent += len(chunk)
                if len(chunk) == 1:
                    await asyncio.sleep(0.05)

    async def call() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        way = WayIn(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", (), None, None)
        wsdl, wanted = find_wsdl("devicemgmt"), Call("devicemgmt", "GetHostname", {})
        try:
            await asyncio.to_thread(send, open_client(wsdl, wanted), wsdl, wanted, (way, None))
        finally:
            server.close()

    with pytest.raises(CallFailed):
        asyncio.run(asyncio.wait_for(call(), 20))
    assert sent < 16_000_000


def test_nobody_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = onvif_command.main(["127.0.0.1:9", "devicemgmt", "GetHostname"], standalone_mode=False)
    output = capsys.readouterr()
    assert code == 3 and output.out == "" and len(output.err.splitlines()) == 1


def test_values_of_every_kind_become_json() -> None:
    value = {
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "time": timedelta(seconds=1.5),
        "rate": Decimal("2.5"),
        "uri": "rtsp://admin:hunter2@10.0.0.5/1",
        "raw": b"\x00\x01",
        "rows": [{"a": (1, None)}],
    }
    made = json_values(value)
    assert json.loads(json.dumps(made)) == made and "hunter2" not in json.dumps(made)
    assert made["rate"] == 2.5 and made["time"] == 1.5 and made["rows"] == [{"a": [1, None]}]


def test_nesting_without_end_is_cut() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "…" in json.dumps(json_values(loop), ensure_ascii=False)
