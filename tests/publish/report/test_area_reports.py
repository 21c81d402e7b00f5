"""The area's workbook, page and CSV; and the workbook on its way back from the office."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from camagent.publish.area import AreaOptions, AreaReport, merge_area
from camagent.publish.area.reviewed import ReviewedError, apply_reviewed, read_reviewed, summary
from camagent.publish.decisions import Decision
from camagent.publish.document import scan_document
from camagent.publish.report.area_html import render_area_html
from camagent.publish.report.area_xlsx import render_area_xlsx
from camagent.publish.report.csv_ import render_area_csv
from camagent.publish.report.xlsx import render_xlsx
from camagent.publish.store import open_store
from camagent.publish.text import LANGUAGES, render
from tests import builders
from tests.publish.report.browser import CHROMIUM, Page, chromium, visit
from tests.publish.samples import hostile_school, school, view

NOW = builders.NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AreaReport:
    folder = tmp_path_factory.mktemp("area")
    for number, name in enumerate(("THCS Nguyễn Du", "Tiểu học Đống Đa", "THPT Ăn Khánh")):
        scan = school(4 + number, site=builders.site(id=f"900{number}", name=name))
        (folder / f"{number}.json").write_text(json.dumps(scan_document(scan)), encoding="utf-8")
    hostile = replace(hostile_school(), site=builders.site(id="=1+1", name="=cmd|'x'!A0", area="<script>"))
    (folder / "hostile.json").write_text(json.dumps(scan_document(hostile)), encoding="utf-8")
    (folder / "bad.json").write_text("{", encoding="utf-8")
    return merge_area([folder], NOW, "vi", AreaOptions(levels=("Cơ sở", "Khu vực")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_ranks_schools_and_names_what_is_missing(report: AreaReport, lang: str) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    assert len(book.sheetnames) == 5
    sites = list(book[book.sheetnames[2]].iter_rows(values_only=True))
    assert any(row[1] == "Cơ sở" and row[3] == "Khu vực" for row in sites)
    assert [row[0] for row in sites[-4:]] == [1, 2, 3, 4]
    problems = list(book[book.sheetnames[4]].iter_rows(values_only=True))
    assert any("bad.json" in str(row[1]) for row in problems)


def test_the_workbook_of_an_area_runs_no_text_of_a_school(report: AreaReport) -> None:
    content = render_area_xlsx(report, "vi")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if "worksheets/" in name]
    formulas = [part for sheet in sheets for part in sheet.split("<f>")[1:]]
    assert formulas and all(part.startswith("COUNTIF('Danh mục nâng cấp'") for part in formulas)


def test_the_csv_lists_every_row(report: AreaReport) -> None:
    text = render_area_csv(report, "vi")
    assert text.count("\r\n") == len(report.rows) + 1


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium package")
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_opens_in_a_browser_and_filters(report: AreaReport, browser: str, tmp_path: Path, lang: str) -> None:
    path = tmp_path / "area.html"
    path.write_text(render_area_html(report, lang), encoding="utf-8")
    choose = (
        "(() => { const field = document.getElementById('action'); field.value = 'replace';"
        " field.dispatchEvent(new Event('input', {bubbles: true}));"
        " return [...document.querySelectorAll('#upgrades tbody tr')].filter(row => row.offsetParent).length; })()"
    )

    async def work(page: Page) -> None:
        assert await page.ask("document.querySelectorAll('#sites tbody tr').length") == 4
        assert await page.ask("document.querySelectorAll('#upgrades tbody tr').length") == len(report.rows)
        assert await page.ask(choose) == sum(row.action == "replace" for row in report.rows)
        assert page.requests() == [path.as_uri()]
        assert page.complaints() == []

    visit(browser, path, work)


def test_a_long_list_is_cut_on_the_page_and_says_so(report: AreaReport) -> None:
    long = replace(report, rows=report.rows[:1] * 2001)
    page = render_area_html(long, "vi")
    assert "2000 camera đầu tiên trên tổng số 2001" in page
    assert page.count("<tr data-verdict=") == 2000


def filled(content: bytes, words: dict[int, str], notes: dict[int, str] | None = None) -> bytes:
    """The workbook with decisions typed into the rows of the list, counted from 0."""
    book = load_workbook(io.BytesIO(content))
    sheet = book[book.sheetnames[1]]
    first = next(row[0].row for row in sheet.iter_rows() if row[8].value == "decision") + 2
    for row, word in words.items():
        sheet.cell(first + row, 9, word)
    for row, note in (notes or {}).items():
        sheet.cell(first + row, 10, note)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_decisions_come_back_from_the_workbook(report: AreaReport, lang: str) -> None:
    words = {"vi": ("Đồng ý", "Không đồng ý", "KIỂM TRA LẠI "), "en": ("Agreed", "Not agreed", "Check again")}[lang]
    content = filled(render_area_xlsx(report, lang), dict(enumerate(words)), {1: "chờ năm sau"})
    reviewed = read_reviewed(content, "lan1.xlsx", NOW)
    assert [item.decision for item in reviewed.decisions] == ["approve", "reject", "recheck"]
    assert [item.row_id for item in reviewed.decisions] == [row.stable_id for row in report.rows[:3]]
    assert [item.note for item in reviewed.decisions] == [None, "chờ năm sau", None]
    assert reviewed.problems == () and reviewed.empty == len(report.rows) - 3


def test_a_list_that_the_office_sorted_is_read_by_its_ids(report: AreaReport) -> None:
    book = load_workbook(io.BytesIO(filled(render_area_xlsx(report, "vi"), {0: "Đồng ý", 1: "Không đồng ý"})))
    sheet = book[book.sheetnames[1]]
    first = next(row[0].row for row in sheet.iter_rows() if row[8].value == "decision") + 2
    for column in range(1, 12):
        a, b = sheet.cell(first, column), sheet.cell(first + 1, column)
        a.value, b.value = b.value, a.value
    reviewed = read_reviewed(saved(book), "x.xlsx", NOW)
    told = {item.row_id: item.decision for item in reviewed.decisions}
    assert told == {report.rows[0].stable_id: "approve", report.rows[1].stable_id: "reject"}


def test_the_schools_own_workbook_is_read_as_well() -> None:
    content = filled(render_xlsx([view(school())], "vi"), {0: "Đồng ý"})
    (decision,) = read_reviewed(content, "truong.xlsx", NOW).decisions
    assert decision.row_id.startswith("9001/cam-")


def test_rows_that_cannot_be_understood_are_left_out_and_named(report: AreaReport) -> None:
    book = load_workbook(
        io.BytesIO(filled(render_area_xlsx(report, "vi"), {0: "=1+1", 1: "ừ", 2: "Đồng ý", 3: "Đồng ý"}))
    )
    sheet = book[book.sheetnames[1]]
    first = next(row[0].row for row in sheet.iter_rows() if row[8].value == "decision") + 2
    sheet.cell(first + 2, 11).value = None
    sheet.cell(first + 4, 11).value = sheet.cell(first + 3, 11).value
    sheet.cell(first + 4, 9).value = "Không đồng ý"
    reviewed = read_reviewed(saved(book), "x.xlsx", NOW)
    assert reviewed.decisions == ()
    assert [item.key.rpartition(".")[2] for item in reviewed.problems] == ["unknown_word", "no_id", "twice"]
    for lang in LANGUAGES:
        assert all("x.xlsx" in render(item, lang) for item in reviewed.problems)


def test_a_change_of_mind_is_recorded_and_reported(report: AreaReport, tmp_path: Path) -> None:
    blank = render_area_xlsx(report, "vi")
    with open_store(tmp_path / "area.db") as store:
        first = read_reviewed(filled(blank, {0: "Đồng ý", 1: "Đồng ý"}), "lan1.xlsx", NOW)
        applied = apply_reviewed(first, store.decisions(), "vi")
        assert (len(applied.record), applied.conflicts, applied.unchanged) == (2, (), 0)
        store.decide(applied.record)

        again = filled(render_area_xlsx(report, "vi", store.decisions()), {1: "Không đồng ý"})
        second = read_reviewed(again, "lan2.xlsx", NOW + timedelta(days=1))
        applied = apply_reviewed(second, store.decisions(), "vi")
        assert (len(applied.record), applied.unchanged) == (1, 1)
        (conflict,) = applied.conflicts
        text = render(conflict, "vi")
        assert "“Đồng ý” (lan1.xlsx)" in text and "“Không đồng ý” (lan2.xlsx)" in text
        store.decide(applied.record)
        assert store.decisions()[report.rows[1].stable_id].decision == "reject"
        assert "1 ý kiến thay đổi" in render(summary(second, applied), "vi")


def test_decisions_taken_earlier_are_printed(report: AreaReport) -> None:
    row_id = report.rows[0].stable_id
    known = {row_id: Decision(row_id, "approve", "gấp", "a.xlsx", NOW)}
    assert "Đồng ý" in render_area_csv(report, "vi", known).splitlines()[1] or "gấp" in render_area_csv(
        report, "vi", known
    )
    assert '<td data-label="Ý kiến">Đồng ý</td>' in render_area_html(report, "vi", known)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 broken",
        b"<html>",
        saved(Workbook()),
        filled(render_xlsx([view(school(2))], "vi"), {})[:2000],
    ],
)
def test_a_file_that_is_no_reviewed_list_is_one_clear_line(content: bytes) -> None:
    with pytest.raises(ReviewedError) as caught:
        read_reviewed(content, "x.xlsx", NOW)
    assert str(caught.value).startswith("x.xlsx: ") and "\n" not in str(caught.value)


def test_a_workbook_with_broken_xml_inside_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(render_xlsx([view(school(2))], "vi"))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, body[: len(body) // 2] if "sheet2.xml" in name else body)
    with pytest.raises(ReviewedError):
        read_reviewed(out.getvalue(), "x.xlsx", NOW)
