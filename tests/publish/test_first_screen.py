"""What a technician sees of a whole school: one block a cause, one command, and no line without use."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from camagent.document.login_causes import LoginCause, login_blocks, login_cause
from camagent.document.write import scan_document
from camagent.model.fault import FaultCode
from camagent.model.finding import Action, Outcome, Severity, Verdict
from camagent.model.scan_result import CameraResult
from camagent.model.stream import NightLook
from camagent.model.text import message
from camagent.model.trust import LoginGiven
from camagent.report.terminal import print_table
from camagent.run.trust_findings import newly_finding, waiting_finding
from tests import builders

COMMANDS = {
    LoginCause.REJECTED: "credentials set 192.0.2.0/24 --user",
    LoginCause.MISSING: "credentials set 192.0.2.0/24 --user",
    LoginCause.WITHHELD: "--trust-new",
    LoginCause.ANOTHER: "credentials trust 192.0.2.1",
    LoginCause.UNCLEAR: "credentials retry 192.0.2.0/24",
    LoginCause.LOCKED: "credentials retry 192.0.2.0/24",
}
CODES = {
    LoginCause.REJECTED: FaultCode.AUTH_REJECTED,
    LoginCause.MISSING: FaultCode.AUTH_REQUIRED,
    LoginCause.WITHHELD: FaultCode.AUTH_REQUIRED,
    LoginCause.ANOTHER: FaultCode.AUTH_STRANGER,
    LoginCause.UNCLEAR: FaultCode.AUTH_UNCLEAR,
    LoginCause.LOCKED: FaultCode.LOCKED_OUT,
}


def locked_away(number: int, cause: LoginCause, *more: str) -> CameraResult:
    """A camera of which only its address is known; `more`: rules that failed all the same."""
    open_rows = [
        builders.finding(rule=rule, outcome=Outcome.NOT_ASSESSED, message=message("findings.absent_access"))
        for rule in ("CON-RTSP", "CON-LOSS", "IMG-CODEC", "SEC-FW")
    ]
    if cause in (LoginCause.WITHHELD, LoginCause.ANOTHER):
        login = LoginGiven.ANOTHER if cause is LoginCause.ANOTHER else LoginGiven.WITHHELD
        open_rows.append(waiting_finding(builders.camera_facts(address=f"192.0.2.{number}"), login))
    failed = [
        builders.finding(
            rule=rule, outcome=Outcome.FAIL, severity=Severity.MAJOR, message=message("findings.time_manual")
        )
        for rule in more
    ]
    facts = builders.camera_facts(
        id=f"cam-{number}",
        name=f"Sân {number}",
        address=f"192.0.2.{number}",
        device=builders.fault(CODES[cause]),
        streams=(),
    )
    return builders.camera_result(
        facts=facts,
        findings=(*open_rows, *failed),
        verdict=Verdict.NOT_READY if more else Verdict.UNDETERMINED,
        upgrade=builders.upgrade(action=Action.INVESTIGATE, steps=(message("plan.give_login"),)),
    )


def lines_of(
    cameras: Sequence[CameraResult], width: int | None = None, kind: str = "scan", lang: str = "vi"
) -> list[str]:
    out = io.StringIO()
    coverage = builders.coverage(subnets=("192.0.2.0/24",), not_checked=())
    document = scan_document(
        builders.scan_result(cameras=tuple(cameras), coverage=coverage, kind=kind, site_findings=())
    )
    print_table(
        document, Console(file=out, width=width or 160, force_terminal=bool(width), color_system=None), lang
    )
    return out.getvalue().splitlines()


@pytest.mark.parametrize("cause", LoginCause)
def test_sixty_cameras_without_a_log_in_are_one_block_with_one_command(cause: LoginCause) -> None:
    lines = lines_of([locked_away(number, cause) for number in range(1, 61)])
    assert len(lines) <= 10
    command = next(line for line in lines if COMMANDS[cause] in line)
    assert cause is LoginCause.ANOTHER or sum(COMMANDS[cause] in line for line in lines) == 1
    (addresses,) = [line for line in lines if "192.0.2.60" in line]
    assert addresses.split(", ") == [
        ("    " if number == 1 else "") + f"192.0.2.{number}" for number in range(1, 61)
    ], command
    assert not [line for line in lines if "Chưa đánh giá" in line]


def test_a_wrong_password_is_the_first_line() -> None:
    cameras = [locked_away(1, LoginCause.MISSING), locked_away(2, LoginCause.REJECTED)]
    assert "sai tên đăng nhập hoặc mật khẩu" in lines_of(cameras)[0]
    assert "wrong user name or password" in lines_of(cameras, lang="en")[0]


def test_a_failure_that_is_known_without_a_log_in_keeps_its_row() -> None:
    lines = lines_of([locked_away(1, LoginCause.MISSING, "TIM-NTP"), locked_away(2, LoginCause.MISSING)])
    assert any("2 camera đòi đăng nhập" in line for line in lines)
    assert any("Sân 1" in line for line in lines) and not any("Sân 2" in line for line in lines)
    assert any("[TIM-NTP]" in line for line in lines) and not any("CON-RTSP" in line for line in lines)


def test_cameras_with_the_same_fault_share_its_sentences() -> None:
    cameras = [locked_away(number, LoginCause.MISSING, "TIM-NTP") for number in range(1, 9)]
    for width in (None, 120):
        lines = lines_of(cameras, width)
        assert sum("[TIM-NTP]" in line for line in lines) == 1
        assert all(any(f"192.0.2.{number}" in line for line in lines) for number in range(1, 9))


def test_one_named_camera_is_told_how_to_check_it_again() -> None:
    assert any(
        "camagent check 192.0.2.7 --user" in line
        for line in lines_of([locked_away(7, LoginCause.MISSING)], kind="check")
    )


def test_a_camera_that_let_us_in_is_not_said_to_refuse_the_password() -> None:
    inside = builders.camera_facts(
        device=builders.device_facts(users=builders.fault(FaultCode.AUTH_REJECTED))
    )
    result = builders.camera_result(facts=inside, verdict=Verdict.NOT_READY)
    document = scan_document(builders.scan_result(cameras=(result,)))
    assert login_cause(document.cameras[0]) is None and login_blocks(document) == ()


def test_a_ready_camera_has_no_reasons() -> None:
    open_row = builders.finding(rule="CON-AVAIL", outcome=Outcome.NOT_ASSESSED, severity=Severity.MINOR)
    ready = builders.camera_result(
        findings=(builders.finding(outcome=Outcome.PASS), open_row), verdict=Verdict.READY
    )
    assert not any("CON-AVAIL" in line for line in lines_of([ready]))


def test_what_nobody_can_act_on_is_not_on_the_screen() -> None:
    rows = (
        builders.finding(rule="IMG-RES", outcome=Outcome.FAIL, message=message("findings.time_manual")),
        builders.finding(
            rule="SEC-FW", outcome=Outcome.NOT_ASSESSED, message=message("findings.firmware_unknown")
        ),
        builders.finding(rule="IMG-GOP", outcome=Outcome.WARN, message=message("findings.codec_unknown")),
    )
    text = "\n".join(lines_of([builders.camera_result(findings=rows, verdict=Verdict.NOT_READY)]))
    assert "[IMG-RES]" in text and "SEC-FW" not in text and "IMG-GOP" not in text and "điểm khác" not in text


def test_cameras_that_the_user_stopped_have_a_row_and_no_sentences() -> None:
    """The run says once that it was stopped; what had failed by then keeps its reason and its step."""

    def stopped(number: int, *more: str) -> CameraResult:
        result = locked_away(number, LoginCause.MISSING, *more)
        fault = builders.fault(FaultCode.STOPPED)
        return replace(result, facts=replace(result.facts, device=fault), faults=(fault,))

    lines = lines_of([stopped(1), stopped(2), stopped(3, "TIM-NTP")], 80)
    text = "\n".join(lines)
    assert all(f"Sân {number}" in text for number in (1, 2, 3))
    assert "Chưa đánh giá" not in text and "Sân 1 (" not in text and "đã dừng" not in text
    assert "Sân 3 (192.0.2.3)" in lines and "[TIM-NTP]" in text


def test_a_night_is_shown_where_the_day_did_not_show_the_same() -> None:
    facts = builders.camera_facts(by_night=NightLook(builders.NOW, ("black",)))
    by_day = builders.camera_result(facts=facts, verdict=Verdict.READY)
    assert any("ban đêm" in line for line in lines_of([by_day]))
    black = builders.stream_facts(image=builders.image_facts(conditions=("black",)))
    same = replace(by_day, facts=replace(facts, streams=(black,)))
    assert not any("ban đêm" in line for line in lines_of([same]))


def test_whom_the_user_has_trusted_is_in_the_report_only() -> None:
    result = builders.scan_result(
        cameras=(builders.camera_result(),), site_findings=(newly_finding(["192.0.2.1"]),)
    )
    document = scan_document(result)
    out = io.StringIO()
    print_table(document, Console(file=out, width=160), "vi")
    assert document.site_findings and "tin cậy" not in out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 109, 110, 120, 200])
@pytest.mark.parametrize("name", ["Hành lang phía sau nhà đa năng tầng 2", "192.168.100.116", "x"])
def test_no_address_is_ever_broken(width: int, name: str) -> None:
    cameras = []
    for number in (116, 16):
        result = locked_away(1, LoginCause.MISSING, "TIM-NTP")
        facts = builders.camera_facts(
            id=str(number), name=name, address=f"192.168.100.{number}", device=result.facts.device, streams=()
        )
        cameras.append(
            builders.camera_result(facts=facts, findings=result.findings, verdict=Verdict.NOT_READY)
        )
    lines = lines_of(cameras, width)
    fractions = re.findall(r"(?<![\d.])[\d.]*\d\.\d+(?![\d.])", "\n".join(lines))
    assert {text for text in fractions if text.startswith("192.168")} == {"192.168.100.116", "192.168.100.16"}
    assert max(map(len, lines)) <= width
