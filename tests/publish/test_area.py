"""Many schools' files become one list: newest per school, nothing lost silently, doubts beside each
figure."""

from __future__ import annotations

import codecs
import gzip
import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from camagent.area import AreaOptions, AreaReport, merge_area
from camagent.area.area_wording import ranked_text
from camagent.area.merge_view import AreaDocument
from camagent.area.processes import MANY_FILES
from camagent.area.school_summary import Price, at_gate
from camagent.document.decisions import Decision
from camagent.document.read import MAX_DOCUMENT_BYTES, parse_as, parse_document
from camagent.document.write import scan_document
from camagent.model.finding import Action, Outcome, Verdict
from camagent.model.scan_result import NotChecked, ScanResult
from camagent.report.area_json import area_document
from camagent.text import LANGUAGES, render
from tests import builders
from tests.publish.samples import camera, hostile_school, plain, school
from tests.publish.schemas import closed

NOW = builders.NOW + timedelta(days=1)


def put(folder: Path, name: str, scan: ScanResult, **changes: Any) -> Path:
    path = folder / name
    text = json.dumps({**plain(scan), **changes}).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def named(site_id: str, name: str, cameras: int = 5, at: datetime = builders.NOW) -> ScanResult:
    return school(cameras, site=builders.site(id=site_id, name=name), started_at=at)


def merged(*paths: Path, **options: Any) -> AreaReport:
    return merge_area(paths, NOW, "vi", AreaOptions(**options))


def keys(report: AreaReport) -> list[str]:
    return [item.problem.key for item in report.problems]


def test_files_folders_and_packed_files_are_merged(tmp_path: Path) -> None:
    folder = tmp_path / "phuong" / "sau"
    folder.mkdir(parents=True)
    put(folder, "a.json", named("1", "Lê Lợi"))
    put(folder, "b.json.gz", named("2", "Đống Đa"))
    single = put(tmp_path, "c.json", named("3", "An Khánh"))
    report = merged(tmp_path / "phuong", single, single)
    assert {site.name for site in report.sites} == {"Lê Lợi", "Đống Đa", "An Khánh"}
    assert report.files == 3 and report.problems == ()
    assert report.count(Verdict.READY) == 3 and len(report.rows) == 12


def test_the_newest_result_of_a_school_counts_and_the_other_is_named(tmp_path: Path) -> None:
    put(tmp_path, "moi.json", named("1", "Lê Lợi", 3))
    put(tmp_path, "cu.json", named("1", "Lê Lợi", 9, builders.NOW - timedelta(days=9)))
    put(tmp_path, "lai.json", named("1", "Lê Lợi", 3))
    report = merged(tmp_path)
    assert [site.cameras for site in report.sites] == [3]
    assert sorted(keys(report)) == ["area.duplicate.older", "area.duplicate.same"]


def test_two_schools_under_one_code_both_stay_and_are_marked(tmp_path: Path) -> None:
    put(tmp_path, "a.json", named("1", "Lê Lợi", 3))
    put(tmp_path, "b.json", named("1", "Đống Đa", 4))
    report = merged(tmp_path)
    assert sorted(site.cameras for site in report.sites) == [3, 4]
    assert all("shared_id" in site.flags for site in report.sites)
    assert keys(report) == ["area.duplicate.shared_id"]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "report.document.not_json"),
        (b"\xff\xfe\x00", "report.document.not_json"),
        (b"{}", "report.document.foreign_schema"),
        (b'{"schema": "camagent.scan/2"}', "area.source.foreign"),
        (b'{"schema": "camagent.area/1"}', "area.source.foreign"),
        (b'{"schema": "camagent.check/1"}', "area.source.check"),
        (b'{"schema": "camagent.scan/1"}', "report.document.missing"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "report.document.too_big"),
    ],
)
def test_a_file_that_is_no_result_is_named_and_the_rest_is_merged(
    tmp_path: Path, content: bytes, key: str
) -> None:
    (tmp_path / "x.json").write_bytes(content)
    put(tmp_path, "a.json", named("1", "Lê Lợi"))
    report = merged(tmp_path)
    assert keys(report) == [key] and len(report.sites) == 1
    for lang in LANGUAGES:
        assert render(report.problems[0].problem, lang).count("x.json") == 1


def test_a_packed_bomb_and_a_broken_archive_are_named(tmp_path: Path) -> None:
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b"\x00" * (MAX_DOCUMENT_BYTES + 100), 9))
    (tmp_path / "half.json.gz").write_bytes(gzip.compress(b'{"schema"' * 999)[:40])
    (tmp_path / "none.json.gz").write_bytes(b"not gzip")
    report = merged(tmp_path)
    assert sorted(keys(report)) == [
        "area.source.unreadable",
        "report.document.not_json",
        "report.document.too_big",
    ]


def test_a_file_packed_in_two_streams_is_read_as_a_whole(tmp_path: Path) -> None:
    text = json.dumps(plain(named("1", "Lê Lợi"))).encode()
    (tmp_path / "two.json.gz").write_bytes(gzip.compress(text[:999]) + gzip.compress(text[999:]))
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(text)[:-9])
    report = merged(tmp_path)
    assert [site.name for site in report.sites] == ["Lê Lợi"]
    assert keys(report) == ["area.source.unreadable"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    report = merged(tmp_path, tmp_path / "none.json")
    assert sorted(keys(report)) == ["area.source.empty_folder", "area.source.no_file"]
    assert report.sites == () and not report.authoritative


def test_a_school_without_code_and_name_is_not_merged(tmp_path: Path) -> None:
    put(tmp_path, "a.json", named("", ""))
    put(tmp_path, "b.json", named("", "Lê Lợi"))
    report = merged(tmp_path)
    assert keys(report) == ["area.source.no_site"]
    assert [row.stable_id.split("/")[0] for row in report.rows] == ["Lê Lợi"] * 4


def test_a_single_check_is_not_taken_for_a_school(tmp_path: Path) -> None:
    put(tmp_path, "a.json", replace(named("1", "Lê Lợi"), kind="check"))
    assert keys(merged(tmp_path)) == ["area.source.check"]


def only(verdict: Verdict, count: int, site_id: str, name: str, missed: int = 0) -> ScanResult:
    cameras = tuple(replace(camera(n), verdict=verdict) for n in range(count))
    coverage = builders.coverage(
        not_checked=tuple(NotChecked(f"192.0.2.{200 + n}", "timeout") for n in range(missed))
    )
    return replace(named(site_id, name, 0), cameras=cameras, coverage=coverage)


def test_schools_are_ranked_by_what_is_sure_then_by_what_may_be(tmp_path: Path) -> None:
    put(tmp_path, "1.json", only(Verdict.READY, 4, "1", "Tốt"))
    put(tmp_path, "2.json", only(Verdict.UNDETERMINED, 4, "2", "Không rõ"))
    put(tmp_path, "3.json", only(Verdict.NOT_READY, 4, "3", "Hỏng"))
    put(tmp_path, "4.json", only(Verdict.READY, 4, "4", "Chưa dò hết", missed=4))
    put(tmp_path, "5.json", only(Verdict.READY, 0, "5", "Trống"))
    report = merged(tmp_path)
    assert [site.name for site in report.sites] == ["Hỏng", "Không rõ", "Trống", "Chưa dò hết", "Tốt"]
    shares = {site.name: (site.need_low_ratio, site.need_high_ratio) for site in report.sites}
    assert shares == {
        "Hỏng": (1.0, 1.0),
        "Không rõ": (0.0, 1.0),
        "Trống": (0.0, 1.0),
        "Chưa dò hết": (0.0, 0.5),
        "Tốt": (0.0, 0.0),
    }


def flags(tmp_path: Path, scan: ScanResult, **changes: Any) -> tuple[str, ...]:
    return merged(put(tmp_path, "a.json", scan, **changes)).sites[0].flags


def test_good_data_raises_no_doubt(tmp_path: Path) -> None:
    assert flags(tmp_path, only(Verdict.READY, 4, "1", "Tốt")) == ()


@pytest.mark.parametrize(
    ("scan", "flag"),
    [
        (replace(only(Verdict.READY, 4, "1", "A"), started_at=NOW - timedelta(days=46)), "old"),
        (replace(only(Verdict.READY, 4, "1", "A"), started_at=NOW + timedelta(hours=2)), "future"),
        (only(Verdict.READY, 4, "1", "A", missed=1), "low_coverage"),
        (only(Verdict.UNDETERMINED, 4, "1", "A"), "many_unknown"),
        (only(Verdict.READY, 0, "1", "A"), "nothing_found"),
    ],
)
def test_each_doubt_about_the_data_is_told(tmp_path: Path, scan: ScanResult, flag: str) -> None:
    assert flag in flags(tmp_path, scan)


def test_sums_that_do_not_agree_are_told_and_the_cameras_count(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "a.json",
        only(Verdict.NOT_READY, 4, "1", "A"),
        summary=dict(ready=4, not_ready=0, undetermined=0),
    )
    report = merged(path)
    assert report.sites[0].flags == ("sums_differ",)
    assert report.count(Verdict.NOT_READY) == 4


def test_a_printer_does_not_lower_the_coverage(tmp_path: Path) -> None:
    scan = only(Verdict.READY, 4, "1", "A")
    coverage = builders.coverage(not_checked=(NotChecked("192.0.2.9", "not_a_camera"),) * 9)
    assert flags(tmp_path, replace(scan, coverage=coverage)) == ()


def test_a_school_judged_by_another_profile_is_told(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path, f"{number}.json", only(Verdict.READY, 1, str(number), f"T{number}"))
    other = replace(only(Verdict.READY, 1, "9", "Khác"), profile=builders.profile_stamp(digest="sha256:ff"))
    put(tmp_path, "9.json", other)
    assert {site.name: site.flags for site in merged(tmp_path).sites if site.flags} == {
        "Khác": ("other_profile",)
    }


def test_totals_are_by_action_cost_class_and_money(tmp_path: Path) -> None:
    priced = replace(camera(3), upgrade=replace(camera(3).upgrade, cost_amount=2.5e6, cost_currency="VND"))
    for number in range(2):
        put(
            tmp_path,
            f"{number}.json",
            replace(named(str(number), f"T{number}", 0), cameras=(priced, camera(1))),
        )
    report = merged(tmp_path)
    assert report.actions() == {Action.REPLACE: 2, Action.RECONFIGURE: 2}
    assert report.cost_classes() == {"B": 2, "": 2}
    assert report.amounts() == {"VND": 5e6}
    assert report.budget().priced == 2 and report.budget().rows == len(report.rows)
    assert report.failing_rules == (("IMG-FPS", 4),)


def test_the_document_of_an_area_is_plain_json(tmp_path: Path) -> None:
    put(tmp_path, "a.json", named("1", "Lê Lợi"))
    put(tmp_path, "b.json", hostile_school())
    report = merged(tmp_path)
    decided = report.rows[0].stable_id
    decisions = {decided: Decision(decided, "approve", None, "a.xlsx", NOW)}
    document = area_document(report, "vi", decisions).plain()
    schema = json.loads(
        (Path(__file__).parents[2] / "docs/schema/camagent.area-1.schema.json").read_text("utf-8")
    )
    problems = [
        error.message[:200] for error in jsonschema.Draft202012Validator(closed(schema)).iter_errors(document)
    ]
    assert not problems
    text = json.dumps(document, allow_nan=False, ensure_ascii=False)
    assert document["schema"] == "camagent.area/1"
    assert "\u202e" not in text and "\\u0007" not in text
    assert {item["id"] for item in document["sites"]} == {"1", "9001"}


def test_progress_is_told_for_each_file(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path, f"{number}.json", named(str(number), f"T{number}", 1))
    progress: list[tuple[int, int]] = []
    merge_area([tmp_path], NOW, "en", progress=lambda done, total: progress.append((done, total)))
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_many_files_are_read_by_several_processes_with_the_same_result(tmp_path: Path) -> None:
    for number in range(MANY_FILES + 6):
        put(tmp_path, f"{number:03d}.json.gz", named(str(number), f"T{number}", 1 + number % 3))
    (tmp_path / "bad.json").write_bytes(b"{")
    whole = merged(tmp_path)
    files = sorted(tmp_path.iterdir())
    halves = [merged(*files[:30]), merged(*files[30:])]
    assert len(whole.sites) == MANY_FILES + 6 and keys(whole) == ["report.document.not_json"]
    assert sorted(row.stable_id for row in whole.rows) == sorted(
        row.stable_id for row in chain.from_iterable(half.rows for half in halves)
    )


def test_files_are_read_as_they_arrive(tmp_path: Path) -> None:
    """Renamed, saved again by an editor, from a system that writes suffixes in capitals."""
    put(tmp_path, "A.JSON", named("1", "Lê Lợi"))
    put(tmp_path, "packed.json.gz", named("2", "Đống Đa")).rename(tmp_path / "packed.json")
    put(tmp_path, "plain.json", named("3", "An Khánh")).rename(tmp_path / "plain.json.gz")
    edited = put(tmp_path, "edited.json", named("4", "Họa Mi"))
    edited.write_bytes(codecs.BOM_UTF8 + edited.read_bytes())
    report = merged(tmp_path)
    assert len(report.sites) == 4 and report.problems == ()


def test_a_merge_holds_only_what_it_reads() -> None:
    """A city has two million findings: one that passed, or that a person answers, is no value of its own,
    others have no unread figures."""
    document = scan_document(school(2)).plain()
    findings = document["cameras"][1]["findings"]
    findings += [
        {**findings[-1], "outcome": "not_assessed", "manual": manual} for manual in (True, False, True)
    ]
    text = json.dumps(document)
    whole, brief = parse_document(text, "a.json"), parse_as(AreaDocument, text, "a.json")[1]
    for one_camera, read in zip(whole.cameras, brief, strict=True):
        assert read.streams == () and "streams" not in vars(read)
        for finding, one in zip(one_camera.findings, read.findings, strict=True):
            assert one.outcome is finding.outcome and one.observed is None and one.check == ""
            if one.outcome is Outcome.PASS or finding.manual:
                assert one is next(other for other in read.findings if other.outcome is one.outcome)
                assert one.manual is (finding.manual and one.outcome is Outcome.NOT_ASSESSED)
            else:
                assert (one.rule, one.severity, one.manual) == (
                    finding.rule,
                    finding.severity,
                    finding.manual,
                )
                assert one.message.to("vi") == finding.message.to("vi")
                assert vars(one).keys() <= {
                    "rule",
                    "outcome",
                    "severity",
                    "basis",
                    "message",
                    "title",
                    "manual",
                }


def test_one_ward_is_taken_and_schools_are_ordered_as_asked(tmp_path: Path) -> None:
    small = only(Verdict.NOT_READY, 2, "1", "Nhỏ")
    large = only(Verdict.NOT_READY, 9, "2", "Lớn")
    ready = tuple(replace(camera(n + 20), verdict=Verdict.READY) for n in range(3))
    large = replace(large, cameras=(*large.cameras, *ready))
    put(tmp_path, "1.json", replace(small, site=builders.site(id="1", name="Nhỏ", area="Bến Nghé")))
    put(tmp_path, "2.json", replace(large, site=builders.site(id="2", name="Lớn", area="Tân Định")))
    assert [site.name for site in merged(tmp_path).sites] == ["Nhỏ", "Lớn"]
    by_count = merged(tmp_path, rank="count")
    assert [site.name for site in by_count.sites] == ["Lớn", "Nhỏ"]
    for lang in LANGUAGES:
        assert ranked_text(by_count, lang) != ranked_text(merged(tmp_path), lang)
    ward = merged(tmp_path, ward="tân định")
    assert [site.name for site in ward.sites] == ["Lớn"] and {row.area for row in ward.rows} == {"Tân Định"}
    assert merged(tmp_path, ward="Thảo Điền").sites == ()


def test_the_offices_prices_stand_in_place_of_the_schools(tmp_path: Path) -> None:
    put(tmp_path, "1.json", only(Verdict.NOT_READY, 5, "1", "Một"))
    put(tmp_path, "2.json", only(Verdict.NOT_READY, 15, "2", "Hai"))
    prices = {Action.REPLACE: Price("E", "Thay camera", 4_500_000.0, "VND")}
    report = merged(tmp_path, prices=prices, rank="cost")
    assert report.sites[0].name == "Hai"
    for row in report.rows:
        assert row.cost_amount == (4_500_000.0 if row.action is Action.REPLACE else None)
        assert row.cost == ("E – Thay camera (4.500.000 VND)" if row.action is Action.REPLACE else "")


def test_a_gate_is_one_by_its_word_wherever_it_stands() -> None:
    """As in the alerts about one camera: monitoring/rules/tests/camagent_gate_test.yml."""
    gates = ("gate", "gate_1", "Main gate", "Cổng", "cổng2", "Giám sát CỔNG sau", "Co\u0302\u0309ng chính")
    others = (None, "", "investigate", "gated", "yard", "Hành lang", "cống thoát nước")
    assert [task for task in gates if not at_gate(task)] == []
    assert [task for task in others if at_gate(task)] == []
