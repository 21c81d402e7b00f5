"""The status page as a technician reads it: who is silent comes first, and what the agent is waiting for is
said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from camagent.document.site_status import AgentSnapshot, CameraStatus, RequirementStatus
from camagent.exporter.status_page import render_status_page
from camagent.model.finding import Severity, Verdict
from camagent.model.text import Localised
from tests import builders as build
from tests.publish.samples import status


def camera(name: str, up: bool | None = True, verdict: Verdict = Verdict.READY) -> CameraStatus:
    return replace(status(build.camera_result()), id=f"cam-{name}", name=name, up=up, verdict=verdict)


def page(*cameras: CameraStatus, lang: str = "vi", **changes: object) -> str:
    shown = AgentSnapshot(build.site(), build.NOW, cameras, build.profile_stamp())
    return render_status_page(replace(shown, **changes), lang)  # type: ignore[arg-type]


def names(text: str) -> list[str]:
    return re.findall(r'<td class="name"[^>]*>([^<]*)', text)


def test_who_does_not_answer_comes_first_and_is_counted() -> None:
    text = page(camera("Ba"), camera("Hai", verdict=Verdict.NOT_READY), camera("Một", up=False))
    assert names(text) == ["Một", "Hai", "Ba"]
    assert re.search(r'class="not_ready"><dt>Không trả lời</dt><dd>1</dd>', text)


def test_names_are_in_the_order_of_the_vietnamese_alphabet() -> None:
    text = page(camera("Đường vào"), camera("Ăn uống"), camera("Bếp"), camera("Ra"))
    assert names(text) == ["Ăn uống", "Bếp", "Đường vào", "Ra"]


@pytest.mark.parametrize(
    ("up", "lang", "sentence"),
    [(True, "vi", "✓ có"), (False, "vi", "✗ không"), (None, "vi", "? chưa rõ"), (False, "en", "✗ no")],
)
def test_an_answer_is_told_with_a_sign_and_the_time_it_was_asked_for(
    up: bool | None, lang: str, sentence: str
) -> None:
    asked = replace(camera("Cổng", up), seen_at=build.NOW - timedelta(seconds=40))
    text = page(asked, lang=lang)
    at = (build.NOW - timedelta(seconds=40) + timedelta(hours=7)).strftime("%H:%M:%S")
    assert re.search(rf"{re.escape(sentence)}</span>\s*<small>{at}</small>", text)


def test_an_answer_of_another_day_is_told_with_its_date() -> None:
    text = page(replace(camera("Cổng", up=False), seen_at=build.NOW - timedelta(days=2)))
    day = (build.NOW - timedelta(days=2) + timedelta(hours=7)).strftime("%d/%m/%Y")
    assert f"<small>{day}" in text


@pytest.mark.parametrize(
    ("lang", "sentence"), [("vi", "Giờ yên lặng đến 11:30"), ("en", "Quiet hours until 11:30")]
)
def test_quiet_hours_are_said(lang: str, sentence: str) -> None:
    until = (build.NOW + timedelta(hours=7)).replace(hour=11, minute=30) - timedelta(hours=7)
    assert sentence in page(camera("Cổng"), lang=lang, quiet_until=until)
    assert sentence not in page(camera("Cổng"), lang=lang)


def test_an_empty_page_says_whether_nothing_was_found_or_nothing_was_searched() -> None:
    assert "Đang tìm camera" in page()
    assert "không thấy thiết bị nào" in page(discovered_devices=0)
    waiting = page(quiet_until=build.NOW + timedelta(hours=1))
    assert "đợi hết giờ yên lặng" in waiting and "Đang tìm" not in waiting
    assert "Đang tìm camera" in page(quiet_until=build.NOW + timedelta(hours=1), discovered_devices=3)


def test_one_reason_of_many_rows_is_told_once() -> None:
    same, other = Localised("Máy từ chối kết nối.", "It refuses."), Localised("Hình đen.", "Black.")
    rows = tuple(
        RequirementStatus(
            f"R-{i}", Severity.BLOCKER, False, False, Localised(f"Hàng {i}", f"Row {i}"), reason
        )
        for i, reason in enumerate((same, same, same, other))
    )
    text = page(replace(camera("Cổng", up=False, verdict=Verdict.NOT_READY), requirements=rows))
    assert re.findall("<li>([^<]*)", text) == [
        "Hàng 0: Máy từ chối kết nối.",
        "Hàng 3: Hình đen.",
        "và 2 lý do khác",
    ]


def test_the_page_renews_itself_only_where_somebody_asked() -> None:
    still = page(camera("Cổng"))
    assert "refresh" not in still and "renew=1" in still
    snapshot = AgentSnapshot(build.site(), build.NOW, (), build.profile_stamp())
    renewing = render_status_page(snapshot, "en", renews=True)
    assert '<meta http-equiv="refresh" content="60">' in renewing and "renew=1" not in renewing
