"""Devices that want to be asked in another way, at another place, or about something else: nothing of them is
lost."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiohttp import web

from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.model.device import DeviceClock, DeviceFacts, DeviceInformation, EncoderSettings, MediaFacts
from camagent.model.fault import Fault, FaultCode
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import (
    DEVICE,
    LOGIN,
    MEDIA1,
    MEDIA2,
    NOT_AUTHORIZED,
    WRONG,
    Asked,
    FakeDevice,
    envelope,
    media1_profiles,
    media2_profiles,
    media2_row,
    serving,
    soap_fault,
)
from tests.interrogate.test_interview import FAST, interview
from tests.interrogate.test_login import code, logged_in, with_login
from tests.monitoring.programs import free_port

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
LACKING = soap_fault("ActionNotSupported", "Optional Action Not Implemented")
PAGE = web.Response(status=404, text="<html><body>404</body></html>", content_type="text/html")


def media(facts: DeviceFacts) -> MediaFacts:
    assert isinstance(facts.media, MediaFacts)
    return facts.media


# --- the form of the question
# ------------------------------------------------------------------------------------


class PickyDevice(FakeDevice):
    """Understands one form only, and says of any other what it is told to say."""

    wanted: Callable[[Asked, str], bool]
    complaint: web.Response | str

    async def serve(self, request: web.Request) -> web.Response:
        self.kind = request.headers.get("Content-Type", "")
        return await super().serve(request)


def picky(wanted: Callable[[Asked, str], bool], complaint: web.Response | str) -> PickyDevice:
    device = PickyDevice()
    device.before = lambda d, asked: "" if wanted(asked, device.kind) else complaint
    return device


def without_action(asked: Asked, kind: str) -> bool:
    return "action=" not in kind and "soap+xml" in kind


def in_soap_11(asked: Asked, kind: str) -> bool:
    return SOAP_11 in asked.text and kind.startswith("text/xml")


def addressed(asked: Asked, kind: str) -> bool:
    return "2005/08/addressing" in asked.text


REFUSED_ACTION = soap_fault("ActionNotSupported", "The [action] cannot be processed at the receiver.")


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (without_action, REFUSED_ACTION),  # agsh/onvif#302
        (without_action, web.Response(status=415)),
        (without_action, web.Response(status=500, text=LACKING)),
        (without_action, web.Response(status=400)),
        (in_soap_11, web.Response(body=b"")),  # OpenIPC/viewer#65
        (in_soap_11, soap_fault("VersionMismatch", "SOAP version mismatch")),
        (in_soap_11, web.Response(status=415, text="<html>Unsupported Media Type</html>")),
        (in_soap_11, web.Response(status=400)),
        (in_soap_11, web.Response(status=405, text="<html>Method Not Allowed</html>")),
        (addressed, web.Response(status=400)),
        (addressed, soap_fault("MessageAddressingHeaderRequired", "A required header is not present")),
        (addressed, web.Response(body=b"")),
    ],
)
def test_the_form_that_is_understood_is_found_once_and_kept(
    wanted: Callable[[Asked, str], bool], complaint: web.Response | str
) -> None:
    device = picky(wanted, complaint)
    facts = interview(device)
    assert logged_in(facts) and len(media(facts).profiles) == 2 and isinstance(facts.clock, DeviceClock)
    assert device.count("GetSystemDateAndTime") <= 4 and device.count("GetServices") == 1
    assert device.logins_refused == 0


def test_a_device_that_lacks_an_operation_is_not_asked_for_it_in_every_form() -> None:
    device = FakeDevice(answers={"GetNTP": LACKING, "GetUsers": LACKING, "GetScopes": LACKING})
    interview(device)
    assert device.count("GetNTP") == 1 and device.count("GetScopes") == 1


def test_no_login_is_repeated_in_another_form() -> None:
    def complain(device: FakeDevice, asked: Asked) -> str:
        return REFUSED_ACTION if asked.wsse else ""

    device = FakeDevice(before=complain)
    interview(device, WRONG)
    asked = [(a.namespace, a.operation, a.content) for a in with_login(device)]
    assert len(set(asked)) == len(asked)


# --- the time is one question among others
# -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        PAGE,
        web.Response(body=b""),
        web.Response(text="<html>log in</html>", content_type="text/html"),
        web.Response(status=500, text="oops"),
        soap_fault("ActionNotSupported"),
        soap_fault("Action", "internal error"),
        envelope("<tds:SomethingElseResponse/>"),
    ],
)
def test_without_the_time_everything_else_is_asked_all_the_same(answer: web.Response | str) -> None:
    """agsh/onvif PR#65."""
    device = FakeDevice(answers={"GetSystemDateAndTime": answer})
    facts = interview(device)
    assert isinstance(facts.clock, Fault) and logged_in(facts)
    assert isinstance(facts.information, DeviceInformation) and len(media(facts).profiles) == 2
    assert device.count("GetServices") == 1


class DeviceWithoutTime(FakeDevice):
    """Takes the question for the time, and answers it when nobody waits any more."""

    async def serve(self, request: web.Request) -> web.Response:
        if b"GetSystemDateAndTime" in await request.read():
            await asyncio.sleep(3.0)
        return await super().serve(request)


def test_a_device_that_keeps_silent_about_the_time_is_asked_everything_else() -> None:
    facts = interview(DeviceWithoutTime(), options=replace(FAST, call_timeout_s=0.4))
    assert isinstance(facts.clock, Fault) and facts.clock.code is FaultCode.TIMEOUT
    assert logged_in(facts) and len(media(facts).profiles) == 2


@pytest.mark.parametrize("services", [(DEVICE, MEDIA1), (DEVICE, MEDIA2), (DEVICE, MEDIA1, MEDIA2)])
@pytest.mark.parametrize("answer", [LACKING, PAGE, web.Response(body=b""), NOT_AUTHORIZED])
def test_without_a_list_of_services_both_are_asked_for_at_the_device_service(
    services: tuple[str, ...], answer: web.Response | str
) -> None:
    others = {f"{space}#GetProfiles": LACKING for space in {MEDIA1, MEDIA2} - set(services)}
    lists = {"GetServices": answer, "GetCapabilities": answer}
    facts = interview(FakeDevice(services=services, answers={**others, **lists}))
    listed = 2 if MEDIA2 in services else 1
    assert isinstance(facts.services, Fault) and len(media(facts).profiles) == listed
    assert logged_in(facts)


# --- Media1 and Media2 complete each other
# -----------------------------------------------------------------------


def configuration(token: str, codec: str, size: tuple[int, int]) -> str:
    return (
        f'<tr2:Configurations token="{token}" GovLength="40" Profile="Main"><tt:Encoding>'
        f"{codec}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{size[0]}</tt:Width><tt:Height>{size[1]}</tt:Height></tt:Resolution>"
        "<tt:RateControl><tt:FrameRateLimit>20</tt:FrameRateLimit><tt:BitrateLimit>3000</tt:BitrateLimit></tt:RateControl>"
        "</tr2:Configurations>"
    )


def configurations(*rows: str) -> str:
    return envelope(
        f"<tr2:GetVideoEncoderConfigurationsResponse>{''.join(rows)}</tr2:GetVideoEncoderConfigurationsResponse>"
    )


BARE = (
    '<tr2:Profiles token="P1"><tr2:Name>a</tr2:Name><tr2:Configurations><tr2:VideoSource token="c">'
    "<tt:SourceToken>VS1</tt:SourceToken></tr2:VideoSource></tr2:Configurations></tr2:Profiles>"
)


def encoder(facts: DeviceFacts) -> EncoderSettings:
    settings = media(facts).profiles[0].encoder
    assert isinstance(settings, EncoderSettings)
    return settings


def test_configurations_of_media2_say_what_its_profiles_do_not() -> None:
    """IPG-8150PSS: Media2 lists profiles without configurations, and Media1 calls the same encoder H264."""
    answers = {
        f"{MEDIA2}#GetProfiles": media2_profiles(BARE),
        "GetVideoEncoderConfigurations": configurations(configuration("E1", "H265", (2560, 1440))),
    }
    facts = interview(FakeDevice(answers=dict(answers)))
    assert encoder(facts).codec == "h265" and encoder(facts).frame_rate_hz == 20.0
    assert media(facts).service == "media1" and media(facts).profiles[0].options


def test_an_encoder_that_media1_names_without_saying_anything_is_looked_up() -> None:
    """futomi/node-onvif#78: an H.265 main profile that Media1's list of profiles cannot describe."""
    empty = '<tt:VideoEncoderConfiguration token="E1"><tt:Name>main</tt:Name></tt:VideoEncoderConfiguration>'
    listed = configurations(
        configuration("E9", "H264", (640, 360)), configuration("E1", "H265", (2560, 1440))
    )
    device = FakeDevice(
        services=(DEVICE, MEDIA1),
        answers={"GetProfiles": media1_profiles(empty), "GetVideoEncoderConfigurations": listed},
    )
    assert (encoder(interview(device)).codec, encoder(interview(device)).width_px) == ("h265", 2560)


@pytest.mark.parametrize(("rows", "codec"), [(1, "h265"), (2, None)])
def test_media2_alone_gives_the_only_configuration_that_a_profile_may_use(
    rows: int, codec: str | None
) -> None:
    some = configurations(*(configuration(f"E{n}", "H265", (2560, 1440)) for n in range(rows)))
    device = FakeDevice(
        services=(DEVICE, MEDIA2),
        answers={"GetProfiles": media2_profiles(BARE), "GetVideoEncoderConfigurations": some},
    )
    settings = media(interview(device)).profiles[0].encoder
    assert (settings.codec if isinstance(settings, EncoderSettings) else None) == codec


@pytest.mark.parametrize("listing", [BARE, None], ids=["Media1 chosen", "Media2 chosen"])
@pytest.mark.parametrize(
    "answer", [LACKING, soap_fault("NotAuthorized"), PAGE, web.Response(status=503), web.Response(body=b"")]
)
def test_a_stream_that_the_chosen_service_does_not_give_is_asked_of_the_other(
    listing: str | None, answer: web.Response | str
) -> None:
    """SUNBA: only Media2 gives the address, and Media1 was chosen because Media2 lists no encoders."""
    silent = MEDIA1 if listing else MEDIA2
    answers = {f"{silent}#GetStreamUri": answer, f"{MEDIA2}#GetProfiles": media2_profiles(listing or "")}
    facts = interview(FakeDevice(answers=dict(answers)))
    assert not isinstance(media(facts).profiles[0].stream_uri, Fault | None)


# --- a stale port
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["closed", "another web server"])
def test_a_service_at_a_port_where_it_is_not_is_asked_at_the_port_that_answered(kind: str) -> None:
    async def run() -> DeviceFacts:
        device = FakeDevice()
        other = FakeDevice(before=lambda d, a: PAGE)
        async with serving(device), serving(other):
            device.named_host = f"127.0.0.1:{free_port() if kind == 'closed' else other.port}"
            return await interrogate(device.target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger()))

    facts = asyncio.run(run())
    assert logged_in(facts) and len(media(facts).profiles) >= 2 and facts.faults == ()


# --- log-ins
# -----------------------------------------------------------------------------------------------------


class BoundNonces(FakeDevice):
    """HTTP Digest whose nonce belongs to the URL that gave it (IOTechSystems/onvif#41)."""

    def check(self, asked: Asked) -> web.Response | None:
        if f'nonce="{self.nonce(asked)}"' in (asked.authorization or "") and self.good_digest(asked, "MD5"):
            return None
        challenge = f'Digest realm="cam", nonce="{self.nonce(asked)}", qop="auth"'
        response = self.refuse(asked, {"WWW-Authenticate": challenge})
        response.set_status(401)
        return response

    @staticmethod
    def nonce(asked: Asked) -> str:
        return hashlib.md5(asked.path.encode()).hexdigest()


@pytest.mark.parametrize("services", [(DEVICE, MEDIA1, MEDIA2), (DEVICE, MEDIA2), (DEVICE, MEDIA1)])
def test_a_challenge_belongs_to_the_url_that_gave_it(services: tuple[str, ...]) -> None:
    device = BoundNonces(services=services)
    facts = interview(device)
    assert logged_in(facts) and device.logins_refused == 0 and facts.login.scheme == "http-digest-md5"
    assert not isinstance(facts.users, Fault | None) and facts.faults == ()


class OneNonce(FakeDevice):
    """HTTP Digest that accepts only the nonce that it gave last, whatever the URL, and never says that one is
    stale."""

    def check(self, asked: Asked) -> web.Response | None:
        if f'nonce="n{self.nonces}"' in (asked.authorization or "") and self.good_digest(asked, "MD5"):
            return None
        self.nonces += 1
        response = self.refuse(
            asked, {"WWW-Authenticate": f'Digest realm="cam", nonce="n{self.nonces}", qop="auth"'}
        )
        response.set_status(401)
        return response


@pytest.mark.parametrize("services", [(DEVICE, MEDIA1, MEDIA2), (DEVICE, MEDIA2), (DEVICE, MEDIA1)])
def test_a_device_that_keeps_one_nonce_at_a_time_lets_us_in(services: tuple[str, ...]) -> None:
    device = OneNonce(login="digest", services=services)
    facts = interview(device)
    assert logged_in(facts) and len(media(facts).profiles) >= 1 and not isinstance(facts.users, Fault | None)
    assert device.logins_refused <= 1


def test_a_device_that_keeps_one_nonce_may_be_asked_to_and_fro() -> None:
    """Media2 gives no stream address: of every stream both services are asked in turn."""
    rows = "".join(media2_row(token, "VS1", "H264", (640, 360)) for token in ("P1", "P2", "P3"))
    no_address = {
        f"{MEDIA2}#GetStreamUri": soap_fault("Action", "no"),
        f"{MEDIA2}#GetProfiles": media2_profiles(rows),
    }
    row = re.search(r"<trt:Profiles.*</trt:Profiles>", media1_profiles())
    assert row is not None
    three = "".join(row[0].replace('token="P1"', f'token="{token}"') for token in ("P1", "P2", "P3"))
    no_address[f"{MEDIA1}#GetProfiles"] = envelope(
        f"<trt:GetProfilesResponse>{three}</trt:GetProfilesResponse>"
    )
    device = OneNonce(login="digest", answers={**no_address})
    facts = interview(device)
    assert not any(isinstance(row.stream_uri, Fault) for row in media(facts).profiles)
    assert device.logins_refused <= 1


def test_a_wrong_password_costs_one_failed_login_there_too() -> None:
    device = BoundNonces()
    facts = interview(device, WRONG)
    assert device.logins_refused == 1 and code(facts.information) is FaultCode.AUTH_REJECTED


@pytest.mark.parametrize("login", ["wsse", "digest"])
@pytest.mark.parametrize(
    "refused",
    [
        {f"{MEDIA2}#"},
        {"#GetDeviceInformation"},
        {"#GetUsers"},
        {"#GetServices", "#GetCapabilities"},
        {"#GetNetworkInterfaces", "#GetScopes", "#GetNTP"},
    ],
)
def test_a_refusal_of_one_service_or_operation_does_not_condemn_the_account(
    refused: set[str], login: str
) -> None:
    def deny(device: FakeDevice, asked: Asked) -> web.Response | str:
        named = f"{asked.namespace}#{asked.operation}"
        if not any(word in named for word in refused):
            return ""
        return (
            NOT_AUTHORIZED
            if login == "wsse"
            else web.Response(
                status=401,
                headers={"WWW-Authenticate": f'Digest realm="cam", nonce="{len(device.asked)}", qop="auth"'},
            )
        )

    ledger = LoginLedger()
    facts = interview(FakeDevice(login=login, before=deny), ledger=ledger)
    assert (
        media(facts).profiles
        and facts.login.scheme is not None
        and ledger.why_not("127.0.0.1", LOGIN) is None
    )
    assert not all(isinstance(part, Fault) for part in (facts.information, facts.network, facts.users))


@pytest.mark.parametrize(
    "words",
    [
        soap_fault("OperationProhibited", "The requested operation is not permitted for this user"),
        soap_fault("NotAuthorized", "Insufficient privilege"),
        soap_fault("NotAuthorized", "Người dùng không đủ quyền"),
    ],
)
def test_a_refusal_that_speaks_of_rights_is_believed_once(words: str) -> None:
    """Media1, where the first log-in goes, forbids the operation to this user; the rest is open to him."""

    def deny(device: FakeDevice, asked: Asked) -> str:
        return words if asked.wsse and asked.namespace == MEDIA1 else ""

    facts = interview(FakeDevice(before=deny))
    assert media(facts).profiles and isinstance(facts.information, DeviceInformation)


def test_words_about_rights_do_not_lead_to_more_than_a_second_try() -> None:
    def deny(device: FakeDevice, asked: Asked) -> str:
        return soap_fault("NotAuthorized", "Insufficient privilege") if asked.wsse else ""

    device = FakeDevice(before=deny)
    interview(device, WRONG)
    assert len(with_login(device)) <= 2


# --- bounds and pace
# ---------------------------------------------------------------------------------------------


def test_replies_without_end_end_the_conversation() -> None:
    """Padded replies of 3 MB each: after 24 MiB nothing more is asked."""
    pad = "<!--" + "x" * 3_000_000 + "-->"

    def padded(device: FakeDevice, asked: Asked) -> str:
        answer = device.answer(asked)
        return str(answer).replace("</SOAP-ENV:Envelope>", f"{pad}</SOAP-ENV:Envelope>")

    device = FakeDevice(login="none", before=padded)
    facts = interview(device)
    assert isinstance(facts.clock, DeviceClock) and len(device.asked) <= 10
    assert any(fault.code is FaultCode.BUDGET_SPENT for fault in facts.faults)


def test_a_quick_device_for_which_somebody_waits_is_asked_as_fast_as_it_answers() -> None:
    began_s = SystemClock().monotonic_s()
    interview(FakeDevice(), options=replace(FAST, max_requests_per_s=5.0, is_brisk=True))
    assert SystemClock().monotonic_s() - began_s < 2.0


@pytest.mark.parametrize("trouble", ["slow", "busy"])
def test_a_device_in_trouble_is_asked_at_the_polite_pace_whoever_waits(trouble: str) -> None:
    async def late(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if trouble == "slow":
            await asyncio.sleep(0.2)
        return await FakeDevice.serve(device, request) if trouble == "slow" else web.Response(status=503)

    times: list[float] = []
    device = FakeDevice(login="none")
    device.serve = late  # type: ignore[method-assign]
    interview(device, options=replace(FAST, max_requests_per_s=2.0, is_brisk=True, budget_s=6.0))
    gaps = [after - before for before, after in zip(times[1:], times[2:], strict=False)]
    assert gaps and min(gaps) > 0.4


def test_the_check_command_asks_a_good_device_without_pauses() -> None:
    """18 questions at five a second took 3.4 s of the time that somebody waited."""

    async def run() -> list[float]:
        times: list[float] = []

        def note(device: FakeDevice, asked: Asked) -> str:
            times.append(asyncio.get_running_loop().time())
            return ""

        async with serving(FakeDevice(login="none", before=note)) as device:
            arguments = (
                "check",
                f"127.0.0.1:{device.port}",
                "--window",
                "2",
                "--no-port-check",
                "--format",
                "json",
            )
            done = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "camagent", *arguments, stdout=asyncio.subprocess.DEVNULL
            )
            await done.wait()
        return times

    times = asyncio.run(run())
    assert len(times) >= 12 and times[-1] - times[0] < 0.7 * 0.2 * len(times)
