"""The way in: chosen on evidence, at most one refusal per device and secret, and nobody locked out."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from camagent.model.device import DeviceClock, DeviceFacts, DeviceInformation, MediaFacts
from camagent.model.fault import Fault, FaultCode
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import (
    LOGIN,
    OPEN_TO_ALL,
    WRONG,
    Asked,
    FakeDevice,
    clock_reply,
    soap_fault,
)
from tests.interrogate.test_interview import FAST, interview


def code(section: object) -> FaultCode | None:
    return section.code if isinstance(section, Fault) else None


def with_login(device: FakeDevice) -> list[Asked]:
    return [a for a in device.asked if a.wsse or a.authorization is not None]


def logged_in(facts: DeviceFacts) -> bool:
    return isinstance(facts.information, DeviceInformation) and isinstance(facts.media, MediaFacts)


@pytest.mark.parametrize(
    ("login", "scheme"),
    [
        ("wsse", "wsse-device-time"),
        ("digest", "http-digest-md5"),
        ("digest-sha-256", "http-digest-sha-256"),
        ("wsse-then-digest", "http-digest-md5"),
        ("none", None),
    ],
)
def test_every_door_is_found_without_a_refused_try(login: str, scheme: str | None) -> None:
    """HTTP-Digest-only devices among them (home-assistant/core#98538)."""
    device = FakeDevice(login=login)
    facts = interview(device)
    assert logged_in(facts) and facts.login.scheme == scheme
    # "wsse-then-digest" challenges only after a token: that refusal is what proves the token was not looked
    # at
    assert device.logins_refused == (1 if login == "wsse-then-digest" else 0)


@pytest.mark.parametrize("login", ["wsse", "digest", "digest-sha-256", "wsse-then-digest"])
def test_a_wrong_password_is_tried_once(login: str) -> None:
    device = FakeDevice(login=login)
    ledger = LoginLedger()
    facts = interview(device, WRONG, ledger=ledger)
    passwords_judged = [a for a in with_login(device) if login != "wsse-then-digest" or a.authorization]
    assert len(passwords_judged) == 1
    assert code(facts.information) is FaultCode.AUTH_REJECTED and code(facts.media) is FaultCode.AUTH_REJECTED
    assert ledger.why_not("127.0.0.1", WRONG) is not None and ledger.why_not("127.0.0.1", LOGIN) is None
    assert isinstance(facts.clock, DeviceClock) and facts.login.scheme is None


def test_a_refused_login_is_listed_once() -> None:
    facts = interview(FakeDevice(), WRONG)
    assert [f.code for f in facts.faults] == [FaultCode.AUTH_REJECTED]
    facts = interview(FakeDevice(), None)
    assert [f.code for f in facts.faults] == [FaultCode.AUTH_REQUIRED]


def test_a_refused_secret_is_not_tried_again_in_the_run() -> None:
    ledger = LoginLedger()
    interview(FakeDevice(), WRONG, ledger=ledger)
    device = FakeDevice()
    facts = interview(device, WRONG, ledger=ledger)
    assert with_login(device) == [] and code(facts.information) is FaultCode.AUTH_REJECTED


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ("You still have 26 attempt(s)", 1),
        ("Please try again after 30 minutes", 1),
        ("illegal login lock", 1),
        ("Too many failed logins", 0),  # said to a stranger: locked already
    ],
)
def test_a_device_that_counts_down_or_locks_is_left_alone(text: str, tries: int) -> None:
    """agsh/onvif#112: "You still have 26 attempt(s)"."""
    device = FakeDevice(refusal=soap_fault("NotAuthorized", text))
    ledger = LoginLedger()
    facts = interview(device, WRONG, ledger=ledger, options=replace(FAST, default_logins=(LOGIN,)))
    assert len(with_login(device)) == tries and ledger.is_locked("127.0.0.1")
    assert code(facts.information) is FaultCode.LOCKED_OUT and code(facts.media) is FaultCode.LOCKED_OUT
    later = FakeDevice()
    assert code(interview(later, LOGIN, ledger=ledger).information) is FaultCode.LOCKED_OUT
    assert with_login(later) == []


@pytest.mark.parametrize("text", ["Your IP address has been blocked", "User is locked", "Tài khoản bị khóa"])
def test_a_device_that_tells_strangers_of_a_lock_is_not_logged_in_to(text: str) -> None:
    device = FakeDevice(refusal=soap_fault("NotAuthorized", text))
    facts = interview(device)
    assert with_login(device) == [] and code(facts.information) is FaultCode.LOCKED_OUT


def test_a_stranger_who_is_told_of_attempts_may_still_log_in() -> None:
    device = FakeDevice(refusal=soap_fault("NotAuthorized", "Every login attempt is logged"))
    assert logged_in(interview(device))


@pytest.mark.parametrize("days", [-200, -0.002, 0.002, 180])
def test_a_token_carries_the_time_of_the_device(days: float) -> None:
    """lumeohq/onvif-rs#121; home-assistant/core#121952: half a year off after a reboot."""
    facts = interview(FakeDevice(clock_offset=timedelta(days=days)))
    assert logged_in(facts) and isinstance(facts.clock, DeviceClock) and facts.clock.offset_s is not None
    assert abs(facts.clock.offset_s - days * 86400) < 2


def test_a_clock_that_shows_local_time_as_utc_does_not_spoil_the_token() -> None:
    """OpenIPC/majestic-webui#292: seven hours off on display, right inside; the Date header gives it away."""
    device = FakeDevice(shown_offset=timedelta(hours=7))
    facts = interview(device)
    assert logged_in(facts) and facts.login.scheme == "wsse-own-time" and device.logins_refused == 0
    assert isinstance(facts.clock, DeviceClock) and facts.clock.offset_s is not None
    assert abs(facts.clock.offset_s - 7 * 3600) < 2


def test_own_time_is_used_where_the_device_shows_none() -> None:
    missing = soap_fault("ActionNotSupported")
    facts = interview(FakeDevice(answers={"GetSystemDateAndTime": missing}))
    assert logged_in(facts) and facts.login.scheme == "wsse-own-time"
    assert code(facts.clock) is FaultCode.UNSUPPORTED


def test_a_refusal_that_names_the_time_is_answered_with_our_own() -> None:
    device = FakeDevice(
        shown_offset=timedelta(seconds=90), refusal=soap_fault("NotAuthorized", "Timestamp expired")
    )
    facts = interview(device)
    assert logged_in(facts) and facts.login.scheme == "wsse-own-time"
    assert device.logins_refused == 1


def test_the_time_call_may_want_a_login_itself() -> None:
    """YoshieraHuang/node-onvif-ts PR #12."""
    device = FakeDevice(login="digest", open=OPEN_TO_ALL - {"GetSystemDateAndTime"})
    facts = interview(device)
    assert logged_in(facts) and isinstance(facts.clock, DeviceClock) and not facts.clock.anonymous


def test_a_service_list_that_wants_a_login_is_read_after_it() -> None:
    facts = interview(FakeDevice(open=frozenset({"GetSystemDateAndTime"})))
    assert logged_in(facts) and not isinstance(facts.services, Fault)
    assert isinstance(facts.media, MediaFacts) and facts.media.service == "media2"


def test_a_nonce_that_holds_once_is_renewed_without_being_a_refusal() -> None:
    device = FakeDevice(login="digest", single_use_nonces=True)
    ledger = LoginLedger()
    facts = interview(device, ledger=ledger)
    assert logged_in(facts) and ledger.why_not("127.0.0.1", LOGIN) is None


def test_a_user_with_few_rights_keeps_what_he_may_read() -> None:
    """home-assistant/core#93079."""
    denied = soap_fault("NotAuthorized", "Sender not authorized")
    device = FakeDevice(answers={"GetUsers": denied, "GetNetworkInterfaces": denied})
    ledger = LoginLedger()
    facts = interview(device, ledger=ledger)
    assert logged_in(facts) and code(facts.users) is FaultCode.AUTH_REJECTED
    assert facts.network.macs == () and facts.network.ntp_servers == ("192.0.2.1",)  # type: ignore[union-attr]
    assert ledger.why_not("127.0.0.1", LOGIN) is None


def test_a_server_that_stumbles_over_the_security_header_is_asked_without_it() -> None:
    """EliasKotlyar/Xiaomi-Dafang-Hacks#1641; the log-in was never looked at, so nothing was refused."""

    def stumble(device: FakeDevice, asked: Asked) -> str:
        return soap_fault("MustUnderstand", "An element was not understood") if asked.wsse else ""

    device = FakeDevice(login="none", before=stumble, answers={"GetUsers": soap_fault("NotAuthorized")})
    ledger = LoginLedger()
    facts = interview(device, ledger=ledger)
    assert logged_in(facts) and facts.login.scheme is None


def test_basic_in_clear_is_not_answered() -> None:
    device = FakeDevice(login="basic")
    facts = interview(device)
    assert with_login(device) == [] and code(facts.information) is FaultCode.AUTH_WOULD_LEAK
    assert facts.login.offered == ("basic",)


def test_basic_in_clear_is_answered_where_the_operator_allows_it() -> None:
    facts = interview(FakeDevice(login="basic"), replace(LOGIN, allow_basic=True))
    assert logged_in(facts) and facts.login.scheme == "http-basic"


def test_a_scheme_that_nobody_speaks_is_named() -> None:
    def bearer(device: FakeDevice, asked: Asked) -> web.Response | str:
        if asked.operation in OPEN_TO_ALL:
            return ""
        return web.Response(status=401, headers={"WWW-Authenticate": 'Bearer realm="cloud"'})

    device = FakeDevice(before=bearer)
    facts = interview(device)
    assert code(facts.information) is FaultCode.AUTH_UNSUPPORTED and with_login(device) == []
    assert facts.login.offered == ("bearer",)


def test_without_a_login_what_is_open_is_still_read() -> None:
    facts = interview(FakeDevice(), None)
    assert isinstance(facts.clock, DeviceClock) and not isinstance(facts.services, Fault)
    assert code(facts.information) is FaultCode.AUTH_REQUIRED and code(facts.media) is FaultCode.AUTH_REQUIRED
    assert facts.users is None and not isinstance(facts.capabilities, Fault)


def test_what_is_open_to_everybody_is_named() -> None:
    """roleoroleo/yi-hack-MStar#56: anonymous ONVIF hands out a stream address with the password inside."""
    leaking = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><GetStreamUriResponse><Uri>'
        "rtsp://admin:secret1@192.168.1.10:554/ch0?x=1</Uri></GetStreamUriResponse></e:Body></e:Envelope>"
    )
    opened = OPEN_TO_ALL | {"GetProfiles", "GetStreamUri"}
    facts = interview(FakeDevice(open=opened, answers={"GetStreamUri": leaking}))
    assert facts.anonymous.answered == ("GetProfiles", "GetStreamUri")  # type: ignore[union-attr]
    assert facts.media.profiles[0].uri_had_credentials  # type: ignore[union-attr]
    assert str(facts.media.profiles[0].stream_uri) == "rtsp://127.0.0.1/ch0?x=1"  # type: ignore[union-attr]
    assert "secret1" not in repr(facts)


def test_an_empty_user_list_is_not_an_open_door() -> None:
    empty = '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><GetUsersResponse/></e:Body></e:Envelope>'
    facts = interview(FakeDevice(open=OPEN_TO_ALL | {"GetUsers"}, answers={"GetUsers": empty}))
    assert facts.anonymous.answered == ()  # type: ignore[union-attr]


class TestFactoryLogins:
    def test_none_is_tried_unless_asked_for(self) -> None:
        assert interview(FakeDevice()).default_login is None

    def test_two_are_tried_at_most(self) -> None:
        device = FakeDevice(login="digest")
        logins = tuple(replace(WRONG, user=f"u{i}") for i in range(5))
        facts = interview(device, options=replace(FAST, default_logins=logins))
        assert facts.default_login.tried == 2 and facts.default_login.accepted is None  # type: ignore[union-attr]
        assert device.logins_refused == 2

    def test_one_refused_before_counts(self) -> None:
        device = FakeDevice(login="digest")
        logins = tuple(replace(WRONG, user=f"u{i}") for i in range(5))
        facts = interview(device, WRONG, options=replace(FAST, default_logins=logins))
        assert facts.default_login.tried == 1 and device.logins_refused == 2  # type: ignore[union-attr]

    @pytest.mark.parametrize("login", ["wsse", "digest"])
    def test_one_that_is_let_in_is_named_by_user_only(self, login: str) -> None:
        facts = interview(FakeDevice(login=login), None, options=replace(FAST, default_logins=(LOGIN,)))
        assert facts.default_login.accepted == "admin" and "hunter2" not in repr(facts)  # type: ignore[union-attr]

    def test_an_open_device_proves_nothing(self) -> None:
        facts = interview(FakeDevice(login="none"), options=replace(FAST, default_logins=(WRONG,)))
        assert facts.default_login.tried == 0 and facts.default_login.accepted is None  # type: ignore[union-attr]


def test_a_fault_never_carries_the_password() -> None:
    facts = interview(FakeDevice(), WRONG)
    assert "wrong-password" not in repr(facts)


def test_the_clock_is_not_asked_twice_without_reason() -> None:
    device = FakeDevice()
    interview(device)
    assert device.count("GetSystemDateAndTime") == 1


def test_zone_facts_are_kept_apart() -> None:
    from datetime import UTC, datetime

    shown = clock_reply(datetime(2026, 3, 1, 5, 0, 0, tzinfo=UTC), zone=timedelta(hours=-7))
    facts = interview(FakeDevice(login="none", answers={"GetSystemDateAndTime": shown}))
    assert isinstance(facts.clock, DeviceClock)
    assert facts.clock.utc_offset_s == -7 * 3600 and facts.clock.time_zone == "ICT-7"
    assert facts.clock.local == datetime(2026, 2, 28, 22, 0, 0) and facts.clock.source == "NTP"


@pytest.mark.parametrize("login", ["wsse", "digest", "basic"])
def test_no_log_line_and_no_fact_carries_a_secret(login: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for credential in (LOGIN, WRONG):
        facts = interview(FakeDevice(login=login), replace(credential, allow_basic=True))
        for text in (caplog.text, repr(facts)):
            assert "hunter2" not in text and "wrong-password" not in text and "response=" not in text
