"""Sixty schools with known truth: each camera in its annex, each sum, each page; and LibreOffice agrees."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from camagent.area import AreaReport, merge_area
from camagent.area.workbook_review import Stamp, read_reviewed
from camagent.document.decisions import DECISIONS, Decision
from camagent.report.annex import ANNEXES, KEYS
from camagent.report.area_xlsx import render_area_xlsx
from camagent.text import say
from camagent.text.spelled import spelled
from tests.publish.office_program import NEEDED, XLSX, converted, edited
from tests.publish.sixty import WARDS, Truth, write_sixty
from tests.publish.test_area import NOW
from tests.refusal import refused

STAMP = Stamp("An", None, NOW)
MOST_PAGES = 25
SHEETS = ["Tờ tổng hợp", "Phụ lục I", "Phụ lục II", "Phụ lục III", "Yêu cầu khi mua"]


@dataclass(frozen=True)
class City:
    """The sixty schools: what is true, and what was made of them."""

    truth: Truth
    report: AreaReport


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("sixty")
    return City(write_sixty(folder), merge_area([folder], NOW, "vi"))


def chosen(truth: Truth, choose: Callable[[random.Random], str | None]) -> dict[str, Decision]:
    drawn = random.Random(18)
    keys = sorted(chain.from_iterable(truth.ids.values()))
    words = {key: choose(drawn) for key in keys}
    return {key: Decision(key, word, None, "x", NOW) for key, word in words.items() if word}


CHOICES: Mapping[str, Callable[[random.Random], str | None]] = {
    "none": lambda _: None,
    "all": lambda _: "approve",
    "refused": lambda _: "reject",
    "drawn": lambda drawn: drawn.choice((*DECISIONS, None)),
}


def ids_in(book: Workbook, sheet: str) -> list[str]:
    column = KEYS.index("id") + 1
    values = (row[column - 1].value for row in book[sheet].iter_rows())
    return [str(value) for value in values if value and "/" in str(value)]


@pytest.mark.slow
def test_every_camera_is_in_its_annex_and_only_there(city: City) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(city.report, "vi")))
    for annex in ANNEXES:
        listed = ids_in(book, say(f"report.annex.{annex.key}.sheet", "vi"))
        expected = chain.from_iterable(city.truth.of_action(action.value) for action in annex.actions)
        assert sorted(listed) == sorted(expected)
    assert len(city.report.rows) == sum(city.truth.cameras.values())


def check_sums(book: Workbook, truth: Truth, decisions: Mapping[str, Decision]) -> None:
    """Per ward and action, in all, and in words."""
    lines = {
        (row[0].value, row[1].value): [cell.value for cell in row[2:8]] for row in book[SHEETS[0]].iter_rows()
    }
    agreed_all = 0.0
    for ward, action in product(WARDS, ("replace", "fix_network", "reconfigure", "investigate")):
        keys = truth.ids.get((ward, action), [])
        agreed = [key for key in keys if key in decisions and decisions[key].decision == "approve"]
        money, agreed_money = (sum(truth.amounts.get(key, 0.0) for key in some) for some in (keys, agreed))
        priced = sum(key in truth.amounts for key in keys)
        agreed_all += agreed_money
        line = lines[ward, say(f"report.action.{action}", "vi")]
        assert line == [len(keys), priced, len(keys) - priced, money, len(agreed), agreed_money], (
            ward,
            action,
        )
    texts = [str(cell.value) for cell in chain.from_iterable(book[SHEETS[0]].iter_rows()) if cell.value]
    assert any(spelled(int(agreed_all), "vi").casefold() in text.casefold() for text in texts)


@pytest.mark.first_case
@pytest.mark.parametrize("name", CHOICES)
def test_sums_are_those_of_the_schools(city: City, name: str) -> None:
    decisions = chosen(city.truth, CHOICES[name])
    content = render_area_xlsx(city.report, "vi", decisions)
    check_sums(load_workbook(io.BytesIO(content), data_only=True), city.truth, decisions)


def typed(content: bytes, decisions: Mapping[str, Decision]) -> bytes:
    """Decisions typed in by hand; openpyxl keeps no value beside a formula: each has to be evaluated."""
    book = load_workbook(io.BytesIO(content))
    for annex in ANNEXES:
        sheet = book[say(f"report.annex.{annex.key}.sheet", "vi")]
        for row in sheet.iter_rows():
            item = decisions.get(str(row[KEYS.index("id")].value))
            if item is not None:
                row[KEYS.index("decision")].value = say(f"report.decision.{item.decision}", "vi")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@NEEDED
@pytest.mark.slow
def test_libreoffice_gives_the_same_sums_under_every_decision(city: City, tmp_path: Path) -> None:
    blank = render_area_xlsx(city.report, "vi")
    for name, choose in CHOICES.items():
        (tmp_path / f"{name}.xlsx").write_bytes(typed(blank, chosen(city.truth, choose)))
    files = converted([tmp_path / f"{name}.xlsx" for name in CHOICES], XLSX, tmp_path)
    for path, choose in zip(files, CHOICES.values(), strict=True):
        decisions = chosen(city.truth, choose)
        check_sums(load_workbook(path, data_only=True), city.truth, decisions)
        back = {item.row_id: item.decision for item in read_reviewed(path.read_bytes(), "x", STAMP).decisions}
        assert back == {key: item.decision for key, item in decisions.items()}


@NEEDED
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs Debian's poppler-utils package")
def test_the_paper_has_every_row_on_at_most_twenty_five_pages(city: City, tmp_path: Path) -> None:
    source = tmp_path / "danh-muc.xlsx"
    source.write_bytes(render_area_xlsx(city.report, "vi", chosen(city.truth, CHOICES["drawn"])))
    (pdf,) = converted([source], "pdf", tmp_path)
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True)
    pages = done.stdout.decode().removesuffix("\f").split("\f")
    assert len(pages) <= MOST_PAGES
    notice = say("report.annex.notice", "vi")[:30]
    assert [number for number, page in enumerate(pages) if notice not in page] == []
    titles = [say(f"report.annex.{annex.key}.title", "vi") for annex in ANNEXES]
    first = [next(n for n, page in enumerate(pages) if title in page) for title in titles]
    assert "Độc lập - Tự do - Hạnh phúc" in pages[0] and first == sorted(first) and first[0] > 0
    replaced = " ".join(pages[first[0] : first[1]])
    assert len(re.findall(r"(?m)^\s*\d+\s+Trường số", replaced)) == len(city.truth.of_action("replace"))


def place_of(content: bytes, sheet: str) -> tuple[int, int]:
    """First and last row of a list, from 0."""
    column = KEYS.index("id")
    rows = load_workbook(io.BytesIO(content))[sheet].iter_rows()
    numbers = [number for number, row in enumerate(rows) if "/" in str(row[column].value)]
    return numbers[0], numbers[-1]


SORT = """
  Set sheet = doc.Sheets.getByName("Phụ lục I")
  Dim fields(0) As New com.sun.star.table.TableSortField
  fields(0).Field = {field} : fields(0).IsAscending = False
  Dim how(1) As New com.sun.star.beans.PropertyValue
  how(0).Name = "SortFields" : how(0).Value = fields()
  how(1).Name = "ContainsHeader" : how(1).Value = False
  sheet.getCellRangeByPosition(0, {first}, {last_column}, {last}).sort(how())
"""
REST = """
  sheet.Rows.removeByIndex({first}, 3)
  sheet.Columns.insertByIndex(5, 2)
  sheet.getCellByPosition({decision} + 2, {first}).String = "Đồng ý"
"""


@NEEDED
@pytest.mark.slow
def test_a_workbook_that_was_sorted_cut_and_widened_in_libreoffice_is_read_right(
    city: City, tmp_path: Path
) -> None:
    decisions = chosen(city.truth, CHOICES["drawn"])
    content = render_area_xlsx(city.report, "vi", decisions)
    source = tmp_path / "danh-muc.xlsx"
    source.write_bytes(content)
    first, last = place_of(content, "Phụ lục I")
    gaps: dict[str, Any] = {"first": first, "last": last, "last_column": len(KEYS) - 1}
    steps = (SORT + REST).format(field=KEYS.index("site"), decision=KEYS.index("decision"), **gaps)
    back = read_reviewed(edited(source, steps, tmp_path), "x.xlsx", STAMP)
    assert back.problems == ()
    by_row = {item.row_id: item.decision for item in back.decisions}
    replaced = set(city.truth.of_action("replace"))
    typed_in = {
        key for key, word in by_row.items() if key not in decisions or decisions[key].decision != word
    }
    assert typed_in <= replaced and {by_row[key] for key in typed_in} <= {"approve"} and len(typed_in) <= 1
    gone = {key for key in decisions if key not in by_row}
    assert gone <= replaced and len(gone) <= 3


@NEEDED
@pytest.mark.slow
def test_a_sort_of_the_visible_columns_alone_is_refused_with_the_cell(city: City, tmp_path: Path) -> None:
    content = render_area_xlsx(city.report, "vi", chosen(city.truth, CHOICES["drawn"]))
    source = tmp_path / "danh-muc.xlsx"
    source.write_bytes(content)
    first, last = place_of(content, "Phụ lục I")
    gaps: dict[str, Any] = {"first": first, "last": last, "last_column": KEYS.index("note")}
    torn = edited(source, SORT.format(field=KEYS.index("site"), **gaps), tmp_path)
    with refused("Phụ lục I!M"):
        read_reviewed(torn, "x.xlsx", STAMP)


def test_no_text_of_a_school_is_a_formula(city: City) -> None:
    book = load_workbook(io.BytesIO(render_area_xlsx(city.report, "vi")))
    cells = chain.from_iterable(chain.from_iterable(sheet.iter_rows() for sheet in book.worksheets))
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    assert formulas and not [text for text in formulas if "Trường" in text or "cam-" in text]
