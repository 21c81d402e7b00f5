"""Numbers, reasons and bases as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from camagent.document.compare import ChangeKind
from camagent.document.decisions import DECISIONS
from camagent.document.model import BasisView, FindingView
from camagent.document.reasons import Reasons
from camagent.document.wording import (
    basis_short,
    basis_text,
    reason_text,
    uncertain_note,
)
from camagent.document.write import scan_document
from camagent.model.finding import Action, Outcome, Severity, Verdict
from camagent.model.pairs import pairs_of
from camagent.text import LANGUAGES, catalogue
from camagent.text.moments import moment_text
from camagent.text.quantities import quantity_text
from tests import builders


@pytest.mark.parametrize(
    ("amount", "unit", "vi", "en"),
    [
        (None, "Hz", "chưa rõ", "not known"),
        (True, None, "có", "yes"),
        (False, None, "không", "no"),
        (12.5, "Hz", "12,5 hình/s", "12.5 fps"),
        (25.0, "Hz", "25 hình/s", "25 fps"),
        ((2560, 1440), "px", "2560×1440", "2560×1440"),
        ((23, 8080), None, "23, 8080", "23, 8080"),
        (8080, None, "8080", "8080"),
        ((1e6, 8e6), "bit/s", "1 Mbit/s, 8 Mbit/s", "1 Mbit/s, 8 Mbit/s"),
        (0.0125, "ratio", "1,25 %", "1.25 %"),
        (4, "s", "4 giây", "4 s"),
        (-690.0, "s", "-11,5 phút", "-11.5 min"),
        (25_200.0, "s", "7 giờ", "7 h"),
        (30, "day", "30 ngày", "30 days"),
        (1234.5, "px/m", "1.234,5 px/m", "1,234.5 px/m"),
        (-0.001, "s", "0 giây", "0 s"),
        ("h265", None, "H.265", "H.265"),
        ("ICT-7", None, "ICT-7", "ICT-7"),
        (("h264", "h265"), None, "H.264, H.265", "H.264, H.265"),
    ],
)
def test_a_quantity_is_written_for_people(amount: object, unit: str | None, vi: str, en: str) -> None:
    assert quantity_text(amount, unit, "vi") == vi  # type: ignore[arg-type]
    assert quantity_text(amount, unit, "en") == en  # type: ignore[arg-type]


def test_moments_are_told_in_vietnamese_time() -> None:
    moment = datetime(2026, 1, 9, 18, 30, tzinfo=UTC)
    assert moment_text(moment, "vi") == "10/01/2026 01:30"
    assert moment_text(moment, "en") == "2026-01-10 01:30 (UTC+7)"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_a_closed_list_has_its_translation(lang: str) -> None:
    lists = {
        "verdict": Verdict,
        "outcome": Outcome,
        "severity": Severity,
        "action": Action,
        "change": ChangeKind,
    }
    keys = {f"report.{area}.{word}" for area, word in pairs_of(lists)}
    keys |= {f"report.decision.{word}" for word in DECISIONS}
    keys |= {"report.role.main", "report.role.sub"}
    assert keys <= catalogue(lang).keys()


def seen(*changes: dict[str, object]) -> tuple[FindingView, ...]:
    findings = tuple(builders.finding(**change) for change in changes)
    camera = builders.camera_result(findings=findings)
    return scan_document(builders.scan_result(cameras=(camera,))).cameras[0].findings


def test_rules_that_say_the_same_share_a_line() -> None:
    rows = [{"rule": f"R-{n}", "outcome": Outcome.NOT_ASSESSED} for n in range(6)]
    (line,) = Reasons.of(seen(*rows)).lines("en", 3)  # type: ignore[arg-type]
    assert line.startswith("R-0, R-1, R-2, R-3 …: The device accepted the connection")


def test_small_doubts_do_not_hide_what_failed() -> None:
    rows = [
        {"rule": "A-MINOR", "outcome": Outcome.NOT_ASSESSED, "severity": Severity.MINOR},
        {"rule": "B-WARN", "outcome": Outcome.WARN},
        {"rule": "Z-FAIL", "outcome": Outcome.FAIL, "severity": Severity.MINOR},
        {"rule": "C-HAND", "outcome": Outcome.NOT_ASSESSED, "manual": True},
    ]
    lines = Reasons.of(seen(*rows)).lines("en", 3)  # type: ignore[arg-type]
    assert [line[:6] for line in lines] == ["Z-FAIL", "and 2 "]


def test_where_nothing_failed_the_doubts_are_told() -> None:
    lines = Reasons.of(seen({"rule": "B-WARN", "outcome": Outcome.WARN})).lines("en", 3)
    assert [line[:6] for line in lines] == ["B-WARN"]
    assert Reasons.of(seen({"outcome": Outcome.PASS})).lines("en", 3) == []


def test_bases_are_named_with_how_sure_they_are() -> None:
    rows = [
        {"rule": f"R-{n}", "outcome": Outcome.FAIL, "basis": builders.basis(confidence="low")}
        for n in range(2)
    ]
    assert Reasons.of(seen(*rows)).bases("vi", 4) == ["R-0, R-1: giả định (thấp)"]
    named = BasisView(kind="named-doc", document="QCVN 11:2026/BCA", confidence="high")
    assert basis_short(named, "vi") == "QCVN 11:2026/BCA (cao)"
    assert basis_text(named, "en") == "Document: QCVN 11:2026/BCA (confidence high)"
    strange = BasisView(kind="x" * 20, document=None, confidence="?")
    assert "x" * 20 in basis_text(strange, "vi") and "x" * 20 in basis_short(strange, "vi")


@pytest.mark.parametrize(
    ("action", "certain", "marked"),
    [
        (Action.REPLACE, False, True),
        (Action.UPDATE_FIRMWARE, False, True),
        (Action.REPLACE, True, False),
        (Action.RECONFIGURE, False, False),
        (Action.FIX_PICTURE, False, False),
        (Action.NONE, False, False),
        (Action.INVESTIGATE, False, False),
    ],
)
def test_doubt_is_marked_where_money_or_a_risk_is_meant(action: Action, certain: bool, marked: bool) -> None:
    assert bool(uncertain_note(action, certain, "vi")) is marked


def test_why_an_address_was_not_checked_is_a_sentence_or_the_word_itself() -> None:
    assert reason_text("not_a_camera", "vi") == "không phải camera"
    assert reason_text("timeout", "en").startswith("The device accepted")
    assert reason_text("something_new", "en") == "something_new"
