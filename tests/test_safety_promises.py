"""The safety promises of docs/design, each from the fleet down: a door that nobody connects protects
nobody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from camagent.interrogate.interview import InterviewOptions
from camagent.model.device import DeviceFacts, DeviceTarget, TlsFacts
from camagent.model.earlier_runs import Pins, pin_place
from camagent.model.fault import Fault, FaultCode
from camagent.model.onvif import MEDIA1_NS, MEDIA2_NS
from camagent.model.secret import Credential, Secret
from camagent.model.stream import MeasuredStream, StreamFacts, StreamTarget
from camagent.observe.watch import WatchOptions
from camagent.platform.system_clock import SystemClock
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job
from camagent.run.shown_certificates import certificates
from camagent.run.visit import DeviceCheck
from tests.fakes import FakeClock
from tests.interrogate.fake_device import LOGIN, WRONG, FakeDevice, envelope, serving, soap_fault
from tests.interrogate.test_tls import server_context
from tests.observe.wire.camera import Asked, Camera
from tests.observe.wire.test_transports import BasicCamera
from tests.observe.wire.watching import QUICK

INTERVIEW = InterviewOptions(max_requests_per_s=1000.0, call_timeout_s=3.0, budget_s=15.0)
OPTIONS = FleetOptions(INTERVIEW, WatchOptions(window_s=0.35, budget_s=10.0, pictures=0, limits=QUICK))


async def checked(jobs: list[Job], options: FleetOptions = OPTIONS) -> tuple[DeviceCheck, ...]:
    """The jobs one after another, through one fleet."""
    async with Fleet(FleetLimits(), SystemClock()) as fleet:
        return tuple([(await fleet.check([job], options))[0] for job in jobs])


@asynccontextmanager
async def listening(camera: Camera, scheme: str = "rtsp", **tls: object) -> AsyncIterator[StreamTarget]:
    server = await asyncio.start_server(camera.serve, "127.0.0.1", 0, **tls)  # type: ignore[arg-type]
    camera.uri = replace(camera.uri, scheme=scheme, port=server.sockets[0].getsockname()[1])
    try:
        yield StreamTarget(camera.uri)
    finally:
        server.close()


def stream_of(check: DeviceCheck) -> StreamFacts:
    return check.sources[0].streams[0]


def code_of(check: DeviceCheck) -> FaultCode | None:
    measured = stream_of(check).measured
    return measured.code if isinstance(measured, Fault) else None


def answers_of(camera: Camera) -> list[str]:
    return [asked["authorization"] for asked in camera.asked if asked["authorization"]]


def logins_of(device: FakeDevice) -> int:
    return sum(asked.wsse or asked.authorization is not None for asked in device.asked)


def basic_camera() -> Camera:
    return BasicCamera(user=LOGIN.user, challenges=('Basic realm="cam"',))


def basic_over_rtsps(folder: Path, pin: str | None) -> tuple[Camera, DeviceCheck]:
    """One visit to a camera that wants Basic inside TLS, with what earlier runs saw at its port."""

    async def run() -> tuple[Camera, DeviceCheck]:
        camera = basic_camera()
        async with listening(camera, "rtsps", ssl=server_context(folder)) as target:
            first_look = (await checked([Job(target)]))[0] if pin == "seen" else None
            pins: Pins = tuple(certificates([first_look])) if first_look is not None else ()
            if pin == "other":
                pins = ((pin_place(target.uri.host, target.uri.port), "00" * 32),)
            camera.asked.clear()
            return camera, (await checked([Job(target, LOGIN)], replace(OPTIONS, pins=pins)))[0]

    return asyncio.run(run())


def test_basic_over_rtsps_goes_to_the_certificate_that_an_earlier_run_saw(tmp_path: Path) -> None:
    camera, check = basic_over_rtsps(tmp_path, "seen")
    assert isinstance(stream_of(check).measured, MeasuredStream) and answers_of(camera)


@pytest.mark.parametrize("pin", [None, "other"])
def test_basic_over_rtsps_goes_to_no_stranger(tmp_path: Path, pin: str | None) -> None:
    camera, check = basic_over_rtsps(tmp_path, pin)
    assert code_of(check) is FaultCode.AUTH_WOULD_LEAK and not answers_of(camera)


def test_a_greeting_too_gives_basic_to_no_stranger(tmp_path: Path) -> None:
    async def run() -> tuple[Camera, object]:
        camera = basic_camera()
        secure = listening(camera, "rtsps", ssl=server_context(tmp_path))
        async with secure as target, Fleet(FleetLimits(), SystemClock()) as fleet:
            (answer,) = await fleet.greet([Job(target, LOGIN)], OPTIONS)
        return camera, answer

    camera, answer = asyncio.run(run())
    assert isinstance(answer, Fault) and answer.code is FaultCode.AUTH_WOULD_LEAK and not answers_of(camera)


@pytest.mark.parametrize("pin", [None, "seen", "other"])
def test_basic_over_https_goes_to_no_stranger(tmp_path: Path, pin: str | None) -> None:
    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice(login="basic")
        async with serving(device, ssl_context=server_context(tmp_path)):
            target = replace(device.target, secure=True)
            looks = (await checked([Job(target)]))[0].device
            assert isinstance(looks, DeviceFacts) and isinstance(looks.tls, TlsFacts)
            device.asked.clear()
            place = pin_place("127.0.0.1", device.port)
            pins = {"seen": ((place, looks.tls.fingerprint_sha256),), "other": ((place, "00" * 32),)}.get(
                pin or "", ()
            )
            facts = (await checked([Job(target, LOGIN)], replace(OPTIONS, pins=pins)))[0].device
        assert isinstance(facts, DeviceFacts)
        return device, facts

    device, facts = asyncio.run(run())
    if pin == "seen":
        assert facts.login.scheme == "http-basic"
    else:
        assert isinstance(facts.information, Fault) and facts.information.code is FaultCode.AUTH_WOULD_LEAK
        assert logins_of(device) == 0


@pytest.mark.parametrize("login", ["basic"])
def test_basic_in_clear_needs_leave_by_name(login: str) -> None:
    async def run() -> tuple[int, Camera]:
        device, camera = FakeDevice(login=login), basic_camera()
        async with serving(device), listening(camera) as stream:
            await checked([Job(device.target, LOGIN), Job(stream, LOGIN)])
        return logins_of(device), camera

    sent, camera = asyncio.run(run())
    assert sent == 0 and not answers_of(camera)


def test_the_strongest_digest_is_answered() -> None:
    weak_first = ('Basic realm="c"', 'Digest realm="c", nonce="n", algorithm=MD5')

    async def run() -> Camera:
        camera = Camera(user=LOGIN.user, password=LOGIN.secret.reveal())
        camera.challenges = (*weak_first, 'Digest realm="c", nonce="n", algorithm=SHA-256')
        async with listening(camera) as target:
            (check,) = await checked([Job(target, LOGIN)])
        assert isinstance(stream_of(check).measured, MeasuredStream)
        return camera

    answers = answers_of(asyncio.run(run()))
    assert answers and all(text.startswith("Digest") and "SHA-256" in text for text in answers)


def test_one_refused_log_in_for_device_and_streams_together() -> None:
    async def run() -> tuple[int, int]:
        device, camera = FakeDevice(login="digest"), Camera(user=LOGIN.user, password=LOGIN.secret.reveal())
        async with serving(device), listening(camera) as stream:
            jobs = [
                Job(device.target, WRONG),
                Job(stream, WRONG),
                Job(device.target, WRONG),
                Job(stream, WRONG),
            ]
            await checked(jobs)
        return logins_of(device), len(answers_of(camera))

    assert asyncio.run(run()) == (1, 0)


@pytest.mark.parametrize("first", ["device", "stream"])
def test_a_lock_heard_at_one_door_closes_both(first: str) -> None:
    class Locking(Camera):
        def refusal(self, asked: Asked) -> bytes | None:
            if asked.method == "OPTIONS":
                return None
            line = "401 Còn 3 lần thử" if asked["authorization"] else "401 Unauthorized"
            return self.status(asked, line, f"WWW-Authenticate: {self.challenges[0]}")

    other = Credential("other", Secret("another"))

    async def run() -> tuple[int, int]:
        device = FakeDevice(login="wsse", refusal=soap_fault("NotAuthorized", "You still have 26 attempt(s)"))
        camera = Locking(user="x")
        async with serving(device), listening(camera) as stream:
            doors: list[DeviceTarget | StreamTarget] = [device.target, stream]
            if first == "stream":
                doors.reverse()
            await checked([Job(doors[0], WRONG), Job(doors[1], other)])
        return logins_of(device), len(answers_of(camera))

    assert asyncio.run(run()) == ((1, 0) if first == "device" else (0, 1))


def test_a_log_in_goes_to_no_other_host_whatever_the_device_names() -> None:
    """XAddrs, stream addresses and redirects name a second machine, which must hear nothing at all."""

    async def run() -> tuple[int, FakeDevice]:
        visitors = 0

        async def stranger(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal visitors
            visitors += 1
            writer.close()

        server = await asyncio.start_server(stranger, "127.0.0.2", 0)
        port = server.sockets[0].getsockname()[1]
        uri = f"rtsp://127.0.0.2:{port}/live"
        device = FakeDevice(login="digest", named_host=f"127.0.0.2:{port}")
        media2 = f"<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetStreamUriResponse>"
        media1 = f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri></trt:MediaUri>"
        device.answers[f"{MEDIA2_NS}#GetStreamUri"] = envelope(media2)
        device.answers[f"{MEDIA1_NS}#GetStreamUri"] = envelope(
            f"<trt:GetStreamUriResponse>{media1}</trt:GetStreamUriResponse>"
        )
        async with serving(device):
            await checked([Job(device.target, LOGIN)])
        server.close()
        return visitors, device

    visitors, device = asyncio.run(run())
    assert visitors == 0 and device.count("GetStreamUri") > 0


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "305 Use Proxy"])
def test_an_rtsp_redirect_is_followed_to_nobody(status: str) -> None:
    class Moving(Camera):
        def describe(self, asked: Asked) -> bytes:
            return self.status(asked, status, "Location: rtsp://127.0.0.2:8554/live")

    async def run() -> DeviceCheck:
        async with listening(Moving(user=LOGIN.user, password=LOGIN.secret.reveal())) as target:
            return (await checked([Job(target, LOGIN)]))[0]

    assert code_of(asyncio.run(run())) is FaultCode.REFUSED_BY_POLICY


def test_every_session_ends_with_teardown() -> None:
    async def run() -> Camera:
        camera = Camera()
        async with listening(camera) as target:
            await checked([Job(target)])
        return camera

    camera = asyncio.run(run())
    assert "PLAY" in [asked.method for asked in camera.asked] and camera.asked[-1].method == "TEARDOWN"


def test_a_transcript_holds_no_secret(tmp_path: Path) -> None:
    async def run() -> None:
        device, camera = FakeDevice(login="digest"), Camera(user=LOGIN.user, password=LOGIN.secret.reveal())
        async with serving(device), listening(camera) as stream:
            options = replace(OPTIONS, record=tmp_path)
            await checked([Job(device.target, LOGIN), Job(stream, LOGIN), Job(stream, LOGIN)], options)

    asyncio.run(run())
    texts = [path.read_text() for path in tmp_path.glob("*.json")]
    assert len(texts) == 3 and any("Digest ***" in text for text in texts)
    assert not any(LOGIN.secret.reveal() in text or "response=" in text for text in texts)


READING = re.compile(r"Get|Find|EndSearch")
RTSP_READING = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"}


def test_nothing_is_written_whatever_was_ordered() -> None:
    """Of ONVIF only questions, of RTSP nothing that publishes or sets, also with every order given."""
    ordered = replace(
        INTERVIEW, default_logins=(WRONG,), try_snapshot=True, check_ports=(80, 8000), is_brisk=True
    )

    async def run() -> tuple[FakeDevice, Camera]:
        device, camera = FakeDevice(login="digest"), Camera(user=LOGIN.user, password=LOGIN.secret.reveal())
        async with serving(device), listening(camera) as stream:
            await checked(
                [Job(device.target, LOGIN), Job(stream, LOGIN)], replace(OPTIONS, interview=ordered)
            )
        return device, camera

    device, camera = asyncio.run(run())
    assert "GetUsers" in device.operations() and all(map(READING.match, device.operations()))
    assert "PLAY" in {asked.method for asked in camera.asked}
    assert {asked.method for asked in camera.asked} <= RTSP_READING


def test_what_nobody_ordered_is_not_tried() -> None:
    """No factory log-in, no snapshot, and no other port than the one that was named."""
    visitors: list[int] = []

    async def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(1)
        writer.close()

    async def run() -> FakeDevice:
        device = FakeDevice(login="digest")
        async with serving(device):
            other = await asyncio.start_server(count, "127.0.0.1", 0)
            number = other.sockets[0].getsockname()[1]
            interview = replace(INTERVIEW, ports=(number,))
            await checked([Job(device.target)], replace(OPTIONS, interview=interview))
            other.close()
        return device

    device = asyncio.run(run())
    assert device.count("GetProfiles") and not device.count("GetSnapshotUri")
    assert logins_of(device) == 0 and not visitors


@pytest.mark.parametrize("where", ["Content-Base", "control"])
def test_a_log_in_stays_at_the_address_whatever_a_description_names(where: str) -> None:
    visitors: list[int] = []

    async def stranger(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(1)
        writer.close()

    class Leading(Camera):
        there = ""

        def describe(self, asked: Asked) -> bytes:
            base = self.there if where == "Content-Base" else str(self.uri)
            sdp = (
                self.sdp
                if where == "Content-Base"
                else self.sdp.replace("trackID=1", f"{self.there}trackID=1")
            )
            head = "Content-Type: application/sdp", f"Content-Base: {base}/"
            return self.ok(asked, *head, body=sdp.encode())

    async def run() -> tuple[Leading, DeviceCheck]:
        camera = Leading(user=LOGIN.user, password=LOGIN.secret.reveal())
        server = await asyncio.start_server(stranger, "127.0.0.2", 0)
        camera.there = f"rtsp://127.0.0.2:{server.sockets[0].getsockname()[1]}/live/"
        async with listening(camera) as target:
            (check,) = await checked([Job(target, LOGIN)])
        server.close()
        return camera, check

    camera, check = asyncio.run(run())
    assert isinstance(stream_of(check).measured, MeasuredStream) and not visitors
    assert all("127.0.0.2" not in answer for answer in answers_of(camera))


def test_a_redirect_out_of_tls_is_not_followed(tmp_path: Path) -> None:
    async def run() -> tuple[FakeDevice, FakeDevice]:
        secure, clear = FakeDevice(login="digest"), FakeDevice(login="digest")
        async with serving(clear), serving(secure, ssl_context=server_context(tmp_path)):
            away = {"Location": f"http://127.0.0.1:{clear.port}/onvif/device_service"}
            secure.before = lambda _device, _asked: web.Response(status=302, headers=away)
            await checked([Job(replace(secure.target, secure=True), LOGIN)])
        return secure, clear

    secure, clear = asyncio.run(run())
    assert secure.asked and not clear.asked


def test_a_device_is_asked_five_times_a_second_at_most() -> None:
    """By a clock that passes only while somebody waits: no test need wait with it."""
    moments: list[float] = []
    clock = FakeClock()

    def note(_device: FakeDevice, _asked: object) -> str:
        moments.append(clock.monotonic_s())
        return ""

    async def run() -> None:
        device = FakeDevice(login="digest")
        device.before = note
        async with serving(device), Fleet(FleetLimits(), clock) as fleet:
            await fleet.check([Job(device.target, LOGIN)], FleetOptions(watch=OPTIONS.watch))

    asyncio.run(run())
    seconds = [sum(start <= moment < start + 0.999 for moment in moments) for start in moments]
    assert len(moments) > 15 and max(seconds) <= 5
