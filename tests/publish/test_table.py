"""The table on a terminal and in a pipe."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from camagent.model.finding import Outcome
from camagent.model.scan_result import NotChecked, ScanResult
from camagent.report.terminal import MAX_ONE_BY_ONE, print_table
from camagent.text import say
from tests import builders
from tests.publish.samples import hostile_school, school, view


def printed(scan: ScanResult, lang: str = "vi", terminal: bool = False) -> str:
    out = io.StringIO()
    print_table(view(scan), Console(file=out, force_terminal=terminal, width=160, color_system=None), lang)
    return out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_camera_is_told_with_its_verdict(lang: str, terminal: bool) -> None:
    text = printed(school(), lang, terminal)
    for camera in school().cameras:
        assert camera.facts.name in text
    assert {"vi": "10 camera: 2 sẵn sàng · 6 chưa sẵn sàng · 2 chưa xác định"}.get(
        lang, "10 cameras: 2 ready"
    ) in text


def test_a_camera_that_is_not_ready_says_why_and_what_to_do() -> None:
    text = printed(school(2))
    assert "    Video bắt đầu rồi dừng lại" in text and "[IMG-FPS]" in text
    assert "→ Thiết bị từ chối đăng nhập" in text


@pytest.mark.parametrize("terminal", [False, True])
def test_the_values_to_set_stand_under_the_step(terminal: bool) -> None:
    assert "Tốc độ khung hình: 12,5 hình/s → 25 hình/s" in printed(school(2), terminal=terminal)
    assert "Frame rate: 12.5 fps → 25 fps" in printed(school(2), "en", terminal)


def test_one_camera_is_one_line_where_output_is_piped() -> None:
    lines = printed(school(1)).splitlines()
    assert sum("Cổng chính 1" in line for line in lines) == 1


@pytest.mark.parametrize("authoritative", [True, False])
def test_a_provisional_profile_is_always_announced(authoritative: bool) -> None:
    scan = school(1, profile=builders.profile_stamp(authoritative=authoritative))
    assert ("Hồ sơ tạm thời, chưa đối chiếu văn bản 3288/UBND-KT" in printed(scan)) is not authoritative
    assert ("PROVISIONAL" in printed(scan, "en", True)) is not authoritative


def test_an_empty_network_is_not_silent_and_not_good() -> None:
    for terminal in (False, True):
        assert "Không tìm thấy camera nào" in printed(school(0), terminal=terminal)


def test_coverage_and_what_was_not_checked_are_told() -> None:
    text = printed(school(3))
    assert "/254 địa chỉ trả lời" in text and "2 chưa kiểm tra được" in text
    assert "192.0.2.201" in text and "từ chối đăng nhập" in text


def test_a_network_full_of_strangers_does_not_flood_the_screen() -> None:
    strangers = tuple(NotChecked(f"198.51.100.{n}", "not_a_camera") for n in range(200))
    text = printed(school(1, coverage=builders.coverage(not_checked=strangers)))
    assert text.count("198.51.100.") == MAX_ONE_BY_ONE
    assert "200 địa chỉ" in text and "200 chưa kiểm tra được" in text


@pytest.mark.parametrize("terminal", [False, True])
def test_hostile_names_cannot_move_the_cursor_or_mark_up(terminal: bool) -> None:
    text = printed(hostile_school(), terminal=terminal)
    assert "\x1b[31m" not in text and "\x07" not in text and "\u202e" not in text
    assert "<script>" in text  # a terminal shows it as it is


def test_markup_in_a_name_is_shown_as_text() -> None:
    scan = school(1)
    named = replace(scan.cameras[0], facts=replace(scan.cameras[0].facts, name="[red]Cổng[/red] [link=x]"))
    assert "[red]Cổng[/red] [link=x]" in printed(replace(scan, cameras=(named,)), terminal=True)


def test_a_finding_about_the_whole_school_is_told() -> None:
    scan = school(1, site_findings=(builders.finding(rule="CON-UPLINK", outcome=Outcome.FAIL),))
    assert "CON-UPLINK" in printed(scan)


@pytest.mark.parametrize(("kind", "is_news"), [("scan", True), ("check", False)])
def test_what_is_not_known_of_the_school_is_no_news_in_a_check_of_one_camera(
    kind: str, is_news: bool
) -> None:
    unknown = builders.finding(rule="CON-UPLINK", outcome=Outcome.NOT_ASSESSED)
    assert ("CON-UPLINK" in printed(school(1, kind=kind, site_findings=(unknown,)))) is is_news
    failed = builders.finding(rule="CON-UPLINK", outcome=Outcome.FAIL)
    assert "CON-UPLINK" in printed(school(1, kind=kind, site_findings=(failed,)))


def test_piped_lines_are_not_broken() -> None:
    out = io.StringIO()
    print_table(view(school(1)), Console(file=out, width=40, color_system=None), "vi")
    assert say("report.banner.provisional", "vi") in out.getvalue().splitlines()


def test_coverage_says_how_many_ranges_and_addresses_answered_and_why_it_is_less() -> None:
    coverage = builders.coverage(
        subnets=("192.0.2.0/25",),
        subnets_asked=3,
        addresses_probed=44,
        addresses_answered=41,
        notes=("no_carrier:eth1", "range_narrowed:10.0.0.0/16 -> 10.0.0.0/22", "from_the_future:x"),
    )
    text = printed(school(1, coverage=coverage), "en")
    assert "1 of 3 ranges" in text and "41 of 44 addresses" in text
    assert "Network card eth1 has no link" in text and "10.0.0.0/22" in text
    assert "from_the_future:x" in text and "no_carrier" not in text


def test_named_targets_are_not_called_a_search() -> None:
    named = builders.coverage(subnets=(), interfaces=(), subnets_asked=0, addresses_probed=1)
    assert "nothing was searched" in printed(school(1, coverage=named), "en")
