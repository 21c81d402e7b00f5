"""The page as text: what must stand in it, also where no browser is at hand."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from camagent.document.compare import compare
from camagent.document.write import scan_document
from camagent.model.finding import Outcome, Severity, Verdict
from camagent.model.scan_result import NotChecked
from camagent.report.charts import WHOLE, bandwidth, rate_bars, verdict_shares
from camagent.report.earlier_scans import EarlierScans
from camagent.report.html import render_html
from camagent.report.not_checked import missed_groups
from camagent.store import open_store
from camagent.ui.rows import changes_row
from tests import builders
from tests.publish.samples import HOSTILE, camera, hostile_school, school, view


def csp(page: str) -> str:
    match = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert match
    return match[1].replace("&#39;", "'")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_only_our_own_style_and_script_are_allowed(lang: str) -> None:
    page = render_html([view(school(2))], lang)
    policy = csp(page)
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r'\s(style|on\w+)="', page)
    assert not re.search(r'(src|href)="(?!#)', page)


@pytest.mark.parametrize("authoritative", [True, False])
def test_a_provisional_profile_is_announced_first(authoritative: bool) -> None:
    scan = school(2, profile=builders.profile_stamp(authoritative=authoritative))
    page = render_html([view(scan)], "vi")
    assert ("Hồ sơ tạm thời, chưa đối chiếu văn bản 3288/UBND-KT" in page) is not authoritative
    if not authoritative:
        assert page.index("Hồ sơ tạm thời") < page.index("Phạm vi kiểm tra</h2>")


def test_coverage_comes_before_judgements_and_the_list_before_the_cameras() -> None:
    page = render_html([view(school())], "vi")
    places = [page.index("<p>Phạm vi: đã quét"), page.index('<p class="headline">')]
    places += [page.index(f'<section id="{name}"') for name in ("coverage", "upgrades", "cameras")]
    assert places == sorted(places)


def test_the_first_screen_says_how_many_which_first_and_who_does_it() -> None:
    page = render_html([view(school())], "vi")
    first = page[page.index('<section id="summary"') : page.index('<section id="coverage"')]
    assert "8 trên 10 camera cần xử lý; đề nghị thay mới: 2." in first
    assert "Đang sẵn sàng 2 trên 10. Chỉ chỉnh cài đặt, không mua gì: có thể lên 4 trên 10" in first
    listed = re.findall(r'<li><a href="#(camera-\d+)">([^<]+)</a> – ([^<]+)</li>', first)
    assert len(listed) == 3 and {action for _, _, action in listed} <= {"Chỉnh cấu hình", "Sửa đường mạng"}
    assert "và 5 camera khác trong danh sách" in first
    who = re.findall(r'<td class="count">(\d+)</td><th scope="row">([^<]+)</th><td>([^<]+)</td>', first)
    assert sum(int(count) for count, _, _ in who) == 8
    assert ("2", "Thay camera", "Trường đề nghị, phường quyết định") in who
    order = [first.index(text) for text in ("8 trên 10", "Làm trước", "Ai làm", 'class="wall"')]
    assert order == sorted(order)


def test_the_wall_has_one_tile_a_camera_by_verdict() -> None:
    page = render_html([view(school())], "vi")
    wall = re.search(r'<ul class="wall">(.*?)</ul>', page, re.DOTALL)
    assert wall is not None
    tiles = re.findall(r'<li class="(\w+)"><a href="#(camera-\d+)"', wall[1])
    verdicts = [verdict for verdict, _ in tiles]
    assert verdicts == ["not_ready"] * verdicts.count("not_ready") + ["undetermined"] * verdicts.count(
        "undetermined"
    ) + ["ready"] * verdicts.count("ready")
    assert len({anchor for _, anchor in tiles}) == 10
    assert all(f'<article class="camera" id="{anchor}"' in page for _, anchor in tiles)
    assert wall[1].count('<span class="hidden">: ') == 10  # never by colour alone


def test_what_a_person_confirms_has_boxes_on_paper() -> None:
    page = render_html([view(school(1))], "vi")
    hand = re.findall(r'<details class="by-hand">.*?</details>', page, re.DOTALL)
    assert hand and all(block.count("<tr><th") >= 1 for block in hand)
    assert '<span class="box">□</span> Đạt <span class="box">□</span> Không đạt' in "".join(hand)
    assert "Ghi chú, người xác nhận, ngày" in hand[0]


def test_cameras_stand_in_the_order_of_the_work() -> None:
    page = render_html([view(school())], "vi")
    actions = re.findall(r'<article class="camera"[^>]*data-action="(\w+)"', page)
    assert (
        actions
        == ["reconfigure"] * 2 + ["fix_network"] * 2 + ["replace"] * 2 + ["investigate"] * 2 + ["none"] * 2
    )


def test_hostile_texts_are_shown_as_text() -> None:
    page = render_html([view(hostile_school())], "en")
    assert page.count("<script>") == 1 and "<img" not in page
    assert "&lt;script&gt;document.title=" in page
    assert "{{ 7 * 7 }}" in page and "\u202e" not in page and "\x07" not in page
    assert HOSTILE[13] not in page


def test_a_single_check_says_so() -> None:
    assert "không phải của lần quét toàn trường" in render_html(
        [view(replace(school(1), kind="check"))], "vi"
    )


def test_changes_are_told_with_other_requirements_marked() -> None:
    later = school(3, started_at=builders.NOW + timedelta(days=30))
    other = replace(later, profile=builders.profile_stamp(digest="sha256:1"))
    page = render_html([view(other)], "vi", EarlierScans(compare(view(school(2)), view(other))))
    assert "<dt>Mới xuất hiện</dt><dd>1</dd>" in page and "hai hồ sơ yêu cầu khác nhau" in page
    assert 'id="changes"' not in render_html([view(other)], "vi")


def test_a_row_that_changed_is_told_by_its_name() -> None:
    base = camera(0)
    poor, fine = (
        view(replace(school(0), cameras=(replace(base, findings=(builders.finding(outcome=outcome),)),)))
        for outcome in (Outcome.FAIL, Outcome.PASS)
    )
    comparison = compare(poor, fine)
    title = fine.cameras[0].findings[0].title
    assert title is not None and comparison.changes[0].rules_fixed == ("IMG-FPS",)
    for lang in ("vi", "en"):
        wanted = f"{title.to(lang)} [IMG-FPS]"
        assert f"✓ {wanted}" in render_html([fine], lang, EarlierScans(comparison))
        assert changes_row(comparison, fine, lang)["cameras"][0]["fixed"] == [wanted]


def test_the_history_of_a_camera_is_told_where_something_changed(tmp_path: Path) -> None:
    with open_store(tmp_path / "site.db") as store:
        for day, verdict in enumerate((Verdict.READY, Verdict.NOT_READY)):
            cameras = (replace(camera(0), verdict=verdict), camera(1))
            scan = replace(school(0), cameras=cameras, started_at=builders.NOW + timedelta(days=day))
            store.save(scan_document(scan))
        newest = store.latest()
        assert newest is not None
        histories = {item.id: store.states(item.id) for item in newest.cameras}
    page = render_html([newest], "vi", EarlierScans(states=histories))
    (history,) = re.findall(r'<ul class="history">(.*?)</ul>', page, re.DOTALL)
    assert history.index("23/11/2026") < history.index("24/11/2026") and history.count("<li>") == 2


def test_the_bar_of_verdicts_is_whole() -> None:
    shares = verdict_shares([view(school(10))])
    assert [share.count for share in shares] == [2, 6, 2]
    assert sum(share.width for share in shares) == pytest.approx(WHOLE)
    assert verdict_shares([view(school(0))]) == ()


def test_an_unknown_frame_rate_is_neither_enough_nor_too_little() -> None:
    bars = rate_bars(view(school(5)).cameras)
    assert [bar.enough for bar in bars] == [False, False, False, None, True]
    assert bars[3].measured_hz is None and bars[3].width == 0.0


def test_a_rate_that_we_could_not_keep_up_with_is_not_drawn() -> None:
    busy = builders.stream_facts(measured=builders.measured_stream(limits=("loop_lag",)))
    item = replace(camera(0), facts=replace(camera(0).facts, streams=(busy,)))
    assert rate_bars(view(replace(school(0), cameras=(item,))).cameras)[0].enough is None


def test_the_chart_judges_nothing_itself() -> None:
    item = replace(camera(0), findings=(builders.finding(outcome=Outcome.FAIL, required=20.0),))
    assert rate_bars(view(replace(school(0), cameras=(item,))).cameras)[0].enough is False


def test_bandwidth_counts_what_is_known_and_names_what_is_not() -> None:
    traffic = bandwidth(view(school(5)).cameras)
    assert traffic is not None and traffic.unknown == 1
    assert traffic.before_bps == pytest.approx(4 * 2.9e6)
    assert traffic.after_bps == pytest.approx(3 * 2.9e6 + 3.6e6)
    assert traffic.after_unknown == 1  # the camera to be replaced
    page = render_html([view(school(5))], "vi")
    assert "11,6 Mbit/s · 125,3 GB/ngày" in page and "1 camera chưa rõ tốc độ sau nâng cấp" in page
    assert bandwidth(()) is None


def test_the_decision_stands_in_one_sentence_below_the_coverage() -> None:
    page = render_html([view(school())], "vi")
    summary = "8 trên 10 camera cần xử lý; đề nghị thay mới: 2."
    assert page.index("<p>Phạm vi: đã quét") < page.index(summary) < page.index('<ul class="bars">')
    fine = replace(school(0), cameras=(camera(0), camera(5)))
    assert '<p class="headline">Mọi camera đều sẵn sàng' in render_html([view(fine)], "vi")


def test_what_was_not_checked_is_told_by_its_reason() -> None:
    strangers = tuple(NotChecked(f"192.0.2.{number}", "not_a_camera") for number in range(1, 41))
    missed = (*strangers, NotChecked("192.0.2.201", "timeout"), NotChecked("192.0.2.202", "timeout"))
    groups = missed_groups(
        view(school(1, coverage=builders.coverage(not_checked=missed))).coverage.not_checked, "vi"
    )
    assert [len(group.addresses) for group in groups] == [2, 40]  # what may hide a camera first
    page = render_html([view(school(1, coverage=builders.coverage(not_checked=missed)))], "vi")
    assert "Chưa kiểm tra được: 42" in page and "192.0.2.201, 192.0.2.202 – Thiết bị" in page
    assert "<summary>40 – không phải camera</summary>192.0.2.1, 192.0.2.2" in page


def test_only_what_decides_is_unfolded_in_a_camera() -> None:
    small = builders.finding(rule="CON-AVAIL", outcome=Outcome.NOT_ASSESSED, severity=Severity.MINOR)
    failed = builders.finding(rule="IMG-FPS", outcome=Outcome.FAIL, severity=Severity.MAJOR)
    page = render_html([view(replace(school(0), cameras=(camera(1, findings=(small, failed)),)))], "vi")
    card = page[page.index("<article") :]
    folded = card.index("không quyết định kết luận: 1</summary>")
    assert card.index("IMG-FPS") < folded < card.index("CON-AVAIL")


def test_nothing_measured_makes_no_empty_chart() -> None:
    dead = replace(school(0), cameras=(camera(2), camera(7)))
    assert "thanh = đo được" not in render_html([view(dead)], "vi")


def test_many_bars_unfold() -> None:
    page = render_html([view(school(40))], "vi")
    assert "<summary>24 camera nữa</summary>" in page
    assert page.count('<span class="label">') == 40 + 2


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_finding_that_is_not_in_order_leads_to_its_page(lang: str) -> None:
    page = render_html([view(school())], lang)
    links = set(re.findall(r'href="#(explain-[\w-]+)"', page))
    assert links, "the sample school has findings"
    assert links == set(re.findall(r'id="(explain-[A-Z][\w-]+)"', page)), "a page for each link and no other"
    assert "{required}" not in page and "**" not in page
