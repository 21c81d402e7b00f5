"""What the page shows of a device or a camera, as JSON values in one language. Pure; no picture anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from camagent.document import wording
from camagent.document.compare import Comparison
from camagent.document.login_causes import LoginCause, login_blocks, login_cause, waits_only_for_login
from camagent.document.model import CameraView, FindingView, ScanDocument
from camagent.document.reasons import Reasons, decisive, reasons
from camagent.document.rule_names import rule_names
from camagent.model.finding import TRUST_RULE, Outcome, Verdict
from camagent.text import catalogue, say
from camagent.text.moments import moment_text
from camagent.text.quantities import setting_value
from camagent.text.vietnamese import clean_line, sort_key

MAX_TEXT = 80  # characters of a name; a longer one is not an honest one
MAX_LISTED = 50  # changes by name; the report has them all
Row = dict[str, Any]


@dataclass(slots=True)
class DeviceProgress:
    """One address on its way to become cameras."""

    host: str
    name: str = ""
    maker: str = ""
    step: str = "found"
    """"found", a `Step`, "stopped"; "done" once its cameras are there."""


def device_row(device: DeviceProgress, lang: str) -> Row:
    """A device that is not judged yet."""
    return {
        "id": f"device {device.host}",
        "address": device.host,
        "name": clean_line(device.name, MAX_TEXT) or device.host,
        "device": clean_line(device.maker, MAX_TEXT),
        "step": say(f"ui.step.{device.step}", lang),
        "busy": device.step in ("asking", "watching"),
    }


def camera_row(camera: CameraView, lang: str) -> Row:
    """A camera with its verdict, on one line."""
    reason, more = Reasons.of(camera.findings).weightiest(lang)
    cause = login_cause(camera) if waits_only_for_login(camera) else None
    if cause is not None:  # said at length once, above the list
        reason, more = say(f"ui.waits.{cause.value}", lang), 0
    ready = camera.verdict is Verdict.READY
    return {
        "id": camera.id,
        "address": clean_line(camera.address, MAX_TEXT),
        "name": clean_line(camera.name, MAX_TEXT),
        "device": clean_line(wording.device_text(camera.device, lang), MAX_TEXT),
        "place": clean_line(camera.place or "", MAX_TEXT),
        "verdict": camera.verdict.value,
        "verdict_text": say(f"report.verdict.{camera.verdict.value}", lang),
        "action": camera.upgrade.action.value,
        "waits": cause is not None,
        "action_text": say(f"report.action.{camera.upgrade.action.value}", lang),
        "reason": "" if ready else reason,
        "more": "" if ready or not more else say("ui.more_reasons", lang, count=more),
    }


def camera_detail(camera: CameraView, lang: str) -> Row:
    """Everything of a camera that a technician needs before it."""
    grounds = reasons(camera.findings)
    upgrade = camera.upgrade
    fine = [f for f in camera.findings if f.outcome is Outcome.PASS and not f.manual]
    return camera_row(camera, lang) | {
        "firmware": (camera.device and camera.device.firmware) or "",
        "serial": (camera.device and camera.device.serial) or "",
        "stream": wording.stream_text(wording.main_column(camera), lang),
        "checked_at": moment_text(camera.checked_at, lang) if camera.checked_at else "",
        "steps": [step.to(lang) for step in upgrade.steps],
        "uncertain": wording.uncertain_note(upgrade.action, upgrade.certain, lang),
        "settings": [
            [
                catalogue(lang).get(f"report.setting.{setting.name}", setting.name),
                setting_value(setting.now, setting.unit, lang),
                setting_value(setting.then, setting.unit, lang),
            ]
            for setting in upgrade.settings
        ],
        "told": [_finding(finding, lang) for finding in grounds if decisive(finding)],
        "lesser": [_finding(finding, lang) for finding in grounds if not decisive(finding)],
        "manual": [_finding(finding, lang) for finding in camera.findings if finding.manual],
        "fine": [_title(finding, lang) for finding in fine],
        "streams": [
            {"role": say(f"report.role.{stream.role}", lang), "rows": wording.stream_rows(stream, lang)}
            for stream in camera.watched
        ],
    }


def _finding(finding: FindingView, lang: str) -> Row:
    return {
        "rule": finding.rule,
        "title": _title(finding, lang),
        "outcome": finding.outcome.value,
        "outcome_text": say(f"report.outcome.{finding.outcome.value}", lang),
        "severity": say(f"report.severity.{finding.severity.value}", lang),
        "message": finding.message.to(lang),
        "remedy": finding.remedy.to(lang) if finding.remedy else "",
        "basis": wording.basis_short(finding.basis, lang),
    }


def _title(finding: FindingView, lang: str) -> str:
    return finding.title.to(lang) if finding.title else finding.rule


def most_urgent_first(cameras: list[CameraView]) -> list[CameraView]:
    """What has to be mended first, first; then by name as a Vietnamese reader looks for it."""
    rank = {Verdict.NOT_READY: 0, Verdict.UNDETERMINED: 1, Verdict.READY: 2}
    return sorted(cameras, key=lambda one: (rank[one.verdict], sort_key(one.name), one.id))


def waiting_login_lines(document: ScanDocument, lang: str) -> list[str]:
    """Who waits for a log-in, one line a cause; a wrong password first."""
    keys = {cause: f"ui.login.{cause.value}" for cause in LoginCause}
    return [say(keys[block.cause], lang, count=len(block.cameras)) for block in login_blocks(document)]


def result_row(document: ScanDocument, lang: str) -> Row:
    """What stands beside the cameras of a result: when, what was covered, and what makes it incomplete."""
    judged_by = document.profile
    return {
        "at": moment_text(document.started_at, lang),
        "coverage": wording.coverage_text(document.coverage, lang),
        "notes": [wording.note_text(note, lang) for note in document.coverage.notes],
        "profile": say("report.table.profile", lang, id=judged_by.id, version=judged_by.version),
        "logins": waiting_login_lines(document, lang),
        "site": [
            finding.message.to(lang)
            for finding in document.site_findings
            if finding.outcome in (Outcome.FAIL, Outcome.WARN, Outcome.DEFECT)
            and not finding.manual
            and finding.rule != TRUST_RULE  # whom the user has just trusted is in the report
        ],
    }


def changes_row(comparison: Comparison, document: ScanDocument | None, lang: str) -> Row:
    """What changed since the scan before."""
    names = rule_names([document], lang) if document is not None else {}
    return {
        "before": moment_text(comparison.before_at, lang),
        "same_profile": comparison.same_profile,
        "more": max(0, len(comparison.changes) - MAX_LISTED),
        "cameras": [
            {
                "change": item.change.value,
                "change_text": say(f"report.change.{item.change}", lang),
                "name": clean_line(item.name, MAX_TEXT),
                "address": clean_line(item.address, MAX_TEXT),
                "fixed": [names.get(rule, rule) for rule in item.rules_fixed],
                "broken": [names.get(rule, rule) for rule in item.rules_broken],
            }
            for item in comparison.changes[:MAX_LISTED]
        ],
    }
