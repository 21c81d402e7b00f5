"""Workbooks from the office: every cell that programs write is read, and no file takes the machine with
it."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from camagent.area.workbook import MAX_COLUMNS, MAX_SHEETS, WorkbookRefused, read_sheets
from tests.each import slow_but
from tests.floor import judged, not_vacuous

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
KEYS = '<row r="1"><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>decision</t></is></c>'
KEYS += '<c t="inlineStr"><is><t>note</t></is></c></row>'
MEASURE = """
import sys, time
from datetime import UTC, datetime
from camagent.area.workbook_review import Stamp, read_reviewed
from camagent.model.operator_error import OperatorError
from tests.peak import peak_mb
content, began_s = sys.stdin.buffer.read(), time.process_time()
try:
    read_reviewed(content, "x.xlsx", Stamp("An", None, datetime.now(UTC)))
    told = "taken"
except OperatorError as error:
    told = error.problem.key
print(told, time.process_time() - began_s, peak_mb())
"""


def parts(sheets: int = 1) -> dict[str, str]:
    """The parts that every workbook has."""
    names = range(1, sheets + 1)
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="r{n}"/>' for n in names)
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>' for n in names
    )
    shared = f'<Relationship Id="s" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    root = f'<Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>',
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}{shared}</Relationships>',
    }


def sheet(body: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'


def packed(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in files.items():
            book.writestr(name, text)
    return out.getvalue()


def book(body: str, strings: str = "", sheets: int = 1) -> bytes:
    texts = f'<sst xmlns="{MAIN}">{strings}</sst>'
    each = {f"xl/worksheets/s{n}.xml": sheet(body) for n in range(1, sheets + 1)}
    return packed(parts(sheets) | each | {"xl/sharedStrings.xml": texts})


MB = 1_000_000
SIZE = 12 * MB
CELL = '<c t="inlineStr"><is><t>x</t></is></c>'
HOSTILE: dict[str, Callable[[], str]] = {
    "empty rows": lambda: KEYS + "<row/>" * (120 * MB // 6),
    "empty rows within the bound": lambda: KEYS + "<row/>" * (52 * MB // 6),
    "one row of empty cells": lambda: KEYS + "<row>" + "<c/>" * (SIZE // 4) + "</row>",
    "one row of full cells": lambda: KEYS + "<row>" + CELL * (SIZE // len(CELL)) + "</row>",
    "rows of one cell": lambda: KEYS + f"<row>{CELL}</row>" * (SIZE // (len(CELL) + 11)),
    "far away": lambda: (
        KEYS + '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>' * 100_000
    ),
    "ever further": lambda: KEYS + "".join(f'<row r="{n * 1000}">{CELL}</row>' for n in range(1, 200_000)),
    "deep": lambda: "<a>" * (SIZE // 3),
    "a long tag": lambda: '<row a="' + "A" * (SIZE) + '"/>',
    "a long name": lambda: "<" + "A" * (SIZE) + "/>",
    "a long comment": lambda: "<!--" + "A" * (SIZE) + "-->",
    "a long text": lambda: KEYS + '<row><c t="inlineStr"><is><t>' + "A" * (SIZE) + "</t></is></c></row>",
    "many pieces of one text": lambda: (
        KEYS + '<row><c t="inlineStr"><is>' + "<r><t>x</t></r>" * (SIZE // 15) + "</is></c></row>"
    ),
}
"""Bodies of a sheet, made when a test needs one: the largest is 120 MB."""


def measured(content: bytes) -> tuple[str, float, float]:
    done = subprocess.run([sys.executable, "-c", MEASURE], input=content, capture_output=True, check=True)
    reply, cpu_s, peak_mb = done.stdout.decode().split()
    return reply, float(cpu_s), float(peak_mb)


@pytest.mark.parametrize("body", slow_but("deep", HOSTILE))
def test_no_sheet_takes_much(body: Callable[[], str]) -> None:
    content = book(body())
    assert len(content) < MB, "the shape is to be a small file"
    _, cpu_s, peak_mb = measured(content)
    assert cpu_s < 15 and peak_mb < 250


@pytest.mark.parametrize(
    "strings",
    slow_but(
        "long",
        {
            "empty": ("<si/>", SIZE // 5),
            "short": ("<si><t>a</t></si>", SIZE // 17),
            "long": ("<si><t>" + "é" * (SIZE // 2) + "</t></si>", 1),
        },
    ),
)
def test_no_shared_texts_take_much(strings: tuple[str, int]) -> None:
    text, times = strings
    _, cpu_s, peak_mb = measured(book(KEYS, text * times))
    assert cpu_s < 15 and peak_mb < 250


@pytest.mark.slow
def test_many_sheets_are_together_within_the_bound() -> None:
    reply, cpu_s, peak_mb = measured(book(" " * (20 * MB), sheets=10))
    assert reply != "taken" and cpu_s < 15 and peak_mb < 250
    assert len(list(read_sheets(book(KEYS, sheets=MAX_SHEETS + 5)))) == MAX_SHEETS


def test_a_workbook_in_a_workbook_stays_packed() -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/s1.xml", b" " * (200 * MB))
    files: dict[str, str] = parts() | {"xl/worksheets/s1.xml": sheet(KEYS)}
    out = io.BytesIO(packed(files))
    with zipfile.ZipFile(out, "a") as whole:
        whole.writestr("xl/embeddings/book.xlsx", inner.getvalue())
        whole.writestr("media.bin", b" " * (200 * MB), zipfile.ZIP_DEFLATED)
    assert next(next(read_sheets(out.getvalue()))[1]) == (1, {0: "id", 1: "decision", 2: "note"})


@pytest.mark.parametrize(
    "content",
    [
        packed(
            parts() | {"xl/worksheets/s1.xml": '<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'}
        ),
        packed(parts()),
        packed({"a": "b"} | {"_rels/.rels": "<"}),
        book('<row r="x"><c/></row>'),
        book('<row r="' + "9" * 5000 + '"/>'),
        book('<row><c r="7"/></row>'),
        book('<row><c r="XFE1"/></row>'),
        book('<row><c t="s"><v>7</v></c></row>', "<si><t>a</t></si>"),
        book('<row><c t="s"><v>x</v></c></row>', "<si><t>a</t></si>"),
        book(KEYS)[:-40],
    ],
)
def test_what_is_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(WorkbookRefused):
        [list(rows) for _, rows in read_sheets(content)]


@not_vacuous(0.01)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_refused_or_read(data: st.DataObject) -> None:
    keys = bytearray(KEYS, "ascii")
    for _ in range(data.draw(st.integers(0, 2))):
        keys[data.draw(st.integers(0, len(keys) - 1))] = data.draw(st.integers(0x20, 0x7E))
    content = bytearray(book(keys.decode(), "<si><t>a</t></si>"))
    for _ in range(data.draw(st.sampled_from((0, 0, 0, 1)))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        for _, rows in read_sheets(bytes(content)):
            columns = chain.from_iterable(cells for _, cells in rows)
            assert all(0 <= column < MAX_COLUMNS for column in columns)
        judged(True)
    except WorkbookRefused:
        judged(False)


def test_every_kind_of_text_is_read_as_the_office_sees_it() -> None:
    made = Workbook()
    made.active.title = "a"  # type: ignore[union-attr]
    second = made.create_sheet("b")
    second["A1"], second["B1"], second["C1"] = "Đồng ý", 12, True
    second["D3"] = CellRichText("Hai ", TextBlock(InlineFont(b=True), "phần"))
    second["E3"] = "_x000D_ & <b>"
    out = io.BytesIO()
    made.save(out)
    first, rows = [list(rows) for _, rows in read_sheets(out.getvalue())]
    assert first == []
    assert rows == [(1, {0: "Đồng ý"}), (3, {3: "Hai phần", 4: "_x000D_ & <b>"})]


def test_formulas_phonetics_and_cells_without_a_place() -> None:
    body = (
        '<row><c t="str"><f>A1</f><v>kết quả</v></c><c/><c t="s"><v>0</v></c><c t="e"><v>#N/A</v></c></row>'
    )
    body += '<row r="5"><c r="AA5" t="inlineStr"><is><r><t>a </t></r><r><t>b</t></r></is></c></row>'
    strings = "<si><t>chữ</t><rPh><t>hint</t></rPh></si>"
    (rows,) = [list(rows) for _, rows in read_sheets(book(body, strings))]
    assert rows == [(1, {0: "kết quả", 2: "chữ"}), (5, {26: "a b"})]
