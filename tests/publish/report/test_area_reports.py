"""The area's workbook, page and CSV; and the workbook on its way back from the office."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, product
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from camagent.area import AreaOptions, AreaReport, merge_area
from camagent.area.workbook_review import Stamp, apply_reviewed, read_reviewed, summary
from camagent.cli.area import merge_command
from camagent.document.decisions import Decision
from camagent.document.upgrade_rows import UpgradeRow
from camagent.model.operator_error import OperatorError
from camagent.report.annex import ANNEXES
from camagent.report.area_html import render_area_html
from camagent.report.area_xlsx import render_area_xlsx
from camagent.report.csv_ import render_area_csv
from camagent.report.xlsx import render_xlsx
from camagent.store.office import open_office
from camagent.text import LANGUAGES, catalogue, render
from camagent.text.spelled import SCALES
from tests import builders
from tests.publish.report.browser import CHROMIUM, CONTRAST, DARK, PHONE, SMALLEST, Page, chromium, visit
from tests.publish.samples import hostile_school, plain, school, view
from tests.refusal import refused

NOW = builders.NOW + timedelta(days=1)
STAMP = Stamp("Nguyễn Văn An", None, NOW)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AreaReport:
    folder = tmp_path_factory.mktemp("area")
    for number, name in enumerate(("THCS Nguyễn Du", "Tiểu học Đống Đa", "THPT Ăn Khánh")):
        scan = school(4 + number, site=builders.site(id=f"900{number}", name=name))
        (folder / f"{number}.json").write_text(json.dumps(plain(scan)), encoding="utf-8")
    hostile = replace(hostile_school(), site=builders.site(id="=1+1", name="=cmd|'x'!A0", area="<script>"))
    (folder / "hostile.json").write_text(json.dumps(plain(hostile)), encoding="utf-8")
    (folder / "bad.json").write_text("{", encoding="utf-8")
    return merge_area([folder], NOW, "vi", AreaOptions(levels=("Cơ sở", "Khu vực")))


SHEETS = {
    "vi": ["Tờ tổng hợp", "Phụ lục I", "Phụ lục II", "Phụ lục III"],
    "en": ["Summary", "Appendix I", "Appendix II", "Appendix III"],
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_ranks_schools_and_names_what_is_missing(report: AreaReport, lang: str) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    assert book.sheetnames[:4] == SHEETS[lang] and len(book.sheetnames) == 9
    sites = list(book[book.sheetnames[5]].iter_rows(values_only=True))
    assert any(row[1] == "Cơ sở" and row[3] == "Khu vực" for row in sites)
    assert [row[0] for row in sites[-4:]] == [1, 2, 3, 4]
    problems = list(book[book.sheetnames[7]].iter_rows(values_only=True))
    assert any("bad.json" in str(row[1]) for row in problems)


def test_the_workbook_of_an_area_runs_no_text_of_a_school(report: AreaReport) -> None:
    content = render_area_xlsx(report, "vi")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if "worksheets/" in name]
    formulas = list(chain.from_iterable(sheet.split("<f>")[1:] for sheet in sheets))
    texts = set(
        chain.from_iterable(
            re.findall(r'"([^"]*)"', html.unescape(part.split("</f>")[0])) for part in formulas
        )
    )
    ours = set(catalogue("vi").values()) | set(chain.from_iterable(SCALES.values()))
    glue = {">=0", " ", "", "nghìn tỷ", " đồng.", "Bằng chữ (phần đã đồng ý): "}
    assert formulas and texts <= ours | glue, texts - ours - glue


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
def test_the_page_opens_in_a_browser_and_filters(
    report: AreaReport, browser: str, tmp_path: Path, lang: str
) -> None:
    path = tmp_path / "area.html"
    path.write_text(render_area_html(report, lang), encoding="utf-8")
    choose = (
        "(() => { const field = document.getElementById('action'); field.value = 'replace';"
        " field.dispatchEvent(new Event('input', {bubbles: true}));"
        " return [...document.querySelectorAll('#upgrades tbody tr')].filter(row => "
        "row.offsetParent).length; })()"
    )

    async def work(page: Page) -> None:
        assert await page.ask("document.querySelectorAll('#sites tbody tr').length") == 4
        assert await page.ask("document.querySelectorAll('#upgrades tbody tr').length") == len(report.rows)
        assert await page.ask(choose) == sum(row.action == "replace" for row in report.rows)
        assert page.requests() == [path.as_uri()]
        assert page.complaints() == []

    visit(browser, path, work)


def test_a_long_list_is_cut_on_the_page_and_says_so(report: AreaReport) -> None:
    long = replace(report, rows=report.rows[:1] * 501)
    page = render_area_html(long, "vi")
    assert "500 camera đầu tiên trên tổng số 501" in page
    assert page.count("<tr data-verdict=") == 500


def lists(book: Workbook) -> list[tuple[Worksheet, int, dict[str, int]]]:
    """Each row of each list: its sheet, its number, and the columns by their hidden names."""
    rows = []
    for sheet in book.worksheets:
        columns: dict[str, int] = {}
        for row in sheet.iter_rows():
            named = {str(cell.value): cell.column for cell in row if isinstance(cell.value, str)}
            if not columns and {"id", "decision", "note"} <= named.keys():
                columns, head = named, row[0].row + 1  # type: ignore[operator]
            elif columns and row[0].row > head and sheet.cell(row[0].row, columns["id"]).value:  # type: ignore[arg-type, operator]
                rows.append((sheet, row[0].row, columns))
    return rows  # type: ignore[return-value]


def in_annexes(report: AreaReport) -> list[UpgradeRow]:
    """The rows in the order of the workbook's lists."""
    return [row for annex, row in product(ANNEXES, report.rows) if row.action in annex.actions]


def filled(content: bytes, words: dict[int, str], notes: dict[int, str] | None = None) -> bytes:
    """The workbook with decisions typed into the rows of the lists, counted from 0."""
    book = load_workbook(io.BytesIO(content))
    places = lists(book)
    for key, texts in (("decision", words), ("note", notes or {})):
        for number, text in texts.items():
            sheet, row, columns = places[number]
            sheet.cell(row, columns[key], text)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_decisions_come_back_from_the_workbook(report: AreaReport, lang: str) -> None:
    words = {
        "vi": ("Đồng ý", "Không đồng ý", "KIỂM TRA LẠI "),
        "en": ("Agreed", "Not agreed", "Check again"),
    }[lang]
    content = filled(render_area_xlsx(report, lang), dict(enumerate(words)), {1: "chờ năm sau"})
    reviewed = read_reviewed(content, "lan1.xlsx", STAMP)
    assert [item.decision for item in reviewed.decisions] == ["approve", "reject", "recheck"]
    assert [item.row_id for item in reviewed.decisions] == [row.stable_id for row in in_annexes(report)[:3]]
    assert [item.note for item in reviewed.decisions] == [None, "chờ năm sau", None]
    assert reviewed.problems == () and len(reviewed.undecided) == len(report.rows) - 3


def test_a_list_that_the_office_sorted_is_read_by_its_ids(report: AreaReport) -> None:
    book = load_workbook(io.BytesIO(filled(render_area_xlsx(report, "vi"), {0: "Đồng ý", 1: "Không đồng ý"})))
    (sheet, first, columns), (_, second, _) = lists(book)[:2]
    for column in columns.values():
        a, b = sheet.cell(first, column), sheet.cell(second, column)
        (a._value, a.data_type), (b._value, b.data_type) = (b._value, b.data_type), (a._value, a.data_type)  # type: ignore[union-attr]
    reviewed = read_reviewed(saved(book), "x.xlsx", STAMP)
    decisions = {item.row_id: item.decision for item in reviewed.decisions}
    first_row, second_row = in_annexes(report)[:2]
    assert decisions == {first_row.stable_id: "approve", second_row.stable_id: "reject"}


def test_the_schools_own_workbook_is_read_as_well() -> None:
    content = filled(render_xlsx([view(school())], "vi"), {0: "Đồng ý"})
    (decision,) = read_reviewed(content, "truong.xlsx", STAMP).decisions
    assert decision.row_id.startswith("9001/cam-")


def test_rows_that_cannot_be_understood_are_left_out_and_named(report: AreaReport) -> None:
    book = load_workbook(
        io.BytesIO(filled(render_area_xlsx(report, "vi"), {0: "=1+1", 1: "ừ", 2: "Đồng ý", 3: "Đồng ý"}))
    )
    places = lists(book)
    lost, kept, again = places[2], places[3], places[-1]  # the last one stands on another sheet
    lost[0].cell(lost[1], lost[2]["id"]).value = None
    copied = again[0].cell(again[1], again[2]["id"])
    copied.value = kept[0].cell(kept[1], kept[2]["id"]).value
    copied.data_type = "s"  # openpyxl would make a formula of what begins like one
    again[0].cell(again[1], again[2]["decision"]).value = "Không đồng ý"
    reviewed = read_reviewed(saved(book), "x.xlsx", STAMP)
    assert reviewed.decisions == ()
    assert [item.key.rpartition(".")[2] for item in reviewed.problems] == ["unknown_word", "no_id", "twice"]
    for lang in LANGUAGES:
        assert all("x.xlsx: Phụ lục I!M" in render(item, lang) for item in reviewed.problems[:2])


def test_a_note_without_a_decision_and_a_decision_taken_back_are_named(report: AreaReport) -> None:
    blank = render_area_xlsx(report, "vi")
    before = read_reviewed(filled(blank, {0: "Đồng ý"}), "lan1.xlsx", STAMP)
    earlier = {item.row_id: item for item in before.decisions}
    reviewed = read_reviewed(filled(blank, {}, {1: "chờ kinh phí"}), "lan2.xlsx", STAMP)
    (note,) = reviewed.problems
    assert note.key == "area.reviewed.note_only"
    applied = apply_reviewed(reviewed, earlier, {}, "vi")
    assert applied.record == applied.conflicts == ()  # type: ignore[comparison-overlap]
    (kept,) = applied.emptied
    assert "1 dòng" in render(kept, "vi") and "vẫn giữ" in render(kept, "vi")


def test_a_change_of_mind_is_recorded_and_reported(report: AreaReport, tmp_path: Path) -> None:
    blank = render_area_xlsx(report, "vi")
    with open_office(tmp_path / "area.sqlite") as store:
        first = read_reviewed(filled(blank, {0: "Đồng ý", 1: "Đồng ý"}), "lan1.xlsx", STAMP)
        applied = apply_reviewed(first, store.decisions(), store.cameras(), "vi")
        assert (len(applied.record), applied.conflicts, applied.unchanged) == (2, (), 0)
        store.decide(applied.record)

        again = filled(render_area_xlsx(report, "vi", store.decisions()), {1: "Không đồng ý"})
        second = read_reviewed(again, "lan2.xlsx", STAMP)
        applied = apply_reviewed(second, store.decisions(), store.cameras(), "vi")
        assert (len(applied.record), applied.unchanged) == (1, 1)
        (conflict,) = applied.conflicts
        text = render(conflict, "vi")
        assert "“Đồng ý (Nguyễn Văn An, 24/11/2026).” (lan1.xlsx)" in text
        assert "“Không đồng ý (Nguyễn Văn An, 24/11/2026).” (lan2.xlsx)" in text
        store.decide(applied.record)
        assert store.decisions()[in_annexes(report)[1].stable_id].decision == "reject"
        assert "1 ý kiến thay đổi" in render(summary(second, applied), "vi")


def test_decisions_taken_earlier_are_printed(report: AreaReport) -> None:
    row_id = report.rows[0].stable_id
    decisions = {row_id: Decision(row_id, "approve", "gấp", "a.xlsx", NOW)}
    assert "Đồng ý" in render_area_csv(report, "vi", decisions).splitlines()[1] or "gấp" in render_area_csv(
        report, "vi", decisions
    )
    assert '<td data-label="Ý kiến">Đồng ý<br><small>gấp</small></td>' in render_area_html(
        report, "vi", decisions
    )


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
    with refused("^x.xlsx: ") as caught:
        read_reviewed(content, "x.xlsx", STAMP)
    assert len(caught.value.problems) == 1


def test_a_workbook_with_broken_xml_inside_is_refused() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(render_xlsx([view(school(2))], "vi"))) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, body[: len(body) // 2] if "sheet2.xml" in name else body)
    with pytest.raises(OperatorError):
        read_reviewed(out.getvalue(), "x.xlsx", STAMP)


def test_the_area_says_how_far_it_reaches_and_what_is_to_be_decided(report: AreaReport) -> None:
    page = render_area_html(report, "vi")
    cameras = sum(site.cameras for site in report.sites)
    assert page.index(f"{cameras} camera đã kiểm tra") < page.index(f"trên {cameras} camera cần xử lý")
    assert "Chỉ gồm các trường có tệp kết quả." in page
    summary_sheet = load_workbook(io.BytesIO(render_area_xlsx(report, "vi"))).worksheets[0]
    lines = [str(row[0].value) for row in summary_sheet.iter_rows() if row[0].value]
    assert any(line.startswith(f"{cameras} camera đã kiểm tra") for line in lines)
    assert any(f"trên {cameras} camera cần xử lý" in line for line in lines)


def test_requirements_that_fail_are_told_in_words(report: AreaReport) -> None:
    rule, title = next(iter(report.rule_titles))
    assert f'<span class="rule">{rule}</span> {title}' in render_area_html(report, "vi")


def test_more_levels_than_a_list_has_are_refused_not_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    levels = list(chain.from_iterable(("--level", name) for name in ("Trường", "Phường", "Quận", "Sở")))
    with refused("4"):
        CliRunner().invoke(
            merge_command, [str(tmp_path), *levels], standalone_mode=False, catch_exceptions=False
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_areas_page_has_the_contrast_of_wcag_aa(
    browser: str, report: AreaReport, tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "area.html"
    path.write_text(render_area_html(report, "vi"), encoding="utf-8")

    async def work(page: Page) -> None:
        worst = await page.ask(CONTRAST)
        assert worst[0][0] >= 4.5, worst

    visit(browser, path, work, DARK.replace("dark", scheme))


def test_the_areas_page_is_readable_on_a_phone(browser: str, report: AreaReport, tmp_path: Path) -> None:
    path = tmp_path / "area.html"
    path.write_text(render_area_html(report, "vi"), encoding="utf-8")

    async def work(page: Page) -> None:
        assert await page.ask("document.documentElement.scrollWidth") <= 360
        assert await page.ask(SMALLEST) >= 12

    visit(browser, path, work, PHONE)
