"""The appendices that are signed: LibreOffice's figures are the program's own, and every row is high
enough."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from camagent.area import AreaReport, merge_area
from camagent.area.workbook_review import Stamp, read_reviewed
from camagent.document.decisions import DECISIONS, Decision
from camagent.model.finding import Action
from camagent.model.scan_result import CameraResult
from camagent.report.annex import ANNEXES, KEYS
from camagent.report.area_xlsx import render_area_xlsx
from camagent.report.letters import cut_to_width, line_count, units
from camagent.text import LANGUAGES, say
from camagent.text.spelled import spelled
from tests import builders
from tests.publish.samples import camera, plain, school

NOW = builders.NOW + timedelta(days=1)
OFFICE = shutil.which("soffice")
PRICES = {Action.REPLACE: 4_500_000.0, Action.FIX_NETWORK: 315_000.0}


def priced(number: int, with_price: bool, currency: str = "VND") -> CameraResult:
    base = camera(number)
    amount = PRICES.get(base.upgrade.action) if with_price else None
    return replace(
        base, upgrade=replace(base.upgrade, cost_class="E", cost_amount=amount, cost_currency=currency)
    )


def area_of(folder: Path, currencies: tuple[str, ...] = ("VND",)) -> AreaReport:
    for number in range(6):
        site = builders.site(
            id=f"90{number}", name=f"Trường {number}", area=("Bến Nghé", "*", "")[number % 3]
        )
        currency = currencies[number % len(currencies)]
        cameras = tuple(priced(n, (n + number) % 3 > 0, currency) for n in range(12))
        scan = replace(school(0, site=site), cameras=cameras)
        (folder / f"{number}.json").write_text(json.dumps(plain(scan)), encoding="utf-8")
    return merge_area([folder], NOW, "vi")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AreaReport:
    return area_of(tmp_path_factory.mktemp("area"))


def decided(report: AreaReport, choose: Callable[[int], int | None]) -> dict[str, Decision]:
    chosen = {row.stable_id: choose(number) for number, row in enumerate(report.rows)}
    return {
        key: Decision(key, DECISIONS[word], None, "x", NOW)
        for key, word in chosen.items()
        if word is not None
    }


CHOICES: dict[str, Callable[[int], int | None]] = {
    "none": lambda _: None,
    "all": lambda _: 0,
    "mixed": lambda number: (0, 1, 2, None)[number % 4],
}


def expected(report: AreaReport, decisions: dict[str, Decision], action: Action) -> tuple[float, int, int]:
    """Of one action: the amount agreed, cameras agreed, cameras agreed without a price."""
    rows = [row for row in report.rows if row.action is action]
    agreed = [
        row for row in rows if row.stable_id in decisions and decisions[row.stable_id].decision == "approve"
    ]
    sums = sum(row.cost_amount or 0.0 for row in agreed)
    return sums, len(agreed), sum(row.cost_amount is None for row in agreed)


def totals(book: Workbook, lang: str) -> dict[str, object]:
    """The lines below Appendix I, by their text."""
    sheet = book[say("report.annex.replace.sheet", lang)]
    column = KEYS.index("price") + 1
    names = {
        say(f"report.annex.{key}", lang): key for key in ("proposed", "agreed", "agreed_count", "unpriced")
    }
    return {
        names[str(row[0].value)]: sheet.cell(row[0].row, column).value
        for row in sheet.iter_rows()
        if row[0].value in names
    }


def words_below(book: Workbook, lang: str) -> str:
    sheet = book[say("report.annex.replace.sheet", lang)]
    begin = say("report.annex.in_words", lang, words="", currency="").split(":")[0]
    return next(str(row[0].value) for row in sheet.iter_rows() if str(row[0].value).startswith(begin))


def check_values(book: Workbook, report: AreaReport, decisions: dict[str, Decision], lang: str) -> None:
    agreed, count, unpriced = expected(report, decisions, Action.REPLACE)
    sums = totals(book, lang)
    assert (sums["agreed"], sums["agreed_count"], sums["unpriced"]) == (agreed, count, unpriced)
    words = words_below(book, lang)
    assert spelled(int(agreed), lang) in words[0] + words.lower()
    summary = book[say("report.annex.summary", lang)]
    lines = {(row[0].value, row[1].value): [cell.value for cell in row[2:8]] for row in summary.iter_rows()}
    no_ward = say("report.annex.no_ward", lang)
    for ward in ("Bến Nghé", "*", ""):
        for action in (Action.REPLACE, Action.FIX_NETWORK, Action.RECONFIGURE):
            of_ward = replace(report, rows=tuple(row for row in report.rows if row.area == ward))
            rows = [row for row in of_ward.rows if row.action is action]
            agreed, count, _ = expected(of_ward, decisions, action)
            money = [row.cost_amount for row in rows if row.cost_amount is not None]
            line = lines[ward or no_ward, say(f"report.action.{action}", lang)]
            assert line == [len(rows), len(money), len(rows) - len(money), sum(money), count, agreed]


@pytest.mark.first_case
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
def test_the_values_beside_the_formulas_are_the_programs_sums(
    report: AreaReport, choose: Callable[[int], int | None], lang: str
) -> None:
    decisions = decided(report, choose)
    content = render_area_xlsx(report, lang, decisions)
    check_values(load_workbook(io.BytesIO(content), data_only=True), report, decisions, lang)


def recalculated(content: bytes, folder: Path) -> Workbook:
    """The workbook with every formula evaluated by LibreOffice."""
    (folder / "a.xlsx").write_bytes(content)
    command = [
        str(OFFICE),
        f"-env:UserInstallation=file://{folder}/profile",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run(
        [*command, "--outdir", str(folder / "out"), str(folder / "a.xlsx")], check=True, capture_output=True
    )
    return load_workbook(folder / "out" / "a.xlsx", data_only=True)


@pytest.mark.skipif(OFFICE is None, reason="needs Debian's libreoffice-calc package")
@pytest.mark.outside
@pytest.mark.parametrize("lang", LANGUAGES)
def test_libreoffice_gives_the_same_sums_after_the_office_decided(
    report: AreaReport, tmp_path: Path, lang: str
) -> None:
    decisions = decided(report, CHOICES["mixed"])
    # openpyxl keeps no value beside a formula
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    for sheet in book.worksheets:
        keys = next(
            (row for row in sheet.iter_rows() if {"id", "decision"} <= {cell.value for cell in row}), ()
        )
        columns = [str(cell.value) for cell in keys]
        for row in sheet.iter_rows() if keys else ():
            item = decisions.get(str(row[columns.index("id")].value))
            if item:
                row[columns.index("decision")].value = say(f"report.decision.{item.decision}", lang)
    out = io.BytesIO()
    book.save(out)
    check_values(recalculated(out.getvalue(), tmp_path), report, decisions, lang)
    reviewed = read_reviewed(out.getvalue(), "x.xlsx", Stamp("An", None, NOW))
    assert {item.row_id: item.decision for item in reviewed.decisions} == {
        key: item.decision for key, item in decisions.items()
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_camera_stands_once_in_the_annex_of_its_action(report: AreaReport, lang: str) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    for annex in ANNEXES:
        sheet = book[say(f"report.annex.{annex.key}.sheet", lang)]
        ids = [sheet.cell(row, KEYS.index("id") + 1).value for row in range(1, sheet.max_row + 1)]
        listed = [str(value) for value in ids if value and "/" in str(value)]
        assert listed == [row.stable_id for row in report.rows if row.action in annex.actions]
        texts = {str(cell.value) for cell in chain.from_iterable(sheet.iter_rows())}
        assert {say(f"report.annex.{key}", lang) for key in ("author", "accountant", "head")} <= texts


@pytest.mark.first_case
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_printed_page_says_that_the_profile_is_provisional(report: AreaReport, lang: str) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    notice = say("report.annex.notice", lang)
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            footer = sheet.oddFooter
            assert footer is not None and notice in str(footer.center.text), sheet.title


def test_another_currency_is_in_no_total_and_that_is_said(tmp_path: Path) -> None:
    report = area_of(tmp_path, ("VND", "VND", "USD"))
    book = load_workbook(io.BytesIO(render_area_xlsx(report, "vi")), data_only=True)
    rows = [row for row in report.rows if row.action is Action.REPLACE]
    assert totals(book, "vi")["proposed"] == sum(r.cost_amount or 0 for r in rows if r.cost_currency == "VND")
    texts = [str(cell.value) for cell in chain.from_iterable(book["Phụ lục I"].iter_rows())]
    assert any("nhiều loại tiền" in text for text in texts) and "4.500.000 USD" in texts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rows_are_as_high_as_their_text(report: AreaReport, lang: str) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(report, lang)))
    for annex in ANNEXES:
        sheet = book[say(f"report.annex.{annex.key}.sheet", lang)]
        columns = annex.columns(lang, priced=True)
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if "/" not in str(row[KEYS.index("id")].value):
                continue
            shown = [
                (str(cell.value), c.width_chars) for cell, c in zip(row, columns, strict=True) if not c.hidden
            ]
            lines = max(line_count(text, width) for text, width in shown if not text.startswith("="))
            height = sheet.row_dimensions[number].height
            assert height is not None and 15 * lines <= height <= 15 * lines + 1
            assert lines == 1 or not annex.by_school


@pytest.mark.parametrize(
    ("text", "width", "end", "kept"),
    [
        ("Hình đen: ngoài chữ chèn không thấy gì.", 60, "", "Hình đen: ngoài chữ chèn không thấy gì."),
        ("Hình đen: ngoài chữ chèn không thấy gì.", 20, " (+2)", "Hình đen (+2)"),
        ("Giờ của camera được đặt bằng tay", 20, "", "Giờ của camera…"),
        ("W" * 99, 12, "", "WWWW…"),
        ("", 12, "", ""),
    ],
)
def test_a_text_is_cut_where_a_clause_ends(text: str, width: float, end: str, kept: str) -> None:
    assert cut_to_width(text, width, end) == kept
    assert units(kept) <= width


def test_marks_take_no_width_and_capitals_more() -> None:
    assert units("ộ") == units("o") == units("0") < units("Ộ")
    assert line_count("một hai ba", 8) == 2 and line_count("DS-2CD2043G2-I", 16) == 2
